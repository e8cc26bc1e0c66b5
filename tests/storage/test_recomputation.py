"""A survey is computed again from what it kept, bit for bit; whatever was changed since is found."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.search import SearchActivities
from domain.fleet import Category, Point, Volume
from domain.messages import SurveyRequest
from domain.policy import Policy
from geo.roads.graph import RoadGraph
from geo.straight import StraightTravel
from geo.travel_time import Profile, Travel
from storage import positions, tables
from storage.surveys import Survey
from survey.recomputation import Cause, Difference, recompute
from tests.fixtures.verdicts import kept_surveys
from tests.fixtures.world import CARCASSONNE, NARBONNE, World, fix_of, put_fixes
from tests.storage.rosters import Roster
from tests.unit.roads_fake import aude_travel

STRAIGHT = StraightTravel(speed_kmh=70, detour=1.35, fastest_kmh=90)
FLEET = 80
PARIS = Point(lat=48.85, lon=2.35)
IN_THE_SEA = Point(lat=43.05, lon=3.35)

Sheet = dict[str, Any]
"""As the database holds it."""


@pytest.fixture(params=["straight", "roads"])
def travel(request: pytest.FixtureRequest) -> Travel:
    if request.param == "straight":
        return STRAIGHT
    request.getfixturevalue("aude")
    return aude_travel()


async def build_fleet(engine: AsyncEngine, world: World, travel: Travel) -> None:
    """Vehicles all over the Aude: snapped or not, fast or parked, with and without a site, one in the sea."""
    chance = random.Random(4)
    company = world.cathare
    rows, fixes = [], []
    for number in range(FLEET):
        place = Point(lat=chance.uniform(42.85, 43.45), lon=chance.uniform(1.75, 3.2))
        row = {
            "id": uuid4(),
            "company_id": company.id,
            "site_id": chance.choice([company.site_id, None]),
            "name": f"Essai {number}",
            "category": chance.choice(list(Category)),
            "available": chance.random() < 0.8,
        }
        rows.append(row)
        where = chance.choice([place, place, company.site_place, CARCASSONNE]) if number else IN_THE_SEA
        age_s, speed = chance.choice([0, 100, 1000, 30_000]), chance.choice([None, 0.0, 83.5])
        fixes.append(fix_of(UUID(str(row["id"])), where, world.at, age_s=age_s, speed_kmh=speed))
    async with engine.begin() as connection:
        await connection.execute(sa.insert(tables.vehicles), rows)
        by_hour = [600 + hour for hour in range(24)]
        await connection.execute(sa.update(tables.sites).values(mobilisation_by_hour_s=by_hour))
        half = FLEET // 2
        ends = travel.snap([Point(lat=fix.lat, lon=fix.lon) for fix in fixes[:half]])
        await put_fixes(connection, fixes[:half], positions.Roads(travel.graph_id, ends))
        await put_fixes(connection, fixes[half:])


async def put_again(engine: AsyncEngine, world: World, vehicle_id: UUID, place: Point) -> None:
    """Its last position is there."""
    table = tables.vehicle_positions
    async with engine.begin() as connection:
        await connection.execute(sa.delete(table).where(table.c.vehicle_id == vehicle_id))
        await put_fixes(connection, [fix_of(vehicle_id, place, world.at)])


async def keep(engine: AsyncEngine, world: World, travel: Travel, **changes: object) -> Survey:
    """Make a survey, and read what it kept."""
    request = SurveyRequest(
        demand_id=uuid4(),
        samu_id=world.samu_id,
        place=world.pickup,
        max_delay_minutes=20,
        volume=Volume.AMBULANCE,
        round=1,
        number=1,
        at=world.at + timedelta(seconds=0.123456),
        chosen_company_id=world.minervois.id,
    )
    asked = request.model_copy(update=changes)
    await SearchActivities(engine, travel).survey(asked)
    [kept] = await kept_surveys(engine, asked.demand_id)
    return kept


async def change_sheet(engine: AsyncEngine, survey: Survey, change: Callable[[Sheet], object]) -> Survey:
    """Change what is kept, as somebody would who has the database's password."""
    table = tables.surveys
    async with engine.begin() as connection:
        sheet = (await connection.execute(sa.select(table.c.sheet))).scalar_one()
        change(sheet)
        await connection.execute(sa.update(table).values(sheet=sheet))
    [kept] = await kept_surveys(engine, survey.demand_id)
    return kept


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"max_delay_minutes": 60, "volume": Volume.ASSU},
        {"max_delay_minutes": 45, "place": IN_THE_SEA},
        {"place": NARBONNE, "policy": Policy(position_lost_s=600, parked_within_m=0)},
    ],
    ids=["carcassonne", "an hour", "in the sea", "narbonne"],
)
async def test_the_same_engine_finds_every_figure_again_bit_for_bit(
    engine: AsyncEngine, world: World, travel: Travel, changes: Mapping[str, object]
) -> None:
    await build_fleet(engine, world, travel)
    kept = await keep(engine, world, travel, **changes)
    assert len({row.verdict for row in kept.rows}) > 1
    assert recompute(kept, travel) == []
    for row in kept.rows[::10]:
        assert recompute(kept, travel, {row.target_id}) == []


async def test_a_guard_that_is_asked_beyond_the_delay_is_found_again(
    engine: AsyncEngine, world: World, roster: Roster, travel: Travel
) -> None:
    period = await roster.period(world.at - timedelta(hours=1), world.at + timedelta(hours=1))
    await roster.shift(period, world.at - timedelta(hours=1))
    await put_again(engine, world, world.cathare.vehicles[0].id, NARBONNE)
    kept = await keep(engine, world, travel, policy=Policy(guard_beyond_delay=True), max_delay_minutes=10)
    [row] = [row for row in kept.rows if row.guard_missions is not None]
    assert row.earliest_s is not None
    assert row.earliest_s > 20 * 60
    assert recompute(kept, travel) == []


def _at(sheet: Sheet, name: str) -> int:
    return int(sheet["columns"].index(name))


@pytest.mark.parametrize(
    ("figure", "change"),
    [
        ("earliest_s", lambda value: value + 1e-9),
        ("latest_s", lambda value: value - 0.001),
        ("way_s", lambda value: value * (1 + 1e-15)),
        ("eta_minutes", lambda value: value - 1),
        ("distance_m", lambda value: value + 1e-6),
        ("fix_age_s", lambda value: value + 1e-6),
        ("freshness", lambda _: "SILENT"),
        ("verdict", lambda _: "TOO_FAR"),
        ("obstacles", lambda _: ["TOO_FAR"]),
        ("cell", lambda value: value + 1),
        ("to_confirm", lambda value: not value),
        ("estimated", lambda value: not value),
        ("cut_off", lambda value: not value),
    ],
)
async def test_one_changed_figure_is_found(
    engine: AsyncEngine, world: World, figure: str, change: Callable[[Any], Any]
) -> None:
    kept = await keep(engine, world, STRAIGHT)
    vehicle_id = world.minervois.vehicles[0].id

    def falsify(sheet: Sheet) -> None:
        [row] = [row for row in sheet["rows"] if row[_at(sheet, "target_id")] == str(vehicle_id)]
        row[_at(sheet, figure)] = change(row[_at(sheet, figure)])

    forged = await change_sheet(engine, kept, falsify)
    [found] = recompute(forged, STRAIGHT)
    assert (found.cause, found.figure, found.target_id) == (Cause.FIGURE, figure, vehicle_id)
    assert found.again == getattr(next(r for r in kept.rows if r.target_id == vehicle_id), figure)
    assert f"{figure} was {found.kept}, computed again it is {found.again}" == str(found)
    assert recompute(forged, STRAIGHT, {world.cathare.site_id}) == []


@pytest.mark.parametrize(
    ("figure", "value", "changed"),
    [
        ("lat", 43.2101, {"distance_m", "earliest_s", "latest_s", "way_s"}),
        ("available", False, {"verdict", "obstacles"}),
        (
            "mobilisation_s",
            1200,
            {"earliest_s", "latest_s", "earliest_minutes", "eta_minutes", "verdict", "obstacles"},
        ),
    ],
)
async def test_a_changed_input_is_found_by_what_follows_from_it(
    engine: AsyncEngine, world: World, figure: str, value: object, changed: set[str]
) -> None:
    kept = await keep(engine, world, STRAIGHT)
    vehicle_id = world.minervois.vehicles[0].id
    rows = [replace(row, **{figure: value}) if row.target_id == vehicle_id else row for row in kept.rows]  # type: ignore[arg-type]  # names come from the test
    found = recompute(replace(kept, rows=rows), STRAIGHT)
    assert {each.figure for each in found} == changed


async def test_of_whoever_was_much_too_far_no_more_is_said_than_was_kept(
    engine: AsyncEngine, world: World, travel: Travel
) -> None:
    """In a cell that is not searched it cannot be near; in one that is, its place would have to be known."""
    far, lost = world.minervois.vehicles[1].id, world.corbieres.vehicles[0].id
    await put_again(engine, world, far, PARIS)
    kept = await keep(engine, world, travel)
    assert recompute(kept, travel, {far}) == recompute(kept, travel, {lost}) == []
    near = next(row.cell for row in kept.rows if row.cell is not None)
    other = replace(kept, beyond_vehicles={**kept.beyond_vehicles, far: near})
    [found] = recompute(other, travel, {far})
    assert (found.cause, found.target_id) == (Cause.TOO_FAR, far)
    assert recompute(other, travel) == []
    site_id = world.corbieres.site_id
    [found] = recompute(replace(kept, beyond_sites=[site_id], rows=[]), travel, {site_id})
    assert "its place was not kept" in str(found)


async def test_another_engine_or_another_graph_is_named_and_nothing_is_compared(
    engine: AsyncEngine, world: World, aude: RoadGraph
) -> None:
    roads = aude_travel()
    faster = replace(STRAIGHT, fastest_kmh=100)
    for kept_with, has in ((STRAIGHT, faster), (STRAIGHT, roads), (roads, STRAIGHT)):
        kept = await keep(engine, world, kept_with)
        forged = replace(kept, rows=[replace(row, eta_minutes=99) for row in kept.rows])
        [found] = recompute(forged, has)
        assert found == Difference(Cause.ENGINE, "engine", kept_with.identity, has.identity)
        assert (
            str(found) == f"computed with {kept_with.identity}, this machine has {has.identity}: not compared"
        )
    assert aude.graph_id in roads.identity


async def test_another_profile_is_another_time(engine: AsyncEngine, world: World, aude: RoadGraph) -> None:
    await build_fleet(engine, world, aude_travel())
    kept = await keep(engine, world, aude_travel())
    other = Profile.NIGHT if kept.profile == Profile.DAY else Profile.DAY
    found = recompute(replace(kept, profile=other), aude_travel())
    assert {"latest_s"} <= {each.figure for each in found} <= {"latest_s", "eta_minutes"}


async def test_a_sheet_of_the_first_version_is_said_to_hold_too_little(
    engine: AsyncEngine, world: World
) -> None:
    kept = await keep(engine, world, STRAIGHT, chosen_company_id=None)

    def forget(sheet: Sheet) -> None:
        known = ["tier", "target_id", "company_id", "verdict", "eta_minutes", "distance_m"]
        places = [_at(sheet, name) for name in known]
        sheet["rows"] = [[row[place] for place in places] for row in sheet["rows"]]
        sheet["columns"] = known

    old = await change_sheet(engine, kept, forget)
    found = recompute(old, STRAIGHT)
    assert {each.target_id for each in found} == {row.target_id for row in kept.rows}
    assert {each.cause for each in found} == {Cause.NOT_KEPT}
    assert "it cannot be computed again" in str(found[0])
