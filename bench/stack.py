"""A whole embedded stack of its own, in a temporary directory, on free ports."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from simulation.runtime import Accounts

ROOT = Path(__file__).resolve().parents[1]
READY_WITHIN_S = 120
STOPPED_WITHIN_S = 60


class Pids(BaseModel):
    """The processes of a stack."""

    model_config = ConfigDict(frozen=True)

    postgres: int
    temporal: int
    worker: list[int]
    api: list[int]


class Stack(BaseModel):
    """What ``runtime.json`` tells of a running stack."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    api: str
    temporal: str
    database: str
    pids: Pids
    accounts: Accounts
    data_dir: Path


class StackError(RuntimeError):
    """The stack did not start; the text holds what it printed."""


@asynccontextmanager
async def running_stack(
    *, workers: int = 1, apis: int = 1, data_dir: Path | None = None
) -> AsyncIterator[Stack]:
    """Start ``rescousse up`` with the demo and without the simulation, and stop it in the end.

    From a directory of its own, which is gone afterwards, or from ``data_dir``, which stays.
    """
    with tempfile.TemporaryDirectory(prefix="rescousse-", ignore_cleanup_errors=True) as folder:
        data_dir = data_dir or Path(folder) / "data"
        process = await _start(data_dir, workers, apis)
        try:
            await _until_ready(process)
            yield read_stack(data_dir)
        finally:
            await _stop(process)


def read_stack(data_dir: Path) -> Stack:
    """Read ``runtime.json`` again: pids change when a process is restarted."""
    told = json.loads((data_dir / "runtime.json").read_text(encoding="utf-8"))
    return Stack.model_validate({**told, "data_dir": data_dir})


async def _start(data_dir: Path, workers: int, apis: int) -> asyncio.subprocess.Process:
    command = ["-m", "ops", "up", "--no-simulation", "--data-dir", str(data_dir)]
    command += ["--workers", str(workers), "--apis", str(apis)]
    command += ["--port", "0", "--temporal-port", "0", "--temporal-ui-port", "0"]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


async def _until_ready(process: asyncio.subprocess.Process) -> None:
    """Wait for the line that begins with ``ready``; then keep reading, so that the pipe never fills."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    told: list[str] = []
    async with asyncio.timeout(READY_WITHIN_S):
        async for line in process.stdout:
            told.append(line.decode(errors="replace"))
            if told[-1].startswith("ready"):
                process.drain = asyncio.create_task(_drain(process.stdout))  # type: ignore[attr-defined]  # kept alive
                return
    raise StackError("".join(told))


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(65_536):
        pass


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOPPED_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
