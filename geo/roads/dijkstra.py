"""Dijkstra's search by scipy: the plain one, by which the other is judged, and enough for a small graph.

It visits every node within the cut, so a wide search of a large graph is slow; the last ones are kept, since a demand
that waits is surveyed again every few seconds.
"""

from collections import OrderedDict
from threading import Lock

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo.roads.graph import Floats, Ints, RoadGraph
from geo.roads.regions import Regions, quickest
from geo.roads.searching import Bools, Times, earliest_starts
from geo.travel_time import Profile

KEPT_BYTES = 32 * 2**20
"""Searches that are kept take no more memory than this, but for the last one."""

_NO_NODE = -9999
"""What scipy calls the predecessor of a node that has none."""


class DijkstraSearch:
    """A `geo.roads.searching.Search` that visits node after node, the soonest first."""

    name = "dijkstra"

    def __init__(self, graph: RoadGraph, times: Times, regions: Regions) -> None:
        n, tail, head = len(graph.lat), graph.tail.astype(np.int64), graph.head.astype(np.int64)
        self._forward = quickest(tail, head, times[Profile.URGENT], n)
        self._backward = {profile: quickest(head, tail, one, n) for profile, one in times.items()}
        self._regions = regions
        self._kept: OrderedDict[tuple[int, Profile], tuple[float, Floats]] = OrderedDict()
        self._most = max(1, KEPT_BYTES // (8 * max(1, len(graph.lat))))
        self._lock = Lock()

    def towards(self, node: int, nodes: Ints, profile: Profile, cut_ms: float) -> Floats:
        """Return the milliseconds from each of ``nodes`` to ``node``."""
        times: Floats = self._all_towards(node, profile, cut_ms)[nodes]
        return times

    def regions_within(self, node: int, cut_ms: float) -> Bools:
        """Return which regions hold a node that is reached."""
        reached = self._all_towards(node, Profile.URGENT, cut_ms) <= cut_ms
        return self._regions.holding(np.flatnonzero(reached))

    def spread(self, starts: Ints, leads_ms: Floats, nodes: Ints) -> Floats:
        """Search from a node that does not exist, from which an arc leads to each start and takes its lead."""
        tails, leads = earliest_starts(starts, leads_ms)
        known, source = self._forward, self._forward.shape[0]
        # An arc that takes no time would be none to scipy: each lead is one millisecond longer, until the end.
        held = (
            np.concatenate([known.data, leads + 1]),
            np.concatenate([known.indices, tails]),
            np.append(known.indptr, np.int32(known.nnz + len(tails))),
        )
        times: Floats = dijkstra(csr_array(held, shape=(source + 1, source + 1)), indices=source)[nodes] - 1
        return times

    def path(self, start: int, end: int, profile: Profile) -> list[int] | None:
        """Return the nodes along one quickest way."""
        _, after = dijkstra(self._backward[profile], indices=end, return_predecessors=True)
        if start != end and after[start] == _NO_NODE:
            return None
        nodes = [start]
        while nodes[-1] != end:
            nodes.append(int(after[nodes[-1]]))
        return nodes

    def _all_towards(self, node: int, profile: Profile, cut_ms: float) -> Floats:
        """Return the times from every node, shape (n,): those of a search at least as wide, if one is kept."""
        with self._lock:
            cut, times = self._kept.get((node, profile), (-1.0, None))
            if times is not None and cut >= cut_ms:
                self._kept.move_to_end((node, profile))
                return times
        found: Floats = dijkstra(self._backward[profile], indices=node, limit=cut_ms)
        with self._lock:
            self._kept[node, profile] = cut_ms, found
            self._kept.move_to_end((node, profile))
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found
