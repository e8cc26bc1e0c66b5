"""What may be told of an exception: where it happened and of which kind it is; its words only if they are ours.

The text of a database's error holds the values of the row, that of a validation what was sent, and the engine's
failures repeat the words of either.
"""

import traceback
from collections.abc import Iterator

MOST_FRAMES = 20
"""Of each exception, the innermost."""

FOREIGN = (
    "psycopg",
    "sqlalchemy",
    "pydantic_core",
    "pydantic",
    "fastapi",
    "temporalio",
    "httpx",
    "asyncpg",
    "json",
)
"""The packages whose words may hold somebody's values."""


def story_of(error: BaseException) -> str:
    """The frames of an exception and of those that led to it, the first one first."""
    return "".join(_lines(error)).rstrip("\n")


def words_of(error: BaseException) -> str:
    """What an exception says, if its words are ours; else the kind of failure that it carries, or nothing."""
    if type(error).__module__.partition(".")[0] not in FOREIGN:
        return str(error)
    kind = getattr(error, "type", None) or getattr(error, "sqlstate", None)
    return str(kind) if isinstance(kind, str) else ""


def _lines(error: BaseException) -> Iterator[str]:
    for each in reversed(list(_chain(error))):
        yield from traceback.format_tb(each.__traceback__)[-MOST_FRAMES:]
        words = words_of(each)
        yield f"{type(each).__qualname__}: {words}\n" if words else f"{type(each).__qualname__}\n"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception, what caused it, and so on; each once."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
