"""Guard sectors: which one a place lies in (rule 12), and which ones are neighbours. Alone imports shapely.

A sector's outline is the polygons of its communes, as they were published: they are not melted into one, so that
neighbours keep the very same points on their common border, and each place is looked up among small polygons.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from math import cos, radians
from uuid import UUID

import numpy as np
import shapely

from geo.cells import EARTH_RADIUS_M, LatLon, Polygon, check_place
from geo.geojson import explain, polygons_of
from geo.travel_time import Located

NEAR_M = 2_000.0
"""A place in no sector belongs to the nearest within this distance (metres): simplified outlines leave slivers, and
quays and beaches lie beyond the coast as it is drawn."""
_AT_ONCE = 512
"""Places in one look: shapely lets no other thread of the process work meanwhile, some 10 ms."""

log = logging.getLogger(__name__)

Outline = Mapping[str, object]
"""A GeoJSON Polygon or MultiPolygon, parsed: longitude first, WGS-84 degrees."""


class SectorMap:
    """The sectors of one SAMU, built once, asked thousands of times a second; never changes.

    Distances are metres on a plane that is true at the middle latitude of the sectors: within 1 % for a département.
    """

    def __init__(self, sectors: Iterable[tuple[UUID, Outline]]) -> None:
        """Read the outlines; several of one id add up, and no sector at all is a map where nothing is found.

        Raises ValueError, in one sentence that names the sector, for an outline that is none.
        """
        read = [
            (sector_id, polygon) for sector_id, outline in sectors for polygon in _read(sector_id, outline)
        ]
        self._ids = tuple(sector_id for sector_id, _ in read)
        polygons = [polygon for _, polygon in read]
        north = EARTH_RADIUS_M * radians(1)
        east = north * cos(radians(_middle_latitude(polygons)))
        self._scale = (east, north)
        metres = shapely.transform(polygons, lambda degrees: degrees * self._scale)
        self._tree = shapely.STRtree(metres)

    @classmethod
    def of_usable(cls, sectors: Iterable[tuple[UUID, Outline]]) -> "SectorMap":
        """Leave out the outlines that cannot be used, and say so: one bad sector must not stop a demand."""
        usable = []
        for sector_id, outline in sectors:
            try:
                _read(sector_id, outline)
            except ValueError as error:
                log.error("%s: nobody is on guard for it until it is loaded again", error)
            else:
                usable.append((sector_id, outline))
        return cls(usable)

    def sector_at(self, lat: float, lon: float) -> UUID | None:
        """Return the sector that a place lies in, else the nearest within NEAR_M, else None.

        On a common border, and where outlines overlap, it is the lowest id in its written form: the same place, the
        same sector, in whatever order the sectors were given. Raises ValueError for coordinates out of range.
        """
        return self.sectors_at([LatLon(lat, lon)])[0]

    def sectors_at(self, places: Sequence[Located]) -> list[UUID | None]:
        """Return the sector of each place, as `sector_at`: thousands at the price of a hundred asked one by one."""
        found: list[UUID | None] = []
        for first in range(0, len(places), _AT_ONCE):
            found += self._sectors_at(places[first : first + _AT_ONCE])
        return found

    def _sectors_at(self, places: Sequence[Located]) -> list[UUID | None]:
        for place in places:
            check_place(place.lat, place.lon)
        degrees = np.array([(place.lon, place.lat) for place in places])
        # A polygon that holds the place is at distance 0; all that are equally near come back.
        asked, nearest = self._tree.query_nearest(
            shapely.points(degrees * self._scale), max_distance=NEAR_M, all_matches=True
        )
        found: list[UUID | None] = [None] * len(places)
        for at, index in zip(asked.tolist(), nearest.tolist(), strict=True):
            found[at] = min(filter(None, (found[at], self._ids[index])), key=str)
        return found


def touching(outlines: Mapping[UUID, Outline]) -> dict[UUID, list[UUID]]:
    """Return for each sector those whose polygons touch or overlap its own, in the order of their written ids.

    Raises ValueError as `SectorMap` does.
    """
    read = [(one, polygon) for one, outline in outlines.items() for polygon in _read(one, outline)]
    if not read:
        return {}
    polygons = [polygon for _, polygon in read]
    ones, others = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    pairs = {(read[one][0], read[other][0]) for one, other in zip(ones, others, strict=True)}
    return {
        sector: sorted((other for one, other in pairs if one == sector and other != sector), key=str)
        for sector in outlines
    }


def check_polygons(polygons: Iterable[Polygon]) -> None:
    """Raise ValueError, in one sentence, for a polygon that crosses itself or leaves the Earth."""
    for polygon in polygons:
        _checked(polygon)


def _read(sector_id: UUID, outline: Outline) -> list[shapely.Polygon]:
    try:
        return [_checked(polygon) for polygon in polygons_of(outline)]
    except ValueError as error:
        raise ValueError(f"the outline of sector {sector_id} cannot be used: {explain(error)}") from error


def _checked(polygon: Polygon) -> shapely.Polygon:
    for place in chain(polygon.outer, *polygon.holes):
        check_place(*place)
    made = _polygon(polygon)
    if not made.is_valid:
        raise ValueError(f"a polygon is drawn wrongly ({shapely.is_valid_reason(made)})")
    return made


def _polygon(polygon: Polygon) -> shapely.Polygon:
    return shapely.Polygon(_positions(polygon.outer), [_positions(hole) for hole in polygon.holes])


def _positions(ring: Iterable[LatLon]) -> list[tuple[float, float]]:
    return [(place.lon, place.lat) for place in ring]


def _middle_latitude(polygons: list[shapely.Polygon]) -> float:
    if not polygons:
        return 0.0
    _, south, _, north = shapely.total_bounds(polygons)
    return float(south + north) / 2
