"""Customizable contraction hierarchies by RoutingKit: a search that never visits the roads between.

The graph was put in order once (`RoadGraph.order`); each profile's times are worked into the hierarchy when the engine
starts. A search climbs from the place, and comes down to whatever was asked for. Asked for all nodes it would take as
long as Dijkstra's; asked for the gates of the regions, the top of the hierarchy, it takes a fraction of a millisecond.
From those follow the times of any number of vehicles, by one addition for each gate of a vehicle's region. Only who
is in the region of the place itself is asked for in the hierarchy: its way may pass no gate.

That needs a graph that falls into regions with few gates, as country roads and grown towns do. A lattice of streets
does not: there every vehicle is asked for in the hierarchy, at a third of a microsecond each, and the regions within
reach are those that lie within it as the crow flies at the greatest speed of any road.

RoutingKit's query objects belong to the thread that made them, and panic in any other. So each is made, used and
dropped within one call, for a tenth of a millisecond. The times from the gates to the last places are kept instead:
a demand that waits is surveyed again every few seconds.
"""

from functools import lru_cache

import numpy as np
from routingkit_cch import CCH, CCHManyToOne, CCHMetric, CCHOneToMany, CCHQuery

from geo.roads.graph import Floats, Ints, RoadGraph
from geo.roads.regions import CrowFlight, Regions, least
from geo.roads.searching import Bools, Times, earliest_starts
from geo.travel_time import Profile

MOST_GATES = 4_000
"""A graph with more of them is asked without."""
MOST_EXITS_BYTES = 64 * 2**20
"""So is one whose times to the gates of its regions would take more memory than this, for each profile."""

PLACES_KEPT = 256
"""Places, by profile, whose times from the gates are kept: 10 kB each on the graph of a département."""


class ContractionSearch:
    """A `geo.roads.searching.Search` over a hierarchy of shortcuts."""

    name = "contraction"

    def __init__(self, graph: RoadGraph, times: Times, regions: Regions) -> None:
        hierarchy = CCH(graph.order.tolist(), graph.tail.tolist(), graph.head.tolist(), False)
        self._metrics = {profile: CCHMetric(hierarchy, one.tolist()) for profile, one in times.items()}
        self._regions = regions
        self._gates = regions.gates.tolist()
        self._by_gates = (
            len(self._gates) <= MOST_GATES and 4 * len(graph.lat) * regions.exits.shape[1] <= MOST_EXITS_BYTES
        )
        self._exit_times = {
            profile: regions.exit_times(graph, one) for profile, one in times.items() if self._by_gates
        }
        self._crow = CrowFlight(graph, times[Profile.URGENT], regions)
        self._exits_by_slot = np.ascontiguousarray(regions.exits.T)
        self._from_gates = lru_cache(PLACES_KEPT)(self._climb)

    def towards(self, node: int, nodes: Ints, profile: Profile, cut_ms: float) -> Floats:
        """Return the milliseconds from each of ``nodes`` to ``node``; to cut would save nothing."""
        del cut_ms
        if not self._by_gates:
            return self._asked(node, nodes, profile)
        regions = self._regions.of_node[nodes]
        times = least(self._by_exit(node, profile, regions, nodes))
        neighbours = np.flatnonzero(regions == self._regions.of_node[node])
        times[neighbours] = self._asked(node, nodes[neighbours], profile)
        return times

    def regions_within(self, node: int, cut_ms: float) -> Bools:
        """Return the regions with a gate that is reached, and the place's own."""
        if not self._by_gates:
            return self._crow.regions_within(node, cut_ms)
        reached = self._from_gates(node, Profile.URGENT) <= cut_ms
        within: Bools = np.logical_or.reduce(reached.take(self._exits_by_slot))
        within[self._regions.of_node[node]] = True
        return within

    def spread(self, starts: Ints, leads_ms: Floats, nodes: Ints) -> Floats:
        """Climb from all starts at once."""
        if len(starts) == 0 or len(nodes) == 0:
            return np.full(len(nodes), np.inf)
        tails, leads = earliest_starts(starts, leads_ms)
        pairs = list(zip(tails.tolist(), leads.astype(np.int64).tolist(), strict=True))
        return _floats(
            CCHOneToMany(self._metrics[Profile.URGENT], nodes.tolist()).distances_from_multi(pairs)
        )

    def path(self, start: int, end: int, profile: Profile) -> list[int] | None:
        """Return the nodes along one quickest way."""
        return CCHQuery(self._metrics[profile]).run(start, end).node_path or None

    def _asked(self, node: int, nodes: Ints, profile: Profile) -> Floats:
        """Return the milliseconds from each of ``nodes``, found in the hierarchy."""
        if len(nodes) == 0:
            return np.empty(0)
        return _floats(CCHManyToOne(self._metrics[profile], nodes.tolist()).distances_to(node))

    def _by_exit(self, node: int, profile: Profile, regions: Ints, nodes: Ints) -> Floats:
        """Return the milliseconds by each gate of each node's region, shape (len(nodes), k)."""
        table: Floats = self._from_gates(node, profile).take(self._regions.exits.take(regions, axis=0))
        table += self._exit_times[profile].take(nodes, axis=0)
        return table

    def _climb(self, node: int, profile: Profile) -> Floats:
        """Return the milliseconds from each gate to a node, and ``inf`` for the one that stands for none: (g + 1,)."""
        times: list[int | None] = []
        if self._gates:
            times = CCHManyToOne(self._metrics[profile], self._gates).distances_to(node)
        return _floats([*times, None])


def _floats(times: list[int | None]) -> Floats:
    """Return times as an array, ``inf`` for none."""
    held = np.array(times, dtype=np.float64)
    held[np.isnan(held)] = np.inf
    return held
