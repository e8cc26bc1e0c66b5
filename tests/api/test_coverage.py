"""Coverage through the API: how soon a free vehicle is where, and for whom."""

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from api import coverage_means, sweeper
from api.resources import Resources
from api.schemas.coverage import CompactCoverage, CoverageMap
from geo.cells import at_resolution, cell_of, centre_of, name_of
from storage import tables
from tests.api.caller import Caller, Json, assert_problem
from tests.api.conftest import Api, Login
from tests.api.coverage_world import (
    ROUTE,
    IdleWatch,
    _area,
    coverage,
    expected,
    put_people_and_posts,
    write,
)
from tests.api.guard_world import build_guard_world
from tests.fixtures.world import CARCASSONNE, NARBONNE, TREBES, World


@pytest.fixture(autouse=True)
def only_the_test_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "CoverageWatch", IdleWatch)


@pytest.fixture
async def posts(resources: Resources, world: World) -> None:
    await put_people_and_posts(resources, world)


async def test_each_cell_of_the_area_has_the_minutes_of_the_nearest_free_vehicle(
    samu: Caller, api: Api, posts: None
) -> None:
    for resolution in (5, 6):
        told = await coverage(samu, resolution=str(resolution))
        wanted = expected(api.world, resolution, CARCASSONNE, TREBES, NARBONNE)
        assert dict(zip(told["cells"], told["minutes"], strict=True)) == wanted
        assert told["cells"] == sorted(told["cells"])
    assert (told["vehicles"], told["volume"], told["resolution"]) == (4, "AMBULANCE", 6)
    assert told["engine"] == api.resources.travel.identity
    assert abs(datetime.fromisoformat(told["at"]) - api.resources.clock()) < timedelta(seconds=30)
    CompactCoverage.model_validate(told)


async def test_rule_004_a_large_volume_is_covered_by_large_vehicles_only(
    samu: Caller, api: Api, posts: None
) -> None:
    told = await coverage(samu, volume="ASSU")
    assert told["vehicles"] == 2
    assert dict(zip(told["cells"], told["minutes"], strict=True)) == expected(
        api.world, 5, CARCASSONNE, NARBONNE
    )


async def test_the_map_is_geojson_with_the_same_minutes(samu: Caller, posts: None) -> None:
    compact = await coverage(samu, resolution="6")
    response = await samu.get(ROUTE, volume="AMBULANCE", resolution="6")
    assert response.headers["content-type"] == "application/geo+json"
    assert response.headers["cache-control"] == "no-store"
    told = CoverageMap.model_validate_json(response.content)
    shown = {each.properties.cell: each.properties.minutes for each in told.features}
    assert shown == dict(zip(compact["cells"], compact["minutes"], strict=True))
    for feature in told.features:
        [ring] = feature.geometry.coordinates
        assert ring[0] == ring[-1]
        assert len(ring) in {6, 7, 8}  # a pentagon's, a hexagon's, one that meets an edge of the icosahedron
        assert _area_of(ring) > 0, "RFC 7946: counter-clockwise"


def _area_of(ring: list[tuple[float, float]]) -> float:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring)) / 2


async def test_where_nobody_can_come_the_minutes_are_null(samu: Caller, api: Api, posts: None) -> None:
    await write(api.resources, sa.update(tables.vehicles).values(available=False))
    told = await coverage(samu)
    assert (told["vehicles"], set(told["minutes"])) == (0, {None})
    features = (await samu.get(ROUTE, volume="AMBULANCE", resolution="5")).json()["features"]
    assert {each["properties"]["minutes"] for each in features} == {None}


async def test_rule_006_only_vehicles_that_would_be_asked_count(samu: Caller, api: Api, posts: None) -> None:
    world, database = api.world, api.resources
    vehicle, other = world.cathare.vehicles
    mine = tables.vehicles.c.id == vehicle.id
    past = api.resources.clock() - timedelta(minutes=1)
    assert (await coverage(samu))["vehicles"] == 4
    await write(database, sa.update(tables.vehicles).where(mine).values(available_until=past))
    assert (await coverage(samu))["vehicles"] == 3
    mission = {"demand_id": uuid4(), "mission_id": uuid4(), "engaged_at": past}
    await write(database, sa.insert(tables.engagements).values(vehicle_id=other.id, **mission))
    assert (await coverage(samu))["vehicles"] == 2
    silent = sa.update(tables.leases).where(tables.leases.c.site_id == world.minervois.site_id)
    await write(database, silent.values(heartbeat_at=past))
    assert (await coverage(samu))["vehicles"] == 0


async def test_a_crew_that_stands_at_its_site_needs_its_time_before_it_leaves(
    samu: Caller, api: Api, posts: None
) -> None:
    before = await coverage(samu)
    await write(api.resources, sa.update(tables.sites).values(mobilisation_s=600))
    after = await coverage(samu)
    later = [b - a for a, b in zip(before["minutes"], after["minutes"], strict=True)]
    assert set(later) <= {0, *range(1, 11)}  # one vehicle is on the road, at Narbonne
    home = after["cells"].index(name_of(cell_of(CARCASSONNE.lat, CARCASSONNE.lon, 5)))
    assert later[home] == 10


# -- the guard -------------------------------------------------------------------------------------------------------------


async def test_rule_012_a_vehicle_on_guard_covers_its_own_sector_and_by_policy_its_neighbours(
    samu: Caller, api: Api, posts: None
) -> None:
    """West of 2.5° is the sector of Carcassonne, east of it that of Limoux, as far as the test is concerned."""
    resources, world = api.resources, api.world
    await write(resources, sa.update(tables.vehicles).values(available=False))
    guard = await build_guard_world(api)
    for sector, west, east in ((guard.carcassonne, 1.0, 2.5), (guard.limoux, 2.5, 4.0)):
        ring = [[west, 42.0], [east, 42.0], [east, 44.5], [west, 44.5], [west, 42.0]]
        drawn = sa.update(tables.guard_sectors).where(tables.guard_sectors.c.id == sector)
        await write(resources, drawn.values(outline={"type": "Polygon", "coordinates": [ring]}))
    await _open_shift(api, UUID(await guard.plan(-timedelta(hours=1))))
    told = await coverage(samu)
    assert told["vehicles"] == 1
    covered = _covered(told)
    assert covered.items() <= expected(world, 5, CARCASSONNE).items()
    assert _cells_between(world, 1.05, 2.45) <= set(covered)
    assert not _cells_between(world, 2.55, 5) & set(covered)

    policy = sa.update(tables.samus).where(tables.samus.c.id == world.samu_id)
    await write(resources, policy.values(policy={"guard_neighbours": True}))
    resources.areas.forget(world.samu_id)
    assert _cells_between(world, 1.05, 3.95) <= set(_covered(await coverage(samu)))


def _covered(told: Json) -> dict[str, int]:
    return {cell: each for cell, each in zip(told["cells"], told["minutes"], strict=True) if each is not None}


def _cells_between(world: World, west: float, east: float) -> set[str]:
    """The cells of the area whose centre lies there, and well within both sectors from north to south."""
    centres = {name_of(cell): centre_of(cell) for cell in at_resolution(_area(world), 5)}
    return {name for name, at in centres.items() if west < at.lon < east and 42.05 < at.lat < 44.45}


async def _open_shift(api: Api, period_id: UUID) -> None:
    """The first vehicle is on guard, with a phone."""
    world, now = api.world, api.resources.clock()
    crew = api.people.crews[0]
    device = {"id": uuid4(), "person_id": crew.id, "kind": "MOBILE", "name": "téléphone"}
    vehicle = world.cathare.vehicles[0]
    shift = {"id": uuid4(), "period_id": period_id, "company_id": world.cathare.id, "vehicle_id": vehicle.id}
    more: dict[str, Any] = {
        "device_id": device["id"],
        "opened_by": crew.id,
        "teammate": {"name": "Ada Fictive"},
    }
    seat: dict[str, Any] = {
        "id": uuid4(),
        "company_id": world.cathare.id,
        "vehicle_id": vehicle.id,
        "device_id": device["id"],
        "person_id": crew.id,
        "is_primary": True,
        "members": [],
        "bound_at": now,
    }
    await write(
        api.resources,
        sa.insert(tables.devices).values(device),
        sa.insert(tables.guard_shifts).values(**shift, **more, opened_at=now, late_s=0),
        sa.insert(tables.crews).values(seat),
    )


# -- who may ask, and for what -----------------------------------------------------------------------------------------------


async def test_scope_a_samu_sees_its_own_area_and_a_company_none(
    samu: Caller, neighbour: Caller, log_in: Login, api: Api, posts: None
) -> None:
    own = str(api.world.samu_id)
    assert (await coverage(samu, samu_id=own))["samu_id"] == own
    assert (await coverage(await log_in(api.people.coordinator)))["samu_id"] == own
    foreign = await coverage(neighbour)
    assert foreign["samu_id"] == str(api.people.other_samu_id)
    assert foreign["vehicles"] == 0
    asked = {"volume": "AMBULANCE", "resolution": "5"}
    assert_problem(await neighbour.get(ROUTE, **asked, samu_id=own), 404, "not_found")
    for person in (api.people.regulators[0], api.people.crews[0]):
        assert_problem(await (await log_in(person)).get(ROUTE, **asked), 404, "not_found")
    admin = await log_in(api.people.admin)
    assert (await coverage(admin, samu_id=own))["samu_id"] == own
    told = assert_problem(await admin.get(ROUTE, **asked), 422, "samu_required")
    assert told["detail"] == "Say whose coverage (`samu_id`)."
    assert_problem(await admin.get(ROUTE, **asked, samu_id=str(uuid4())), 404, "not_found")


@pytest.mark.parametrize(
    ("wanted", "parameter"),
    [
        ({"resolution": "4"}, "query resolution"),
        ({"resolution": "10"}, "query resolution"),
        ({"resolution": "eight"}, "query resolution"),
        ({"volume": "VSL"}, "query volume"),
        ({"format": "kml"}, "query format"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_name(
    samu: Caller, wanted: dict[str, str], parameter: str
) -> None:
    response = await samu.get(ROUTE, **{"volume": "AMBULANCE"} | wanted)
    told = assert_problem(response, 422, "invalid_request")
    assert told["errors"][0]["parameter"] == parameter
    assert told["detail"].startswith(f"{parameter}: Input should be")


async def test_the_volume_must_be_named(samu: Caller) -> None:
    told = assert_problem(await samu.get(ROUTE), 422, "invalid_request")
    assert told["detail"] == "query volume: Field required."


async def test_more_cells_than_one_answer_has_are_refused_with_what_to_ask_instead(
    samu: Caller, posts: None
) -> None:
    """This area is that of three départements."""
    told = assert_problem(await samu.get(ROUTE, volume="ASSU"), 422, "too_many_cells")
    assert told["detail"] == (
        "This area has some 74431 cells of resolution 8, one answer has at most 40000: ask for a coarser"
        " resolution, or format=compact."
    )
    told = assert_problem(
        await samu.get(ROUTE, volume="ASSU", resolution="9", format="compact"), 422, "too_many_cells"
    )
    assert told["detail"].endswith("one answer has at most 250000: ask for a coarser resolution.")


async def test_twenty_consoles_cost_one_search(
    samu: Caller, posts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, asked = coverage_means.read_means, []

    async def counted(*arguments: Any) -> Any:
        asked.append(arguments)
        return await read(*arguments)

    monkeypatch.setattr("api.coverage_reading.read_means", counted)
    told = await asyncio.gather(*(coverage(samu) for _ in range(20)))
    assert all(each == told[0] for each in told)
    await coverage(samu)
    assert len(asked) == 1
    await coverage(samu, volume="ASSU")
    assert len(asked) == 2


async def test_the_gaps_are_the_communes_beyond_the_threshold_the_most_populous_first(
    samu: Caller, api: Api, posts: None
) -> None:
    assert (await coverage(samu))["gaps"] == []
    gone = sa.update(tables.vehicles).where(tables.vehicles.c.company_id == api.world.minervois.id)
    await write(api.resources, gone.values(available=False))
    told = await coverage(samu)
    assert [(each["insee"], each["minutes"]) for each in told["gaps"]] == [("11262", 62), ("11203", 39)]
    assert told["threshold_minutes"] == 30
    policy = sa.update(tables.samus).where(tables.samus.c.id == api.world.samu_id)
    await write(api.resources, policy.values(policy={"coverage_alarm_minutes": None}))
    api.resources.areas.forget(api.world.samu_id)
    told = await coverage(samu)
    assert (told["gaps"], told["threshold_minutes"]) == ([], None)
