"""Races on the real engine, the real workflow and the real database: one winner, every time."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.engagement import EngagementActivities
from activities.recording import RecordingActivities
from domain.facts import DemandReceived, Fact, SolicitationOpened
from domain.fleet import Volume
from domain.messages import (
    Acceptance,
    Cancellation,
    Candidate,
    DemandStart,
    FactBatch,
    Reply,
    SurveyRequest,
    SurveyResult,
)
from domain.outcomes import Outcome
from domain.vocabulary import Tier
from geo.straight import StraightTravel
from storage import tables
from tests.fixtures.world import World
from tests.unit.stories import CARCASSONNE, SAMU, regulator
from tests.workflow.server import real_time
from tests.workflow.story import PASSED_THROUGH, Handle, demand_id
from workflows.client import demand_handle, start_demand
from workflows.demand import DemandWorkflow

RACES = int(os.environ.get("RESCOUSSE_RACES", "25"))
"""``make races`` runs a thousand of each."""

LANES = 12
"""Races that run side by side, each with vehicles of its own."""

pytestmark = pytest.mark.timeout(900)


class Nearby:
    """A survey that is told who is near, and a recorder that tells what it wrote; both write to the real database."""

    def __init__(self, recording: RecordingActivities) -> None:
        self.candidates: dict[UUID, tuple[Candidate, ...]] = {}
        self.asked: dict[tuple[UUID, UUID], asyncio.Future[UUID]] = {}
        self._recording = recording

    @activity.defn(name="survey")
    async def survey(self, request: SurveyRequest) -> SurveyResult:
        return SurveyResult(candidates=self.candidates[request.demand_id])

    @activity.defn(name="record")
    async def record(self, batch: FactBatch) -> None:
        await self._recording.record(batch)
        for fact in batch.facts:
            if isinstance(fact.body, SolicitationOpened) and fact.body.vehicle_id:
                self.asked[batch.demand_id, fact.body.vehicle_id].set_result(fact.body.solicitation_id)


@dataclass
class Ring:
    """Where the races are run."""

    client: Client
    engine: AsyncEngine
    nearby: Nearby
    samu_id: UUID
    queue: str

    async def post(self, *near: Candidate) -> Handle:
        """A demand that solicits these vehicles, its solicitations in the journal."""
        start = DemandStart(
            demand_id=uuid4(),
            samu_id=self.samu_id,
            reference="race",
            received_at=datetime.now(UTC),
            max_delay_minutes=40,
            volume=Volume.AMBULANCE,
            place=CARCASSONNE,
        )
        self.nearby.candidates[start.demand_id] = near
        loop = asyncio.get_running_loop()
        waited = {(start.demand_id, c.vehicle_id): loop.create_future() for c in near if c.vehicle_id}
        self.nearby.asked |= waited
        await self.nearby.record(_received(start))
        await start_demand(self.client, start, self.queue)
        await asyncio.gather(*waited.values())
        return demand_handle(self.client, start.demand_id)

    async def accept(self, handle: Handle, candidate: Candidate) -> Reply:
        """A company accepts."""
        assert candidate.vehicle_id is not None
        asked = self.nearby.asked[demand_id(handle), candidate.vehicle_id].result()
        answer = Acceptance(solicitation_id=asked, received_at=datetime.now(UTC), by=regulator("A"))
        return await handle.execute_update(DemandWorkflow.accept, answer)

    async def end(self, *handles: Handle) -> None:
        """Cancel, so that the vehicles are free for the next race."""
        for handle in handles:
            order = Cancellation(reason="course finie", received_at=datetime.now(UTC), by=SAMU)
            await handle.execute_update(DemandWorkflow.cancel, order)
            await handle.result()

    async def engaged(self, *handles: Handle) -> list[UUID]:
        """The demands, of these, that have a vehicle in the database."""
        mine = [demand_id(handle) for handle in handles]
        query = sa.select(tables.engagements.c.demand_id).where(tables.engagements.c.demand_id.in_(mine))
        async with self.engine.connect() as connection:
            return list((await connection.execute(query)).scalars())


@pytest.fixture
async def ring(engine: AsyncEngine, world: World) -> AsyncIterator[Ring]:
    async with real_time() as env:
        nearby = Nearby(RecordingActivities(engine))
        engaging = EngagementActivities(engine, StraightTravel(speed_kmh=70, detour=1.35))
        restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
        async with Worker(
            env.client,
            task_queue="races",
            workflows=[DemandWorkflow],
            activities=[nearby.survey, nearby.record, *engaging.all()],
            workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
        ):
            yield Ring(env.client, engine, nearby, world.samu_id, "races")


async def test_rule_028_of_two_acceptances_at_the_same_instant_one_wins_every_time(
    ring: Ring, world: World
) -> None:
    async def race(first: Candidate, second: Candidate) -> tuple[str, ...]:
        handle = await ring.post(first, second)
        replies = await asyncio.gather(ring.accept(handle, first), ring.accept(handle, second))
        assert await ring.engaged(handle) == [demand_id(handle)]
        await ring.end(handle)
        return tuple(sorted(reply.outcome for reply in replies))

    seen = await _run(ring, world, 2, race)
    assert seen == {(Outcome.ALREADY_ASSIGNED, Outcome.CONFIRMED): RACES}


async def test_rule_094_of_two_demands_that_want_one_vehicle_one_gets_it_every_time(
    ring: Ring, world: World
) -> None:
    async def race(only: Candidate) -> tuple[str, ...]:
        one, other = await asyncio.gather(ring.post(only), ring.post(only))
        replies = await asyncio.gather(ring.accept(one, only), ring.accept(other, only))
        assert len(await ring.engaged(one, other)) == 1
        await ring.end(one, other)
        return tuple(sorted(reply.outcome for reply in replies))

    seen = await _run(ring, world, 1, race)
    assert seen == {(Outcome.CONFIRMED, Outcome.VEHICLE_ENGAGED): RACES}


async def _run(
    ring: Ring, world: World, vehicles: int, race: Callable[..., Awaitable[tuple[str, ...]]]
) -> Counter[tuple[str, ...]]:
    """Run the races, side by side in lanes that share no vehicle."""
    seen: Counter[tuple[str, ...]] = Counter()
    left = iter(range(RACES))

    async def lane() -> None:
        fleet = [await _new_vehicle(ring, world, number) for number in range(vehicles)]
        for _ in left:
            seen[await race(*fleet)] += 1

    async with asyncio.TaskGroup() as lanes:
        for _ in range(LANES):
            lanes.create_task(lane())
    return seen


async def _new_vehicle(ring: Ring, world: World, number: int) -> Candidate:
    owner = world.companies[number]
    vehicle_id = uuid4()
    row = {"id": vehicle_id, "company_id": owner.id, "name": "course", "category": "A"}
    async with ring.engine.begin() as connection:
        await connection.execute(sa.insert(tables.vehicles).values(**row))
    return Candidate(tier=Tier.VEHICLE, company_id=owner.id, vehicle_id=vehicle_id, eta_minutes=5)


def _received(start: DemandStart) -> FactBatch:
    body = DemandReceived(
        reference=start.reference,
        max_delay_minutes=start.max_delay_minutes,
        volume=start.volume,
        place=start.place,
        deadline=start.received_at + timedelta(minutes=start.max_delay_minutes),
    )
    fact = Fact(seq=1, at=start.received_at, body=body)
    return FactBatch(demand_id=start.demand_id, samu_id=start.samu_id, facts=(fact,))
