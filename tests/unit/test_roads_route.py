"""The line that a vehicle follows: as long as the engine says, from where it is to the place."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from geo.cells import LatLon, great_circle_m
from geo.roads.route import metres_along
from geo.roads.travel import RoadTravel
from geo.travel_time import Measure, Origin, Profile
from tests.unit.roads_fake import (
    SPEEDS,
    STRAIGHT,
    andorra_travel,
    aude_travel,
    east,
    graph_of,
    mainland_and_island,
    street,
)
from tests.unit.test_roads_travel import SEA, fleet, places_near

Make = Callable[[str], RoadTravel]


@pytest.mark.parametrize("search", ["dijkstra", "contraction"])
@pytest.mark.parametrize("make", [andorra_travel, aude_travel], ids=["andorra", "aude"])
def test_a_route_takes_the_time_that_the_way_says(make: Make, search: str) -> None:
    travel, rng, profiles = make(search), np.random.default_rng(11), set()
    for place in places_near(travel, rng, 8):
        for profile in Profile:
            [origin] = fleet(travel, rng, 1)
            [way] = travel.approach(place, 100_000, profile).ways([origin])
            route = travel.route(origin, place, profile)
            assert (route is None) == (way.measure is not Measure.ROAD)
            if route is not None:
                profiles.add(profile)
                assert route.seconds == way.latest_s
                assert (route.points[0], route.points[-1]) == ((origin.lat, origin.lon), place)
                line_m = sum(great_circle_m(*one, *other) for one, other in pairwise(route.points))
                assert line_m * 0.99 - 10 <= route.metres <= line_m * 3 + 2_000
    assert profiles == set(Profile)


@pytest.mark.parametrize("search", ["dijkstra", "contraction"])
def test_a_route_follows_the_streets(search: str) -> None:
    travel = RoadTravel(street(*(east(1_000 * at) for at in range(4))), SPEEDS, STRAIGHT, search)
    route = travel.route(Origin(*east(3_000)), LatLon(*east(1_000)), Profile.DAY)
    assert route is not None
    nodes = [LatLon(*east(metres)) for metres in (3_000, 2_000, 1_000)]
    assert route.points == (nodes[0], *nodes, nodes[-1])
    assert route.metres == 2_000


@pytest.mark.parametrize("search", ["dijkstra", "contraction"])
def test_at_the_place_the_route_is_there_and_back_to_the_road(search: str) -> None:
    travel = RoadTravel(street(east(0), east(5_000)), SPEEDS, STRAIGHT, search)
    place = LatLon(*east(250))
    route = travel.route(Origin(*place), place, Profile.URGENT)
    assert route is not None
    assert route.points == (place, LatLon(*east(0)), place)
    assert route.metres == pytest.approx(500, abs=1)


@pytest.mark.parametrize("search", ["dijkstra", "contraction"])
def test_there_is_no_route_from_an_island_or_over_the_sea(search: str) -> None:
    travel = RoadTravel(mainland_and_island(3_000, 50_000), SPEEDS, STRAIGHT, search)
    mainland, island = east(0), east(3_000)
    assert travel.route(Origin(*mainland), LatLon(*island), Profile.DAY) is None
    assert travel.route(Origin(*mainland), SEA, Profile.DAY) is None
    assert travel.route(Origin(*SEA), LatLon(*mainland), Profile.DAY) is None
    with pytest.raises(ValueError, match="not a place"):
        travel.route(Origin(*mainland), LatLon(91, 0), Profile.DAY)


def test_the_length_is_that_of_the_quickest_of_two_roads() -> None:
    graph = graph_of([east(0), east(1_000)], [(0, 1, 900_000), (0, 1, 100_000), (1, 0, 70_000)])
    times = np.array([5, 9, 3], dtype=np.int32)
    assert graph.length_cm.tolist() == [900_000, 100_000, 70_000]
    assert metres_along(graph, times, [0, 1]) == 9_000
    assert metres_along(graph, times, [0, 1, 0]) == 9_700
    assert metres_along(graph, times, [0]) == 0
    with pytest.raises(ValueError, match="no arc leads to node 0"):
        metres_along(graph, times, [0, 0])
