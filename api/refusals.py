"""Turns what frameworks raise into problem documents. What the caller sent is never repeated: it may be identity."""

from collections.abc import Mapping, Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import JsonValue
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.problems import Problem

LONGEST_NAME = 64
MANY_ERRORS = 20

ERROR_CODES: Mapping[str, str] = {
    "extra_forbidden": "unknown_field",
    "missing": "missing",
    "json_invalid": "bad_json",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "finite_number": "out_of_range",
    "too_long": "too_long",
    "too_short": "too_short",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "enum": "not_in_list",
    "literal_error": "not_in_list",
    "string_pattern_mismatch": "bad_format",
    "string_unicode": "bad_format",
    "uuid_parsing": "bad_format",
    "value_error": "bad_format",
}
"""pydantic's words to ours, which stay the same when pydantic's change. The rest is a wrong type."""

STATUS_CODES: Mapping[int, str] = {
    400: "malformed_body",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "malformed_body",
}


def install(app: FastAPI) -> None:
    """Have every refusal answered with a problem document. Failures go on to the edge, which writes them down."""

    async def answer(_: Request, error: Exception) -> Response:
        return problem_of(error).response()

    for kind in (Problem, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)


def problem_of(error: Exception) -> Problem:
    """The problem document for anything that was raised."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        code = STATUS_CODES.get(error.status_code, "internal_error")
        return Problem(code, headers=error.headers)
    if is_database_away(error):
        return Problem("database_unavailable")
    return Problem("internal_error")


def is_database_away(error: Exception) -> bool:
    """Whether the database could not be reached or did not answer in time."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, (OperationalError, PoolTimeoutError))


def _invalid(error: RequestValidationError) -> Problem:
    found = [_named(each) for each in error.errors()[:MANY_ERRORS]]
    first = found[0] if found else {}
    where = first.get("pointer") or first.get("parameter") or "the body"
    return Problem("invalid_request", f"{where}: {first.get('detail', 'is not valid')}.", errors=[*found])


def _named(error: Mapping[str, object]) -> dict[str, JsonValue]:
    """One line of ``errors``: where, what, and a stable code; never the value."""
    kind = str(error.get("type", ""))
    location = error.get("loc", ())
    parts: Sequence[object] = location if isinstance(location, tuple) else ()
    described: dict[str, JsonValue] = {
        "code": ERROR_CODES.get(kind, "wrong_type"),
        "detail": _detail(kind, error),
    }
    if parts and parts[0] in {"query", "path", "header"}:
        return {"parameter": " ".join(str(part)[:LONGEST_NAME] for part in parts), **described}
    names = [] if kind == "json_invalid" else parts[1:]
    return {"pointer": "".join(f"/{_escaped(part)}" for part in names), **described}


def _detail(kind: str, error: Mapping[str, object]) -> str:
    if kind == "extra_forbidden":
        return "this field is not known here"
    if kind == "json_invalid":
        return "the body is not JSON"
    if kind == "uuid_parsing":
        return "should be a UUID"
    return str(error.get("msg", "is not valid")).removeprefix("Value error, ")


def _escaped(part: object) -> str:
    return str(part)[:LONGEST_NAME].replace("~", "~0").replace("/", "~1")
