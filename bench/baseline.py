"""The bare engine: the smallest workflow, on the same server, in a worker process of its own."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.service import GrpcCompression
from temporalio.worker import Worker

QUEUE = "bench-baseline"


@activity.defn(name="bare_activity")
async def bare_activity() -> float:
    """The time at which it runs."""
    return time.time()


@workflow.defn(name="Bare")
class BareWorkflow:
    """Runs one activity, answers updates, ends on a signal."""

    def __init__(self) -> None:
        self._done = False

    @workflow.run
    async def run(self) -> float:
        """The time at which the activity ran."""
        ran_at = await workflow.execute_activity(bare_activity, start_to_close_timeout=timedelta(seconds=10))
        await workflow.wait_condition(lambda: self._done)
        return ran_at

    @workflow.update(name="echo")
    def echo(self) -> str:
        """Answer at once."""
        return "echo"

    @workflow.signal(name="finish")
    def finish(self) -> None:
        """End."""
        self._done = True


@asynccontextmanager
async def bare_worker(address: str) -> AsyncIterator[None]:
    """A worker of the baseline, in another process, as ours is."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.baseline", address, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None  # noqa: S101 - it was asked for
    await asyncio.wait_for(process.stdout.readline(), 30)
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def measure_start(client: Client) -> float:
    """Milliseconds from the start of a workflow until its activity runs."""
    began = time.time()
    handle = await client.start_workflow(BareWorkflow.run, id=f"bare-{uuid4()}", task_queue=QUEUE)
    await handle.signal(BareWorkflow.finish)
    return (await handle.result() - began) * 1000


async def measure_updates(client: Client, count: int) -> list[float]:
    """Milliseconds of bare update round trips on one idle workflow: its start is over before the first is timed."""
    handle = await client.start_workflow(BareWorkflow.run, id=f"bare-{uuid4()}", task_queue=QUEUE)
    await handle.execute_update(BareWorkflow.echo)
    took = []
    for _ in range(count):
        began = time.perf_counter()
        await handle.execute_update(BareWorkflow.echo)
        took.append((time.perf_counter() - began) * 1000)
    await handle.signal(BareWorkflow.finish)
    return took


async def bare_client(address: str) -> Client:
    """Nothing sealed, and nothing packed either: as our own connections (`workflows.client`), or we would win by that."""
    return await Client.connect(address, grpc_compression=GrpcCompression.NONE)


async def main(address: str) -> None:
    """Run the worker until it is terminated."""
    client = await bare_client(address)
    async with Worker(client, task_queue=QUEUE, workflows=[BareWorkflow], activities=[bare_activity]):
        sys.stdout.write("up\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
