"""Who is at each of many places first: one search forwards, from everybody at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from geo.roads.graph import Floats, Ints
from geo.roads.searching import MS, Search
from geo.roads.snapping import NOWHERE, Snapper, great_circles_m
from geo.travel_time import Located, Origin, Profile

Starts = tuple[Sequence[Origin], Ints, Floats, Floats]
"""Origins, their nodes, their leads in seconds, and their leads with the access to the node in milliseconds."""


@dataclass(frozen=True, eq=False)
class RoadTargets:
    """Places that were snapped once, k of them."""

    identity: str
    """Of the engine that they were prepared by."""
    lat: Floats
    lon: Floats
    nodes: Ints
    """(k,) `geo.roads.snapping.NOWHERE` for those off all roads."""
    access_ms: Floats
    """(k,) from the node to the place, URGENT."""

    def __len__(self) -> int:
        """How many."""
        return len(self.nodes)


def make_targets(
    identity: str,
    snapper: Snapper,
    places: Sequence[Located],
    access_ms: Callable[[Floats, Profile], Floats],
) -> RoadTargets:
    """Snap places to their nodes."""
    nodes, access_m = snapper.nodes(places)
    lat = np.array([one.lat for one in places], dtype=np.float64)
    lon = np.array([one.lon for one in places], dtype=np.float64)
    return RoadTargets(identity, lat, lon, nodes, access_ms(access_m, Profile.URGENT))


def soonest(search: Search, pace: float, starts: Starts, targets: RoadTargets) -> list[float]:
    """Return the seconds until the first is at each target; ``pace`` is the straight engine's, in seconds a metre.

    By road from node to node; along the great circle where one of both ends is off all roads.
    """
    origins, nodes, leads, starts_ms = starts
    found = np.full(len(targets), inf)
    by_road, leaves = targets.nodes != NOWHERE, np.isfinite(leads)
    mounted, afield = np.flatnonzero((nodes != NOWHERE) & leaves), np.flatnonzero((nodes == NOWHERE) & leaves)
    road_ms = search.spread(nodes[mounted], starts_ms[mounted], targets.nodes[by_road])
    found[by_road] = (road_ms + targets.access_ms[by_road]) / MS
    for who, which in ((afield, by_road), (np.flatnonzero(leaves), ~by_road)):
        at = np.flatnonzero(which)
        found[at] = np.minimum(
            found[at], _straight([origins[one] for one in who.tolist()], leads[who], targets, at, pace)
        )
    result: list[float] = found.tolist()
    return result


def _straight(
    origins: Sequence[Origin], leads: Floats, targets: RoadTargets, at: NDArray[np.int64], pace: float
) -> Floats:
    """Return the seconds to some targets along the great circle from whoever is there first, shape of ``at``."""
    best = np.full(len(at), inf)
    lat, lon = targets.lat[at], targets.lon[at]
    for origin, lead in zip(origins, leads.tolist(), strict=True):
        metres = great_circles_m(origin.lat, origin.lon, lat, lon)
        np.minimum(best, lead + metres * pace, out=best)
    return best
