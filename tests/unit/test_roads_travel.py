"""The engine that knows roads: nobody in reach is missed, the bounds are in order, and every gap is said."""

import os
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import time
from math import inf, isfinite, nan

import numpy as np
import pytest

from geo.cells import COVER_RESOLUTION, LatLon, cell_of, great_circle_m
from geo.roads.graph import RoadGraph
from geo.roads.travel import HORIZON, SMALL_GRAPH, RoadApproach, RoadTravel
from geo.straight import StraightTravel
from geo.travel_time import BEYOND, NO_WAY, Gap, Measure, Origin, Profile, Snap, Travel
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

PLACES = int(os.environ.get("RESCOUSSE_DEMANDS", "50"))
VEHICLES = 400
"""For each place; a third of them anywhere, mostly off all roads."""
AT_THE_LIMIT = 60
"""Those that are within an hour of these are asked for with the very limit that they keep."""
HOUR_S = 3_600.0

ON_FOOT = StraightTravel(5, 1.35)
"""Who is on no road is so slow that its cells do not hide a hole among those of the roads."""

SEA = LatLon(42.9, 3.6)
Make = Callable[[str], RoadTravel]
extracts = pytest.mark.parametrize("make", [andorra_travel, aude_travel], ids=["andorra", "aude"])
searches = pytest.mark.parametrize("search", ["dijkstra", "contraction"])


def travel_on(graph: RoadGraph, search: str = "contraction") -> RoadTravel:
    return RoadTravel(graph, SPEEDS, STRAIGHT, search)


def places_near(
    travel: RoadTravel, rng: np.random.Generator, count: int, off_by: float = 0.004
) -> list[LatLon]:
    """Draw places near the roads: some hundred metres off, so that a few are off all of them."""
    at = rng.integers(len(travel.graph.lat), size=count)
    shift = rng.normal(0, off_by, size=(count, 2))
    return [
        LatLon(travel.graph.lat[node] + y, travel.graph.lon[node] + x)
        for node, (y, x) in zip(at, shift, strict=True)
    ]


def fleet(travel: RoadTravel, rng: np.random.Generator, count: int = VEHICLES) -> list[Origin]:
    """Draw vehicles near the roads and anywhere around, as they stand in the database."""
    graph = travel.graph
    low, high = (graph.lat.min() - 0.2, graph.lon.min() - 0.2), (graph.lat.max() + 0.2, graph.lon.max() + 0.2)
    anywhere = [LatLon(*place) for place in rng.uniform(low, high, size=(count // 3, 2))]
    return parked(travel, [*anywhere, *places_near(travel, rng, count - len(anywhere))])


def parked(travel: RoadTravel, places: list[LatLon]) -> list[Origin]:
    return [
        Origin(*place, travel.graph_id, *(snap or ()))
        for place, snap in zip(places, travel.snap(places), strict=True)
    ]


@extracts
@searches
@pytest.mark.parametrize("fallback", [STRAIGHT, ON_FOOT], ids=["driving", "on-foot"])
def test_rule_006_whoever_is_there_in_the_last_millisecond_is_filed_under_a_cell_of_the_approach(
    make: Make, search: str, fallback: StraightTravel
) -> None:
    travel, rng, measures = copy(make(search)), np.random.default_rng(6), set()
    travel.fallback = fallback
    for place in places_near(travel, rng, PLACES, off_by=0):
        vehicles, [snap] = fleet(travel, rng, AT_THE_LIMIT), travel.snap([place])
        assert snap is not None
        for vehicle, way in zip(vehicles, whole_hour(travel, place, snap).ways(vehicles), strict=True):
            if way.earliest_s <= HOUR_S:
                cells = RoadApproach(travel, place, snap, way.earliest_s, Profile.DAY).cells
                assert cell_of(vehicle.lat, vehicle.lon, COVER_RESOLUTION) in cells
                assert list(cells) == sorted(set(cells))
                measures.add(way.measure)
    assert Measure.ROAD in measures
    assert Measure.STRAIGHT in measures or fallback is ON_FOOT


def whole_hour(travel: RoadTravel, place: LatLon, snap: Snap) -> RoadApproach:
    return RoadApproach(travel, place, snap, HOUR_S, Profile.DAY)


@extracts
def test_rule_006_both_searches_give_the_same_ways_and_one_hardly_more_cells(make: Make) -> None:
    plain, quick, rng = make("dijkstra"), make("contraction"), np.random.default_rng(7)
    needed = asked = 0
    for place in places_near(plain, rng, max(5, PLACES // 5)):
        vehicles, within_s = fleet(plain, rng), float(rng.integers(5, 61) * 60)
        one, other = (travel.approach(place, within_s, Profile.NIGHT) for travel in (plain, quick))
        assert one.ways(vehicles) == other.ways(vehicles)
        assert set(one.cells) <= set(other.cells)
        needed, asked = needed + len(one.cells), asked + len(other.cells)
    assert asked <= 1.1 * needed


@extracts
@searches
def test_who_has_an_earliest_arrival_has_a_latest_one_and_not_before(make: Make, search: str) -> None:
    travel, rng = make(search), np.random.default_rng(8)
    for place in places_near(travel, rng, max(5, PLACES // 5)):
        within_s = float(rng.integers(1, 61) * 60)
        for profile in Profile:
            for way in travel.approach(place, within_s, profile).ways(fleet(travel, rng)):
                assert way.earliest_s <= way.latest_s
                assert (
                    isfinite(way.earliest_s)
                    == isfinite(way.latest_s)
                    == (way.measure not in {Measure.NONE, Measure.BEYOND})
                )


@extracts
def test_arrays_give_the_times_of_the_ways(make: Make) -> None:
    travel, rng = make("contraction"), np.random.default_rng(9)
    vehicles = fleet(travel, rng)
    [place] = places_near(travel, rng, 1, off_by=0)
    approach = travel.approach(place, 1_200, Profile.DAY)
    assert isinstance(approach, RoadApproach)
    nodes = np.array([-1 if one.node is None else one.node for one in vehicles])
    earliest, latest = approach.bounds(nodes, np.array([one.access_m for one in vehicles], dtype=np.float32))
    for at, way in enumerate(approach.ways(vehicles)):
        by_road = (way.earliest_s, way.latest_s) if way.measure is Measure.ROAD else (inf, inf)
        assert (earliest[at], latest[at]) == by_road


@searches
def test_a_near_miss_is_told_and_a_far_one_is_none(search: str) -> None:
    travel = travel_on(street(*(east(2_000 * at) for at in range(40)), length_cm=200_000), search)
    vehicles = parked(travel, [LatLon(*east(2_000 * at)) for at in range(40)])
    hours = travel.approach(LatLon(*east(0)), 10_000, Profile.DAY).ways(vehicles)
    within_s = hours[10].earliest_s
    found = travel.approach(LatLon(*east(0)), within_s, Profile.DAY).ways(vehicles)
    assert [way if way.earliest_s <= HORIZON * within_s else BEYOND for way in hours] == found
    assert within_s < found[12].earliest_s < inf
    assert found[30] == BEYOND


def test_at_the_place_itself_the_access_counts_twice_and_at_a_node_nothing() -> None:
    travel = travel_on(street(east(0), east(5_000)))
    for metres, profile in ((0.0, Profile.URGENT), (250.0, Profile.URGENT), (250.0, Profile.DAY)):
        place = LatLon(*east(metres))
        [way] = travel.approach(place, 600, profile).ways([Origin(*place)])
        assert way.latest_s == pytest.approx(2 * metres * 3.6 / SPEEDS.access_kmh(profile), abs=0.1)
        assert way.measure is Measure.ROAD


def test_one_way_streets_make_there_longer_than_back() -> None:
    around = [east(0), east(1_000), (43.01, east(1_000)[1]), (43.01, 2.0)]
    travel = travel_on(graph_of(around, [(at, (at + 1) % 4, 100_000) for at in range(4)]))
    first, second = (LatLon(*place) for place in around[:2])
    [there] = travel.approach(second, 3_600, Profile.DAY).ways([Origin(*first)])
    [back] = travel.approach(first, 3_600, Profile.DAY).ways([Origin(*second)])
    assert 0 < there.earliest_s < back.earliest_s < inf


@searches
def test_rule_006_between_small_islands_the_map_may_lack_a_bridge_and_nobody_is_left_out(search: str) -> None:
    travel = travel_on(mainland_and_island(3_000, 50_000), search)
    mainland, island = LatLon(*east(0)), LatLon(*east(3_000))
    there = travel.approach(island, 600, Profile.DAY)
    [across, own] = there.ways([Origin(*mainland), Origin(*island)])
    assert (across.measure, own.measure) == (Measure.STRAIGHT, Measure.ROAD)
    assert across == travel.fallback.way(great_circle_m(*mainland, *island))
    assert cell_of(*mainland, COVER_RESOLUTION) in there.cells


@searches
def test_only_who_is_on_a_large_island_gets_to_a_place_on_it_and_nobody_leaves_it(search: str) -> None:
    travel = travel_on(mainland_and_island(3_000, 50_000), search)
    travel.large_islands = np.array([True, True])
    mainland, island = LatLon(*east(0)), LatLon(*east(3_000))
    origins = [Origin(*mainland), Origin(*island), Origin(*SEA)]
    there = travel.approach(island, 10_000, Profile.DAY)
    assert there.gap is Gap.PLACE_ON_ISLAND
    assert [way.measure for way in there.ways(origins)] == [Measure.NONE, Measure.ROAD, Measure.STRAIGHT]
    back = travel.approach(mainland, 10_000, Profile.DAY)
    assert back.gap is None
    assert back.ways(origins)[1] == NO_WAY


@searches
def test_a_place_in_the_sea_is_estimated_on_the_great_circle_and_says_so(search: str) -> None:
    travel, rng = aude_travel(search), np.random.default_rng(3)
    vehicles = fleet(travel, rng)
    found = travel.approach(SEA, 2_400, Profile.DAY)
    expected = STRAIGHT.approach(SEA, 2_400, Profile.DAY)
    assert found.gap is Gap.PLACE_OFF_ROADS
    assert (found.cells, found.ways(vehicles)) == (expected.cells, expected.ways(vehicles))


def test_a_vehicle_off_all_roads_is_estimated_on_the_great_circle() -> None:
    travel = travel_on(street(east(0), east(5_000)))
    approach, offshore = travel.approach(LatLon(*east(0)), 600, Profile.DAY), LatLon(43.05, 2.0)
    expected = STRAIGHT.approach(LatLon(*east(0)), 600, Profile.DAY).ways([Origin(*offshore)])
    assert approach.ways([Origin(*offshore)]) == expected
    assert expected[0].measure is Measure.STRAIGHT
    known_to_be_off = Origin(*east(0), travel.graph_id)
    assert approach.ways([known_to_be_off])[0].measure is Measure.STRAIGHT


def test_who_was_snapped_to_another_graph_is_snapped_again() -> None:
    travel = travel_on(street(*(east(1_000 * at) for at in range(5))))
    approach, here = travel.approach(LatLon(*east(0)), 3_600, Profile.DAY), LatLon(*east(3_000))
    own, foreign, none = Origin(*here, travel.graph_id, 3), Origin(*here, "another", 1, 900.0), Origin(*here)
    off = Origin(*here, "another")
    assert approach.ways([foreign, own, none, off]) == [approach.ways([own])[0]] * 4
    assert approach.ways([]) == []
    for node in (5, -2):
        with pytest.raises(ValueError, match="another graph"):
            approach.ways([Origin(*here, travel.graph_id, node)])
        with pytest.raises(ValueError, match="another graph"):
            travel.route(Origin(*here, travel.graph_id, node), here, Profile.DAY)


def test_the_identity_changes_with_whatever_changes_times() -> None:
    graph = street(east(0), east(5_000))
    longer = RoadGraph(**{**vars(graph), "length_cm": graph.length_cm + 1})
    paces = {**SPEEDS.paces, Profile.NIGHT: replace(SPEEDS.paces[Profile.NIGHT], access_kmh=17.0)}
    engines = [
        travel_on(graph),
        travel_on(graph, "dijkstra"),
        travel_on(longer),
        RoadTravel(graph, replace(SPEEDS, access_max_m=999.0), STRAIGHT, "contraction"),
        RoadTravel(graph, replace(SPEEDS, paces=paces), STRAIGHT, "contraction"),
        RoadTravel(graph, SPEEDS, StraightTravel(70, 1.35, 91), "contraction"),
    ]
    assert len({engine.identity for engine in engines}) == len(engines)
    assert travel_on(street(east(0), east(5_000))).identity == engines[0].identity
    assert engines[0].identity == (
        f"roads small {graph.graph_id} speeds {SPEEDS.identity} contraction 1 + {STRAIGHT.identity}"
    )


def test_a_stored_node_counts_only_for_the_graph_and_the_limit_it_was_found_by() -> None:
    graph = street(east(0), east(5_000))
    longer = RoadGraph(**{**vars(graph), "length_cm": graph.length_cm + 1})
    narrower = RoadTravel(graph, replace(SPEEDS, access_max_m=999.0), STRAIGHT)
    ids = {travel_on(graph).graph_id, travel_on(longer).graph_id, narrower.graph_id}
    assert len(ids) == 3
    assert travel_on(graph).graph_id == travel_on(graph, "dijkstra").graph_id


def test_the_same_question_is_searched_for_once() -> None:
    travel: Travel = andorra_travel()
    here = LatLon(42.507, 1.522)
    assert travel.approach(here, 1_200, Profile.DAY) is travel.approach(here, 1_200.0, Profile.DAY)
    assert travel.approach(here, 1_200, Profile.NIGHT) is not travel.approach(here, 1_200, Profile.DAY)


def test_the_profile_follows_the_speeds() -> None:
    assert andorra_travel().profile_at(time(12)) is Profile.DAY
    assert andorra_travel().profile_at(time(3)) is Profile.NIGHT


@pytest.mark.parametrize(
    ("place", "within_s"), [((91, 2), 60), ((43, nan), 60), ((43, 2), -1), ((43, 2), inf), ((43, 2), nan)]
)
def test_what_cannot_be_asked_is_refused(place: tuple[float, float], within_s: float) -> None:
    with pytest.raises(ValueError, match="not"):
        andorra_travel().approach(LatLon(*place), within_s, Profile.DAY)


def test_auto_takes_the_plain_search_for_a_small_graph_only() -> None:
    small, large = street(east(0), east(5_000)), street(*(east(100 * at) for at in range(SMALL_GRAPH + 1)))
    assert [travel_on(graph, "auto").search.name for graph in (small, large)] == ["dijkstra", "contraction"]
    with pytest.raises(ValueError, match="not fastest"):
        travel_on(small, "fastest")


def test_a_graph_without_a_node_is_refused() -> None:
    with pytest.raises(ValueError, match="without a node"):
        travel_on(graph_of([east(0), east(10)], [(0, 1, 1_000)]))
