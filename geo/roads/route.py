"""The way that one vehicle takes along a road graph, as a line to draw."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geo.cells import LatLon
from geo.roads.graph import Ints, RoadGraph


@dataclass(frozen=True, slots=True)
class Route:
    """From where a vehicle is to a place: the points of the line, how long it takes and how long it is.

    The first point is the vehicle's own place and the last one the place itself, which lie beside the road; those
    between are the nodes of the graph. ``seconds`` is exactly what the engine's `ways` says for the same profile.
    """

    points: tuple[LatLon, ...]
    seconds: float
    metres: float


def metres_along(graph: RoadGraph, milliseconds: Ints, nodes: Sequence[int]) -> float:
    """Return the length in metres of the quickest arcs along nodes that follow each other.

    ``milliseconds`` is the time of each arc, shape (m,). Raises ValueError where no arc leads from one to the next.
    """
    first = np.searchsorted(graph.tail, nodes[:-1], side="left")
    last = np.searchsorted(graph.tail, nodes[:-1], side="right")
    arcs = [_quickest(graph, milliseconds, *step) for step in zip(first, last, nodes[1:], strict=True)]
    return float(graph.length_cm[np.array(arcs, dtype=np.int64)].sum(dtype=np.int64)) / 100


def _quickest(graph: RoadGraph, milliseconds: Ints, first: int, last: int, head: int) -> int:
    """Return which of the arcs of one tail leads to a node in the least time."""
    there = first + np.flatnonzero(graph.head[first:last] == head)
    if len(there) == 0:
        raise ValueError(f"no arc leads to node {head}")
    return int(there[np.argmin(milliseconds[there])])
