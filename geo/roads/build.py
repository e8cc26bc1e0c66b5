"""Makes a road graph of what was read from an extract. The same extract gives the same graph, to the bit."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geo.roads.graph import About, RoadGraph
from geo.roads.islands import islands_of
from geo.roads.lines import Arcs, Indices, Lines, cut_lines, junctions, make_arcs, refine
from geo.roads.ordering import order_of
from geo.roads.raw import BadExtractError, RawRoads, Tell
from geo.roads.speeds import CLASSES

VERSION = 1
"""Grows when the same extract gives another graph: what was made by an earlier version is made again."""

SMALLEST_ISLAND = 100
"""Roads that are cut off from the others are kept from so many nodes on; the largest is kept whatever its size."""

_E7 = 1e7
_SPREADS = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)


@dataclass(frozen=True, slots=True)
class Built:
    """What became of the lines."""

    islands: tuple[int, ...]
    """Nodes of each island kept, the largest first."""
    islands_dropped: int
    """Too small; with `dead_ends` not among them."""
    nodes_dropped: int
    """Nodes of those islands."""
    dead_ends: int
    """Nodes dropped because they lead nowhere or come from nowhere: one-way roads that the extract's rim cuts."""
    arcs_twice: int
    """Arcs dropped because a shorter one joins the same two nodes the same way."""
    km: Mapping[str, float]
    """Kilometres of road by class; a road that is driven both ways counts once."""


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """What lies on the islands that are kept: ``n`` nodes."""

    place: Indices
    """(n,) indices into the places of the lines."""
    island: Indices
    """(n,)"""
    arcs: Arcs
    """Between these nodes, by tail and head."""
    sizes_dropped: Indices
    """Nodes of each island that was dropped."""


def build(
    raw: RawRoads,
    about: About,
    smallest_island: int = SMALLEST_ISLAND,
    tell: Tell = lambda _phase, _done: None,
) -> tuple[RoadGraph, Built]:
    """Return the graph, and what became of the roads. Raises BadExtractError if nothing is left to drive on."""
    tell("cutting roads into arcs", len(raw.road))
    lines = refine(cut_lines(raw))
    if not len(lines.place):
        raise BadExtractError(
            "the extract holds roads but hardly any of their nodes: nothing is left to drive on"
        )
    arcs, twice = _without_twins(make_arcs(lines, junctions(lines), raw))
    tell("looking for islands", len(arcs.tail))
    kept = _on_islands(lines, arcs, smallest_island)
    tell("ordering nodes", len(kept.place))
    graph = _graph(lines, kept, about)
    return graph, _built(graph, kept.sizes_dropped, twice)


def _without_twins(arcs: Arcs) -> tuple[Arcs, int]:
    """Of arcs that join the same nodes the same way the shortest, then the one of the better class, then the faster."""
    order = np.lexsort((-arcs.limit_kmh.astype(np.int64), arcs.road, arcs.length_cm, arcs.head, arcs.tail))
    arcs = arcs.take(order)
    first = np.append(True, (np.diff(arcs.tail) != 0) | (np.diff(arcs.head) != 0))[: len(order)]
    return arcs.take(first), int((~first).sum())


def _on_islands(lines: Lines, arcs: Arcs, smallest: int) -> _Kept:
    """Keep the islands that are large enough, and number their nodes anew."""
    place, ends = np.unique(np.append(arcs.tail, arcs.head), return_inverse=True)
    order = _along_a_curve(lines.lat[place], lines.lon[place])
    tail, head = np.split(_inverse(order)[ends], 2)
    island, sizes = islands_of(len(place), tail, head)
    if not len(sizes) or sizes[0] == 1:
        raise BadExtractError("the extract holds no two places that can be reached from each other")
    large = (sizes >= smallest) | (np.arange(len(sizes)) == 0)
    kept = large[island]
    number = np.cumsum(kept) - 1
    within = kept[tail] & kept[head]
    arcs = replace(arcs.take(within), tail=number[tail[within]], head=number[head[within]])
    sorted_arcs = arcs.take(np.lexsort((arcs.head, arcs.tail)))
    return _Kept(place[order][kept], island[kept], sorted_arcs, sizes[~large])


def _along_a_curve(lat: Indices, lon: Indices) -> Indices:
    """The order of places along Morton's curve: neighbours get near numbers, and a search runs through near memory."""
    north, east = _spread(lat + 900_000_000), _spread(lon + 1_800_000_000)
    return np.argsort(north << np.uint64(1) | east, kind="stable")


def _spread(values: Indices) -> NDArray[np.uint64]:
    """The bits of 32-bit numbers with a zero between each two."""
    bits = values.astype(np.uint64)
    for shift, mask in _SPREADS:
        bits = (bits | bits << np.uint64(shift)) & np.uint64(mask)
    return bits


def _inverse(order: Indices) -> Indices:
    inverse = np.empty_like(order)
    inverse[order] = np.arange(len(order))
    return inverse


def _graph(lines: Lines, kept: _Kept, about: About) -> RoadGraph:
    lat, lon = lines.lat[kept.place] / _E7, lines.lon[kept.place] / _E7
    arcs = kept.arcs
    tail, head = arcs.tail.astype(np.int32), arcs.head.astype(np.int32)
    return RoadGraph(
        about=about,
        lat=lat,
        lon=lon,
        island=kept.island.astype(np.int32),
        tail=tail,
        head=head,
        length_cm=arcs.length_cm.astype(np.int32),
        road=arcs.road,
        limit_kmh=arcs.limit_kmh,
        order=order_of(lat, lon, tail, head),
    )


def _built(graph: RoadGraph, dropped: Indices, twice: int) -> Built:
    islands = dropped[dropped > 1]
    return Built(
        islands=tuple(np.bincount(graph.island).tolist()),
        islands_dropped=len(islands),
        nodes_dropped=int(islands.sum()),
        dead_ends=len(dropped) - len(islands),
        arcs_twice=twice,
        km=kilometres(graph),
    )


def kilometres(graph: RoadGraph) -> dict[str, float]:
    """Return the kilometres by class, in the order of the classes, without those that do not occur.

    A road that is driven both ways counts once.
    """
    nodes = np.int64(len(graph.lat))
    there, back = graph.tail * nodes + graph.head, graph.head * nodes + graph.tail
    share = np.where(np.isin(back, there), 0.5, 1.0)
    metres = np.bincount(graph.road, weights=graph.length_cm * share / 100, minlength=len(CLASSES))
    return {name: float(one) / 1000 for name, one in zip(CLASSES, metres, strict=True) if one}
