"""Waits for what the recorder is just writing, woken by the feed, never by looking again and again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from storage.feed import Feed
from storage.tail import AT_ONCE, Tail
from storage.timeline import JournalLine
from storage.views import Scope

Found = TypeVar("Found")

EVERYTHING = Scope(everything=True)
"""What the process itself waits for; what is told of it is decided by who asked."""


async def wait_for(feed: Feed, look: Callable[[], Awaitable[Found | None]], seconds: float) -> Found | None:
    """Look now, and after each piece of news, until something is found or the time is over."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        seen = feed.count
        found = await look()
        left = until - loop.time()
        if found is not None or left <= 0 or feed.closed:
            return found
        await feed.wait(seen, left)


async def wait_for_fact(
    feed: Feed, tail: Tail, since: int, holds: Callable[[JournalLine], bool], seconds: float
) -> JournalLine | None:
    """The first fact after the position ``since`` that holds; ``None`` when the time is over.

    It is looked for in what the process has read of the journal for all who listen: each waiting request asking the
    database after each fact of anybody would cost as many queries as there are facts, times those who wait.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        seen = feed.count
        lines, since = await tail.after(EVERYTHING, since, AT_ONCE)
        found = next((line for line in lines if holds(line)), None)
        left = until - loop.time()
        if found is not None or left <= 0 or feed.closed:
            return found
        if len(lines) < AT_ONCE:
            await feed.wait(seen, left)
