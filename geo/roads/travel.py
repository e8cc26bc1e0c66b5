"""The engine that knows roads: who can be at a place in time, by the road graph that it was given.

A time is the road's, from node to node, and an access at each end: from the vehicle to its node and from the place's
node to the place, as the crow flies at the profile's access speed. It is what the graph says, to the millisecond:
nothing is rounded in anybody's favour. Who stands on no road is estimated by the straight engine, and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from functools import cached_property, lru_cache
from math import inf
from typing import NamedTuple

import numpy as np

from geo.cells import LatLon, check_place, great_circle_m
from geo.roads.contraction import ContractionSearch
from geo.roads.covering import Covering
from geo.roads.dijkstra import DijkstraSearch
from geo.roads.discs import DiscCover
from geo.roads.graph import Floats, Ints, RoadGraph
from geo.roads.nearest import RoadTargets, make_targets, soonest
from geo.roads.regions import Regions
from geo.roads.route import Route, metres_along
from geo.roads.searching import MS, Search, Times
from geo.roads.snapping import NOWHERE, Snapper, great_circles_m
from geo.roads.speeds import Speeds
from geo.straight import StraightApproach, StraightTravel
from geo.travel_time import (
    BEYOND,
    NO_WAY,
    Gap,
    Located,
    Measure,
    Origin,
    Profile,
    Snap,
    Targets,
    Way,
    check_limit,
)

EDITION = 1
"""Grows when this engine finds another time for the same graph and speeds: part of the identity."""

HORIZON = 1.5
"""A way that takes up to so many times the limit is still told: near misses are explained with their minutes. Beyond
it there is none, by either search."""

SMALL_GRAPH = 100
"""Up to so many nodes ``auto`` takes Dijkstra's search, which is then the faster: beyond, contraction always was."""

LARGE_ISLAND_M = 100_000.0
"""With so many metres of roads an island is one, and no fault of the map: an island in the sea."""

APPROACHES_KEPT = 64
"""A demand that waits is surveyed again every few seconds: its cells are not looked for again."""

LONGEST_LEAD_S = 1_000_000.0
"""Eleven days: a longer one is a mistake, and the hierarchy counts in 32 bits. Who never leaves has an infinite one."""

HOUR_S = 3_600.0

_DECIMETRE_AT_KMH_MS = 360.0
"""A decimetre at one km/h takes so many milliseconds."""


class Bounds(NamedTuple):
    """Seconds to the earliest and the latest arrival of each of k vehicles, shape (k,); ``inf`` for no way."""

    earliest_s: Floats
    latest_s: Floats


class RoadTravel:
    """A `geo.travel_time.Travel` over one road graph. Safe to share between threads.

    ``search`` is ``dijkstra``, ``contraction`` or ``auto``, which takes the faster for the graph; both give the same
    times. A call holds Python's global lock for a millisecond or less on the graph of a département, so that a thread
    would gain nothing: call it on the event loop. Only `nearest` for thousands of targets, and `route` with
    Dijkstra's search, take tens of milliseconds.
    """

    def __init__(
        self, graph: RoadGraph, speeds: Speeds, fallback: StraightTravel, search: str = "auto"
    ) -> None:
        """Raises ValueError for an unknown search, or a graph without a node."""
        if len(graph.lat) == 0:
            raise ValueError("a road graph without a node leads nowhere")
        self.graph = graph
        self.speeds = speeds
        self.fallback = fallback
        roads_m = np.bincount(graph.island[graph.tail], weights=graph.length_cm / 100)
        self.large_islands = roads_m >= LARGE_ISLAND_M
        self.snapper = Snapper(graph, speeds.access_max_m)
        self.slowest_ratio = speeds.slowest_ratio(graph)
        self._times: Times = {profile: speeds.milliseconds(graph, profile) for profile in Profile}
        self.regions = Regions.of(graph)
        self.covering = Covering.of(graph, self.regions, self.snapper)
        self.off_roads = _discs(graph, fallback)
        self.search = self._make_search(search)
        self._approach = lru_cache(APPROACHES_KEPT)(self._new_approach)

    def _make_search(self, search: str) -> Search:
        if search == "auto":
            search = "dijkstra" if len(self.graph.lat) <= SMALL_GRAPH else "contraction"
        if search == "dijkstra":
            return DijkstraSearch(self.graph, self._times, self.regions)
        if search == "contraction":
            return ContractionSearch(self.graph, self._times, self.regions)
        raise ValueError(f"roads are searched by dijkstra, contraction or auto, not {search}")

    @cached_property
    def identity(self) -> str:
        """Return for example ``roads aude 3f2a9c0d1b4e speeds 9b1c77aa contraction 1 + straight speed=70 …``."""
        graph, speeds = f"{self.graph.about.name} {self.graph.graph_id}", self.speeds.identity
        return f"roads {graph} speeds {speeds} {self.search.name} {EDITION} + {self.fallback.identity}"

    @cached_property
    def graph_id(self) -> str:
        """Which graph places are snapped to, and how: ``3f2a9c0d1b4e.1.1000``, for 1,000 metres at most.

        A node that was stored under another one is not used: the same identity must give the same times.
        """
        return f"{self.graph.graph_id}.{EDITION}.{self.speeds.access_max_m:g}"

    def profile_at(self, local: time) -> Profile:
        """Return DAY or NIGHT."""
        return self.speeds.profile_at(local)

    def snap(self, places: Sequence[Located]) -> list[Snap | None]:
        """Return the road node of each place. Raises ValueError for one out of range."""
        return self.snapper.snap(places)

    def approach(
        self, place: Located, within_s: float, profile: Profile
    ) -> "RoadApproach | StraightApproach":
        """Search all ways to a place; those of the straight engine for a place off all roads."""
        check_place(place.lat, place.lon)
        check_limit(within_s)
        return self._approach(place.lat, place.lon, float(within_s), profile)

    def _new_approach(
        self, lat: float, lon: float, within_s: float, profile: Profile
    ) -> "RoadApproach | StraightApproach":
        place = LatLon(lat, lon)
        [snap] = self.snap([place])
        if snap is None:
            return self.fallback.approach(place, within_s, profile, Gap.PLACE_OFF_ROADS)
        return RoadApproach(self, place, snap, within_s, profile)

    def prepare(self, places: Sequence[Located]) -> RoadTargets:
        """Snap places. Raises ValueError for one out of range."""
        return make_targets(self.identity, self.snapper, places, self.access_ms)

    def nearest(self, origins: Sequence[Origin], leads_s: Sequence[float], targets: Targets) -> list[float]:
        """Return the seconds to each target from whoever is there first: one search from all at once.

        Raises ValueError for targets of another engine, for nodes of another graph, and for a lead that is no time.
        """
        if not (isinstance(targets, RoadTargets) and targets.identity == self.identity):
            raise ValueError("these places were prepared by another engine")
        leads = np.array(leads_s, dtype=np.float64)
        if (
            len(leads) != len(origins)
            or not ((leads >= 0) & ((leads <= LONGEST_LEAD_S) | np.isinf(leads))).all()
        ):
            raise ValueError(f"each origin needs a lead, from 0 to {LONGEST_LEAD_S:.0f} seconds or infinite")
        nodes, access_m = self.nodes_of(origins)
        starts_ms = np.round(leads * MS) + self.access_ms(access_m, Profile.URGENT)
        return soonest(self.search, self.fallback.fastest_pace, (origins, nodes, leads, starts_ms), targets)

    def route(self, origin: Origin, place: Located, profile: Profile) -> Route | None:
        """Return the way by road; ``None`` if none leads there, or one of both ends is off all roads."""
        check_place(place.lat, place.lon)
        [start], [start_m] = self.nodes_of([origin])
        [end], [end_m] = self.snapper.nodes([place])
        if NOWHERE in (start, end):
            return None
        nodes = self.search.path(int(start), int(end), profile)
        if nodes is None:
            return None
        times = self._times[profile]
        road_ms = self.search.towards(int(end), np.array([start]), profile, inf)[0]
        access_ms = self.access_ms(np.array([start_m, end_m]), profile).sum()
        along = map(LatLon, self.graph.lat[nodes].tolist(), self.graph.lon[nodes].tolist())
        points = (LatLon(origin.lat, origin.lon), *along, LatLon(place.lat, place.lon))
        metres = start_m + metres_along(self.graph, times, nodes) + end_m
        return Route(points, float(road_ms + access_ms) / MS, float(metres))

    def nodes_of(self, origins: Sequence[Origin]) -> tuple[Ints, Floats]:
        """Return node (`NOWHERE` off all roads) and access in metres of each origin, shape (k,) both.

        Origins that were not snapped to this graph are snapped now. Raises ValueError for a node that it has not.
        """
        own = self.graph_id
        nodes = np.array([NOWHERE if one.node is None else one.node for one in origins], dtype=np.int32)
        access_m = np.array([one.access_m for one in origins], dtype=np.float64)
        strangers = [at for at, one in enumerate(origins) if one.graph != own]
        if strangers:
            nodes[strangers], access_m[strangers] = self.snapper.nodes([origins[at] for at in strangers])
        self.check_nodes(nodes)
        return nodes, access_m

    def check_nodes(self, nodes: Ints) -> None:
        """Raise ValueError unless all are nodes of this graph, or `NOWHERE`: the hierarchy would panic."""
        if len(nodes) and not NOWHERE <= nodes.min() <= nodes.max() < len(self.graph.lat):
            raise ValueError("these are nodes of another graph")

    def access_ms(self, access_m: Floats, profile: Profile) -> Floats:
        """Return the whole milliseconds between places and their nodes: metres to the decimetre, rounded up."""
        decimetres = np.rint(access_m * 10)
        needed: Floats = np.ceil(decimetres * _DECIMETRE_AT_KMH_MS / self.speeds.access_kmh(profile))
        return needed


def _discs(graph: RoadGraph, fallback: StraightTravel) -> DiscCover:
    """Return the cover for discs around any place on the roads, made ready for an hour of the straight engine."""
    middle = LatLon(float(np.median(graph.lat)), float(np.median(graph.lon)))
    farthest_m = float(great_circles_m(*middle, graph.lat, graph.lon).max())
    return DiscCover(middle, farthest_m + fallback.reach_m(HOUR_S))


@dataclass(frozen=True)
class RoadApproach:
    """Every way to one place that is on the roads, within a limit (seconds)."""

    travel: RoadTravel
    place: LatLon
    snap: Snap
    within_s: float
    profile: Profile

    @property
    def gap(self) -> Gap | None:
        """An island of roads, or nothing."""
        return Gap.PLACE_ON_ISLAND if self.travel.graph.island[self.snap.node] else None

    @cached_property
    def cells(self) -> Sequence[int]:
        """The cells around every road that is reached in time, and those of whoever is on no road."""
        road_ms = self.within_s * MS - self._place_ms(Profile.URGENT) + 1
        off_roads = self.travel.off_roads.cells(self.place, self.travel.fallback.reach_m(self.within_s))
        if road_ms < 0:
            return off_roads
        reached = self.travel.search.regions_within(self.snap.node, road_ms)
        return sorted({*self.travel.covering.cells_of(reached), *off_roads})

    def ways(self, origins: Sequence[Origin]) -> list[Way]:
        """Return the way from each origin: ``BEYOND`` `HORIZON` times the limit, and from another island none by road.

        ``NO_WAY`` is said between two islands that are large. A small one is more often a bridge that the map lacks, or
        a valley whose road runs through the neighbouring extract: then the way is estimated, and nobody left out.
        """
        nodes, access_m = self.travel.nodes_of(origins)
        bounds = self.bounds(nodes, access_m)
        found = zip(
            origins, nodes.tolist(), bounds.earliest_s.tolist(), bounds.latest_s.tolist(), strict=True
        )
        return [
            self._straight(origin)
            if node == NOWHERE
            else Way(earliest_s, latest_s, Measure.ROAD)
            if earliest_s < inf
            else self._not_reached(origin, node)
            for origin, node, earliest_s, latest_s in found
        ]

    def _not_reached(self, origin: Origin, node: int) -> Way:
        here, there = (self.travel.graph.island[one] for one in (self.snap.node, node))
        if here == there:
            return BEYOND
        large = self.travel.large_islands
        return NO_WAY if large[here] and large[there] else self._straight(origin)

    def bounds(self, nodes: Ints, access_m: Floats) -> Bounds:
        """Return the times of k vehicles by their nodes and the metres to them, shape (k,): `ways` for large fleets.

        ``inf`` for one at `NOWHERE`: only `ways` knows where it stands. Raises ValueError for nodes of another graph.
        """
        nodes = np.asarray(nodes, dtype=np.int32)
        self.travel.check_nodes(nodes)
        earliest, latest = np.full(len(nodes), inf), np.full(len(nodes), inf)
        horizon_ms = self.within_s * MS * HORIZON
        asked = np.flatnonzero(nodes != NOWHERE)
        found = self._total_ms(nodes[asked], access_m[asked], Profile.URGENT, horizon_ms)
        within = found <= horizon_ms
        asked, found = asked[within], found[within]
        earliest[asked] = found / MS
        if self.profile is Profile.URGENT:
            return Bounds(earliest, earliest)
        # Whatever is reached in time URGENT is reached in so many times the time by any profile.
        cut_ms = found.max(initial=0.0) * self.travel.slowest_ratio + 1
        latest[asked] = self._total_ms(nodes[asked], access_m[asked], self.profile, cut_ms) / MS
        return Bounds(earliest, latest)

    def _total_ms(self, nodes: Ints, access_m: Floats, profile: Profile, cut_ms: float) -> Floats:
        road_ms = self.travel.search.towards(self.snap.node, nodes, profile, cut_ms)
        return road_ms + self.travel.access_ms(access_m, profile) + self._place_ms(profile)

    def _place_ms(self, profile: Profile) -> float:
        return float(self.travel.access_ms(np.array([self.snap.access_m]), profile)[0])

    def _straight(self, origin: Origin) -> Way:
        return self.travel.fallback.way(great_circle_m(origin.lat, origin.lon, *self.place))
