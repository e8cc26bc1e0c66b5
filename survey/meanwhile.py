"""Work of our own while another process does its: PostgreSQL answers on another core."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

Answer = TypeVar("Answer")
Done = TypeVar("Done")


async def meanwhile(waiting: Coroutine[None, None, Answer], work: Callable[[], Done]) -> tuple[Answer, Done]:
    """Begin what waits, do the work until it has to be waited for, and return what both gave.

    Raises what either raises; what waits is then cancelled.
    """
    answer = asyncio.create_task(waiting)
    try:
        await asyncio.sleep(0)  # until it waits: the statement is sent
        done = work()
        return await answer, done
    finally:
        if not answer.done():
            answer.cancel()
            await asyncio.wait([answer])  # nobody else may use what it uses before it has let go
