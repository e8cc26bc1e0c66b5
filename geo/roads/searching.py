"""What a search of a road graph answers, whichever way it finds it.

Times are whole milliseconds in float64, ``inf`` where no way leads. They are sums of whole numbers, exact below 2^53,
so that two searches of the same graph agree to the bit: `tests/unit/test_roads_search.py` holds one against the other.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from geo.roads.graph import Floats, Ints
from geo.travel_time import Profile

MS = 1_000.0
"""Milliseconds in a second."""

Bools = NDArray[np.bool_]
Times = Mapping[Profile, Ints]
"""Milliseconds of each arc by profile, shape (m,), at least 1."""


class Search(Protocol):
    """A search over one graph and the times of its arcs. Safe to call from any thread, one call at a time each.

    No thread makes it faster for others: both searches hold Python's global lock while they run, for about a
    millisecond on the graph of a département. So they may be called on an event loop as they are.
    """

    @property
    def name(self) -> str:
        """One word, part of the engine's identity."""

    def towards(self, node: int, nodes: Ints, profile: Profile, cut_ms: float) -> Floats:
        """Return the milliseconds from each of ``nodes`` to ``node``, shape of ``nodes``.

        What takes longer than ``cut_ms`` may be given or be ``inf``: who needs to be sure compares.
        """

    def regions_within(self, node: int, cut_ms: float) -> Bools:
        """Return for each region whether some node of it may be at ``node`` in time, URGENT; never false if one is.

        Shape (r,) for the r regions of `geo.roads.regions.Regions`.
        """

    def spread(self, starts: Ints, leads_ms: Floats, nodes: Ints) -> Floats:
        """Return for each of ``nodes`` when the first is there, URGENT: shape of ``nodes``.

        From each of ``starts`` somebody leaves after ``leads_ms`` whole milliseconds (shape of ``starts``).
        """

    def path(self, start: int, end: int, profile: Profile) -> list[int] | None:
        """Return the nodes along one quickest way, both ends among them; ``None`` when no way leads there."""


def earliest_starts(starts: Ints, leads_ms: Floats) -> tuple[Ints, Floats]:
    """Return each start once, with the shortest of its leads."""
    nodes, which = np.unique(starts, return_inverse=True)
    leads = np.full(len(nodes), np.inf)
    np.minimum.at(leads, which, leads_ms)
    return nodes, leads
