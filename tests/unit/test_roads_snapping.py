"""Snapping: the nearest node, exactly, and what is done about islands."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.cells import LatLon, great_circle_m
from geo.roads.graph import RoadGraph
from geo.roads.snapping import ISLAND_M, ISLAND_ROADS_M, Snapper, great_circles_m
from geo.travel_time import Snap
from tests.unit.roads_fake import (
    DEGREE_M,
    andorra_travel,
    aude_travel,
    east,
    mainland_and_island,
    street,
)

MAX_M = 1_000.0


def snapped(graph: RoadGraph, place: tuple[float, float]) -> Snap | None:
    return Snapper(graph, MAX_M).snap([LatLon(*place)])[0]


def assert_at(snap: Snap | None, node: int, metres: float) -> None:
    assert snap is not None
    assert snap.node == node
    assert abs(snap.access_m - metres) < 1


@pytest.mark.parametrize("travel", [andorra_travel, aude_travel], ids=["andorra", "aude"])
def test_the_node_is_the_nearest_of_all(travel: type) -> None:
    graph = travel().graph
    rng, mainland = np.random.default_rng(1), graph.island == 0
    low, high = (
        (graph.lat.min() - 0.02, graph.lon.min() - 0.02),
        (graph.lat.max() + 0.02, graph.lon.max() + 0.02),
    )
    places = [LatLon(*place) for place in rng.uniform(low, high, size=(120, 2))]
    beside = rng.integers(len(graph.lat), size=120)
    shift = rng.normal(0, 300 / DEGREE_M, size=(120, 2))
    places += [LatLon(graph.lat[at] + y, graph.lon[at] + x) for at, (y, x) in zip(beside, shift, strict=True)]
    found = Snapper(graph, MAX_M).snap(places)
    assert 60 < sum(one is not None for one in found) < 240
    for place, snap in zip(places, found, strict=True):
        metres = great_circles_m(place.lat, place.lon, graph.lat, graph.lon)
        nearest = float(metres[mainland].min())
        if snap is None:
            assert nearest > MAX_M
        elif graph.island[snap.node] == 0:
            assert metres[snap.node] == pytest.approx(nearest, abs=1e-6)
            assert snap.access_m == pytest.approx(nearest, abs=0.0501)


@settings(deadline=None)
@given(lat=st.floats(-90, 90), lon=st.floats(-180, 180), east_by=st.floats(-0.01, 0.01))
def test_poles_and_the_antimeridian_are_no_special_cases(lat: float, lon: float, east_by: float) -> None:
    node = (lat, lon)
    graph = street(node, (max(-90.0, lat - 5), lon))
    place = LatLon(lat, (lon + east_by + 180) % 360 - 180)
    found, metres = Snapper(graph, MAX_M).snap([place])[0], great_circle_m(*node, *place)
    if metres < MAX_M - 1:
        assert found is not None
        assert found.node == 0
        assert found.access_m == pytest.approx(metres, abs=0.06)
    elif metres > MAX_M + 1:
        assert found is None


def test_farther_than_the_limit_is_off_all_roads() -> None:
    graph = street((43.0, 2.0), (43.0, 1.9))
    assert_at(snapped(graph, east(999)), 0, 999)
    assert snapped(graph, east(1001)) is None
    assert snapped(graph, (41.0, 5.0)) is None


def test_the_mainland_is_preferred_unless_an_island_is_much_nearer() -> None:
    graph = mainland_and_island(600, 2 * ISLAND_ROADS_M)
    assert_at(snapped(graph, east(590)), 3, 10)
    assert_at(snapped(graph, east(300 + ISLAND_M / 2 + 5)), 3, 195)
    assert_at(snapped(graph, east(300 + ISLAND_M / 2 - 5)), 0, 395)


def test_a_fragment_of_the_map_catches_nobody_who_has_a_road() -> None:
    graph = mainland_and_island(600, ISLAND_ROADS_M / 2)
    assert_at(snapped(graph, east(600)), 0, 600)
    assert_at(snapped(graph, east(999)), 0, 999)
    assert_at(snapped(graph, east(1001)), 4, 391)


def test_what_a_real_column_keeps_is_enough_for_the_same_time() -> None:
    travel, rng = aude_travel(), np.random.default_rng(5)
    beside = rng.integers(len(travel.graph.lat), size=2_000)
    shift = rng.normal(0, 300 / DEGREE_M, size=(2_000, 2))
    places = [
        LatLon(travel.graph.lat[at] + y, travel.graph.lon[at] + x)
        for at, (y, x) in zip(beside, shift, strict=True)
    ]
    _, metres = travel.snapper.nodes(places)
    for profile in travel.speeds.paces:
        stored = metres.astype(np.float32).astype(np.float64)
        assert np.array_equal(travel.access_ms(metres, profile), travel.access_ms(stored, profile))


def test_together_or_alone_is_the_same() -> None:
    travel, rng = andorra_travel(), np.random.default_rng(6)
    places = [LatLon(*place) for place in rng.uniform((42.43, 1.4), (42.66, 1.79), size=(300, 2))]
    assert travel.snap(places) == [travel.snap([place])[0] for place in places]
    assert travel.snap([]) == []


@pytest.mark.parametrize("place", [(91.0, 2.0), (43.0, 181.0), (nan, 2.0), (43.0, inf)])
def test_what_is_no_place_is_refused(place: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="not a place"):
        andorra_travel().snap([LatLon(42.5, 1.5), LatLon(*place)])
