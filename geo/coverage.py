"""How soon somebody is there: at the cells of an area, or at any other places, from the nearest of all who could come.

Whoever is on guard covers its own sectors only (rule 12); all others cover every place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from math import inf, isfinite
from typing import NamedTuple
from uuid import UUID

from geo.cells import at_resolution, boundary_of, centre_of, name_of
from geo.sectors import SectorMap
from geo.travel_time import Located, Origin, Targets, Travel, minutes_up

DECIMALS = 5
"""Of a corner's degrees: a metre."""


@dataclass(frozen=True, slots=True)
class Starter:
    """Somebody who could come: from where, and after how many seconds.

    ``sectors`` are the guard sectors that it is kept for; ``None`` for who is not on guard and goes anywhere.
    """

    origin: Origin
    lead_s: float = 0.0
    sectors: frozenset[UUID] | None = None


class _Part(NamedTuple):
    """The places of one sector, and where they stand among all."""

    at: tuple[int, ...]
    targets: Targets


class Ground:
    """Places that are asked about again and again, made ready once for one engine."""

    def __init__(self, travel: Travel, places: Sequence[Located], sectors: SectorMap | None = None) -> None:
        """``sectors`` says which places a guard covers; without it, none."""
        self._travel = travel
        self._places = places
        self._sectors = sectors
        self._targets = travel.prepare(places)

    def __len__(self) -> int:
        """How many places."""
        return len(self._places)

    def minutes(self, starters: Sequence[Starter]) -> list[int | None]:
        """Return for each place the minutes, rounded up, until the first is there; ``None`` when nobody ever is.

        One search from all who go anywhere, and one more for each sector that somebody is on guard for.
        """
        seconds = self._seconds([one for one in starters if one.sectors is None], self._targets)
        guarded = {sector for one in starters if one.sectors is not None for sector in one.sectors}
        for sector in sorted(guarded & self._parts.keys(), key=str) if guarded else ():
            part = self._parts[sector]
            keepers = [one for one in starters if one.sectors is not None and sector in one.sectors]
            for place, found in zip(part.at, self._seconds(keepers, part.targets), strict=True):
                seconds[place] = min(seconds[place], found)
        return [minutes_up(each) if isfinite(each) else None for each in seconds]

    def _seconds(self, starters: Sequence[Starter], targets: Targets) -> list[float]:
        if not starters:
            return [inf] * len(targets)
        origins, leads = [one.origin for one in starters], [one.lead_s for one in starters]
        return self._travel.nearest(origins, leads, targets)

    @cached_property
    def _parts(self) -> dict[UUID, _Part]:
        """Of each sector its places; looked up only once somebody is on guard."""
        found: dict[UUID, list[int]] = {}
        for at, sector in enumerate(self._sectors.sectors_at(self._places) if self._sectors else ()):
            if sector is not None:
                found.setdefault(sector, []).append(at)
        return {sector: self._part(places) for sector, places in found.items()}

    def _part(self, at: Sequence[int]) -> _Part:
        return _Part(tuple(at), self._travel.prepare([self._places[one] for one in at]))


class Mosaic:
    """The cells of an area at one resolution, in increasing order, as the world outside reads them."""

    def __init__(self, area_cells: Iterable[int], resolution: int) -> None:
        """Find the cells."""
        self.cells = tuple(at_resolution(area_cells, resolution))

    @property
    def centres(self) -> list[Located]:
        """Where each cell's minutes are measured."""
        return [centre_of(cell) for cell in self.cells]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """How each cell is written."""
        return tuple(map(name_of, self.cells))

    def features(self, minutes: Sequence[int | None]) -> str:
        """Return a GeoJSON feature for each cell, with its minutes, separated by commas (RFC 7946).

        Raises ValueError unless there are as many minutes as cells.
        """
        told = ("null" if each is None else str(each) for each in minutes)
        return ",".join([f"{head}{each}}}}}" for head, each in zip(self._heads, told, strict=True)])

    @cached_property
    def _heads(self) -> tuple[str, ...]:
        """All of a feature but its minutes: made once, for the outlines are most of the work."""
        return tuple(map(_head, self.cells, self.names))


def _head(cell: int, name: str) -> str:
    corners = boundary_of(cell)
    degrees = tuple([degree for lat, lon in (*corners, corners[0]) for degree in (lon, lat)])
    return _ring(len(corners)) % degrees + f'"properties":{{"cell":"{name}","minutes":'


@cache
def _ring(corners: int) -> str:
    """A feature's outline, to be filled in at once: writing half a million figures is what takes the time."""
    point = f"[%.{DECIMALS}f,%.{DECIMALS}f]"
    ring = ",".join([point] * (corners + 1))
    return f'{{"type":"Feature","geometry":{{"type":"Polygon","coordinates":[[{ring}]]}},'
