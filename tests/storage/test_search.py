"""Who could be there in time, from the database: every vehicle and every site is judged, and the verdict kept."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.search import SearchActivities
from domain.fleet import Point, Volume
from domain.messages import Candidate, SurveyRequest
from domain.policy import Policy
from domain.vocabulary import Tier, VehicleVerdict
from geo.cells import great_circle_m
from geo.straight import StraightTravel
from storage import tables
from storage.fleet import policy_of
from tests.fixtures.verdicts import kept_surveys, last_verdicts
from tests.fixtures.world import CARCASSONNE, LEZIGNAN, NARBONNE, TREBES, Company, World, fix_of, put_fixes

TRAVEL = StraightTravel(speed_kmh=70, detour=1.35)
Verdict = VehicleVerdict


def request(
    world: World, delay: int = 40, volume: Volume = Volume.AMBULANCE, number: int = 1
) -> SurveyRequest:
    return SurveyRequest(
        demand_id=world.samu_id,  # any id will do
        samu_id=world.samu_id,
        place=world.pickup,
        max_delay_minutes=delay,
        volume=volume,
        round=1,
        number=number,
        at=world.at,
    )


async def survey(engine: AsyncEngine, asked: SurveyRequest) -> tuple[Candidate, ...]:
    return (await SearchActivities(engine, TRAVEL).survey(asked)).candidates


async def change(engine: AsyncEngine, table: sa.Table, id_: UUID, **columns: object) -> None:
    async with engine.begin() as connection:
        await connection.execute(sa.update(table).where(table.c.id == id_).values(columns))


async def test_rule_006_vehicles_within_the_delay_are_candidates_and_every_other_has_its_reason(
    engine: AsyncEngine, world: World
) -> None:
    found = await survey(engine, request(world, delay=20))
    large, small = world.cathare.vehicles
    near, far = world.minervois.vehicles
    [lost] = world.corbieres.vehicles
    vehicles = [c for c in found if c.tier is Tier.VEHICLE]
    assert [c.vehicle_id for c in vehicles] == [small.id, large.id, near.id]
    assert [c.exact_volume for c in vehicles] == [True, False, True]
    known = await last_verdicts(engine)
    assert known[near.id] == Verdict.SOLICITED
    assert known[far.id] == Verdict.TOO_FAR
    assert known[lost.id] == Verdict.NO_POSITION
    assert known[world.corbieres.site_id] == Verdict.TOO_FAR
    assert len(known) == len(world.vehicles) + len(world.companies)


async def test_rule_006_a_demand_reaches_exactly_as_far_as_the_travel_time_says(
    engine: AsyncEngine, world: World
) -> None:
    [vehicle] = world.corbieres.vehicles
    metres = great_circle_m(LEZIGNAN.lat, LEZIGNAN.lon, CARCASSONNE.lat, CARCASSONNE.lon)
    minutes = metres * 3.6 * 1.35 / 70 / 60
    async with engine.begin() as connection:
        await put_fixes(connection, [fix_of(vehicle.id, LEZIGNAN, world.at)])
    found = await survey(engine, request(world, delay=int(minutes) + 1))
    assert [c.eta_minutes for c in found if c.vehicle_id == vehicle.id] == [int(minutes) + 1]
    found = await survey(engine, request(world, delay=int(minutes), number=2))
    assert vehicle.id not in {c.vehicle_id for c in found}


async def test_rule_004_a_large_demand_is_never_served_by_a_small_vehicle(
    engine: AsyncEngine, world: World
) -> None:
    found = await survey(engine, request(world, volume=Volume.ASSU))
    assert {c.vehicle_id for c in found if c.tier is Tier.VEHICLE} == {world.cathare.vehicles[0].id}
    known = await last_verdicts(engine)
    assert known[world.cathare.vehicles[1].id] == Verdict.TOO_SMALL
    assert known[world.corbieres.site_id] == Verdict.NO_SUITABLE_VEHICLE


async def test_rule_009_a_site_whose_company_has_no_free_vehicle_is_not_solicited(
    engine: AsyncEngine, world: World
) -> None:
    near, far = world.minervois.vehicles
    for vehicle in (near, far):
        await _engage(engine, vehicle.id)
    found = await survey(engine, request(world))
    assert not any(_is_site(c, world.minervois) for c in found)
    known = await last_verdicts(engine)
    assert known[world.minervois.site_id] == Verdict.NO_SUITABLE_VEHICLE
    assert known[near.id] == Verdict.ENGAGED


async def test_a_box_that_is_not_ticked_or_ticked_until_a_moment_past_excludes(
    engine: AsyncEngine, world: World
) -> None:
    large, small = world.cathare.vehicles
    await change(engine, tables.vehicles, large.id, available=False)
    await change(engine, tables.vehicles, small.id, available_until=world.at)
    await change(engine, tables.sites, world.cathare.site_id, available_until=world.at + timedelta(minutes=1))
    found = await survey(engine, request(world))
    assert any(_is_site(c, world.cathare) for c in found)
    known = await last_verdicts(engine)
    assert (known[large.id], known[small.id]) == (Verdict.NOT_AVAILABLE, Verdict.NOT_AVAILABLE)


@pytest.mark.parametrize(
    ("age_s", "speed_kmh", "to_confirm"),
    [(60, 50.0, False), (180, 50.0, True), (180, 0.0, False), (901, None, True)],
)
async def test_rule_095_a_stale_position_is_listed_to_confirm(
    engine: AsyncEngine, world: World, age_s: float, speed_kmh: float | None, to_confirm: bool
) -> None:
    [vehicle] = world.corbieres.vehicles
    fix = fix_of(vehicle.id, TREBES, world.at, age_s=age_s, speed_kmh=speed_kmh)
    async with engine.begin() as connection:
        await put_fixes(connection, [fix])
    found = await survey(engine, request(world))
    assert [c.to_confirm for c in found if c.vehicle_id == vehicle.id] == [to_confirm]


async def test_rule_095_a_position_of_yesterday_is_no_position(engine: AsyncEngine, world: World) -> None:
    [vehicle] = world.corbieres.vehicles
    async with engine.begin() as connection:
        await put_fixes(connection, [fix_of(vehicle.id, TREBES, world.at, age_s=86400)])
    await survey(engine, request(world))
    assert (await last_verdicts(engine))[vehicle.id] == Verdict.POSITION_TOO_OLD


async def test_rule_089_of_two_equals_the_company_that_waits_longest_comes_first(
    engine: AsyncEngine, world: World
) -> None:
    soon = world.at + timedelta(seconds=1)
    async with engine.begin() as connection:
        fixes = [fix_of(v.id, TREBES, soon) for v in (world.cathare.vehicles[1], world.minervois.vehicles[0])]
        await put_fixes(connection, fixes)
    for company, other in ((world.cathare, world.minervois), (world.minervois, world.cathare)):
        await _had_a_mission(engine, company.id, world.at)
        found = await survey(engine, request(world, delay=20))
        exact = [c.company_id for c in found if c.tier is Tier.VEHICLE and c.exact_volume]
        assert exact == [other.id, company.id]


async def test_rule_099_a_company_without_a_convention_is_never_looked_at(
    engine: AsyncEngine, world: World
) -> None:
    async with engine.begin() as connection:
        table = tables.conventions
        await connection.execute(sa.delete(table).where(table.c.company_id == world.minervois.id))
    found = await survey(engine, request(world))
    assert world.minervois.id not in {c.company_id for c in found}
    assert not {v.id for v in world.minervois.vehicles} & set(await last_verdicts(engine))


async def test_a_survey_that_finds_the_same_again_leaves_nothing_behind(
    engine: AsyncEngine, world: World
) -> None:
    asked = request(world)
    first = await survey(engine, asked)
    assert await survey(engine, asked) == first
    for number in range(2, 6):
        assert await survey(engine, request(world, number=number)) == first
    [kept] = await kept_surveys(engine)
    assert kept.number == 1
    await change(engine, tables.vehicles, world.cathare.vehicles[0].id, available=False)
    await survey(engine, request(world, number=6))
    assert [one.number for one in await kept_surveys(engine)] == [1, 6]


async def test_a_survey_that_opens_a_tier_is_kept_with_its_figures_of_that_moment(
    engine: AsyncEngine, world: World
) -> None:
    for number, opens in enumerate((Tier.VEHICLE, None, Tier.SITE), start=1):
        await survey(engine, request(world, number=number).model_copy(update={"opens": opens}))
    assert [one.number for one in await kept_surveys(engine)] == [1, 3]


async def test_a_site_needs_its_mobilisation_before_it_leaves(engine: AsyncEngine, world: World) -> None:
    await change(engine, tables.sites, world.cathare.site_id, mobilisation_s=300)
    found = await survey(engine, request(world))
    assert [c.eta_minutes for c in found if _is_site(c, world.cathare)] == [5]


async def test_the_policy_of_a_samu_is_its_own_choice_on_top_of_the_defaults(
    engine: AsyncEngine, world: World
) -> None:
    await change(engine, tables.samus, world.samu_id, policy={"resurvey_s": 7})
    async with engine.connect() as connection:
        policy = await policy_of(connection, world.samu_id)
    assert (policy.resurvey_s, policy.free_choice_s) == (7, 45)


async def test_rule_095_the_demands_own_copy_of_the_policy_judges_the_age_of_positions(
    engine: AsyncEngine, world: World
) -> None:
    [vehicle] = world.corbieres.vehicles
    async with engine.begin() as connection:
        await put_fixes(connection, [fix_of(vehicle.id, TREBES, world.at, age_s=300)])
    await change(engine, tables.samus, world.samu_id, policy={"position_lost_s": 10})
    for number, (policy, expected) in enumerate(
        ((None, Verdict.POSITION_TOO_OLD), (Policy(), Verdict.SOLICITED)), start=1
    ):
        await survey(engine, request(world, number=number).model_copy(update={"policy": policy}))
        assert (await last_verdicts(engine))[vehicle.id] == expected


async def test_the_longest_delay_finds_the_furthest_vehicle(engine: AsyncEngine, world: World) -> None:
    found = await survey(engine, request(world, delay=480))
    assert world.minervois.vehicles[1].place == NARBONNE
    assert world.minervois.vehicles[1].id in {c.vehicle_id for c in found}


def _is_site(candidate: Candidate, company: Company) -> bool:
    return candidate.tier is Tier.SITE and candidate.site_id == company.site_id


async def _engage(engine: AsyncEngine, vehicle_id: UUID) -> None:
    row = {
        "vehicle_id": vehicle_id,
        "demand_id": uuid4(),
        "mission_id": uuid4(),
        "engaged_at": datetime.now(UTC),
    }
    async with engine.begin() as connection:
        await connection.execute(sa.insert(tables.engagements), row)


async def _had_a_mission(engine: AsyncEngine, company_id: UUID, at: datetime) -> None:
    """One more than a minute ago for the first, half a minute ago for the second."""
    count = await _missions(engine)
    row = {
        "id": uuid4(),
        "demand_id": uuid4(),
        "solicitation_id": uuid4(),
        "company_id": company_id,
        "vehicle_id": uuid4(),
        "assigned_at": at - timedelta(seconds=60 - 30 * count),
        "promised_at": at,
        "deadline": at,
        "step": "DISPONIBLE",
    }
    async with engine.begin() as connection:
        await connection.execute(sa.insert(tables.missions), row)


async def _missions(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return len((await connection.execute(sa.select(tables.missions.c.id))).all())


def test_the_fleet_of_the_tests_is_where_it_says() -> None:
    def minutes(place: Point) -> float:
        return great_circle_m(place.lat, place.lon, CARCASSONNE.lat, CARCASSONNE.lon) * 3.6 * 1.35 / 70 / 60

    assert minutes(TREBES) < 20 < minutes(LEZIGNAN)
    assert minutes(NARBONNE) > 60
