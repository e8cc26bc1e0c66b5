"""How long vehicles need to a place: one interface, several engines.

A search is made once for a place and serves any number of origins: an engine that knows roads answers a thousand of
them at the price of one. A time has two bounds. The *earliest* arrival decides who is asked: nobody who could be there
is left out. The *latest* is what is promised. Neither is corrected by anything but the time that the crew needs
before it leaves, which the caller adds.

Every engine keeps these promises, which `tests/unit/test_geo_travel_time.py` checks for each:

- *cover*: whoever's earliest arrival is within the limit lies in one of `Approach.cells`, filed by
  ``cell_of(lat, lon, COVER_RESOLUTION)``; so a search among those cells leaves nobody out (rule 6);
- *order*: the earliest arrival is never later than the latest;
- *identity*: the same identity gives the same times for the same places, bit for bit, so that a verdict that was
  stored with it can be computed again.
"""

from collections.abc import Sequence
from datetime import time
from enum import StrEnum
from math import inf, isfinite
from typing import NamedTuple, Protocol

from domain.fleet import Whereabouts


class Profile(StrEnum):
    """How fast roads are driven: with priority, or as everybody drives by day and by night."""

    URGENT = "URGENT"
    DAY = "DAY"
    NIGHT = "NIGHT"


class Measure(StrEnum):
    """What a time was measured by."""

    ROAD = "ROAD"
    STRAIGHT = "STRAIGHT"
    """The great circle: the engine knows no roads, or none near enough to one of both ends."""
    BEYOND = "BEYOND"
    """By road, and further than was searched."""
    NONE = "NONE"
    """No road leads there: the two ends lie on different islands."""


class Gap(StrEnum):
    """Why a place is not reached by the roads that the engine knows."""

    PLACE_OFF_ROADS = "PLACE_OFF_ROADS"
    """The nearest road is too far: times are estimated on the great circle."""
    PLACE_ON_ISLAND = "PLACE_ON_ISLAND"
    """The place's roads are not joined to the others: only who is on them gets there by road."""


class Located(Protocol):
    """Anything with a place in WGS-84 degrees: a `domain.fleet.Point`, a `geo.cells.LatLon`, a database row."""

    @property
    def lat(self) -> float:
        """Latitude in degrees, north positive."""

    @property
    def lon(self) -> float:
        """Longitude in degrees, east positive."""


class Snap(NamedTuple):
    """The road node that a place is taken to: ``access_m`` metres away as the crow flies."""

    node: int
    access_m: float


Origin = Whereabouts
"""Where somebody starts from.

``graph`` is `Travel.graph_id` of the engine that snapped it: an origin of another graph, or of none, is snapped again
when it is asked about. With the engine's own ``graph`` and no ``node`` it is known to be off all roads.
"""


class Way(NamedTuple):
    """How long one origin needs: seconds to the earliest and to the latest arrival.

    Both are infinite for BEYOND and NONE.
    """

    earliest_s: float
    latest_s: float
    measure: Measure


BEYOND = Way(inf, inf, Measure.BEYOND)
NO_WAY = Way(inf, inf, Measure.NONE)


class Approach(Protocol):
    """Every way to one place, as far as it can be there within a limit."""

    @property
    def cells(self) -> Sequence[int]:
        """Cells of COVER_RESOLUTION, in increasing order, that hold every origin that can be there in time."""

    @property
    def gap(self) -> Gap | None:
        """Why the place is not reached by road; ``None`` when it is."""

    def ways(self, origins: Sequence[Origin]) -> list[Way]:
        """Return the way from each origin, in their order: ``NO_WAY`` without a road, ``BEYOND`` the limit at the latest.

        An engine may know the time beyond the limit, and then says it. No origins, no ways.
        """


class Targets(Protocol):
    """Places that were prepared once by an engine, to be asked about again and again."""

    def __len__(self) -> int:
        """How many."""


class Travel(Protocol):
    """An engine of travel times. Pure to its callers: no time of day, no I/O while it answers."""

    @property
    def identity(self) -> str:
        """Name and parameters of the engine, its graph and its speeds: stored with every verdict that it served."""

    @property
    def graph_id(self) -> str | None:
        """Which graph places are snapped to; ``None`` for an engine that knows no roads."""

    def profile_at(self, local: time) -> Profile:
        """Return by which profile the latest arrival is computed when clocks show this: DAY or NIGHT."""

    def snap(self, places: Sequence[Located]) -> list[Snap | None]:
        """Return the road node of each place, ``None`` for one off all roads (always, without roads)."""

    def approach(self, place: Located, within_s: float, profile: Profile) -> Approach:
        """Search all ways to a place, as far as the earliest arrival is within so many seconds.

        ``profile`` is that of the latest arrival. Raises ValueError for a place out of range, or a limit that is
        negative or infinite.
        """

    def prepare(self, places: Sequence[Located]) -> Targets:
        """Make places ready for `nearest`."""

    def nearest(self, origins: Sequence[Origin], leads_s: Sequence[float], targets: Targets) -> list[float]:
        """Return for each target the seconds until the first of the origins is there, at the urgent profile.

        ``leads_s`` is how many seconds each origin needs before it leaves. ``math.inf``: nobody ever is. One search
        from all origins at once. Raises ValueError for targets of another engine.
        """


def check_limit(seconds: float) -> None:
    """Raise ValueError for a time that is negative or infinite."""
    if not (isfinite(seconds) and seconds >= 0):
        raise ValueError(f"a travel time is a finite number of seconds from 0 up, not {seconds}")


def minutes_up(seconds: float) -> int:
    """Return whole minutes, rounded up: what is announced is never shorter than what was computed.

    So ``minutes_up(s) <= delay`` exactly when ``s <= 60 * delay``. Raises ValueError for a time that is
    negative or infinite (nothing can be promised).
    """
    if not (isfinite(seconds) and seconds >= 0):
        raise ValueError(f"no minutes can be promised for {seconds} seconds")
    return int(-(-seconds // 60))
