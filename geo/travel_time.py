"""How long vehicles need to a place: one interface, many engines.

The interface asks for all origins at once, because the engines that know roads answer a thousand
origins at the price of one. Every engine keeps two promises, which `tests/unit/test_geo_travel_time.py`
checks for the engine of this module:

- *cover*: ``seconds_to(place, [origin]) <= [t]`` implies that the great-circle distance between them is
  at most ``reach_m(t)``; so a search among the cells of that disc leaves nobody out (rule 6);
- *identity*: the same identity gives the same times for the same places, so that a verdict stored with
  it can be explained later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Protocol

from geo.cells import great_circle_m

_ROUNDING = 1 + 1e-9


class Located(Protocol):
    """Anything with a place in WGS-84 degrees: a `domain.fleet.Point`, a `geo.cells.LatLon`, a database row."""

    @property
    def lat(self) -> float:
        """Latitude in degrees, north positive."""

    @property
    def lon(self) -> float:
        """Longitude in degrees, east positive."""


class TravelTime(Protocol):
    """An engine of travel times. Pure to its callers: no time of day, no I/O while it answers."""

    @property
    def identity(self) -> str:
        """Name and parameters of the engine, stored with every verdict that it served."""

    def seconds_to(self, place: Located, origins: Sequence[Located]) -> list[float]:
        """Return the seconds from each origin to the place, in the origins' order.

        ``math.inf`` says that no way leads there. No origins give an empty list.
        """

    def reach_m(self, seconds: float) -> float:
        """Return the greatest great-circle distance in metres coverable in that many seconds.

        Raises ValueError for a negative or infinite time.
        """


@dataclass(frozen=True, slots=True)
class StraightTravel:
    """Great-circle distance, lengthened by a detour factor, at one declared speed.

    It is an honest estimate and not a road: both figures are settings of the service and part of the
    identity. A detour below 1 would be shorter than the straight line and is refused (ValueError).
    """

    speed_kmh: float
    detour: float

    def __post_init__(self) -> None:
        """Refuse figures that no vehicle can have."""
        if not (isfinite(self.speed_kmh) and self.speed_kmh > 0):
            raise ValueError(f"a vehicle's speed is a number above 0 km/h, not {self.speed_kmh}")
        if not (isfinite(self.detour) and self.detour >= 1):
            raise ValueError(f"a detour factor is a number from 1 up, not {self.detour}")

    @property
    def identity(self) -> str:
        """Return for example ``straight speed=70 detour=1.35``."""
        return f"straight speed={_exact(self.speed_kmh)} detour={_exact(self.detour)}"

    def seconds_to(self, place: Located, origins: Sequence[Located]) -> list[float]:
        """Return the seconds from each origin to the place; the same in both directions."""
        pace = self._seconds_per_metre()
        lat, lon = place.lat, place.lon
        return [great_circle_m(origin.lat, origin.lon, lat, lon) * pace for origin in origins]

    def reach_m(self, seconds: float) -> float:
        """Return the radius in metres; a hair more than the exact quotient, to absorb its rounding."""
        if not (isfinite(seconds) and seconds >= 0):
            raise ValueError(f"a travel time is a finite number of seconds from 0 up, not {seconds}")
        return seconds / self._seconds_per_metre() * _ROUNDING

    def _seconds_per_metre(self) -> float:
        return 3.6 * self.detour / self.speed_kmh


def _exact(figure: float) -> str:
    """Write a figure so that two different ones never look the same."""
    return repr(float(figure)).removesuffix(".0")


def minutes_up(seconds: float) -> int:
    """Return whole minutes, rounded up: what is announced is never shorter than what was computed.

    So ``minutes_up(s) <= delay`` exactly when ``s <= 60 * delay``. Raises ValueError for a time that is
    negative or infinite (nothing can be promised).
    """
    if not (isfinite(seconds) and seconds >= 0):
        raise ValueError(f"no minutes can be promised for {seconds} seconds")
    return int(-(-seconds // 60))
