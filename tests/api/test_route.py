"""The way of a mission's vehicle: for whom it concerns, from where it is to where it goes, and whose drawing it is."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from api.__main__ import build, navigator_of
from api.resources import Resources
from domain.vocabulary import STEPS, Step
from geo.cells import LatLon
from geo.roads.graph import About, RoadGraph
from geo.roads.speeds import CLASSES, Speeds
from geo.roads.travel import RoadTravel
from geo.routes import RouteSource, routes_with
from geo.straight import StraightTravel
from geo.travel_time import Origin, Profile
from geo.valhalla import Valhalla, open_client
from settings import Settings
from storage import tables
from tests.api.caller import Caller, Json, assert_problem, demand
from tests.api.conftest import Api, Login, another_device, get_in, make_resources, regulating, serving
from tests.api.engine import RuleEngine
from tests.api.people import People
from tests.fixtures.valhalla import FakeValhalla, answer, echo, replay, serving_valhalla
from tests.fixtures.world import LEZIGNAN, World

STRAIGHT = StraightTravel(speed_kmh=70, detour=1.35)
HOSPITAL = {"lat": 43.2, "lon": 2.33}
TREBES_AND_ON = {"lat": 43.2145, "lon": 2.4302}


@pytest.fixture
async def valhalla() -> AsyncIterator[FakeValhalla]:
    async with serving_valhalla(echo) as server:
        yield server


@pytest.fixture
async def resources(
    engine: AsyncEngine, database_url: str, rules: RuleEngine, valhalla: FakeValhalla
) -> AsyncIterator[Resources]:
    """An API that asks a Valhalla server, and knows no roads."""
    async with open_client() as client:
        routes = routes_with(STRAIGHT, STRAIGHT, Valhalla(client, valhalla.url, within_s=20))
        yield replace(make_resources(engine, database_url, rules), routes=routes)


@pytest.fixture
async def mission(samu: Caller, regulator: Caller) -> Json:
    """A mission of the first company's."""
    await samu.post("/v1/demands", demand())
    [asked, *_] = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"]
    told = (await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})).json()
    found: Json = (await regulator.get(f"/v1/missions/{told['mission_id']}")).raise_for_status().json()
    return found


async def ask(caller: Caller, mission: Json, **query: str) -> httpx.Response:
    return await caller.get(f"/v1/missions/{mission['id']}/route", **query)


async def way(caller: Caller, mission: Json, **query: str) -> Json:
    found: Json = (await ask(caller, mission, **query)).raise_for_status().json()
    return found


async def drive_to(caller: Caller, mission: Json, place: Json, *, age_s: float = 0) -> None:
    at = datetime.now(UTC) + timedelta(seconds=1 - age_s)
    fix = {**place, "recorded_at": at.isoformat()}
    told = await caller.send("PUT", f"/v1/vehicles/{mission['vehicle_id']}/position", fix)
    assert told.json() == {"accepted": True}


async def pass_steps(caller: Caller, mission: Json, last: Step) -> None:
    for step in STEPS[1 : last.rank + 1]:
        await pass_step(caller, mission, step)


async def pass_step(caller: Caller, mission: Json, step: Step) -> None:
    given = {"step": step, "step_id": str(uuid4())}
    (await caller.post(f"/v1/missions/{mission['id']}/steps", given)).raise_for_status()


def ends(route: Json) -> list[list[float]]:
    return [route["geometry"]["coordinates"][0], route["geometry"]["coordinates"][-1]]


async def test_rule_035_the_way_is_a_line_with_sentences_from_the_last_position_to_the_pick_up(
    regulator: Caller, mission: Json, valhalla: FakeValhalla
) -> None:
    await drive_to(regulator, mission, TREBES_AND_ON)
    route = await way(regulator, mission)
    assert (route["mission_id"], route["vehicle_id"]) == (mission["id"], mission["vehicle_id"])
    assert route["geometry"]["type"] == "LineString"
    assert ends(route) == [[2.4302, 43.2145], [2.3491, 43.213]]
    assert (route["to"], route["source"], route["notice"]) == ("pickup", "VALHALLA", None)
    assert (route["distance_m"], route["duration_s"]) == (1234, 80)
    assert route["maneuvers"] == [
        {
            "instruction": "Conduisez vers l'est sur Rue de Verdun.",
            "distance_m": 1234,
            "duration_s": 80,
            "street": "Rue de Verdun",
            "at": 0,
        },
        {
            "instruction": "Vous êtes arrivé à votre destination.",
            "distance_m": 0,
            "duration_s": 0,
            "street": None,
            "at": 2,
        },
    ]
    assert route["computed_at"]
    assert valhalla.asked[-1]["locations"] == [TREBES_AND_ON, {"lat": 43.213, "lon": 2.3491}]


async def test_no_identity_and_no_address_goes_to_the_server_or_comes_back(
    regulator: Caller, mission: Json, valhalla: FakeValhalla
) -> None:
    assert mission["patient"]["last_name"] == "EXEMPLE"
    told = (await ask(regulator, mission)).text
    for secret in ("EXEMPLE", "Fable", "12 rue de Verdun", "code 12B", "hanche"):
        assert secret not in told
        assert secret not in str(valhalla.asked)
    assert set(valhalla.asked[-1]) == {"locations", "costing", "units", "language", "directions_type"}


async def test_no_log_line_says_where_anybody_is(
    regulator: Caller, mission: Json, valhalla: FakeValhalla
) -> None:
    valhalla.behaviour = answer(b"", "500 Internal Server Error")
    with capture_logs() as lines:
        await way(regulator, mission)
    assert [line["reason"] for line in lines if line["event"] == "no route from valhalla"] == ["ValueError"]
    assert "43.2" not in str(lines)
    assert "2.34" not in str(lines)


async def test_rule_032_the_way_is_for_whom_the_mission_concerns(
    samu: Caller, regulator: Caller, crew: Caller, log_in: Login, people: People, mission: Json
) -> None:
    mine = await get_in(crew, mission["vehicle_id"])
    for caller in (samu, regulator, mine, await log_in(people.doctor), await log_in(people.admin)):
        assert (await way(caller, mission))["to"] == "pickup"


async def test_for_everybody_else_there_is_no_such_way(
    rival: Caller, neighbour: Caller, crew: Caller, log_in: Login, people: People, mission: Json
) -> None:
    strangers = await log_in(people.crews[1])
    bare = Caller(crew.http, {"Authorization": crew.headers["Authorization"]})
    for caller in (rival, neighbour, strangers, crew, bare):
        assert_problem(await ask(caller, mission), 404, "not_found")
    assert_problem(await ask(rival, {"id": str(uuid4())}), 404, "not_found")
    nobody = Caller(crew.http, {})
    assert_problem(await ask(nobody, mission), 401, "missing_credentials")


async def test_rule_034_a_crew_in_another_vehicle_is_not_shown_the_way(
    regulator: Caller, crew: Caller, api: Api, mission: Json
) -> None:
    other = next(one for one in api.world.cathare.vehicles if str(one.id) != mission["vehicle_id"])
    elsewhere = await get_in(crew, other.id)
    assert_problem(await ask(elsewhere, mission), 404, "not_found")


async def test_rule_017_a_master_phone_sees_the_way_of_its_site_s_vehicles(
    regulator: Caller, crew: Caller, world: World, mission: Json
) -> None:
    await regulator.send("DELETE", f"/v1/regulation/sites/{world.cathare.site_id}?confirm=true")
    master = await regulating(await another_device(crew, "MOBILE", "maître"), world.cathare.site_id)
    assert (await way(master, mission))["to"] == "pickup"


async def test_a_device_that_is_not_the_caller_s_is_refused(
    regulator: Caller, crew: Caller, mission: Json
) -> None:
    foreign = regulator.on_device(crew.headers["X-Device-Id"])
    assert_problem(await ask(foreign, mission), 404, "not_found")


async def test_rule_036_with_the_patient_aboard_the_way_leads_to_the_destination(
    samu: Caller, regulator: Caller, mission: Json
) -> None:
    given = {"facility_id": "110000023"}
    path = f"/v1/demands/{mission['demand_id']}/destination"
    (await samu.send("PUT", path, given)).raise_for_status()
    await pass_steps(regulator, mission, Step.BILAN_REALISE)
    assert (await way(regulator, mission))["to"] == "pickup"
    early = await way(regulator, mission, to="destination")
    await pass_step(regulator, mission, Step.EN_CHARGE)
    route = await way(regulator, mission)
    assert (route["to"], ends(route)[1]) == ("destination", [HOSPITAL["lon"], HOSPITAL["lat"]])
    assert early["geometry"] == route["geometry"]
    assert ends(await way(regulator, mission, to="pickup"))[1] == [2.3491, 43.213]


async def test_without_a_destination_there_is_no_way_to_it(regulator: Caller, mission: Json) -> None:
    assert_problem(await ask(regulator, mission, to="destination"), 409, "no_destination")
    await pass_steps(regulator, mission, Step.EN_CHARGE)
    assert_problem(await ask(regulator, mission), 409, "no_destination")
    assert (await way(regulator, mission, to="pickup"))["to"] == "pickup"


async def test_without_a_position_there_is_no_way(
    regulator: Caller, mission: Json, engine: AsyncEngine
) -> None:
    async with engine.begin() as connection:
        await connection.execute(sa.delete(tables.vehicle_positions))
    assert_problem(await ask(regulator, mission), 409, "no_position")


async def test_rule_095_the_age_of_the_position_is_told(
    regulator: Caller, mission: Json, engine: AsyncEngine
) -> None:
    assert (await way(regulator, mission))["position_age_s"] < 60
    older = sa.update(tables.vehicle_positions).values(recorded_at=datetime.now(UTC) - timedelta(minutes=20))
    async with engine.begin() as connection:
        await connection.execute(older)
    assert 1200 <= (await way(regulator, mission))["position_age_s"] < 1260


async def test_a_mission_that_is_over_has_no_way(samu: Caller, regulator: Caller, mission: Json) -> None:
    (
        await samu.post(f"/v1/demands/{mission['demand_id']}/cancellation", {"reason": "erreur"})
    ).raise_for_status()
    assert_problem(await ask(regulator, mission), 409, "mission_ended")


async def test_a_goal_that_is_none_is_refused(regulator: Caller, mission: Json) -> None:
    for goal in ("nowhere", "", "PICKUP"):
        assert_problem(await ask(regulator, mission, to=goal), 422, "invalid_request")


async def test_a_line_that_is_no_road_says_so(
    regulator: Caller, mission: Json, valhalla: FakeValhalla
) -> None:
    """A server that fails, or answers for another place, changes who draws, never whether there is an answer."""
    await drive_to(regulator, mission, {"lat": LEZIGNAN.lat, "lon": LEZIGNAN.lon})
    wrong = answer(b"", "500 Internal Server Error"), replay("no_road"), replay("town"), answer(b"lost")
    for behaviour in wrong:
        valhalla.behaviour = behaviour
        route = await way(regulator, mission)
        assert (route["source"], route["maneuvers"]) == ("STRAIGHT", [])
        assert route["geometry"]["coordinates"] == [[2.759, 43.201], [2.3491, 43.213]]
        assert route["notice"] == "Estimation à vol d'oiseau : ce trait n'est pas une route."
        assert 1.35 * 33_000 < route["distance_m"] < 1.35 * 34_000
    assert len(valhalla.asked) == len(wrong)


def one_road(*places: tuple[float, float]) -> RoadGraph:
    """An invented road, both ways, from place to place."""
    count, ahead = len(places), np.arange(len(places) - 1)
    tail, head = np.append(ahead, ahead + 1), np.append(ahead + 1, ahead)
    sorting = np.argsort(tail, kind="stable")
    arcs = len(tail)
    return RoadGraph(
        about=About("une", "invented", invented=True),
        lat=np.array([lat for lat, _ in places]),
        lon=np.array([lon for _, lon in places]),
        island=np.zeros(count, dtype=np.int32),
        tail=tail[sorting].astype(np.int32),
        head=head[sorting].astype(np.int32),
        length_cm=np.full(arcs, 1_200_000, dtype=np.int32),
        road=np.full(arcs, CLASSES.index("primary"), dtype=np.uint8),
        limit_kmh=np.full(arcs, 80, dtype=np.uint8),
        order=np.arange(count, dtype=np.int32),
    )


async def test_a_line_of_invented_roads_says_so(
    resources: Resources, regulator: Caller, mission: Json
) -> None:
    graph = one_road((43.2011, 2.7591), (43.22, 2.6), (43.22, 2.45), (43.2131, 2.3492))
    travel = RoadTravel(graph, Speeds.load(Settings().speeds_file), STRAIGHT)
    await drive_to(regulator, mission, {"lat": LEZIGNAN.lat, "lon": LEZIGNAN.lon})
    by_road = replace(resources, travel=travel, routes=routes_with(travel, STRAIGHT))
    async with serving(by_road) as url, httpx.AsyncClient(base_url=url) as http:
        route = await way(Caller(http, regulator.headers), mission)
    assert (route["source"], route["maneuvers"]) == ("ROADS", [])
    assert route["notice"] == "Routes inventées pour la démonstration : ne vous en servez pas pour conduire."
    assert ends(route) == [[2.759, 43.201], [2.3491, 43.213]]
    assert len(route["geometry"]["coordinates"]) == 2 + len(graph.lat)
    assert route["distance_m"] == pytest.approx(36_000, abs=100)


async def test_rule_091_the_way_leads_to_the_corrected_place(
    samu: Caller, regulator: Caller, mission: Json
) -> None:
    moved = {"pickup": {"lat": 43.214, "lon": 2.351, "address": "3 rue Nouvelle", "access": None}}
    (await samu.send("PATCH", f"/v1/demands/{mission['demand_id']}", moved)).raise_for_status()
    assert ends(await way(regulator, mission))[1] == [2.351, 43.214]


async def test_the_process_asks_the_server_that_its_settings_name(valhalla: FakeValhalla) -> None:
    here, there = Origin(43.21, 2.35), LatLon(43.22, 2.36)
    async with navigator_of(Settings(valhalla_url=valhalla.url)) as navigator:
        resources = await build(Settings(), navigator)
        assert (await resources.routes.route(here, there, Profile.DAY)).source is RouteSource.VALHALLA
    await resources.database.dispose()
    async with navigator_of(Settings()) as nobody:
        assert nobody is None
    with pytest.raises(ValueError, match="address of Valhalla"):
        async with navigator_of(Settings(valhalla_url="valhalla:8002")):
            pass
