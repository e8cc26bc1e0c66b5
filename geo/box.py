"""A box of latitudes and longitudes around cells: for rows that are not filed by cell."""

from collections.abc import Sequence
from functools import lru_cache
from math import cos, radians

from domain.fleet import Box
from geo.cells import (
    CELLS_REMEMBERED,
    EARTH_RADIUS_M,
    MAX_LATITUDE,
    MAX_LONGITUDE,
    centre_of,
    circumradius_m,
)

_NEAR_A_POLE = 88.0


EMPTY = Box(1.0, -1.0, 1.0, -1.0)
"""Holds no place."""


def box_of(cells: Sequence[int]) -> Box:
    """Return a box that holds every point of the cells, and some more.

    One that would cross the antimeridian or hold a pole goes around the Earth. No cells: an empty box. Each cell is
    taken for the circle around it.
    """
    boxes = [_around(cell) for cell in cells]
    if not boxes:
        return EMPTY
    south, north = min(box.south for box in boxes), max(box.north for box in boxes)
    west, east = min(box.west for box in boxes), max(box.east for box in boxes)
    if max(north, -south) > _NEAR_A_POLE or west < -MAX_LONGITUDE or east > MAX_LONGITUDE:
        return Box(max(south, -MAX_LATITUDE), min(north, MAX_LATITUDE), -MAX_LONGITUDE, MAX_LONGITUDE)
    return Box(south, north, west, east)


@lru_cache(CELLS_REMEMBERED)
def _around(cell: int) -> Box:
    lat, lon = centre_of(cell)
    degrees = circumradius_m(cell) / (EARTH_RADIUS_M * radians(1))
    # A circle's easternmost point lies a little nearer the pole than its centre: there a degree is shorter.
    east = degrees / max(cos(radians(min(abs(lat) + degrees, MAX_LATITUDE))), 1e-9)
    return Box(lat - degrees, lat + degrees, lon - east, lon + east)
