"""What every process of ours does when it has made what it needs and begins to serve."""

import asyncio
import gc
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import uvloop

YOUNG_OBJECTS = 20_000
"""So many are made before the garbage collector looks at them: eight batches of 500 positions, or seven surveys."""


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run the process's main coroutine to its end, on the loop that costs the least."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


def spare_what_stays() -> None:
    """Take everything that was made at the start away from the garbage collector.

    It lives as long as the process. To look through all of it takes 150 ms, in which nobody is served, and that came
    every second under load.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])


BEAT_SECONDS = 5.0


@asynccontextmanager
async def beating(file: Path | None) -> AsyncIterator[None]:
    """Write `file` every five seconds from now on, and take it away in the end; without one, do nothing.

    Whoever looks at its age learns that the process has begun to work and that its loop still turns
    (`ops/healthy.py`). A file that cannot be written ends the process: it could never be seen to be well.
    """
    if file is None:
        yield
        return
    _write(file)
    beat = asyncio.create_task(_beat(file))
    try:
        yield
    finally:
        beat.cancel()
        _take_away(file)


async def _beat(file: Path) -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        with suppress(OSError):  # a full disk: its age tells
            _write(file)


def _write(file: Path) -> None:
    file.touch()


def _take_away(file: Path) -> None:
    with suppress(OSError):
        file.unlink(missing_ok=True)
