"""The ways to ask who can be at a place in time by road; each answers with the numbers of the vehicles."""

import heapq
from collections.abc import Callable, Sequence
from math import inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection

from bench.lookup_methods import Query
from bench.turns import Method, Numbers
from geo.cells import LatLon
from geo.roads.snapping import NOWHERE
from geo.roads.travel import RoadApproach, RoadTravel
from geo.travel_time import Approach, Origin, Profile, Snap

SLOW = 20
"""Plain Python is asked no more often than this."""
MS = 1_000.0

PACKED = np.dtype([("high", ">u8"), ("number", ">u8"), ("node", ">i4"), ("access_m", ">f4")])
_NODE = f"int4send(coalesce(road_node, {NOWHERE})) || float4send(coalesce(road_access_m, 0))"
_PACK = f"string_agg(uuid_send(vehicle_id) || {_NODE}, '')"
_FROM = "FROM vehicle_positions"
_BY_CELLS = f"{_FROM} WHERE cover_cell = ANY(%t::bigint[])"
_ROWS = "SELECT vehicle_id, lat, lon, road_graph, road_node, road_access_m"
WHOLE_GRAPH = "scipy, uncut, every row"

Packed = NDArray[np.void]
Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


class Asked(NamedTuple):
    """A place on the roads, and how many seconds there are."""

    place: LatLon
    within_s: float


def by_roads(connection: Connection, travel: RoadTravel) -> Method[Asked]:
    """Ours, with one of the searches: the earliest arrivals."""
    cursor = connection.cursor(binary=True)

    def earliest(asked: Asked) -> Numbers:
        approach = on_roads(travel.approach(asked.place, asked.within_s, Profile.URGENT))
        told = cursor.execute(f"SELECT {_PACK} {_BY_CELLS}", (Query.written(approach.cells),), prepare=True)
        found = _unpacked(told.fetchone())
        nodes, access_m = _starts(found)
        return _of(found, approach.bounds(nodes, access_m).earliest_s <= asked.within_s)

    return Method(f"{travel.search.name}, cells, packed", earliest, _same, WHOLE_GRAPH)


def by_roads_in_rows(connection: Connection, travel: RoadTravel) -> Method[Asked]:
    """Ours as the survey asks: row by row, both bounds. Of an engine of its own: Dijkstra's keeps its last searches."""
    cursor = connection.cursor(binary=True)

    def rows(asked: Asked) -> Numbers:
        approach = travel.approach(asked.place, asked.within_s, Profile.DAY)
        told = cursor.execute(
            f"{_ROWS} {_BY_CELLS}", (Query.written(approach.cells),), prepare=True
        ).fetchall()
        ways = approach.ways(
            [Origin(lat, lon, graph, node, m or 0.0) for _, lat, lon, graph, node, m in told]
        )
        pairs = zip(told, ways, strict=True)
        near = [row[0].int for row, way in pairs if row[4] is not None and way.earliest_s <= asked.within_s]
        return np.array(near, dtype=np.int64)

    return Method(f"{travel.search.name}, cells, rows, both bounds", rows, _same, WHOLE_GRAPH)


def by_whole_graph(connection: Connection, travel: RoadTravel) -> Method[Asked]:
    """Every row, and a search that is cut nowhere: no cell, no limit."""
    cursor = connection.cursor(binary=True)

    def ask(asked: Asked) -> Numbers:
        found = _unpacked(cursor.execute(f"SELECT {_PACK} {_FROM}", prepare=True).fetchone())
        return _of(found, total_ms(travel, asked.place, *_starts(found)) <= asked.within_s * MS)

    return Method(WHOLE_GRAPH, ask, _same)


def by_plain_python(connection: Connection, travel: RoadTravel) -> Method[Asked]:
    """Every row, and Dijkstra's algorithm as a textbook has it, cut at the limit."""
    cursor, arcs = connection.cursor(binary=True), _arcs_into(travel)

    def ask(asked: Asked) -> Numbers:
        found = _unpacked(cursor.execute(f"SELECT {_PACK} {_FROM}", prepare=True).fetchone())
        nodes, access_m = _starts(found)
        snap = snap_of(travel, asked.place)
        reached = _textbook(arcs, snap.node, int(asked.within_s * MS))
        road_ms = np.array([reached.get(node, inf) for node in nodes.tolist()])
        access_ms = travel.access_ms(access_m, Profile.URGENT) + _place_ms(travel, snap)
        return _of(found, road_ms + access_ms <= asked.within_s * MS)

    return Method("plain Python, cut, every row", ask, _same, WHOLE_GRAPH, at_most=SLOW)


def truth_of(connection: Connection, travel: RoadTravel) -> Callable[[Asked], Numbers]:
    """Who is in time by an uncut search: asked outside the clock, of an engine that nobody else asks."""
    found = _unpacked(connection.cursor(binary=True).execute(f"SELECT {_PACK} {_FROM}").fetchone())

    def truth(asked: Asked) -> Numbers:
        return _of(found, total_ms(travel, asked.place, *_starts(found)) <= asked.within_s * MS)

    return truth


def total_ms(travel: RoadTravel, place: LatLon, nodes: Ints, access_m: Floats) -> Floats:
    """Milliseconds of road and of both accesses, nothing cut; ``inf`` from nowhere."""
    snap = snap_of(travel, place)
    road_ms = travel.search.towards(snap.node, np.maximum(nodes, 0), Profile.URGENT, inf)
    total: Floats = road_ms + travel.access_ms(access_m, Profile.URGENT) + _place_ms(travel, snap)
    total[nodes == NOWHERE] = inf
    return total


def on_roads(approach: Approach) -> RoadApproach:
    """The approach of a place that is known to be on the roads."""
    if not isinstance(approach, RoadApproach):
        raise TypeError("the place is on no road")
    return approach


def snap_of(travel: RoadTravel, place: LatLon) -> Snap:
    """The road node of a place that is known to be on the roads."""
    [snap] = travel.snap([place])
    if snap is None:
        raise ValueError(f"{place} is on no road")
    return snap


def _place_ms(travel: RoadTravel, snap: Snap) -> float:
    return float(travel.access_ms(np.array([snap.access_m]), Profile.URGENT)[0])


def _arcs_into(travel: RoadTravel) -> list[list[tuple[int, int]]]:
    """For each node those from which an arc leads to it, and its milliseconds."""
    graph = travel.graph
    times = travel.speeds.milliseconds(graph, Profile.URGENT)
    arcs: list[list[tuple[int, int]]] = [[] for _ in range(len(graph.lat))]
    for tail, head, took in zip(graph.tail.tolist(), graph.head.tolist(), times.tolist(), strict=True):
        arcs[head].append((tail, took))
    return arcs


def _textbook(arcs: Sequence[Sequence[tuple[int, int]]], node: int, cut_ms: int) -> dict[int, int]:
    best, heap = {node: 0}, [(0, node)]
    while heap:
        took, at = heapq.heappop(heap)
        if took > best[at]:
            continue
        for before, more in arcs[at]:
            total = took + more
            if total <= cut_ms and total < best.get(before, cut_ms + 1):
                best[before] = total
                heapq.heappush(heap, (total, before))
    return best


def _unpacked(row: Any) -> Packed:
    return np.frombuffer(row[0] or b"", dtype=PACKED)


def _starts(found: Packed) -> tuple[Ints, Floats]:
    return found["node"].astype(np.int32), found["access_m"].astype(np.float64)


def _of(found: Packed, chosen: NDArray[np.bool_]) -> Numbers:
    return found["number"][chosen].astype(np.int64)


def _same(numbers: Numbers) -> Numbers:
    return numbers
