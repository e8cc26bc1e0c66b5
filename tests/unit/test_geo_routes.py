"""The route of the chosen vehicle: whoever can draws it, and who drew it is said."""

import asyncio
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from geo import routes as drawing
from geo.cells import LatLon, great_circle_m
from geo.roads.graph import About, RoadGraph
from geo.roads.speeds import Speeds
from geo.roads.travel import RoadTravel
from geo.routes import RouteSource, routes_with
from geo.straight import StraightTravel
from geo.travel_time import Located, Origin, Profile
from geo.valhalla import Valhalla, open_client, read_route
from tests.fixtures.valhalla import ANSWERS, hang, replay, serving_valhalla

SPEEDS = Speeds.load(Path(__file__).parents[2] / "data" / "speeds.toml")
STRAIGHT = StraightTravel(speed_kmh=60, detour=1.5, fastest_kmh=120)
LA_VELLA = Origin(42.5075, 1.5218)
ESCALDES = LatLon(42.5103, 1.5390)
THE_PASS = LatLon(42.5426, 1.7335)
A_PEAK = LatLon(42.4700, 1.6200)


class Nobody:
    """A navigator that never knows a way."""

    async def route(self, origin: Located, place: Located) -> None:
        del origin, place


@pytest.fixture(scope="module", params=["dijkstra", "contraction"])
def travel(andorra: RoadGraph, request: pytest.FixtureRequest) -> RoadTravel:
    return RoadTravel(andorra, SPEEDS, STRAIGHT, search=request.param)


async def test_without_roads_a_route_is_an_estimate_and_says_so() -> None:
    route = await routes_with(STRAIGHT, STRAIGHT, Nobody()).route(LA_VELLA, ESCALDES, Profile.DAY)
    direct_m = great_circle_m(LA_VELLA.lat, LA_VELLA.lon, *ESCALDES)
    assert route.source is RouteSource.STRAIGHT
    assert route.points == ((LA_VELLA.lat, LA_VELLA.lon), ESCALDES)
    assert route.metres == pytest.approx(1.5 * direct_m)
    assert route.seconds == pytest.approx(
        1.5 * direct_m / 1000 * 60
    )  # at 60 km/h: what is promised, not the fastest


async def test_by_road_the_line_and_the_time_are_those_of_the_engine(travel: RoadTravel) -> None:
    routes = routes_with(travel, STRAIGHT, Nobody())
    for profile in (Profile.DAY, Profile.NIGHT):
        route = await routes.route(LA_VELLA, THE_PASS, profile)
        [way] = travel.approach(THE_PASS, 7200, profile).ways([LA_VELLA])
        assert route.source is RouteSource.ROADS
        assert not route.invented
        assert route.seconds == way.latest_s
        drawn_m = sum(great_circle_m(*a, *b) for a, b in pairwise(route.points))
        assert drawn_m <= route.metres + 1
        assert drawn_m == pytest.approx(route.metres, rel=0.2)


async def test_by_road_a_way_is_as_long_as_valhalla_finds_it(travel: RoadTravel) -> None:
    """The same map, another engine: the real answer for Sant Julià to the pass."""
    theirs = read_route((ANSWERS / "pass.json").read_bytes())
    ours = await routes_with(travel, STRAIGHT).route(Origin(42.4637, 1.4913), THE_PASS, Profile.DAY)
    assert ours.metres == pytest.approx(theirs.metres, rel=0.05)
    assert ours.seconds == pytest.approx(theirs.seconds, rel=0.25)


async def test_where_no_road_leads_it_is_an_estimate_again(travel: RoadTravel) -> None:
    route = await routes_with(travel, STRAIGHT).route(LA_VELLA, A_PEAK, Profile.DAY)
    assert route.source is RouteSource.STRAIGHT


async def test_invented_roads_are_said_to_be_invented(andorra: RoadGraph) -> None:
    invented = replace(andorra, about=About("andorra", "made up", invented=True))
    routes = routes_with(RoadTravel(invented, SPEEDS, STRAIGHT), STRAIGHT)
    route = await routes.route(LA_VELLA, ESCALDES, Profile.DAY)
    assert (route.source, route.invented) == (RouteSource.ROADS, True)


async def test_valhalla_draws_it_and_when_it_is_silent_the_roads_do(travel: RoadTravel) -> None:
    async with serving_valhalla(replay("town")) as server, open_client() as client:
        by_valhalla = routes_with(travel, STRAIGHT, Valhalla(client, server.url, within_s=20))
        route = await by_valhalla.route(LA_VELLA, ESCALDES, Profile.DAY)
        assert (route.source, len(route.maneuvers)) == (RouteSource.VALHALLA, 9)
        server.behaviour = hang
        too_slow = routes_with(travel, STRAIGHT, Valhalla(client, server.url, within_s=0.1))
        route = await too_slow.route(LA_VELLA, ESCALDES, Profile.DAY)
        assert (route.source, route.maneuvers) == (RouteSource.ROADS, ())


async def test_from_a_place_to_itself_the_line_has_two_ends(travel: RoadTravel) -> None:
    here = LatLon(LA_VELLA.lat, LA_VELLA.lon)
    for routes in (routes_with(travel, STRAIGHT), routes_with(STRAIGHT, STRAIGHT)):
        route = await routes.route(LA_VELLA, here, Profile.DAY)
        assert len(route.points) >= 2
        assert route.points[0] == route.points[-1] == here


async def test_many_at_once_all_get_their_route(travel: RoadTravel) -> None:
    routes = routes_with(travel, STRAIGHT)
    alone = await routes.route(LA_VELLA, THE_PASS, Profile.DAY)
    found = await asyncio.gather(*(routes.route(LA_VELLA, THE_PASS, Profile.DAY) for _ in range(20)))
    assert all(each == alone for each in found)


async def test_a_search_that_takes_too_long_is_an_estimate_and_the_next_waits_for_its_end(
    travel: RoadTravel, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, begun = threading.Event(), []

    def slow(origin: Origin, place: LatLon, profile: Profile) -> None:
        begun.append(origin)
        go.wait(10)

    monkeypatch.setattr(drawing, "BY_ROAD_SECONDS", 0.02)
    routes = routes_with(travel, STRAIGHT)
    monkeypatch.setattr(travel, "route", slow)
    try:
        for _ in range(3):
            assert (await routes.route(LA_VELLA, THE_PASS, Profile.DAY)).source is RouteSource.STRAIGHT
        assert len(begun) == 1
    finally:
        go.set()


@pytest.mark.parametrize("place", [LatLon(91, 0), LatLon(0, 181), LatLon(float("nan"), 0)])
async def test_a_place_that_is_none_is_refused(place: LatLon) -> None:
    with pytest.raises(ValueError, match="not a place on Earth"):
        await routes_with(STRAIGHT, STRAIGHT, Nobody()).route(LA_VELLA, place, Profile.DAY)
