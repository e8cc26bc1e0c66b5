"""Both searches of a road graph against the plainest there is, and against each other on real roads, to the bit."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra

from geo.roads.contraction import ContractionSearch
from geo.roads.dijkstra import DijkstraSearch
from geo.roads.graph import RoadGraph
from geo.roads.regions import Regions
from geo.roads.searching import Search, Times
from geo.roads.travel import RoadTravel
from geo.travel_time import Profile
from tests.unit.roads_fake import (
    SPEEDS,
    andorra_travel,
    aude_travel,
    graph_of,
    plain_times,
    small_graphs,
    street,
)

PLACES = int(os.environ.get("RESCOUSSE_DEMANDS", "50"))
"""Places that all nodes of Andorra are searched to; a fifth of them on the Aude."""

FAR_MS = 1e12
Kind = type[DijkstraSearch] | type[ContractionSearch]


class WithoutGates(ContractionSearch):
    """A contraction search as it is on a lattice of streets."""

    def __init__(self, graph: RoadGraph, times: Times, regions: Regions) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("geo.roads.contraction.MOST_GATES", -1)
            super().__init__(graph, times, regions)


both = pytest.mark.parametrize(
    "kind",
    [DijkstraSearch, ContractionSearch, WithoutGates],
    ids=["dijkstra", "contraction", "without-gates"],
)
largest = st.sampled_from([1, 2, 4, 200])


def times_of(graph: RoadGraph) -> Times:
    return {profile: SPEEDS.milliseconds(graph, profile) for profile in Profile}


def search_of(kind: Kind, graph: RoadGraph, most: int = 200) -> Search:
    return kind(graph, times_of(graph), Regions.of(graph, most))


def all_nodes(graph: RoadGraph) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.arange(len(graph.lat), dtype=np.int32)


@both
@settings(max_examples=60, deadline=None)
@given(graph=small_graphs(), most=largest, profile=st.sampled_from(Profile))
def test_every_time_is_that_of_the_plain_search(
    kind: Kind, graph: RoadGraph, most: int, profile: Profile
) -> None:
    search, every = search_of(kind, graph, most), all_nodes(graph)
    for node in every.tolist():
        expected = plain_times(graph, times_of(graph)[profile], {node: 0.0}, backward=True)
        assert search.towards(node, every, profile, FAR_MS).tolist() == expected


@both
@settings(max_examples=60, deadline=None)
@given(graph=small_graphs(), most=largest, cut=st.floats(0, 2e6))
def test_rule_006_no_region_that_is_reached_in_time_is_left_out(
    kind: Kind, graph: RoadGraph, most: int, cut: float
) -> None:
    regions = Regions.of(graph, most)
    search = kind(graph, times_of(graph), regions)
    for node in range(len(graph.lat)):
        times = np.array(plain_times(graph, times_of(graph)[Profile.URGENT], {node: 0.0}, backward=True))
        within = search.regions_within(node, cut)
        assert within[regions.of_node[times <= cut]].all()


@both
@settings(max_examples=60, deadline=None)
@given(graph=small_graphs(), most=largest, data=st.data())
def test_a_spread_is_the_plain_search_from_all_at_once(
    kind: Kind, graph: RoadGraph, most: int, data: st.DataObject
) -> None:
    node, lead = st.integers(0, len(graph.lat) - 1), st.integers(0, 4_000_000).map(float)
    starts = data.draw(st.lists(st.tuples(node, lead), max_size=6))
    soonest: dict[int, float] = {}
    for start, after in starts:
        soonest[start] = min(after, soonest.get(start, after))
    nodes = np.array([start for start, _ in starts], dtype=np.int32)
    leads = np.array([after for _, after in starts], dtype=np.float64)
    found = search_of(kind, graph, most).spread(nodes, leads, all_nodes(graph))
    assert found.tolist() == plain_times(graph, times_of(graph)[Profile.URGENT], soonest)


@both
@settings(max_examples=40, deadline=None)
@given(graph=small_graphs(), profile=st.sampled_from(Profile))
def test_a_path_takes_exactly_as_long_as_the_search_says(
    kind: Kind, graph: RoadGraph, profile: Profile
) -> None:
    search, every, times = search_of(kind, graph), all_nodes(graph), times_of(graph)[profile]
    steps = {}
    for arc in np.argsort(-times, kind="stable").tolist():
        steps[int(graph.tail[arc]), int(graph.head[arc])] = int(times[arc])
    for end in every.tolist():
        for start, expected in zip(every.tolist(), search.towards(end, every, profile, FAR_MS), strict=True):
            path = search.path(start, end, profile)
            if path is None:
                assert expected == np.inf
            else:
                assert (path[0], path[-1]) == (start, end)
                assert sum(steps[step] for step in pairwise(path)) == expected


@both
def test_of_two_roads_between_the_same_nodes_the_quicker_counts(kind: Kind) -> None:
    graph = graph_of([(43, 2), (43, 2.1)], [(0, 1, 900_000), (0, 1, 100_000), (0, 1, 500_000), (1, 0, 1)])
    least = times_of(graph)[Profile.URGENT][graph.tail == 0].min()
    assert search_of(kind, graph).towards(1, all_nodes(graph), Profile.URGENT, FAR_MS).tolist() == [least, 0]


@both
def test_one_way_streets_make_there_longer_than_back(kind: Kind) -> None:
    around = [(43, 2), (43, 2.01), (43.01, 2.01), (43.01, 2)]
    search = search_of(kind, graph_of(around, [(at, (at + 1) % 4, 100_000) for at in range(4)]))
    [there] = search.towards(1, np.array([0], dtype=np.int32), Profile.URGENT, FAR_MS)
    [back] = search.towards(0, np.array([1], dtype=np.int32), Profile.URGENT, FAR_MS)
    assert 0 < there < back < np.inf


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(("travel", "places"), [(andorra_travel, PLACES), (aude_travel, max(3, PLACES // 5))])
def test_both_searches_agree_to_the_bit_on_every_road_of_an_extract(
    travel: Callable[[str], RoadTravel], places: int, profile: Profile
) -> None:
    plain, quick = travel("dijkstra"), travel("contraction")
    every = all_nodes(plain.graph)
    for node in np.random.default_rng(len(every)).integers(len(every), size=places).tolist():
        expected = plain.search.towards(node, every, profile, FAR_MS)
        assert np.array_equal(expected, quick.search.towards(node, every, profile, FAR_MS))
        assert np.isfinite(expected).sum() == (plain.graph.island == plain.graph.island[node]).sum()


def test_the_plain_search_of_an_extract_is_that_of_the_book() -> None:
    travel, node = andorra_travel("dijkstra"), 1234
    times = SPEEDS.milliseconds(travel.graph, Profile.NIGHT)
    expected = plain_times(travel.graph, times, {node: 0.0}, backward=True)
    assert travel.search.towards(node, all_nodes(travel.graph), Profile.NIGHT, FAR_MS).tolist() == expected


@pytest.mark.parametrize("kind", [DijkstraSearch, ContractionSearch], ids=["dijkstra", "contraction"])
def test_threads_get_the_answers_that_one_alone_gets(kind: Kind) -> None:
    travel = andorra_travel(kind.name)
    every, nodes = all_nodes(travel.graph), list(range(0, len(travel.graph.lat), 97))
    alone = [travel.search.towards(node, every, Profile.DAY, FAR_MS) for node in nodes]
    with ThreadPoolExecutor(4) as threads:
        found = threads.map(lambda node: travel.search.towards(node, every, Profile.DAY, FAR_MS), nodes * 2)
        assert all(np.array_equal(one, other) for one, other in zip(found, alone * 2, strict=True))


def test_a_kept_search_is_used_again_only_as_far_as_it_went(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = street(*((43, 2 + 0.01 * at) for at in range(12)))
    search = search_of(DijkstraSearch, graph)
    plain = plain_times(graph, times_of(graph)[Profile.DAY], {0: 0.0}, backward=True)
    searched: list[float] = []

    def watched(matrix: object, *, indices: int, limit: float) -> object:
        searched.append(limit)
        return dijkstra(matrix, indices=indices, limit=limit)

    monkeypatch.setattr("geo.roads.dijkstra.dijkstra", watched)
    cuts = [plain[3], plain[2], plain[9], plain[9], plain[1], FAR_MS]
    for cut in cuts:
        found = search.towards(0, all_nodes(graph), Profile.DAY, cut)
        assert all(time == expected for time, expected in zip(found, plain, strict=True) if expected <= cut)
    assert searched == [plain[3], plain[9], FAR_MS]


def test_only_so_many_searches_are_kept_as_memory_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = street(*((43, 2 + 0.01 * at) for at in range(12)))
    monkeypatch.setattr("geo.roads.dijkstra.KEPT_BYTES", 8 * len(graph.lat) * 3)
    search = DijkstraSearch(graph, times_of(graph), Regions.of(graph))
    for node in range(12):
        search.towards(node, all_nodes(graph), Profile.DAY, FAR_MS)
    assert len(search._kept) == 3
