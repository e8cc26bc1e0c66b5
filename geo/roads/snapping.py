"""Which road node a place belongs to: the nearest one, with a word on islands.

Every road node is an entrance to the roads. A place takes the nearest within ``access_max_m``, by great circle: the
nodes' unit vectors are in a k-d tree, where the nearest along the chord is the nearest along the circle.

Roads that are not joined to the others (`RoadGraph.island` is not 0) are a trap: who is snapped to them reaches nobody
else. Some are real islands; far more are mistakes of a map, such as a hospital's yard whose gate was never joined to
the street. So a node off the mainland has a handicap:

- on an island with at least `ISLAND_ROADS_M` of roads it must be nearer than the mainland by more than `ISLAND_M`:
  a vehicle on a real island stays there, though the coast be in sight; one beside it on the mainland is not caught;
- on a smaller one, a *fragment*, it counts only where nothing else is within ``access_max_m``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.cells import EARTH_RADIUS_M, MAX_LATITUDE, MAX_LONGITUDE, LatLon
from geo.roads.graph import Floats, Ints, RoadGraph
from geo.travel_time import Located, Snap

ISLAND_M = 200.0
"""A node of another island must be nearer than the mainland by more than this."""
ISLAND_ROADS_M = 5_000.0
"""Roads of an island in metres, each direction counted: with fewer it is a fragment, a mistake of the map."""

NOWHERE = -1
"""Stands for the node of a place off all roads."""

_HAIR_M = 0.5
"""The tree looks so much farther than it must: rounding leaves nobody out who is just within."""


@dataclass(frozen=True, slots=True)
class _Entrances:
    """Nodes of one kind of island, and how much nearer than the mainland they must be."""

    nodes: NDArray[np.int64]
    tree: cKDTree
    handicap_m: float


class Snapper:
    """Takes places to the nodes of one graph. Safe to share between threads; the tree releases the GIL."""

    def __init__(self, graph: RoadGraph, access_max_m: float) -> None:
        self.graph = graph
        self.access_max_m = access_max_m
        self._radius = chord(access_max_m + _HAIR_M)
        points, kind = unit_vectors(graph.lat, graph.lon), _kinds(graph)
        handicaps = (0.0, ISLAND_M, access_max_m)
        members = [np.flatnonzero(kind == one) for one in range(len(handicaps))]
        self._entrances = [
            _Entrances(nodes, cKDTree(points[nodes]), handicap)
            for nodes, handicap in zip(members, handicaps, strict=True)
            if len(nodes)
        ]

    def snap(self, places: Sequence[Located]) -> list[Snap | None]:
        """Return the road node of each place, ``None`` for one off all roads."""
        nodes, access_m = self.nodes(places)
        return [
            None if node == NOWHERE else Snap(node, metres)
            for node, metres in zip(nodes.tolist(), access_m.tolist(), strict=True)
        ]

    def nodes(self, places: Sequence[Located]) -> tuple[Ints, Floats]:
        """Return node (`NOWHERE` off all roads) and metres to it of each place, shape (k,) both.

        Metres are rounded to decimetres, which a ``real`` column of a database keeps: times computed from a stored
        row are those computed from the place. Raises ValueError for a place out of range.
        """
        lat = np.array([one.lat for one in places], dtype=np.float64)
        lon = np.array([one.lon for one in places], dtype=np.float64)
        _check(lat, lon)
        points = unit_vectors(lat, lon)
        best = np.full(len(lat), np.inf)
        nodes = np.full(len(lat), NOWHERE, dtype=np.int32)
        for kind in self._entrances:
            chords, found = kind.tree.query(points, distance_upper_bound=self._radius)
            metres = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(chords / 2, 1.0)) + kind.handicap_m
            better = np.isfinite(chords) & (metres < best)
            best[better] = metres[better]
            nodes[better] = kind.nodes[found[better]]
        return self._with_metres(nodes, lat, lon)

    def around(self, place: LatLon, radius_m: float) -> NDArray[np.int64]:
        """Return every node within so many metres of a place, and perhaps a few a hair farther."""
        point, radius = (
            unit_vectors(np.array([place.lat]), np.array([place.lon]))[0],
            chord(radius_m + _HAIR_M),
        )
        found = [kind.nodes[kind.tree.query_ball_point(point, radius)] for kind in self._entrances]
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)

    def _with_metres(self, nodes: Ints, lat: Floats, lon: Floats) -> tuple[Ints, Floats]:
        """Measure what was found, and let go what is beyond the limit after all."""
        metres = great_circles_m(lat, lon, self.graph.lat[nodes], self.graph.lon[nodes])
        beyond = (nodes == NOWHERE) | (metres > self.access_max_m)
        return np.where(beyond, NOWHERE, nodes).astype(np.int32), np.where(beyond, 0.0, np.round(metres, 1))


def unit_vectors(lat: Floats, lon: Floats) -> Floats:
    """Return the points of the unit sphere at so many degrees: shape (k, 3)."""
    phi, theta = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)], axis=1)


def chord(metres: float) -> float:
    """Return the straight line through the unit sphere that spans so many metres of its surface."""
    return float(2 * np.sin(min(metres / (2 * EARTH_RADIUS_M), np.pi / 2)))


def great_circles_m(lat1: Floats | float, lon1: Floats | float, lat2: Floats, lon2: Floats) -> Floats:
    """Return great-circle distances in metres, as `geo.cells.great_circle_m` does; shapes are broadcast."""
    half_lat, half_lon = np.radians(lat2 - lat1) / 2, np.radians(lon2 - lon1) / 2
    square = (
        np.sin(half_lat) ** 2 + np.cos(np.radians(lat1)) * np.cos(np.radians(lat2)) * np.sin(half_lon) ** 2
    )
    metres: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(1.0, square)))
    return metres


def _kinds(graph: RoadGraph) -> NDArray[np.int8]:
    """Return for each node 0 on the mainland, 1 on an island, 2 on a fragment."""
    if len(graph.island) == 0:
        return np.empty(0, dtype=np.int8)
    roads_m = np.bincount(graph.island[graph.tail], graph.length_cm, int(graph.island.max()) + 1) / 100
    kind = np.where(roads_m < ISLAND_ROADS_M, 2, 1).astype(np.int8)
    kind[0] = 0
    return kind[graph.island]


def _check(lat: Floats, lon: Floats) -> None:
    """Raise ValueError for coordinates that are not finite or out of range."""
    good = (np.abs(lat) <= MAX_LATITUDE) & (np.abs(lon) <= MAX_LONGITUDE)
    if not good.all():
        bad = int(np.argmin(good))
        raise ValueError(f"not a place on Earth: latitude {lat[bad]}, longitude {lon[bad]}")
