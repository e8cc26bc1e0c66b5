"""A road graph cut into small regions, each left by a few gates.

Take the last nodes of the contraction order away, those that separate the graph, and what stays falls into many small
pieces: the *regions*. The nodes taken away are the *gates*. Whoever leaves a region passes one of its gates; so the
time to a place outside is the least, over the gates of the region, of the time to the gate within the region and of
the time from the gate on. There are a hundred times fewer gates than nodes, and about four to a region.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from geo.roads.graph import Floats, Ints, RoadGraph
from geo.roads.searching import Bools
from geo.roads.snapping import unit_vectors

SMALLEST_LARGEST = 200
"""The largest region has at most so many nodes, and more in a graph so large that it would have too many gates."""
SHARE_OF_GRAPH = 500
"""The largest region has at most one node in so many of the graph."""

_ROUNDING = 1 + 1e-9
_HAIR = 1e-9
"""Six millimetres on the unit sphere."""

UNREACHED_MS = 2**31 - 1
"""Stands for a gate that is not reached: longer than any way."""


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of one graph: r of them, g gates, at most k to a region. Each gate is a region of its own as well."""

    of_node: Ints
    """(n,) the region of each node; the gates' own come last."""
    gates: Ints
    """(g,) their nodes."""
    exits: Ints
    """(r, k) by which gates a region is left: indices into ``gates``, then g where it has no more."""

    @classmethod
    def of(cls, graph: RoadGraph, largest: int | None = None) -> "Regions":
        """Cut a graph by its contraction order; any order gives regions, a good one few gates.

        ``largest`` is how many nodes a region has at most; by default what suits the graph.
        """
        is_gate = _find_gates(graph, largest or max(SMALLEST_LARGEST, len(graph.lat) // SHARE_OF_GRAPH))
        gates = np.flatnonzero(is_gate).astype(np.int32)
        of_node, pieces = _pieces(graph, is_gate)
        of_node[gates] = pieces + np.arange(len(gates))
        return cls(of_node, gates, _exits(graph, is_gate, of_node, pieces, gates))

    def __len__(self) -> int:
        """How many."""
        return len(self.exits)

    def holding(self, nodes: NDArray[np.int64]) -> Bools:
        """Return for each region whether it holds one of the nodes: shape (r,)."""
        held = np.zeros(len(self), dtype=np.bool_)
        held[self.of_node[nodes]] = True
        return held

    def exit_times(self, graph: RoadGraph, milliseconds: Ints) -> Ints:
        """Return the time from each node to each gate of its region without leaving it: shape (n, k).

        `UNREACHED_MS` where it cannot be reached so; 0 for the gates themselves. One search for each of the k, from
        the gates of all regions at once: a region's gates are set apart from those of its neighbours.
        """
        n, (_, k) = len(graph.lat), self.exits.shape
        apart, last = self._apart(graph, milliseconds)
        times = np.full((n, k), UNREACHED_MS, dtype=np.int32)
        for slot in range(k):
            known = np.flatnonzero(last[:, slot])
            if len(known):
                found = dijkstra(apart, indices=n + known * k + slot, min_only=True)[:n]
                times[:, slot] = np.minimum(found, UNREACHED_MS)
        times[self.gates, :1] = 0
        return times

    def _apart(self, graph: RoadGraph, milliseconds: Ints) -> tuple[csr_array, Bools]:
        """Return the backward times within regions, gate ``s`` of region ``r`` being node ``n + r k + s``, and which
        of these there are, shape (r, k)."""
        n, (r, k) = len(graph.lat), self.exits.shape
        pieces = r - len(self.gates)
        region, ahead = self.of_node[graph.tail], self.of_node[graph.head]
        inner = np.flatnonzero((region < pieces) & ((region == ahead) | (ahead >= pieces)))
        region, ahead, head = region[inner], ahead[inner], graph.head[inner].astype(np.int64)
        leaving = ahead >= pieces
        slots = (self.exits[region[leaving]] == (ahead[leaving] - pieces)[:, None]).argmax(axis=1)
        head[leaving] = n + region[leaving].astype(np.int64) * k + slots
        there = np.zeros((r, k), dtype=np.bool_)
        there[region[leaving], slots] = True
        size = n + r * k
        return quickest(head, graph.tail[inner].astype(np.int64), milliseconds[inner], size), there


class CrowFlight:
    """Which regions could be within reach if the road were as straight as can be, and as fast as any.

    On the unit sphere and along its chords, for which the triangle inequality holds.
    """

    def __init__(self, graph: RoadGraph, milliseconds: Ints, regions: Regions) -> None:
        points = unit_vectors(graph.lat, graph.lon)
        spans = np.linalg.norm(points[graph.tail] - points[graph.head], axis=1)
        self._points = points
        self._fastest = float(np.max(spans / milliseconds, initial=0.0)) * _ROUNDING
        self._middles = np.zeros((len(regions), 3))
        np.add.at(self._middles, regions.of_node, points)
        self._middles /= np.bincount(regions.of_node, minlength=len(regions))[:, None]
        self._radii = np.zeros(len(regions))
        np.maximum.at(
            self._radii, regions.of_node, np.linalg.norm(points - self._middles[regions.of_node], axis=1)
        )

    def regions_within(self, node: int, cut_ms: float) -> Bools:
        """Return for each region whether it may hold a node that is so near, shape (r,); true if it does."""
        away = np.linalg.norm(self._middles - self._points[node], axis=1)
        within: Bools = away <= self._radii * _ROUNDING + cut_ms * self._fastest + _HAIR
        return within


def quickest(rows: NDArray[np.int64], columns: NDArray[np.int64], milliseconds: Ints, size: int) -> csr_array:
    """Return the times of arcs as a matrix, shape (size, size): of those between the same two nodes the least.

    SciPy left alone would add them up.
    """
    by_row = np.lexsort((milliseconds, columns, rows))
    rows, columns, times = rows[by_row], columns[by_row], milliseconds[by_row]
    first = np.ones(len(rows), dtype=np.bool_)
    first[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
    starts = np.searchsorted(rows[first], np.arange(size + 1)).astype(np.int32)
    held = (times[first].astype(np.float64), columns[first].astype(np.int32), starts)
    return csr_array(held, shape=(size, size))


def _find_gates(graph: RoadGraph, largest: int) -> Bools:
    """Return which nodes are gates: those that, added in the contraction order, would make too large a piece.

    Whoever is above a gate is one too: so all gates together are the top of the hierarchy, which is searched quickly.
    """
    n = len(graph.lat)
    lower, first = _lower_neighbours(graph)
    piece, size, gate = list(range(n)), [1] * n, [False] * n
    for at, node in enumerate(graph.order.tolist()):
        below = lower[first[at] : first[at + 1]]
        roots = {_root(piece, one) for one in below}
        whole = 1 + sum(size[root] for root in roots)
        gate[node] = whole > largest or any(gate[one] for one in below)
        if not gate[node]:
            size[node] = whole
            for root in roots:
                piece[root] = node
    return np.array(gate, dtype=np.bool_)


def _lower_neighbours(graph: RoadGraph) -> tuple[list[int], list[int]]:
    """Return for each node, in the contraction order, its neighbours that come before it: all in a row, and where
    those of each begin."""
    n = len(graph.lat)
    rank = np.empty(n, dtype=np.int64)
    rank[graph.order] = np.arange(n)
    upper, lower = (
        np.maximum(rank[graph.tail], rank[graph.head]),
        np.minimum(rank[graph.tail], rank[graph.head]),
    )
    pairs = np.unique((upper * n + lower)[upper != lower])
    first = np.searchsorted(pairs // max(n, 1), np.arange(n + 1))
    return graph.order[pairs % max(n, 1)].tolist(), first.tolist()


def _root(piece: list[int], node: int) -> int:
    """Return the node that stands for a piece, and make the way there shorter."""
    while piece[node] != node:
        piece[node] = piece[piece[node]]
        node = piece[node]
    return node


def _pieces(graph: RoadGraph, is_gate: Bools) -> tuple[Ints, int]:
    """Return the piece of each node that is no gate, and how many pieces there are."""
    n = len(graph.lat)
    inner = ~(is_gate[graph.tail] | is_gate[graph.head])
    arcs = (np.ones(np.count_nonzero(inner), dtype=np.int8), (graph.tail[inner], graph.head[inner]))
    _, labels = connected_components(csr_array(arcs, shape=(n, n)), directed=False)
    of_node = np.full(n, -1, dtype=np.int32)
    used, of_node[~is_gate] = np.unique(labels[~is_gate], return_inverse=True)
    return of_node, len(used)


def _exits(graph: RoadGraph, is_gate: Bools, of_node: Ints, pieces: int, gates: Ints) -> Ints:
    """Return the gates of each region: the heads of the arcs that leave a piece, and each gate for itself."""
    leaving = is_gate[graph.head] & ~is_gate[graph.tail]
    own = of_node[gates] - pieces
    region = np.concatenate([of_node[graph.tail[leaving]], of_node[gates]]).astype(np.int64)
    gate = np.concatenate([of_node[graph.head[leaving]] - pieces, own]).astype(np.int64)
    pairs = np.unique(region * (len(gates) + 1) + gate)
    region, gate = pairs // (len(gates) + 1), pairs % (len(gates) + 1)
    slot = np.arange(len(pairs)) - np.searchsorted(region, region)
    exits = np.full((pieces + len(gates), int(slot.max(initial=0)) + 1), len(gates), dtype=np.int32)
    exits[region, slot] = gate
    return exits


def least(table: Floats) -> Floats:
    """Return the least of each row of at least one column, ``inf`` where nothing is reached.

    Column by column: NumPy's own way along short rows takes three times as long.
    """
    found: Floats = table[:, 0].copy()
    for column in range(1, table.shape[1]):
        np.minimum(found, table[:, column], out=found)
    found[found >= UNREACHED_MS] = np.inf
    return found
