"""Cuts drivable ways into the nodes and arcs of a graph.

Of a way's points only some become nodes: where roads meet, where a way ends, and as many between as are needed for no
arc to be longer than `LONGEST_M`, so that a place is snapped near to where it is. The others only lend their length.

All is computed in whole numbers and with the four operations and the square root alone, which are the same on every
machine; so are the graph and its identity.
"""

from dataclasses import dataclass, replace
from math import factorial, pi

import numpy as np
from numpy.typing import NDArray

from geo.cells import EARTH_RADIUS_M
from geo.roads.raw import RawRoads

LONGEST_M = 500.0
"""No arc is longer."""

Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]

_LONGEST_MM = int(LONGEST_M * 1000)
_HALF_MM = _LONGEST_MM // 2
_E7 = 10_000_000
_ROUND = 360 * _E7
_COSINE_TERMS = 12
"""Terms of the series of the cosine: exact to rounding up to 90 degrees."""


@dataclass(frozen=True, eq=False)
class Lines:
    """Points along lines: ``p`` points, ``q`` places. Each line is a run of points of one way, without a gap."""

    lat: Indices
    """(q,) 1e-7 degrees."""
    lon: Indices
    """(q,)"""
    place: Indices
    """(p,) where a point is; the same place on two lines joins them."""
    way: Indices
    """(p,) whose it is."""
    begins: Flags
    """(p,) whether a line begins here."""

    @property
    def ends(self) -> Flags:
        """(p,) whether a line ends here."""
        return np.append(self.begins[1:], True)[: len(self.begins)]


@dataclass(frozen=True, eq=False)
class Arcs:
    """Directed arcs between places: ``m`` of them."""

    tail: Indices
    head: Indices
    length_cm: Indices
    road: NDArray[np.uint8]
    limit_kmh: NDArray[np.uint8]

    def take(self, which: "Indices | Flags") -> "Arcs":
        """Some of them, in this order."""
        return Arcs(
            self.tail[which], self.head[which], self.length_cm[which], self.road[which], self.limit_kmh[which]
        )


def cut_lines(raw: RawRoads) -> Lines:
    """Return the lines of an extract: cut where a node is missing, and where a barrier stands."""
    found = np.searchsorted(raw.node, raw.refs)
    known = raw.node[np.minimum(found, len(raw.node) - 1)] == raw.refs
    way = np.repeat(np.arange(len(raw.road)), np.diff(raw.start))
    begins = np.zeros(len(raw.refs), dtype=np.bool_)
    begins[raw.start[:-1]] = True
    begins[1:] |= ~known[:-1]
    # A line that begins with a missing node begins after it; whatever follows one is marked already.
    again = np.zeros_like(begins)
    again[1:] = (found[1:] == found[:-1]) & ~begins[1:]
    kept = known & ~again
    lines = Lines(raw.lat, raw.lon, found[kept], way[kept], begins[kept])
    return _without_single_points(_cut_at(lines, raw.closed[lines.place]))


def refine(lines: Lines) -> Lines:
    """Return the lines with points between, so that no two neighbours are farther apart than `LONGEST_M`."""
    length = segment_mm(lines)
    pieces = np.maximum(-(-length // _LONGEST_MM), 1)
    at = np.repeat(np.arange(len(length)), pieces)
    step = np.arange(len(at)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    new = step > 0
    lat, lon = (_between(values, lines, at[new], step[new], pieces) for values in (lines.lat, lines.lon))
    place = lines.place[at]
    place[new] = len(lines.lat) + np.arange(int(new.sum()))
    begins = lines.begins[at] & ~new
    return Lines(np.append(lines.lat, lat), np.append(lines.lon, lon), place, lines.way[at], begins)


def segment_mm(lines: Lines) -> Indices:
    """Return the millimetres from each point to the next one, 0 at the end of a line: shape ``(p,)``.

    On the tangent plane at the middle: within a metre in a hundred kilometres of the great circle.
    """
    lat, lon = lines.lat[lines.place], lines.lon[lines.place]
    north = np.diff(lat, append=lat[-1:])
    east = np.diff(lon, append=lon[-1:])
    east -= _ROUND * ((east > _ROUND // 2).astype(np.int64) - (east < -_ROUND // 2).astype(np.int64))
    scale = EARTH_RADIUS_M * 1000 * (pi / 180) / _E7
    wide = east * _cosine((lat + north / 2) / _E7)
    length = np.rint(np.sqrt(north.astype(np.float64) ** 2 + wide**2) * scale).astype(np.int64)
    length[lines.ends] = 0
    return length


def junctions(lines: Lines) -> Flags:
    """Return which points become nodes (p,): ends, meetings, and some between."""
    met = np.bincount(lines.place, minlength=len(lines.lat))[lines.place] > 1
    return _spaced(lines, lines.begins | lines.ends | met)


def make_arcs(lines: Lines, kept: Flags, raw: RawRoads) -> Arcs:
    """Return the arcs between neighbouring kept points, in each direction that is driven; none from a node to itself."""
    along = np.cumsum(segment_mm(lines)) - segment_mm(lines)
    at = np.flatnonzero(kept)
    first, last = at[:-1], at[1:]
    joined = ~lines.begins[last] & (lines.place[first] != lines.place[last])
    first, last = first[joined], last[joined]
    way = lines.way[first]
    length_cm = np.maximum(-(-(along[last] - along[first]) // 10), 1)
    ahead, back = raw.direction[way] >= 0, raw.direction[way] <= 0
    tail, head = lines.place[first], lines.place[last]
    return Arcs(
        tail=np.append(tail[ahead], head[back]),
        head=np.append(head[ahead], tail[back]),
        length_cm=np.append(length_cm[ahead], length_cm[back]),
        road=np.append(raw.road[way[ahead]], raw.road[way[back]]),
        limit_kmh=np.append(raw.forward_kmh[way[ahead]], raw.backward_kmh[way[back]]),
    )


def _cut_at(lines: Lines, closed: Flags) -> Lines:
    """Cut every line at the closed points: both sides keep an end there, and none of them meets another."""
    at = np.repeat(np.arange(len(closed)), 1 + closed)
    second = np.append(False, at[1:] == at[:-1])[: len(at)]
    own = closed[at]
    place = lines.place[at]
    alone = place[own]
    place[own] = len(lines.lat) + np.arange(len(alone))
    lat, lon = np.append(lines.lat, lines.lat[alone]), np.append(lines.lon, lines.lon[alone])
    return Lines(lat, lon, place, lines.way[at], lines.begins[at] | second)


def _without_single_points(lines: Lines) -> Lines:
    kept = ~(lines.begins & lines.ends)
    return replace(lines, place=lines.place[kept], way=lines.way[kept], begins=lines.begins[kept])


def _between(values: Indices, lines: Lines, at: Indices, step: Indices, pieces: Indices) -> Indices:
    """The coordinate of points on the straight line after the points ``at``, rounded down."""
    here, there = values[lines.place[at]], values[lines.place[at + 1]]
    between: Indices = here + (there - here) * step // pieces[at]
    return between


def _spaced(lines: Lines, kept: Flags) -> Flags:
    """Keep more points where kept ones are far apart, join the same two places twice, or are one place."""
    length = segment_mm(lines)
    far = length > _HALF_MM
    kept = kept | far | np.append(False, far[:-1])[: len(far)]
    along = np.cumsum(length) - length
    at = np.flatnonzero(kept)
    stretch = np.cumsum(kept) - 1
    since = along - along[at][stretch]
    return kept | _crosses(since, _steps(lines, at, along)[stretch])


def _steps(lines: Lines, at: Indices, along: Indices) -> Indices:
    """Millimetres after which a point is kept, by stretch: shorter where a stretch would vanish or be one of two."""
    step = np.full(len(at), _HALF_MM)
    tail, head = lines.place[at[:-1]], lines.place[at[1:]]
    length = np.diff(along[at])
    real = ~lines.begins[at[1:]]
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    order = np.lexsort((length, high, low, ~real))
    twin = np.zeros(len(length), dtype=np.bool_)
    twin[order[1:]] = (np.diff(low[order]) == 0) & (np.diff(high[order]) == 0)
    loop = low == high
    step[:-1][real & twin] = np.minimum(_HALF_MM, length[real & twin] // 2)
    step[:-1][real & loop] = np.minimum(_HALF_MM, length[real & loop] // 3)
    least: Indices = np.maximum(step, 1)
    return least


def _crosses(since: Indices, step: Indices) -> Flags:
    """Whether a point is the first past a multiple of its step."""
    count = since // step
    return (count > 0) & (count > np.append(0, count[:-1])[: len(count)])


def _cosine(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cosine by its series: numpy's own may differ in the last digit between processors."""
    square = (degrees * (pi / 180)) ** 2
    total = np.zeros_like(square)
    for term in reversed(range(_COSINE_TERMS)):
        total = total * square + (-1) ** term / factorial(2 * term)
    return total
