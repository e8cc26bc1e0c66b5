"""Nobody is solicited blindly, and the guard is found by its sector: from real rows (rules 12, 37 and 55)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.engagement import EngagementActivities
from activities.search import SearchActivities
from domain.fleet import Point, Volume
from domain.lease import SILENCE
from domain.messages import Candidate, EngageRequest, LeaseStamp, SurveyRequest
from domain.outcomes import Outcome
from domain.policy import Policy
from domain.vocabulary import Tier, VehicleVerdict
from geo.straight import StraightTravel
from storage import tables
from tests.fixtures.verdicts import last_verdicts
from tests.fixtures.world import CARCASSONNE, NARBONNE, TREBES, Company, Vehicle, World, fix_of, put_fixes

TRAVEL = StraightTravel(speed_kmh=70, detour=1.35)
SECOND = timedelta(seconds=1)


class Search:
    """The survey of one SAMU, asked again and again."""

    def __init__(self, engine: AsyncEngine, world: World) -> None:
        self.engine, self.world, self.number = engine, world, 0
        self.activities = SearchActivities(engine, TRAVEL)

    async def ask(self, *, at: datetime | None = None, **more: Any) -> list[Candidate]:
        self.number += 1
        terms: dict[str, Any] = {"place": CARCASSONNE, "max_delay_minutes": 40, "policy": Policy()} | more
        asked = SurveyRequest(
            demand_id=self.world.samu_id,
            samu_id=self.world.samu_id,
            volume=Volume.AMBULANCE,
            round=1,
            number=self.number,
            at=at or self.world.at,
            **terms,
        )
        return list((await self.activities.survey(asked)).candidates)

    async def verdict(self, target_id: UUID) -> str:
        return (await last_verdicts(self.engine))[target_id]

    async def write(self, *statements: sa.Executable) -> None:
        async with self.engine.begin() as connection:
            for statement in statements:
                await connection.execute(statement)


@pytest.fixture
def search(engine: AsyncEngine, world: World) -> Search:
    return Search(engine, world)


def lease(company: Company, **columns: object) -> sa.Update:
    table = tables.leases
    return sa.update(table).where(table.c.site_id == company.site_id).values(columns)


def asked(found: list[Candidate], company: Company) -> set[Tier]:
    return {c.tier for c in found if c.company_id == company.id}


# -- regulation --------------------------------------------------------------------------------------------------------


async def test_rule_037_a_company_that_nobody_regulates_is_not_solicited_and_the_verdict_says_so(
    search: Search, world: World
) -> None:
    await search.write(lease(world.cathare, state="FREE", device_id=None))
    assert asked(await search.ask(), world.cathare) == set()
    for target in (world.cathare.site_id, *(v.id for v in world.cathare.vehicles)):
        assert await search.verdict(target) == VehicleVerdict.NOT_REGULATED


async def test_rule_037_a_site_that_was_never_regulated_is_not_solicited(
    search: Search, world: World
) -> None:
    await search.write(sa.delete(tables.leases))
    assert await search.ask() == []
    assert await search.verdict(world.minervois.site_id) == VehicleVerdict.NOT_REGULATED


async def test_rule_037_a_suspended_site_is_not_solicited(search: Search, world: World) -> None:
    await search.write(lease(world.cathare, state="SUSPENDED"))
    assert asked(await search.ask(), world.cathare) == set()
    assert await search.verdict(world.cathare.site_id) == VehicleVerdict.REGULATION_SUSPENDED


async def test_rule_037_a_silent_post_is_not_solicited_even_before_it_is_suspended(
    search: Search, world: World
) -> None:
    just_in_time, too_late = world.at + SILENCE - SECOND, world.at + SILENCE
    assert asked(await search.ask(at=just_in_time), world.cathare) == {Tier.VEHICLE, Tier.SITE}
    assert asked(await search.ask(at=too_late), world.cathare) == set()
    assert await search.verdict(world.cathare.vehicles[0].id) == VehicleVerdict.REGULATION_SUSPENDED


async def test_rule_037_a_vehicle_without_a_site_is_answered_for_by_any_post_of_its_company(
    search: Search, world: World
) -> None:
    vehicle = world.cathare.vehicles[0]
    await search.write(
        sa.update(tables.vehicles).where(tables.vehicles.c.id == vehicle.id).values(site_id=None)
    )
    assert vehicle.id in {c.vehicle_id for c in await search.ask()}
    await search.write(lease(world.cathare, state="FREE"))
    assert vehicle.id not in {c.vehicle_id for c in await search.ask()}
    assert await search.verdict(vehicle.id) == VehicleVerdict.NOT_REGULATED


async def test_rule_088_the_patients_company_is_a_candidate_while_somebody_regulates_it(
    search: Search, world: World
) -> None:
    chosen = world.corbieres.id  # too far for anything else
    found = await search.ask(chosen_company_id=chosen)
    assert [c.company_id for c in found if c.tier is Tier.FREE_CHOICE] == [chosen]
    await search.write(lease(world.corbieres, state="FREE"))
    found = await search.ask(chosen_company_id=chosen)
    assert [c for c in found if c.tier is Tier.FREE_CHOICE] == []
    assert await search.verdict(chosen) == VehicleVerdict.NOT_REGULATED


async def test_rule_037_an_engagement_under_a_lease_that_changed_hands_is_refused(
    search: Search, world: World, engine: AsyncEngine
) -> None:
    vehicle = world.cathare.vehicles[0]
    engagement = EngagementActivities(engine, TRAVEL)
    stamp = LeaseStamp(site_id=world.cathare.site_id, epoch=1)
    wanted = engage_request(world, vehicle, lease=stamp)
    await search.write(lease(world.cathare, epoch=2))
    assert (await engagement.engage(wanted)).outcome is Outcome.LEASE_LOST
    fresh = wanted.model_copy(update={"lease": LeaseStamp(site_id=world.cathare.site_id, epoch=2)})
    assert (await engagement.engage(fresh)).outcome is Outcome.CONFIRMED
    await search.write(lease(world.cathare, state="SUSPENDED"))
    other = engage_request(world, world.cathare.vehicles[1], lease=fresh.lease)
    assert (await engagement.engage(other)).outcome is Outcome.LEASE_LOST


# -- the guard ---------------------------------------------------------------------------------------------------------

WEST = {"type": "Polygon", "coordinates": [[[2.0, 43.0], [2.4, 43.0], [2.4, 43.4], [2.0, 43.4], [2.0, 43.0]]]}
EAST = {"type": "Polygon", "coordinates": [[[2.4, 43.0], [3.2, 43.0], [3.2, 43.4], [2.4, 43.4], [2.4, 43.0]]]}


class Guard:
    """Two sectors: Carcassonne lies in the west, Trèbes in the east."""

    def __init__(self, search: Search, world: World) -> None:
        self.search, self.world = search, world
        self.west, self.east = uuid4(), uuid4()

    async def draw(self) -> None:
        for name, id_, outline, neighbour in (
            ("west", self.west, WEST, self.east),
            ("east", self.east, EAST, self.west),
        ):
            sector = {"id": id_, "samu_id": self.world.samu_id, "name": name, "communes": []}
            row = {**sector, "outline": outline, "neighbours": [neighbour]}
            await self.search.write(sa.insert(tables.guard_sectors).values(row))

    async def stand(self, vehicle: Vehicle, sector_id: UUID, *, approved: bool = True) -> UUID:
        """A crew goes on guard now; its shift."""
        period_id, shift_id, at = uuid4(), uuid4(), self.world.at
        device = sa.select(tables.leases.c.device_id, tables.leases.c.person_id)
        device = device.where(tables.leases.c.company_id == vehicle.company_id)
        async with self.search.engine.connect() as connection:
            device_id, person_id = (await connection.execute(device)).one()
        period = {
            "id": period_id,
            "samu_id": self.world.samu_id,
            "sector_id": sector_id,
            "company_id": vehicle.company_id,
            "starts_at": at - timedelta(hours=1),
            "ends_at": at + timedelta(hours=11),
            "approved_at": at if approved else None,
        }
        shift = {
            "id": shift_id,
            "period_id": period_id,
            "company_id": vehicle.company_id,
            "vehicle_id": vehicle.id,
            "device_id": device_id,
            "opened_by": person_id,
            "teammate": {"name": "X"},
            "opened_at": at - timedelta(hours=1),
            "late_s": 0,
        }
        await self.search.write(
            sa.insert(tables.guard_periods).values(period), sa.insert(tables.guard_shifts).values(shift)
        )
        return shift_id

    async def on_guard(self, **more: Any) -> list[UUID | None]:
        return [c.vehicle_id for c in await self.search.ask(**more) if c.tier is Tier.GUARD]


@pytest.fixture
async def guard(search: Search, world: World) -> Guard:
    drawn = Guard(search, world)
    await drawn.draw()
    return drawn


async def test_rule_012_the_guard_of_the_places_sector_is_found_and_no_other(
    guard: Guard, search: Search, world: World
) -> None:
    here, there = world.cathare.vehicles[1], world.minervois.vehicles[0]
    await guard.stand(here, guard.west)
    await guard.stand(there, guard.east)
    assert await guard.on_guard() == [here.id]
    assert await search.verdict(there.id) == VehicleVerdict.OTHER_SECTOR
    assert await guard.on_guard(place=TREBES) == [there.id]


async def test_rule_012_neighbours_come_after_if_the_policy_says_so(guard: Guard, world: World) -> None:
    far, near = world.cathare.vehicles[1], world.minervois.vehicles[0]
    await guard.stand(far, guard.west)
    await guard.stand(near, guard.east)
    asked = await guard.on_guard(place=TREBES, policy=Policy(guard_neighbours=True))
    assert asked == [near.id, far.id]
    asked = await guard.on_guard(policy=Policy(guard_neighbours=True))
    assert asked == [far.id, near.id]


async def test_rule_012_outside_every_sector_no_guard_is_asked(guard: Guard, world: World) -> None:
    await guard.stand(world.cathare.vehicles[1], guard.west)
    assert await guard.on_guard(place=Point(lat=42.6, lon=2.2)) == []


async def test_rule_055_a_vehicle_on_guard_is_solicited_for_nothing_else_and_needs_no_tick_no_lease_no_fix(
    guard: Guard, search: Search, world: World
) -> None:
    vehicle = world.cathare.vehicles[1]
    await guard.stand(vehicle, guard.west)
    found = await search.ask()
    assert [c.tier for c in found if c.vehicle_id == vehicle.id] == [Tier.GUARD]
    unticked = sa.update(tables.vehicles).values(available=False)
    await search.write(unticked, sa.delete(tables.leases), sa.delete(tables.vehicle_positions))
    found = await search.ask()
    assert [(c.tier, c.vehicle_id) for c in found] == [(Tier.GUARD, vehicle.id)]


async def test_rule_055_a_vehicle_on_guard_is_not_named_for_a_site_and_not_engaged_off_guard(
    guard: Guard, search: Search, world: World, engine: AsyncEngine
) -> None:
    [only] = world.corbieres.vehicles
    place = world.corbieres.site_place
    assert Tier.SITE in asked(await search.ask(place=place), world.corbieres)
    await guard.stand(only, guard.east)
    assert Tier.SITE not in asked(await search.ask(place=place), world.corbieres)
    engagement = EngagementActivities(engine, TRAVEL)
    refused = await engagement.engage(engage_request(world, only))
    assert refused.outcome is Outcome.VEHICLE_ON_GUARD
    taken = await engagement.engage(engage_request(world, only, on_guard=True))
    assert taken.outcome is Outcome.CONFIRMED


async def test_rule_066_a_vehicle_whose_guard_has_ended_is_not_engaged_as_guard(
    guard: Guard, search: Search, world: World, engine: AsyncEngine
) -> None:
    vehicle = world.cathare.vehicles[1]
    await guard.stand(vehicle, guard.west)
    await search.write(sa.update(tables.guard_shifts).values(closed_at=world.at))
    assert await guard.on_guard() == []
    engaged = await EngagementActivities(engine, TRAVEL).engage(engage_request(world, vehicle, on_guard=True))
    assert engaged.outcome is Outcome.GUARD_ENDED


async def test_rule_059_a_provisional_guard_counts_once_it_is_approved(
    guard: Guard, search: Search, world: World
) -> None:
    vehicle = world.cathare.vehicles[1]
    await guard.stand(vehicle, guard.west, approved=False)
    assert await guard.on_guard() == []
    await search.write(sa.update(tables.guard_periods).values(approved_at=world.at))
    assert await guard.on_guard() == [vehicle.id]


async def test_rule_012_a_guard_too_far_to_be_there_in_time_is_told_and_asked_only_if_the_samu_wants_it(
    guard: Guard, search: Search, world: World
) -> None:
    vehicle = world.minervois.vehicles[1]  # at Narbonne, more than an hour away
    await guard.stand(vehicle, guard.west)
    assert await guard.on_guard() == []
    assert await search.verdict(vehicle.id) == VehicleVerdict.TOO_FAR
    assert await guard.on_guard(policy=Policy(guard_beyond_delay=True)) == [vehicle.id]


def engage_request(
    world: World, vehicle: Vehicle, *, on_guard: bool = False, lease: LeaseStamp | None = None
) -> EngageRequest:
    return EngageRequest(
        demand_id=uuid4(),
        mission_id=uuid4(),
        vehicle_id=vehicle.id,
        company_id=vehicle.company_id,
        volume=Volume.AMBULANCE,
        place=CARCASSONNE,
        at=world.at,
        on_guard=on_guard,
        lease=lease,
    )


async def test_rule_012_a_guard_crew_waits_at_its_site_whatever_an_old_position_says(
    guard: Guard, search: Search, world: World, engine: AsyncEngine
) -> None:
    vehicle = world.cathare.vehicles[1]  # its site is at Carcassonne
    await guard.stand(vehicle, guard.west)
    old = fix_of(vehicle.id, NARBONNE, world.at, age_s=3 * 86400)
    await search.write(sa.delete(tables.vehicle_positions))
    async with engine.begin() as connection:
        await put_fixes(connection, [old])
    assert await guard.on_guard() == [vehicle.id]
    engaged = await EngagementActivities(engine, TRAVEL).engage(engage_request(world, vehicle, on_guard=True))
    assert engaged.vehicle is not None
    assert engaged.vehicle.eta_minutes is None  # nothing is promised from three days ago
    fresh = fix_of(vehicle.id, NARBONNE, world.at)
    async with engine.begin() as connection:
        await put_fixes(connection, [fresh])
        await connection.execute(sa.delete(tables.engagements))
    assert await guard.on_guard() == []


async def test_a_sector_that_is_drawn_wrongly_stops_no_demand_and_no_other_sector(
    guard: Guard, search: Search, world: World
) -> None:
    vehicle = world.cathare.vehicles[1]
    await guard.stand(vehicle, guard.west)
    broken = {"id": uuid4(), "samu_id": world.samu_id, "name": "broken", "communes": [], "outline": {}}
    await search.write(sa.insert(tables.guard_sectors).values(broken))
    assert await guard.on_guard() == [vehicle.id]
