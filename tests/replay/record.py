"""Record the committed histories again: ``python -m tests.replay.record [NAME ...]``.

Only for a new path, or with a written reason: a committed history that no longer replays means that demands which
are running when the new code is deployed would break. That is answered with ``workflow.patched``, not by recording.
"""

import asyncio
import gc
import sys
from pathlib import Path as FilePath

from rich.console import Console

from tests.replay.stories import PATHS, Path, new_world
from tests.workflow.server import time_skipping
from tests.workflow.story import Dispatch

HISTORIES = FilePath(__file__).parent / "histories"


async def record(path: Path) -> FilePath:
    """Play one path and write its history."""
    async with time_skipping() as env:
        dispatch = Dispatch(env, new_world())
        async with dispatch.worker():
            handle = await path(dispatch)
            await handle.result()
            history = await handle.fetch_history()
    file = HISTORIES / f"{path.__name__}.json"
    file.write_text(history.to_json() + "\n", encoding="utf-8")
    return file


async def main(names: list[str]) -> None:
    """Record the named paths, or all."""
    console = Console()
    for path in PATHS:
        if not names or path.__name__ in names:
            console.print(f"recorded {(await record(path)).name}")
    gc.collect()
    await asyncio.sleep(0.5)  # short scripts that end right after closing a server may crash at exit


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
