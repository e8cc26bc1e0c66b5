"""H3 cells: the index over places. The only module of Rescousse that imports h3.

H3 indexes, it does not measure: a cell narrows a search down, a distance or a travel time decides.
Cells are plain integers; every valid cell fits PostgreSQL's signed ``bigint``. Distances are metres on
a sphere, angles WGS-84 degrees.

The trap this module is written around: an H3 cell does not contain its children exactly, so about one
point in fifteen lies outside the coarse cell that truncating its fine index would give. Therefore a row
that is searched through `cover` must store ``cell_of(lat, lon, COVER_RESOLUTION)``, never the parent of
another cell.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import asin, ceil, cos, isfinite, radians, sin, sqrt
from typing import NamedTuple, Protocol

import h3.api.basic_int as h3

EARTH_RADIUS_M = 6_371_007.180918475
"""Radius of the sphere of equal area (metres), the one H3 itself uses."""

STORED_RESOLUTION = 9
"""Fine cell kept with a position (edge about 0.2 km): for display, statistics and privacy."""

COVER_RESOLUTION = 5
"""Coarse cell that searches compare (edge about 10 km): few probes, and few changes as a vehicle moves."""

MAX_COVER_M = 2_000_000.0
"""No cover is wider than this: a larger search is a mistake, and would list a continent of cells."""

CELLS_REMEMBERED = 16_384
"""Asking H3 again takes ten times as long. France has some 2,300 cells of COVER_RESOLUTION; 10 MB at the most."""

MAX_LATITUDE = 90.0
MAX_LONGITUDE = 180.0

_SLACK = 1.001
"""Cell boundaries are compared with 0.1 % to spare, far above any rounding of H3 or of the sine."""

_SLACK_M = 1.0


class LatLon(NamedTuple):
    """A place on Earth, WGS-84 degrees."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Polygon:
    """One outline with its holes. Rings are open or closed; none crosses the antimeridian or a pole."""

    outer: tuple[LatLon, ...]
    holes: tuple[tuple[LatLon, ...], ...] = ()


def great_circle_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the great-circle distance in metres (haversine, exact to rounding; symmetric to the bit)."""
    half_lat, half_lon = radians(lat2 - lat1) / 2, radians(lon2 - lon1) / 2
    chord = sin(half_lat) ** 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * asin(sqrt(min(1.0, chord)))


class _Placed(Protocol):
    @property
    def lat(self) -> float: ...
    @property
    def lon(self) -> float: ...


def distances_m(lat: float, lon: float, others: Iterable[_Placed]) -> list[float]:
    """Return the distances in metres to one place from others: to the bit those of `great_circle_m`, in half the time."""
    here, diameter = cos(radians(lat)), 2 * EARTH_RADIUS_M
    found = []
    for other in others:
        its_lat = other.lat
        half_lat, half_lon = radians(lat - its_lat) / 2, radians(lon - other.lon) / 2
        chord = sin(half_lat) ** 2 + cos(radians(its_lat)) * here * sin(half_lon) ** 2
        found.append(diameter * asin(sqrt(min(1.0, chord))))
    return found


def cell_of(lat: float, lon: float, resolution: int) -> int:
    """Return the H3 cell that contains a place.

    Raises ValueError for coordinates that are not finite or out of range: H3 itself would wrap them
    around the globe and answer with a cell somewhere else.
    """
    check_place(lat, lon)
    return int(h3.latlng_to_cell(lat, lon, resolution))


def cover(lat: float, lon: float, radius_m: float, resolution: int = COVER_RESOLUTION) -> list[int]:
    """Return cells, in increasing order, that hold every point within `radius_m` of a place (rule 6).

    For each such point p, ``cell_of(p, resolution)`` is in the list. Why it is certain: the cells that
    meet a disc are connected to its centre's cell, and each has its own centre within `radius_m` plus
    its circumradius. So the list grows outwards from the centre's cell through every neighbour that
    passes this test, measured on the cell itself: pentagons, poles and the antimeridian are no
    special cases. No cell lies further out than one cell diameter.

    Raises ValueError for a place out of range or a radius that is not between 0 and MAX_COVER_M.
    """
    if not 0 <= radius_m <= MAX_COVER_M:
        raise ValueError(f"a cover's radius lies between 0 and {MAX_COVER_M:.0f} m, not {radius_m}")
    start = cell_of(lat, lon, resolution)
    found, seen = [start], {start}
    for cell in found:
        for near in _shape(cell).neighbours:
            if near not in seen:
                seen.add(near)
                shape = _shape(near)
                if great_circle_m(lat, lon, *shape.centre) <= radius_m + shape.circumradius_m:
                    found.append(near)
    return sorted(found)


def cells_of_polygon(polygon: Polygon, resolution: int) -> frozenset[int]:
    """Return cells that hold every point of a polygon, and at most a ring of neighbours more.

    A cell that holds such a point has its own centre inside, or else the outline crosses it. The
    outline is therefore followed in steps much shorter than a cell, with the neighbours of each step's
    cell, so that a corner cut between two steps cannot be missed.
    """
    shape = h3.LatLngPoly(polygon.outer, *polygon.holes)
    crossed: set[int] = set()
    step_m = h3.average_hexagon_edge_length(resolution, unit="m") / 4
    for ring in (polygon.outer, *polygon.holes):
        crossed.update(cell_of(*point, resolution) for point in _walk(ring, step_m))
    return frozenset(h3.h3shape_to_cells(shape, resolution)) | with_rings(crossed, 1)


def with_rings(cells: Iterable[int], rings: int) -> frozenset[int]:
    """Return the cells with all their neighbours up to `rings` cells away."""
    return frozenset(near for cell in cells for near in h3.grid_disk(cell, rings))


def at_resolution(cells: Iterable[int], resolution: int) -> list[int]:
    """Return cells of one resolution in increasing order, each once: the finer ones inside the given, or the coarser around.

    A finer cell lies along a coarser one's border rather than exactly in it; together they leave no hole.
    """
    found: dict[int, None] = {}  # keeps their order, in which H3 gives them: sorting it costs next to nothing
    for cell in sorted(cells):
        if h3.get_resolution(cell) <= resolution:
            found.update(dict.fromkeys(h3.cell_to_children(cell, resolution)))
        else:
            found[h3.cell_to_parent(cell, resolution)] = None
    return sorted(found)


def count_at(cells: Collection[int], resolution: int) -> int:
    """Return how many cells `at_resolution` gives at the most, without making them."""
    return sum(h3.cell_to_children_size(cell, max(resolution, h3.get_resolution(cell))) for cell in cells)


def name_of(cell: int) -> str:
    """Return a cell as it is written everywhere outside: fifteen hexadecimal digits, ``8839601ae7fffff``."""
    return str(h3.int_to_str(cell))


def boundary_of(cell: int) -> tuple[tuple[float, float], ...]:
    """Return the corners of a cell as latitude and longitude, counter-clockwise seen from above, none of them twice."""
    corners: tuple[tuple[float, float], ...] = h3.cell_to_boundary(cell)
    return corners


def resolution_of(cell: int) -> int:
    """Return the resolution (0-15) of a cell. Raises ValueError if the integer is no H3 cell."""
    if not h3.is_valid_cell(cell):
        raise ValueError(f"{cell} is not an H3 cell")
    return int(h3.get_resolution(cell))


def centre_of(cell: int) -> LatLon:
    """Return the centre of a cell."""
    lat, lon = h3.cell_to_latlng(cell)
    return LatLon(lat, lon)


def circumradius_m(cell: int) -> float:
    """Return the distance from a cell's centre beyond which none of its points lies.

    The sides are arcs of great circles, so the furthest point is one of the corners.
    """
    centre = centre_of(cell)
    furthest = max(great_circle_m(*centre, *corner) for corner in h3.cell_to_boundary(cell))
    return furthest * _SLACK + _SLACK_M


class _Shape(NamedTuple):
    """What a cover asks of a cell."""

    centre: LatLon
    circumradius_m: float
    neighbours: tuple[int, ...]


@lru_cache(CELLS_REMEMBERED)
def _shape(cell: int) -> _Shape:
    neighbours = tuple(near for near in h3.grid_disk(cell, 1) if near != cell)
    return _Shape(centre_of(cell), circumradius_m(cell), neighbours)


def _walk(ring: Sequence[LatLon], step_m: float) -> Iterable[LatLon]:
    """Yield points along a closed ring, never more than `step_m` apart."""
    for start, end in zip(ring, (*ring[1:], ring[0]), strict=True):
        parts = max(1, ceil(great_circle_m(*start, *end) / step_m))
        for part in range(parts):
            share = part / parts
            yield LatLon(
                start.lat + share * (end.lat - start.lat),
                start.lon + share * (end.lon - start.lon),
            )


def check_place(lat: float, lon: float) -> None:
    """Raise ValueError for coordinates that are not finite or out of range."""
    if not (isfinite(lat) and isfinite(lon) and abs(lat) <= MAX_LATITUDE and abs(lon) <= MAX_LONGITUDE):
        raise ValueError(f"not a place on Earth: latitude {lat}, longitude {lon}")
