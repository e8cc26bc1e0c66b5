"""What the OpenAPI document says of problems, the same for every route."""

from typing import Any, TypeAlias

from api.problems import KINDS, MEDIA_TYPE

Responses: TypeAlias = dict[int | str, dict[str, Any]]
"""FastAPI's own shape."""

DESCRIPTIONS = {
    401: "Not logged in, or the credentials are not valid.",
    404: "Not there, or not the caller's to see.",
    405: "The address does not take this method.",
    408: "The body did not arrive in time.",
    409: "Refused by the rules.",
    413: "The body is too large.",
    415: "The media type is not supported.",
    422: "The request is not well-formed.",
    429: "Too much was asked, or tried.",
    500: "A fault of ours.",
    503: "The database or the engine cannot answer now: safe to repeat.",
}
RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}}
ALWAYS = (401, 404, 422, 429, 500, 503)
ON_BODIES = (408, 409, 413, 415)


def _response(status: int) -> dict[str, Any]:
    codes = sorted(code for code, kind in KINDS.items() if kind.status == status)
    described: dict[str, Any] = {
        "description": f"{DESCRIPTIONS[status]} Codes: {', '.join(codes)}.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemShown"}}},
    }
    if status in {429, 503}:
        described["headers"] = RETRY_AFTER
    return described


def problems(*statuses: int) -> Responses:
    """The problem responses of a route, by status."""
    return {status: _response(status) for status in statuses}


READS = problems(*ALWAYS)
"""Of routes that only read."""
WRITES = problems(*ALWAYS, *ON_BODIES)
"""Of routes that take a body or change something."""
ANSWERS = WRITES
"""Of a company's answers, which may be sent so often and no more."""
