"""What was read from an extract: the drivable ways and their nodes as arrays, and an account of everything else."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Tell = Callable[[str, int], None]
"""Is told the phase, in words, and how many things were done in it so far; called often."""


class BadExtractError(ValueError):
    """No road graph can be made from an extract; the text says why, in one sentence."""


class Drop(StrEnum):
    """Why a way with a road's or a ferry's tags is not in the graph."""

    NOT_FOR_CARS = "not for cars"
    NOT_A_ROAD = "not a road, or none yet"
    AREA = "an area"
    CLOSED = "closed (access=no)"
    ROUGH = "unpaved track, or too rough"
    TIGHT = "too low, narrow or weak"
    REVERSIBLE = "direction changes with the hour"
    FERRY = "ferry"


@dataclass
class Report:
    """What was read from an extract, what was dropped and why."""

    ways_kept: Counter[str] = field(default_factory=Counter)
    """By class of `geo.roads.speeds.CLASSES`."""
    ways_dropped: Counter[tuple[Drop, str]] = field(default_factory=Counter)
    """By reason and value of `highway`."""
    limits_unread: Counter[str] = field(default_factory=Counter)
    """Posted limits that are not understood, as they were written: those roads count as without a limit."""
    nodes: int = 0
    """Nodes of the ways kept that the extract holds."""
    nodes_missing: int = 0
    """Nodes that ways refer to and the extract does not hold, as at the rim of a clipped one: roads are cut there."""
    barriers: int = 0
    """Nodes at which a bollard or another barrier cuts a road."""

    @property
    def ways_read(self) -> int:
        """Every way with a road's or a ferry's tags."""
        return self.ways_kept.total() + self.ways_dropped.total()


@dataclass(frozen=True, eq=False)
class RawRoads:
    """Drivable ways as read: ``w`` ways over ``r`` references to ``k`` nodes."""

    start: NDArray[np.int64]
    """(w + 1,) where each way's references begin in ``refs``, then their number."""
    refs: NDArray[np.int64]
    """(r,) the nodes along the ways, by the ids of the extract."""
    road: NDArray[np.uint8]
    """(w,) index into `geo.roads.speeds.CLASSES`."""
    direction: NDArray[np.int8]
    """(w,) 0 both ways, 1 as it is drawn, -1 against it."""
    forward_kmh: NDArray[np.uint8]
    """(w,) posted limit as the way is drawn, 0 unknown."""
    backward_kmh: NDArray[np.uint8]
    """(w,) posted limit against it."""
    node: NDArray[np.int64]
    """(k,) ids, increasing."""
    lat: NDArray[np.int64]
    """(k,) 1e-7 degrees, as OpenStreetMap counts."""
    lon: NDArray[np.int64]
    """(k,) 1e-7 degrees."""
    closed: NDArray[np.bool_]
    """(k,) no ambulance passes this node."""
    report: Report
