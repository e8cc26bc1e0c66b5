"""Opaque cursors of lists: where the last page ended."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Query

from api.problems import Problem
from storage.views import Page

LONGEST_CURSOR = 300
DEFAULT_LIMIT = 100
MOST_LINES = 500
LARGEST = 2**31 - 1

Line = TypeVar("Line")
Cursor = Annotated[
    str | None,
    Query(max_length=LONGEST_CURSOR, description="`next_cursor` of the page before"),
]
Limit = Annotated[int, Query(ge=1, le=MOST_LINES, description="At most so many lines")]


def encode(*parts: str | int) -> str:
    """A cursor that holds these parts."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode(cursor: str, count: int) -> list[str]:
    """The parts of a cursor, as text. Raises Problem 422 for one that we did not give."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise bad_cursor() from error
    if not isinstance(parts, list) or len(parts) != count:
        raise bad_cursor()
    texts = [str(part) for part in parts]
    if any(sign == "\0" or "\ud800" <= sign <= "\udfff" for text in texts for sign in text):
        raise bad_cursor()  # PostgreSQL takes neither NUL nor half a character
    return texts


def number(text: str, largest: int = LARGEST) -> int:
    """A part that is a number from 0 to ``largest``. Raises Problem 422 for any other."""
    if not text.isascii() or not text.isdigit() or len(text) > len(str(largest)) or int(text) > largest:
        raise bad_cursor()
    return int(text)


def bad_cursor() -> Problem:
    """The refusal of a cursor that is not ours."""
    detail = "should be the next_cursor of a page"
    fault = {"parameter": "query cursor", "code": "bad_format", "detail": detail}
    return Problem("invalid_request", f"cursor: {detail}.", errors=[{**fault}])


def _page(cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> Page:
    if cursor is None:
        return Page(limit)
    at, id_ = decode(cursor, 2)
    try:
        moment, last = datetime.fromisoformat(at), UUID(id_)
        if moment.tzinfo is None:
            raise bad_cursor()
        return Page(limit, moment.astimezone(UTC), last)
    except (ValueError, OverflowError) as error:
        raise bad_cursor() from error


Paged = Annotated[Page, Depends(_page)]


def next_cursor(
    page: Page, lines: Sequence[Line], mark: Callable[[Line], tuple[datetime, UUID]]
) -> str | None:
    """Where the next page begins; ``None`` when this one was not full."""
    if len(lines) < page.limit:
        return None
    at, id_ = mark(lines[-1])
    return encode(at.isoformat(), str(id_))
