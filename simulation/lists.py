"""Reads the lists of the API, page after page."""

from simulation.client import ApiClient
from simulation.stage import Stage
from simulation.wire import Item, Page

MOST_PAGES = 20
"""A bound: a list that never ends is a fault of the server, not a reason to read for ever."""


async def read_all(
    client: ApiClient, stage: Stage, path: str, page: type[Page[Item]], **params: str
) -> list[Item] | None:
    """Return all items of a list; ``None`` when it could not be read, which the ledger then knows."""
    found: list[Item] = []
    cursor: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        reply = await client.get(path, **params, **cursor)
        read = reply.read(page) if reply.ok else None
        if read is None:
            stage.ledger.judge(f"read {path}", reply)
            return None
        found += read.items
        if read.next_cursor is None:
            break
        cursor = {"cursor": read.next_cursor}
    return found
