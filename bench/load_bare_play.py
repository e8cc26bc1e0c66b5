"""The process that plays the bare engine's load: one client, as the load generator is one process.

``python -m bench.load_bare_play ADDRESS`` reads a `BarePlan` from standard input and writes a `BarePlayed` to standard
output. It is not in the workflow's module, which the SDK's sandbox loads again for each workflow.
"""

import asyncio
import sys
import time
from uuid import uuid4

from pydantic import BaseModel, ConfigDict
from temporalio.client import Client

from bench.baseline import bare_client
from bench.load_bare import QUEUE, STEPS, BareDemand
from bench.load_use import Use, most_memory, spent, uses_of

PAUSE_S = 0.05
"""Between two steps: a crew hears that a step is written down before it passes the next one."""


class BarePlan(BaseModel):
    """``demands`` at ``rate`` a second; or, with ``flight``, so many at once, for ``seconds``."""

    model_config = ConfigDict(frozen=True)

    demands: int = 0
    rate: float = 0.0
    flight: int = 0
    seconds: float = 0.0
    pids: dict[str, list[int]] = {}
    """Processes whose use is measured meanwhile, by their kind."""


class BareLife(BaseModel):
    """One workflow, in milliseconds; the first from when it was due."""

    model_config = ConfigDict(frozen=True)

    workflow_id: str
    first_ms: float
    """Until its first activity ran."""
    confirmed_ms: float
    """From when it was due until the acceptance was answered."""
    accept_ms: float
    refuse_ms: float


class BarePlayed(BaseModel):
    """All of them, and what the player used."""

    model_config = ConfigDict(frozen=True)

    lives: tuple[BareLife, ...]
    seconds: float
    used: dict[str, Use]


async def live(client: Client, due: float) -> BareLife:
    """One workflow, from its start to its end."""
    workflow_id = f"bare-{uuid4()}"
    handle = await client.start_workflow(BareDemand.run, id=workflow_id, task_queue=QUEUE)
    began = time.perf_counter()
    await handle.execute_update(BareDemand.refuse)
    refused = time.perf_counter()
    await handle.execute_update(BareDemand.accept)
    accepted, confirmed_ms = time.perf_counter(), (time.time() - due) * 1000
    for _ in range(STEPS):
        await asyncio.sleep(PAUSE_S)
        await handle.signal(BareDemand.step)
    first = await handle.result()
    return BareLife(
        workflow_id=workflow_id,
        first_ms=(first - due) * 1000,
        confirmed_ms=confirmed_ms,
        refuse_ms=(refused - began) * 1000,
        accept_ms=(accepted - refused) * 1000,
    )


async def play(client: Client, plan: BarePlan) -> BarePlayed:
    """Play all of it; return when the last has ended."""
    before, began, cpu = uses_of(plan.pids), time.time(), time.process_time()

    async def one(number: int) -> list[BareLife]:
        due = began + number / plan.rate
        await asyncio.sleep(max(0.0, due - time.time()))
        return [await live(client, due)]

    async def lane() -> list[BareLife]:
        lives = []
        while time.time() < began + plan.seconds:
            lives.append(await live(client, time.time()))
        return lives

    running = [lane() for _ in range(plan.flight)] if plan.flight else [one(n) for n in range(plan.demands)]
    lives = tuple(life for several in await asyncio.gather(*running) for life in several)
    own, seconds = Use(time.process_time() - cpu, most_memory()), time.time() - began
    used = {**spent(before, uses_of(plan.pids)), "load generator": own}
    return BarePlayed(lives=lives, seconds=seconds, used=used)


async def main(address: str) -> None:
    """Play what standard input asks for."""
    plan = BarePlan.model_validate_json(sys.stdin.buffer.read())
    sys.stdout.write((await play(await bare_client(address), plan)).model_dump_json())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
