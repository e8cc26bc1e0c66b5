"""Regions: nobody leaves one but through its gates."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.roads.graph import RoadGraph
from geo.roads.regions import SHARE_OF_GRAPH, SMALLEST_LARGEST, UNREACHED_MS, CrowFlight, Regions
from geo.travel_time import Profile
from tests.unit.roads_fake import SPEEDS, aude_travel, east, plain_times, small_graphs, street


@settings(max_examples=80, deadline=None)
@given(graph=small_graphs(), most=st.sampled_from([1, 2, 4, 200]))
def test_every_arc_stays_in_its_region_or_leads_to_one_of_its_gates(graph: RoadGraph, most: int) -> None:
    regions = Regions.of(graph, most)
    gates = set(regions.gates.tolist())
    assert np.bincount(regions.of_node, minlength=len(regions)).max() <= most
    assert np.bincount(regions.of_node, minlength=len(regions)).min() >= 1
    for tail, head in zip(graph.tail.tolist(), graph.head.tolist(), strict=True):
        if tail not in gates and regions.of_node[tail] != regions.of_node[head]:
            exits = regions.exits[regions.of_node[tail]]
            assert head in regions.gates[exits[exits < len(gates)]]
    for gate in gates:
        assert regions.gates[regions.exits[regions.of_node[gate], 0]] == gate


@settings(max_examples=80, deadline=None)
@given(graph=small_graphs(), most=st.sampled_from([1, 2, 4]))
def test_the_time_to_a_gate_is_that_of_the_way_within_the_region(graph: RoadGraph, most: int) -> None:
    regions, times = Regions.of(graph, most), SPEEDS.milliseconds(graph, Profile.URGENT)
    found = regions.exit_times(graph, times)
    for node in range(len(graph.lat)):
        region = int(regions.of_node[node])
        inside = regions.of_node == region
        for slot, gate in enumerate(regions.exits[region].tolist()):
            if gate == len(regions.gates):
                assert found[node, slot] == UNREACHED_MS
                continue
            end = int(regions.gates[gate])
            arcs = inside[graph.tail] & (inside[graph.head] | (graph.head == end))
            cut = RoadGraph(**{**vars(graph), "tail": graph.tail[arcs], "head": graph.head[arcs]})
            expected = plain_times(cut, times[arcs], {end: 0.0}, backward=True)[node]
            assert found[node, slot] == min(expected, UNREACHED_MS)


def test_rule_006_a_crow_that_flies_along_the_fastest_road_is_no_sooner_than_who_drives_on_it() -> None:
    graph = street(east(0), east(20_000), east(50_000))
    times, regions = np.array([700_000, 900_000, 2_000_000, 2_000_000], dtype=np.int32), Regions.of(graph, 1)
    crow = CrowFlight(graph, times, regions)
    assert (graph.tail[0], graph.head[0]) == (0, 1)
    assert crow.regions_within(1, 700_000)[regions.of_node[0]]
    assert not crow.regions_within(1, 699_000)[regions.of_node[0]]


def test_a_graph_of_a_departement_has_few_gates() -> None:
    graph, regions = aude_travel().graph, aude_travel().regions
    n = len(graph.lat)
    assert np.bincount(regions.of_node).max() <= max(SMALLEST_LARGEST, n // SHARE_OF_GRAPH)
    assert len(regions.gates) < n / 40
    assert (regions.exits[regions.of_node] < len(regions.gates)).sum(axis=1).mean() < 8
