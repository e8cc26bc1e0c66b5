"""Lets others go on while something long is computed: a process that answers has one loop for all its callers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


async def in_turns(items: Sequence[Item], size: int) -> AsyncIterator[Sequence[Item]]:
    """So many at a time, and between two portions whoever waits goes first.

    A thread would not do: it gives way every five milliseconds only, each time that somebody has something to do.
    """
    for start in range(0, len(items), size):
        yield items[start : start + size]
        await asyncio.sleep(0)
