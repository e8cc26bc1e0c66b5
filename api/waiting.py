"""Waits for what the recorder is just writing, woken by the feed, never by looking again and again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from storage.feed import Feed

Found = TypeVar("Found")


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
