"""``python -m bench.load``: the whole stack under demands with answers and steps, positions beside them, and a burst.

Everything is played through HTTP by processes of their own. Each figure stands beside the same of bare Temporal
workflows with as many messages (`bench.load_bare`), on the same server in the same run.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from bench.ingest_fleet import make_fleets, write_fleets
from bench.ingest_load import Load as Positions
from bench.ingest_load import Sender, Sent
from bench.load_bare import bare_worker
from bench.load_bare_play import BarePlan, BarePlayed
from bench.load_fleet import Town, make_towns, write_towns
from bench.load_play import Plan, Played
from bench.load_use import Use, Waits
from bench.stack import ROOT, Stack, read_stack, running_stack
from storage.engine import create_engine
from storage.tables import demand_views
from workflows.ids import workflow_id

TELEMATICS = 20
"""Companies that send the positions beside the demands."""
BURST = 60
BURST_RATE = 60.0
READS_FOR_S = 5.0
"""So long people read before they answer, in a burst: they have sixty cards before them at once."""
FLIGHT = 24
"""Demands at once, where it is measured how many can be completed in a second."""
RATES = (0.5, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 3, 4, 6, 8, 10, 15, 20, 30)
MOST_P99_MS = 1000.0
WARM_UP = 10
BARE_WORKER = "bare worker"
HISTORIES = 20
"""So many histories are counted."""

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure: demands and positions a second, for how long."""

    rate: float
    seconds: int
    positions: int


@dataclass(frozen=True, slots=True)
class Phase:
    """Demands that were played, and what every kind of process used meanwhile."""

    name: str
    played: Played
    used: dict[str, Use]
    lost: int
    """Demands that the API took and that the read model does not have as completed."""
    waits: str
    events: float
    """Of a history, on average."""
    positions: Sent | None = None


@dataclass(frozen=True, slots=True)
class BarePhase:
    """The same of the bare engine."""

    played: BarePlayed
    used: dict[str, Use]
    events: float


@dataclass
class Figures:
    """Everything of one run."""

    sustained: Phase
    bare: BarePhase
    burst: Phase
    flat_out: Phase
    bare_flat_out: BarePhase


@dataclass
class Stage:
    """A stack with its towns."""

    stack: Stack
    database: AsyncEngine
    towns: list[Town]
    senders: tuple[Sender, ...] = ()
    client: Client | None = field(default=None)

    @property
    def pids(self) -> dict[str, list[int]]:
        """The processes, by kind, as they are now."""
        now = read_stack(self.stack.data_dir).pids
        kinds = {"postgres": [now.postgres], "temporal": [now.temporal]}
        kinds |= {f"worker {n}": [pid] for n, pid in enumerate(now.worker, start=1)}
        return kinds | {f"api {n}": [pid] for n, pid in enumerate(now.api, start=1)}

    def plan(self, **more: float) -> Plan:
        """What to play, in these towns."""
        known: dict[str, object] = {"api": self.stack.api, "towns": self.towns, "pids": self.pids}
        known["samu_key"] = self.stack.accounts.samu.api_key
        return Plan.model_validate({**known, **more})


@asynccontextmanager
async def stage(positions: int, *, workers: int = 1, apis: int = 1) -> AsyncIterator[Stage]:
    """A stack of its own, warmed up by some demands."""
    async with running_stack(workers=workers, apis=apis) as stack:
        database = create_engine(stack.database, pool_size=3, application_name="bench")
        try:
            made = Stage(stack, database, make_towns(), client=await Client.connect(stack.temporal))
            await write_towns(database, made.towns, stack.accounts.samu.id)  # type: ignore[arg-type]  # a text: PostgreSQL reads it
            made.senders = await _senders(database, positions)
            await child("bench.load_play", made.plan(demands=WARM_UP, rate=2), Played)
            yield made
        finally:
            await database.dispose()


async def measure(at: Stage, wanted: Wanted, say: Callable[[str], None]) -> Figures:
    """All phases, one after the other: ours and the bare one in turns."""
    demands = round(wanted.rate * wanted.seconds)
    say("sustained")
    sustained = await phase(at, "sustained", at.plan(demands=demands, rate=wanted.rate), wanted.positions)
    say("sustained, bare")
    bare = await bare_phase(at, BarePlan(demands=demands, rate=wanted.rate))
    say("burst")
    burst = await phase(at, "burst", at.plan(demands=BURST, rate=BURST_RATE, thinks_s=READS_FOR_S))
    say("flat out")
    flat_out = await phase(at, "flat out", at.plan(flight=FLIGHT, seconds=wanted.seconds / 2))
    say("flat out, bare")
    bare_flat_out = await bare_phase(at, BarePlan(flight=FLIGHT, seconds=wanted.seconds / 2))
    return Figures(sustained, bare, burst, flat_out, bare_flat_out)


async def find_limit(at: Stage, wanted: Wanted) -> AsyncIterator[Phase]:
    """One phase for each rate, up to the first that is not kept: too slow, or something failed."""
    for rate in RATES:
        plan = at.plan(demands=max(20, round(rate * wanted.seconds)), rate=rate)
        yield await phase(at, f"{rate:g}/s", plan, wanted.positions)


async def phase(at: Stage, name: str, plan: Plan, positions: int = 0) -> Phase:
    """Play, with so many positions a second beside; what was used, and what was lost."""
    seconds = plan.seconds or plan.demands / plan.rate
    waits = Waits()
    watching = asyncio.create_task(waits.watch(at.database))
    sending = asyncio.create_task(_send(at, positions, round(seconds) + 5))
    try:
        played = await child("bench.load_play", plan, Played)
        sent = await sending
    finally:
        for task in (sending, watching):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    used = dict(played.used)
    if sent is not None:
        used["position sender"] = Use(sent.cpu_s, 0)
    ids = [life.demand_id for life in played.lives if life.demand_id]
    events = await _events(at, [workflow_id(one) for one in ids[:HISTORIES]])  # type: ignore[arg-type]  # its text
    return Phase(name, played, used, await _lost(at.database, ids), waits.told(), events, sent)


async def bare_phase(at: Stage, plan: BarePlan) -> BarePhase:
    """The same of the bare engine, with a worker of its own."""
    async with bare_worker(at.stack.temporal) as pid:
        measured = plan.model_copy(update={"pids": {**at.pids, BARE_WORKER: [pid]}})
        played = await child("bench.load_bare_play", measured, BarePlayed, at.stack.temporal)
    events = await _events(at, [life.workflow_id for life in played.lives[:HISTORIES]])
    return BarePhase(played, played.used, events)


async def child(module: str, asked: BaseModel, answer: type[Answer], *arguments: str) -> Answer:
    """What a process of its own made of what it was asked."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, cwd=ROOT, stdin=pipe, stdout=pipe, limit=2**26
    )
    try:
        told, _ = await process.communicate(asked.model_dump_json().encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return answer.model_validate_json(told)


async def _senders(database: AsyncEngine, positions: int) -> tuple[Sender, ...]:
    """Companies that send so many positions a second between them."""
    if not positions:
        return ()
    fleets = make_fleets(TELEMATICS, positions // TELEMATICS)
    await write_fleets(database, fleets)
    return tuple(
        Sender(**fleet.login.model_dump(), vehicles=tuple(map(str, fleet.vehicles)), places=fleet.places)
        for fleet in fleets
    )


async def _send(at: Stage, positions: int, seconds: int) -> Sent | None:
    if not positions:
        return None
    return await child(
        "bench.ingest_load", Positions(api=at.stack.api, seconds=seconds, senders=at.senders), Sent
    )


async def _lost(database: AsyncEngine, ids: Sequence[str]) -> int:
    """Demands that the API took and that are not completed: by the read model, not by what the player saw."""
    views = demand_views.c
    query = sa.select(sa.func.count()).where(views.demand_id.in_(ids), views.status == "COMPLETED")
    async with database.connect() as connection:
        return len(ids) - int((await connection.execute(query)).scalar_one())


async def _events(at: Stage, names: Sequence[str]) -> float:
    """The length of a history, on average."""
    assert at.client is not None  # noqa: S101 - stage() made it
    lengths = [(await at.client.get_workflow_handle(name).describe()).history_length for name in names]
    return sum(lengths) / len(lengths) if lengths else 0.0


if __name__ == "__main__":
    from bench.load_command import run

    run()
