"""Record the committed histories again: ``python -m tests.replay.record [NAME ...]``.

Only for a new path, or with a written reason: a committed history that no longer replays means that demands which
are running when the new code is deployed would break. That is answered with ``workflow.patched``, not by recording.
"""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path as FilePath
from uuid import uuid4

from rich.console import Console
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from tests.replay.stories import PATHS, PROBED, WATCHES, Path, WatchHandle, new_world
from tests.workflow.guard_world import GuardWorld
from tests.workflow.server import time_skipping
from tests.workflow.story import PASSED_THROUGH, Dispatch
from workflows.client import probe
from workflows.guard_watch import GuardWatchWorkflow
from workflows.ids import PROBE_ID
from workflows.probe import ProbeWorkflow

WatchPath = Callable[[WorkflowEnvironment, GuardWorld, str], Awaitable[WatchHandle]]
HISTORIES = FilePath(__file__).parent / "histories"


async def record(path: Path) -> FilePath:
    """Play one path of a demand and write its history."""
    async with time_skipping() as env:
        dispatch = Dispatch(env, new_world(path))
        async with dispatch.worker():
            handle = await path(dispatch)
            await handle.result()
            return _write(path.__name__, await handle.fetch_history())


async def record_watch(path: WatchPath) -> FilePath:
    """Play one path of a guard period's watch and write its history."""
    async with time_skipping() as env:
        world, queue = GuardWorld(), f"record-{uuid4()}"
        restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
        async with Worker(
            env.client,
            task_queue=queue,
            workflows=[GuardWatchWorkflow],
            activities=world.activities(),
            workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
        ):
            handle = await path(env, world, queue)
            await handle.result()
            return _write(path.__name__, await handle.fetch_history())


async def record_probe() -> FilePath:
    """The probe runs until an operator ends it; what it is asked leaves no history."""
    async with time_skipping() as env:
        queue = f"record-{uuid4()}"
        restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
        async with Worker(
            env.client,
            task_queue=queue,
            workflows=[ProbeWorkflow],
            workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
        ):
            await probe(env.client, queue)
            handle = env.client.get_workflow_handle(PROBE_ID)
            await handle.terminate("recorded")
            return _write(PROBED, await handle.fetch_history())


def _write(name: str, history: WorkflowHistory) -> FilePath:
    file = HISTORIES / f"{name}.json"
    file.write_text(history.to_json() + "\n", encoding="utf-8")
    return file


async def main(names: list[str]) -> None:
    """Record the named paths, or all."""
    console = Console()
    for path in PATHS:
        if not names or path.__name__ in names:
            console.print(f"recorded {(await record(path)).name}")
    for watch in WATCHES:
        if not names or watch.__name__ in names:
            console.print(f"recorded {(await record_watch(watch)).name}")
    if not names or PROBED in names:
        console.print(f"recorded {(await record_probe()).name}")
    gc.collect()
    await asyncio.sleep(0.5)  # short scripts that end right after closing a server may crash at exit


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
