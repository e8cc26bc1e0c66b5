"""The bare engine under the same load: the smallest workflow with as many messages and activities as a demand.

One start, an activity for the survey, one for each batch of facts, an update for the refusal, an update with an activity
of its own for the acceptance, a signal for each step. No HTTP, no database, nothing decided, nothing encrypted.
``python -m bench.load_bare ADDRESS`` is its worker; `bench.load_bare_play` plays it.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.worker import Worker

from bench.baseline import bare_client

QUEUE = "bench-load"
STEPS = 7
LIMIT = timedelta(seconds=30)


@activity.defn(name="bare_work")
async def bare_work() -> float:
    """The time at which it runs."""
    return time.time()


@workflow.defn(name="BareDemand")
class BareDemand:
    """Writes down whatever it is told, in batches, as a demand does."""

    def __init__(self) -> None:
        self._pending = self._steps = 0

    @workflow.run
    async def run(self) -> float:
        """The time at which the first activity ran."""
        first = await self._work()
        self._pending += 1
        while self._steps < STEPS or self._pending:
            await workflow.wait_condition(lambda: self._pending > 0)
            self._pending = 0
            await self._work()
        return first

    async def _work(self) -> float:
        return await workflow.execute_activity(bare_work, start_to_close_timeout=LIMIT)

    @workflow.update(name="refuse")
    def refuse(self) -> str:
        """Answer at once."""
        self._pending += 1
        return "recorded"

    @workflow.update
    async def accept(self) -> str:
        """Answer once an activity has run."""
        await self._work()
        self._pending += 1
        return "confirmed"

    @workflow.signal(name="step")
    def step(self) -> None:
        """Be told a step."""
        self._steps += 1
        self._pending += 1


@asynccontextmanager
async def bare_worker(address: str) -> AsyncIterator[int]:
    """A worker of it in another process; its process id."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load_bare", address, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None  # noqa: S101 - it was asked for
    await asyncio.wait_for(process.stdout.readline(), 60)
    try:
        yield process.pid
    finally:
        process.terminate()
        await process.wait()


async def main(address: str) -> None:
    """Work until terminated."""
    client = await bare_client(address)
    async with Worker(client, task_queue=QUEUE, workflows=[BareDemand], activities=[bare_work]):
        sys.stdout.write("up\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
