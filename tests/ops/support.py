"""Small stand-in processes for the tests of the supervisor, and a way to wait for what must come true."""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ops.embedded.processes import ProcessSpec

SLEEP = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(600)"


def stand_in(
    directory: Path, name: str, code: str = SLEEP, *arguments: str, stop_seconds: float = 5
) -> ProcessSpec:
    """A child that runs a line of Python."""
    return ProcessSpec(
        name=name,
        argv=(sys.executable, "-I", "-S", "-c", code, *arguments),
        log=directory / f"{name}.log",
        cwd=directory,
        stop_seconds=stop_seconds,
    )


async def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> float:
    """Wait until `holds`; return how long it took, fail after `seconds`."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "it never came true"
        await asyncio.sleep(0.01)
    return time.monotonic() - began
