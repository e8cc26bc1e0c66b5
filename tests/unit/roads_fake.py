"""Small road graphs for tests, and the plainest of searches to judge the others by."""

import heapq
from collections.abc import Sequence
from functools import cache
from math import cos, inf, radians
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from geo.roads.graph import About, Ints, RoadGraph
from geo.roads.speeds import CLASSES, Speeds
from geo.roads.travel import RoadTravel
from geo.straight import StraightTravel
from tests.fixtures.roads import andorra, aude

SPEEDS = Speeds.load(Path(__file__).parents[2] / "data" / "speeds.toml")
STRAIGHT = StraightTravel(70, 1.35, 90)
RESIDENTIAL = CLASSES.index("residential")

DEGREE_M = 111_195.0
"""Metres in a degree of latitude."""

Arc = tuple[int, int, int]
"""Tail, head and length in centimetres."""


def graph_of(places: Sequence[tuple[float, float]], arcs: Sequence[Arc], seed: int = 0) -> RoadGraph:
    """Make a graph of places (degrees) and arcs, in a random contraction order.

    Arcs that lead from one island to another, and nodes without arcs, are dropped: no graph has them. Nodes keep the
    order of their places. Classes of roads are drawn at random too, all with the limit unknown.
    """
    rng = np.random.default_rng(seed)
    n = len(places)
    tail, head, length = (np.array(column, dtype=np.int64) for column in zip(*arcs, strict=True))
    held = csr_array((np.ones(len(arcs)), (tail, head)), shape=(n, n))
    _, label = connected_components(held, connection="strong")
    inner = (label[tail] == label[head]) & (tail != head)
    used = np.zeros(n, dtype=bool)
    used[tail[inner]] = used[head[inner]] = True
    new = np.cumsum(used) - 1
    tail, head, length = new[tail[inner]], new[head[inner]], length[inner]
    by_tail = np.argsort(tail, kind="stable")
    lat, lon = np.array(places, dtype=np.float64)[used].T.reshape(2, -1)
    return RoadGraph(
        about=About("small", "invented", invented=True),
        lat=lat,
        lon=lon,
        island=_largest_first(label[used]),
        tail=tail[by_tail].astype(np.int32),
        head=head[by_tail].astype(np.int32),
        length_cm=length[by_tail].astype(np.int32),
        road=rng.integers(len(CLASSES), size=len(tail)).astype(np.uint8),
        limit_kmh=np.zeros(len(tail), dtype=np.uint8),
        order=rng.permutation(len(lat)).astype(np.int32),
    )


def _largest_first(label: Ints) -> Ints:
    _, which, size = np.unique(label, return_inverse=True, return_counts=True)
    rank = np.empty(len(size), dtype=np.int32)
    rank[np.argsort(-size, kind="stable")] = np.arange(len(size))
    found: Ints = rank[which]
    return found


@st.composite
def small_graphs(draw: st.DrawFn) -> RoadGraph:
    """Any graph of a few nodes: one-ways, islands, arcs between the same two nodes; always at least one island."""
    n = draw(st.integers(2, 14))
    node = st.integers(0, n - 1)
    drawn = draw(st.lists(st.tuples(node, node, st.integers(1, 500_000)), max_size=50))
    spot = st.integers(0, 400)
    spots = draw(st.lists(st.tuples(spot, spot), min_size=n, max_size=n))
    places = [(43 + y / 1000, 2 + x / 1000) for y, x in spots]
    return graph_of(places, [(0, 1, 100_000), (1, 0, 90_000), *drawn], draw(st.integers(0, 99)))


def plain_times(
    graph: RoadGraph, milliseconds: Ints, starts: dict[int, float], *, backward: bool = False
) -> list[float]:
    """Dijkstra's search as in the book: milliseconds from the starts, each with its own beginning, to every node."""
    tails, heads = (graph.head, graph.tail) if backward else (graph.tail, graph.head)
    leads: dict[int, list[tuple[int, int]]] = {}
    for tail, head, time in zip(tails.tolist(), heads.tolist(), milliseconds.tolist(), strict=True):
        leads.setdefault(tail, []).append((head, time))
    best = [inf] * len(graph.lat)
    waiting = [(lead, node) for node, lead in starts.items()]
    heapq.heapify(waiting)
    while waiting:
        sofar, node = heapq.heappop(waiting)
        if sofar < best[node]:
            best[node] = sofar
            for head, time in leads.get(node, ()):
                heapq.heappush(waiting, (sofar + time, head))
    return best


def street(*places: tuple[float, float], length_cm: int = 100_000, seed: int = 0) -> RoadGraph:
    """A street through some places, driven both ways."""
    steps = [(at, at + 1) for at in range(len(places) - 1)]
    return graph_of(places, [(*step, length_cm) for pair in steps for step in (pair, pair[::-1])], seed)


def east(metres: float, lat: float = 43.0, lon: float = 2.0) -> tuple[float, float]:
    """Return the place so many metres east of another."""
    return lat, lon + metres / (DEGREE_M * cos(radians(lat)))


def mainland_and_island(metres: float, roads_m: float) -> RoadGraph:
    """A mainland of three nodes at 0 m and west of it, and an island so far east, with so much of roads."""
    places = [(43.0, 2.0), (43.0, 1.99), (43.0, 1.98), east(metres), east(metres + 10)]
    back_and_forth = [(0, 1), (1, 0), (1, 2), (2, 1)]
    half = int(roads_m * 100 / 2)
    return graph_of(places, [*((*pair, 1_000_000) for pair in back_and_forth), (3, 4, half), (4, 3, half)])


@cache
def andorra_travel(search: str = "contraction") -> RoadTravel:
    """The engine on the real roads of Andorra."""
    return RoadTravel(andorra(), SPEEDS, STRAIGHT, search)


@cache
def aude_travel(search: str = "contraction") -> RoadTravel:
    """The engine on the invented roads of the Aude."""
    return RoadTravel(aude(), SPEEDS, STRAIGHT, search)
