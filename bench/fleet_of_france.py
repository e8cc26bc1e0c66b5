"""Vehicles and demands over metropolitan France, invented from where its people live. The same seed, the same places.

The towns are those of data/communes_france.csv (town hall and population); the places around them are drawn. Distances
are small there, so a degree is a fixed number of metres for the scatter: it decides nothing.
"""

import csv
from dataclasses import dataclass
from functools import cache
from math import radians, sin
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geo.cells import COVER_RESOLUTION, EARTH_RADIUS_M, LatLon, cell_of, with_rings

Floats = NDArray[np.float64]
Cells = NDArray[np.int64]

COMMUNES = Path(__file__).parents[1] / "data" / "communes_france.csv"
OVERSEAS = ("97", "98")
AUDE = "11"

SCATTER_M = 2_500.0
"""How far from its town hall somebody is drawn, along each axis (standard deviation)."""
METRES_A_DEGREE = EARTH_RADIUS_M * radians(1)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Places in WGS-84 degrees: two arrays of one length."""

    lat: Floats
    lon: Floats

    def __len__(self) -> int:
        """How many."""
        return len(self.lat)

    def points(self) -> list[LatLon]:
        """The same places one by one."""
        return [LatLon(*one) for one in zip(self.lat.tolist(), self.lon.tolist(), strict=True)]

    def unit(self) -> Floats:
        """The same places as unit vectors, shape (n, 3): a dot product is the cosine of the angle between two."""
        lat, lon = np.radians(self.lat), np.radians(self.lon)
        return np.column_stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))

    def cover_cells(self) -> Cells:
        """The cell that each is filed under (COVER_RESOLUTION)."""
        return np.array([cell_of(*one, COVER_RESOLUTION) for one in self.points()], dtype=np.int64)

    def within(self, south: float, west: float, north: float, east: float) -> "Places":
        """Those between two parallels and two meridians (degrees)."""
        kept = (self.lat >= south) & (self.lat <= north) & (self.lon >= west) & (self.lon <= east)
        return Places(self.lat[kept], self.lon[kept])


@dataclass(frozen=True, slots=True, eq=False)
class Towns:
    """The towns of metropolitan France."""

    places: Places
    population: NDArray[np.int64]
    department: NDArray[np.str_]
    """``11`` is the Aude, ``2A`` the south of Corsica."""

    def of(self, department: str) -> "Towns":
        """Those of one département."""
        own = self.department == department
        places = Places(self.places.lat[own], self.places.lon[own])
        return Towns(places, self.population[own], self.department[own])

    def drawn(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw towns by their population: indices, the same one as often as it comes."""
        share = np.cumsum(self.population, dtype=np.float64)
        found: NDArray[np.int64] = np.searchsorted(share, rng.random(count) * share[-1], side="right")
        return found


def where_people_live(count: int, seed: int, department: str | None = None) -> Places:
    """Draw towns by their population, in one département or in all, and a place some kilometres around each."""
    rng, known = np.random.default_rng(seed), towns()
    if department is not None:
        known = known.of(department)
    return around(known.places, known.drawn(count, rng), rng)


def around(centres: Places, which: NDArray[np.int64], rng: np.random.Generator) -> Places:
    """Draw a place some kilometres around each of the chosen centres."""
    north, east = rng.standard_normal((2, len(which))) * SCATTER_M / METRES_A_DEGREE
    lat = centres.lat[which] + north
    return Places(lat, centres.lon[which] + east / np.cos(np.radians(lat)))


def anywhere(count: int, seed: int) -> Places:
    """Draw places evenly by area from the cells of the towns and those beside: the country and a strip around."""
    rng, known = np.random.default_rng(seed), towns().places
    land = list(with_rings(known.cover_cells().tolist(), 1))
    lat, lon = np.empty(0), np.empty(0)
    while len(lat) < count:
        more = _in_the_box(rng, count, known)
        kept = np.isin(more.cover_cells(), land)
        lat, lon = np.concatenate((lat, more.lat[kept])), np.concatenate((lon, more.lon[kept]))
    return Places(lat[:count], lon[:count])


def _in_the_box(rng: np.random.Generator, count: int, known: Places) -> Places:
    """Even by area: the sine of the latitude is drawn, not the latitude."""
    south, north = sin(radians(float(known.lat.min()))), sin(radians(float(known.lat.max())))
    lat = np.degrees(np.arcsin(rng.uniform(south, north, count)))
    return Places(lat, rng.uniform(known.lon.min(), known.lon.max(), count))


@cache
def towns() -> Towns:
    """Read the file, once a process."""
    with COMMUNES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["departement"].startswith(OVERSEAS)]
    lat, lon = (np.array([float(row[name]) for row in rows]) for name in ("lat", "lon"))
    population = np.array([int(row["population"] or 0) for row in rows], dtype=np.int64)
    return Towns(Places(lat, lon), population, np.array([row["departement"] for row in rows]))
