"""The engine that needs no data: great-circle distance, lengthened by a detour factor, at a declared speed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time
from functools import cached_property
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from geo.cells import EARTH_RADIUS_M, MAX_COVER_M, check_place, cover, distances_m, great_circle_m
from geo.travel_time import (
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

_ROUNDING = 1 + 1e-9
_AT_ONCE = 4096
"""Targets that are compared with everybody in one go: some MB."""
_ROUGH_M = 1.0
"""More than twice what a distance by its cosine is wrong by: less than 0.2 m, for places side by side."""


@dataclass(frozen=True, slots=True)
class StraightTravel:
    """Great-circle distance, lengthened by a detour factor, at two declared speeds.

    An honest estimate and not a road: the figures are settings of the service and part of the identity. The earliest
    arrival is at ``fastest_kmh`` (by default ``speed_kmh``), the latest at ``speed_kmh``. A detour below 1 would be
    shorter than the straight line; it is refused, and so is a fastest speed below the other (ValueError).
    """

    speed_kmh: float
    detour: float
    fastest_kmh: float | None = None

    def __post_init__(self) -> None:
        """Refuse figures that no vehicle can have."""
        if not (isfinite(self.speed_kmh) and self.speed_kmh > 0):
            raise ValueError(f"a vehicle's speed is a number above 0 km/h, not {self.speed_kmh}")
        if not (isfinite(self.detour) and self.detour >= 1):
            raise ValueError(f"a detour factor is a number from 1 up, not {self.detour}")
        if self.fastest_kmh is not None and not (
            isfinite(self.fastest_kmh) and self.fastest_kmh >= self.speed_kmh
        ):
            raise ValueError(f"the fastest speed is at least {self.speed_kmh} km/h, not {self.fastest_kmh}")

    @property
    def identity(self) -> str:
        """Return for example ``straight speed=70 fastest=90 detour=1.35``."""
        fastest = "" if self.fastest_kmh is None else f" fastest={_exact(self.fastest_kmh)}"
        return f"straight speed={_exact(self.speed_kmh)}{fastest} detour={_exact(self.detour)}"

    @property
    def graph_id(self) -> None:
        """No roads, no graph."""
        return

    def profile_at(self, local: time) -> Profile:
        """By day and by night alike."""
        del local
        return Profile.DAY

    def snap(self, places: Sequence[Located]) -> list[Snap | None]:
        """Nothing to snap to."""
        return [None] * len(places)

    def approach(
        self, place: Located, within_s: float, profile: Profile, gap: Gap | None = None
    ) -> "StraightApproach":
        """Every way to a place; ``gap`` says why an engine that knows roads asks this one."""
        del profile
        check_place(place.lat, place.lon)
        check_limit(within_s)
        return StraightApproach(self, place.lat, place.lon, within_s, gap)

    def prepare(self, places: Sequence[Located]) -> "StraightTargets":
        """Keep the places."""
        return StraightTargets(tuple((one.lat, one.lon) for one in places), _directions(places))

    def nearest(self, origins: Sequence[Origin], leads_s: Sequence[float], targets: Targets) -> list[float]:
        """Return the seconds to each target from whoever is there first.

        To the bit the least of what `approach` says of each: thousands are compared roughly, all at once, and only
        those that might be first are measured.
        """
        if not isinstance(targets, StraightTargets):
            raise ValueError("these places were prepared by another engine")
        if len(origins) != len(leads_s):
            raise ValueError("each origin needs a lead")
        found: list[float] = []
        for first in range(0, len(targets) if origins else 0, _AT_ONCE):
            found += self._nearest(origins, leads_s, targets, slice(first, first + _AT_ONCE))
        return found or [inf] * len(targets)

    def _nearest(
        self, origins: Sequence[Origin], leads_s: Sequence[float], targets: "StraightTargets", part: slice
    ) -> list[float]:
        pace, places, there = self.fastest_pace, targets.places[part], targets.directions[:, part]
        here = _directions(origins)
        cosines = sum(np.multiply.outer(there[axis], here[axis]) for axis in range(3))
        rough = np.asarray(leads_s) + np.arccos(np.clip(cosines, -1, 1)) * (EARTH_RADIUS_M * pace)
        near = rough <= rough.min(axis=1, keepdims=True) + _ROUGH_M * pace
        found = [inf] * len(places)
        for place, who in zip(*(each.tolist() for each in np.nonzero(near)), strict=True):
            metres = great_circle_m(origins[who].lat, origins[who].lon, *places[place])
            found[place] = min(found[place], leads_s[who] + metres * pace)
        return found

    def reach_m(self, seconds: float) -> float:
        """Return the greatest great-circle distance in metres coverable in that many seconds.

        A hair more than the exact quotient, to absorb its rounding. Raises ValueError for a negative or infinite time.
        """
        check_limit(seconds)
        return seconds / self.fastest_pace * _ROUNDING

    def way(self, distance_m: float) -> Way:
        """Return the way along so many metres of great circle."""
        return Way(distance_m * self.fastest_pace, distance_m * self.pace, Measure.STRAIGHT)

    @property
    def pace(self) -> float:
        """Seconds a metre of great circle, at the declared speed."""
        return 3.6 * self.detour / self.speed_kmh

    @property
    def fastest_pace(self) -> float:
        """Seconds a metre of great circle, at the fastest."""
        return 3.6 * self.detour / (self.fastest_kmh or self.speed_kmh)


@dataclass(frozen=True, slots=True)
class StraightTargets:
    """Places in degrees."""

    places: tuple[tuple[float, float], ...]
    directions: NDArray[np.float64] = field(compare=False, repr=False)
    """(3, n): from the centre of the Earth."""

    def __len__(self) -> int:
        """How many."""
        return len(self.places)


@dataclass(frozen=True)
class StraightApproach:
    """Every straight way to one place (degrees), within a limit (seconds)."""

    travel: StraightTravel
    lat: float
    lon: float
    within_s: float
    gap: Gap | None = field(default=None)

    @cached_property
    def cells(self) -> Sequence[int]:
        """The cover of the disc that can be crossed in time."""
        return cover(self.lat, self.lon, min(self.travel.reach_m(self.within_s), MAX_COVER_M))

    def ways(self, origins: Sequence[Origin]) -> list[Way]:
        """Return the way from each origin; it is not cut at the limit, for it costs nothing to know."""
        fastest, usual, by = self.travel.fastest_pace, self.travel.pace, Measure.STRAIGHT
        metres = distances_m(self.lat, self.lon, origins)
        return [Way._make((each * fastest, each * usual, by)) for each in metres]


def _directions(places: Sequence[Located]) -> NDArray[np.float64]:
    """Return unit vectors from the centre of the Earth, shape (3, n)."""
    lat, lon = np.radians(np.array([(one.lat, one.lon) for one in places]).reshape(-1, 2).T)
    return np.stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))


def _exact(figure: float) -> str:
    """Write a figure so that two different ones never look the same."""
    return repr(float(figure)).removesuffix(".0")
