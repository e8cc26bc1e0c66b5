"""The area that a SAMU answers for, as a set of H3 cells: is this place ours, and if not, how far off?

It exists to refuse a demand whose place is plainly wrong (rule 2) with a sentence that helps. It is no
border: a margin of neighbouring cells lies around the outline, because the nearest SAMU sometimes
answers across it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from geo.cells import (
    MAX_LATITUDE,
    cell_of,
    cells_of_polygon,
    centre_of,
    circumradius_m,
    great_circle_m,
    resolution_of,
    with_rings,
)
from geo.geojson import read_polygons

AREA_RESOLUTION = 6
"""Cells of about 36 km²: a département is a few hundred of them."""

MARGIN_RINGS = 2
"""Default margin: two cells, about 13 km beyond those that touch the outline."""


@dataclass(frozen=True, slots=True)
class Area:
    """A non-empty set of H3 cells of one resolution. Build it with `from_geojson` or `from_cells`."""

    cells: frozenset[int]
    resolution: int

    @classmethod
    def from_geojson(
        cls, text: str | bytes, *, resolution: int = AREA_RESOLUTION, margin_rings: int = MARGIN_RINGS
    ) -> "Area":
        """Return the cells that hold an outline's every point, and `margin_rings` rings of cells around.

        Raises ValueError if the text is no GeoJSON polygon, multipolygon, feature or collection of them.
        """
        polygons = read_polygons(text)
        cells = frozenset[int]().union(*(cells_of_polygon(polygon, resolution) for polygon in polygons))
        return cls(with_rings(cells, margin_rings), resolution)

    @classmethod
    def from_cells(cls, cells: Iterable[int]) -> "Area":
        """Return the area that `to_cells` gave.

        Raises ValueError for an empty list, an integer that is no cell, or mixed resolutions.
        """
        chosen = frozenset(cells)
        resolutions = {resolution_of(cell) for cell in chosen}
        if len(resolutions) != 1:
            raise ValueError(f"an area has cells of one resolution, not {sorted(resolutions)}")
        return cls(chosen, resolutions.pop())

    def to_cells(self) -> list[int]:
        """Return the cells in increasing order, for storage as ``bigint[]``."""
        return sorted(self.cells)

    def contains(self, lat: float, lon: float) -> bool:
        """Say whether the place is in the area. Raises ValueError for coordinates out of range."""
        return cell_of(lat, lon, self.resolution) in self.cells

    def distance_km(self, lat: float, lon: float) -> float:
        """Return roughly how far the place is from the area in km: 0 inside, never more than the truth."""
        if self.contains(lat, lon):
            return 0.0
        nearest = min(
            great_circle_m(lat, lon, *centre_of(cell)) - circumradius_m(cell) for cell in self.cells
        )
        return max(0.0, nearest) / 1000

    def looks_swapped(self, lat: float, lon: float) -> bool:
        """Say whether the place is outside but would be inside with latitude and longitude exchanged."""
        if self.contains(lat, lon):
            return False
        return abs(lon) <= MAX_LATITUDE and self.contains(lon, lat)
