"""A vehicle is on one mission at most, whoever asks for it and however often (rules 28 and 94)."""

import asyncio
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.engagement import EngagementActivities
from domain.fleet import Volume
from domain.messages import EngageRequest, EngageResult, LeaseStamp, ReleaseRequest
from domain.outcomes import Outcome
from geo.straight import StraightTravel
from storage import tables
from storage.engine import transaction
from storage.projection import record
from tests.fixtures.world import CARCASSONNE, Vehicle, World
from tests.storage.telling import Telling
from tests.unit.stories import Story
from tests.unit.stories import vehicle as candidate

TRAVEL = StraightTravel(speed_kmh=70, detour=1.35)
REFUSED = {Outcome.LEASE_LOST, Outcome.VEHICLE_TOO_SMALL, Outcome.VEHICLE_UNKNOWN}


def request(
    world: World, vehicle: Vehicle, demand_id: UUID | None = None, **changes: object
) -> EngageRequest:
    wanted = EngageRequest(
        demand_id=demand_id or uuid4(),
        mission_id=uuid4(),
        vehicle_id=vehicle.id,
        company_id=vehicle.company_id,
        volume=Volume.AMBULANCE,
        place=CARCASSONNE,
        at=world.at,
        samu_id=world.samu_id,
        max_delay_minutes=20,
    )
    return wanted.model_copy(update=changes)


async def engage(engine: AsyncEngine, wanted: EngageRequest) -> EngageResult:
    return await EngagementActivities(engine, TRAVEL).engage(wanted)


async def release(engine: AsyncEngine, mission_id: UUID) -> None:
    await EngagementActivities(engine, TRAVEL).release(ReleaseRequest(mission_id=mission_id))


async def engaged(engine: AsyncEngine) -> dict[UUID, UUID]:
    """The mission of each vehicle that has one."""
    table = tables.engagements
    async with engine.connect() as connection:
        rows = await connection.execute(sa.select(table.c.vehicle_id, table.c.mission_id))
        return {row.vehicle_id: row.mission_id for row in rows}


async def test_a_free_vehicle_is_engaged_and_described(engine: AsyncEngine, world: World) -> None:
    near = world.minervois.vehicles[0]
    wanted = request(world, near)
    result = await engage(engine, wanted)
    assert result.outcome is Outcome.CONFIRMED
    assert result.vehicle is not None
    assert (result.vehicle.volume, result.vehicle.eta_minutes) == (Volume.AMBULANCE, 9)
    assert await engaged(engine) == {near.id: wanted.mission_id}


async def test_rule_009_a_vehicle_without_a_position_may_be_named(engine: AsyncEngine, world: World) -> None:
    result = await engage(engine, request(world, world.corbieres.vehicles[0]))
    assert result.outcome is Outcome.CONFIRMED
    assert result.vehicle is not None
    assert result.vehicle.eta_minutes is None


async def test_an_engagement_asked_for_again_after_a_crash_is_confirmed_again(
    engine: AsyncEngine, world: World
) -> None:
    wanted = request(world, world.cathare.vehicles[0])
    results = [await engage(engine, wanted) for _ in range(3)]
    assert results[0] == results[1] == results[2]
    assert results[0].outcome is Outcome.CONFIRMED


@pytest.mark.parametrize(
    ("table", "changed"),
    [
        (tables.leases, {"epoch": 2}),
        (tables.vehicles, {"category": "C"}),
        (tables.vehicles, {"company_id": "minervois"}),
    ],
    ids=["the lease was taken over", "the vehicle is smaller", "the vehicle is another company's"],
)
async def test_rule_028_an_engagement_whose_answer_was_lost_is_confirmed_whatever_changed_since(
    engine: AsyncEngine, world: World, table: sa.Table, changed: dict[str, object]
) -> None:
    """The row stands: refused now, the vehicle would be held for a mission that nobody was given."""
    lease = LeaseStamp(site_id=world.cathare.site_id, epoch=1)
    wanted = request(world, world.cathare.vehicles[0], volume=Volume.ASSU, lease=lease)
    assert (await engage(engine, wanted)).outcome is Outcome.CONFIRMED
    other = request(world, world.cathare.vehicles[0], volume=Volume.ASSU, lease=lease)
    values = {name: world.minervois.id if value == "minervois" else value for name, value in changed.items()}
    async with transaction(engine) as connection:
        await connection.execute(sa.update(table).values(values))
    again = await engage(engine, wanted)
    assert (again.outcome, again.vehicle is None) == (Outcome.CONFIRMED, False)
    assert (await engage(engine, other)).outcome in REFUSED  # it would be: the control
    assert await engaged(engine) == {wanted.vehicle_id: wanted.mission_id}


async def test_rule_094_a_vehicle_on_another_mission_is_refused(engine: AsyncEngine, world: World) -> None:
    vehicle = world.cathare.vehicles[0]
    first = request(world, vehicle)
    await engage(engine, first)
    result = await engage(engine, request(world, vehicle))
    assert (result.outcome, result.vehicle) == (Outcome.VEHICLE_ENGAGED, None)
    assert await engaged(engine) == {vehicle.id: first.mission_id}


async def test_a_vehicle_of_another_company_or_of_nobody_is_unknown(
    engine: AsyncEngine, world: World
) -> None:
    vehicle = world.cathare.vehicles[0]
    for changes in ({"company_id": world.minervois.id}, {"vehicle_id": uuid4()}):
        result = await engage(engine, request(world, vehicle, **changes))
        assert result.outcome is Outcome.VEHICLE_UNKNOWN
    assert await engaged(engine) == {}


async def test_rule_004_a_small_vehicle_is_refused_to_a_large_demand(
    engine: AsyncEngine, world: World
) -> None:
    small = world.cathare.vehicles[1]
    result = await engage(engine, request(world, small, volume=Volume.ASSU))
    assert result.outcome is Outcome.VEHICLE_TOO_SMALL
    assert await engaged(engine) == {}


async def test_rule_094_two_demands_that_engage_one_vehicle_at_once_never_both_have_it(
    engine: AsyncEngine, world: World
) -> None:
    vehicle = world.cathare.vehicles[0]
    for _ in range(200):
        wanted = [request(world, vehicle) for _ in range(2)]
        results = await asyncio.gather(*(engage(engine, one) for one in wanted))
        won = [one for one, result in zip(wanted, results, strict=True) if result.vehicle]
        assert sorted(result.outcome for result in results) == [Outcome.CONFIRMED, Outcome.VEHICLE_ENGAGED]
        assert await engaged(engine) == {vehicle.id: won[0].mission_id}
        await release(engine, won[0].mission_id)


async def test_rule_094_demands_that_want_each_others_vehicles_never_wait_for_each_other_for_ever(
    engine: AsyncEngine, world: World
) -> None:
    one, other = world.cathare.vehicles
    for _ in range(50):
        first, second = request(world, one), request(world, other)
        await asyncio.gather(engage(engine, first), engage(engine, second))
        swaps = (
            first.model_copy(update={"vehicle_id": other.id, "replaces": one.id}),
            second.model_copy(update={"vehicle_id": one.id, "replaces": other.id}),
        )
        results = await asyncio.gather(*(engage(engine, swap) for swap in swaps))
        assert {result.outcome for result in results} == {Outcome.VEHICLE_ENGAGED}
        for wanted in (first, second):
            await release(engine, wanted.mission_id)


async def test_rule_044_a_relief_moves_the_mission_to_the_other_vehicle(
    engine: AsyncEngine, world: World
) -> None:
    one, other = world.cathare.vehicles
    wanted = request(world, one)
    await engage(engine, wanted)
    swap = wanted.model_copy(update={"vehicle_id": other.id, "replaces": one.id})
    for _ in range(2):
        assert (await engage(engine, swap)).outcome is Outcome.CONFIRMED
        assert await engaged(engine) == {other.id: wanted.mission_id}


async def test_a_relief_for_a_mission_that_has_ended_engages_nothing(
    engine: AsyncEngine, world: World
) -> None:
    one, other = world.cathare.vehicles
    wanted = request(world, other, replaces=one.id)
    assert (await engage(engine, wanted)).outcome is Outcome.MISSION_ENDED
    assert await engaged(engine) == {}


async def test_a_demand_never_holds_two_vehicles(engine: AsyncEngine, world: World) -> None:
    """A claim that was abandoned, or a mission whose end is not recorded yet, leaves its vehicle to others."""
    one, other = world.cathare.vehicles
    first = request(world, one)
    await engage(engine, first)
    second = request(world, other, demand_id=first.demand_id)
    assert (await engage(engine, second)).outcome is Outcome.CONFIRMED
    assert await engaged(engine) == {other.id: second.mission_id}


async def test_a_vehicle_given_back_is_free_and_giving_it_back_again_changes_nothing(
    engine: AsyncEngine, world: World
) -> None:
    wanted = request(world, world.cathare.vehicles[0])
    await engage(engine, wanted)
    for _ in range(2):
        await release(engine, wanted.mission_id)
        assert await engaged(engine) == {}
    assert (await engage(engine, request(world, world.cathare.vehicles[0]))).outcome is Outcome.CONFIRMED


async def test_a_vehicle_is_given_back_and_not_the_one_that_the_next_claim_engaged(
    engine: AsyncEngine, world: World
) -> None:
    """Both have the same mission's id; giving back the first may come late."""
    one, other = world.cathare.vehicles
    first = request(world, one)
    second = first.model_copy(update={"vehicle_id": other.id})
    await engage(engine, second)
    late = ReleaseRequest(mission_id=first.mission_id, vehicle_id=one.id)
    await EngagementActivities(engine, TRAVEL).release(late)
    assert await engaged(engine) == {other.id: first.mission_id}
    mine = ReleaseRequest(mission_id=first.mission_id, vehicle_id=other.id)
    await EngagementActivities(engine, TRAVEL).release(mine)
    assert await engaged(engine) == {}


async def test_rule_094_the_other_demands_that_solicit_the_vehicle_are_named(
    engine: AsyncEngine, world: World
) -> None:
    wanted = request(world, world.cathare.vehicles[0])
    telling = Telling(engine, Story(candidate("A1"), candidate("A2")))
    async with transaction(engine) as connection:
        await record(connection, telling.batch())
        for table, column in ((tables.solicitations, "vehicle_id"),):
            await connection.execute(sa.update(table).values({column: wanted.vehicle_id}))
    rival = telling.case.id
    assert (await engage(engine, wanted)).rivals == (rival,)
    assert (await engage(engine, wanted.model_copy(update={"demand_id": rival}))).rivals == ()
    async with transaction(engine) as connection:
        await connection.execute(sa.update(tables.solicitations).values(state="REFUSED"))
    assert (await engage(engine, request(world, world.cathare.vehicles[1]))).rivals == ()
