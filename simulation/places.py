"""Where invented demands happen: real communes of the Aude, drawn as people live there, invented addresses.

Knows neither the rules nor H3, so that the simulation stays a mere client of the public API.
"""

import csv
from dataclasses import dataclass
from itertools import accumulate
from math import cos, pi, radians, sin, sqrt
from pathlib import Path
from random import Random

from pydantic import BaseModel

DATA = Path(__file__).resolve().parent.parent / "data"

JITTER_M = 1_500.0
"""A drawn place lies at most this far (metres) from the town hall."""

_METRES_PER_DEGREE = 111_195.0
_TRIES = 20
_WAYS = ("rue", "avenue", "chemin", "impasse", "place", "allée", "montée", "quai")
_NAMES = (
    "des Songes",
    "du Dragon Vert",
    "de la Licorne",
    "des Nuages Roses",
    "du Chat Botté",
    "des Trois Lunes",
    "de la Poudre de Fée",
    "du Temps Suspendu",
    "des Étoiles Filantes",
    "du Géant Endormi",
    "de l'Île Flottante",
    "des Sept Merveilles",
)


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune, with the place of its town hall (WGS-84 degrees) and the people who live there."""

    insee: str
    name: str
    postcode: str
    population: int
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Communes:
    """The communes of a département, its outline as (lat, lon), and the weights for drawing among them."""

    items: tuple[Commune, ...]
    outline: tuple[tuple[float, float], ...]
    cumulative: tuple[int, ...]

    def contains(self, lat: float, lon: float) -> bool:
        """Say whether a place lies within the outline (even-odd rule on plain degrees)."""
        inside = False
        for (lat1, lon1), (lat2, lon2) in zip(
            self.outline, (*self.outline[1:], self.outline[0]), strict=True
        ):
            crosses = (lat1 > lat) != (lat2 > lat)
            if crosses and lon < lon1 + (lat - lat1) / (lat2 - lat1) * (lon2 - lon1):
                inside = not inside
        return inside


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is said to need an ambulance: WGS-84 degrees and an invented address in one line."""

    lat: float
    lon: float
    address: str
    insee: str
    commune: str


class _Outline(BaseModel):
    """The one polygon of a département's GeoJSON feature; positions are (longitude, latitude)."""

    coordinates: list[list[tuple[float, float]]]


class _Feature(BaseModel):
    geometry: _Outline


def load_communes(data: Path = DATA) -> Communes:
    """Read the communes of the Aude, in the order of their INSEE codes, with the outline of the département.

    Raises OSError if a file is missing and ValueError if it is not as `data/SOURCES.md` describes it.
    """
    with (data / "communes_11.csv").open(encoding="utf-8", newline="") as lines:
        items = tuple(sorted((_commune(row) for row in csv.DictReader(lines)), key=lambda one: one.insee))
    feature = _Feature.model_validate_json((data / "departement-11-aude.geojson").read_bytes())
    outline = tuple((lat, lon) for lon, lat in feature.geometry.coordinates[0])
    return Communes(items, outline, tuple(accumulate(commune.population for commune in items)))


def draw_place(rng: Random, communes: Communes) -> Place:
    """Draw where a demand happens: a commune by its population, a point near its town hall, an address.

    The point lies within JITTER_M of the town hall and inside the département (near its border or the
    sea several points are tried, and the town hall is the last resort).
    """
    commune = rng.choices(communes.items, cum_weights=communes.cumulative)[0]
    return draw_place_in(rng, commune, communes)


def draw_place_in(rng: Random, commune: Commune, communes: Communes) -> Place:
    """Draw a place as `draw_place` does, in a commune that is already chosen."""
    lat, lon = _point_near(rng, commune, communes)
    return Place(lat, lon, _address(rng, commune), commune.insee, commune.name)


def _commune(row: dict[str, str]) -> Commune:
    return Commune(
        insee=row["insee"],
        name=row["nom"],
        postcode=row["codes_postaux"].split("|")[0],
        population=int(row["population"]),
        lat=float(row["lat"]),
        lon=float(row["lon"]),
    )


def _point_near(rng: Random, commune: Commune, communes: Communes) -> tuple[float, float]:
    for _ in range(_TRIES):
        distance, bearing = JITTER_M * sqrt(rng.random()), 2 * pi * rng.random()
        north = distance * cos(bearing) / _METRES_PER_DEGREE
        east = distance * sin(bearing) / (_METRES_PER_DEGREE * cos(radians(commune.lat)))
        lat, lon = round(commune.lat + north, 5), round(commune.lon + east, 5)
        if communes.contains(lat, lon):
            return lat, lon
    return commune.lat, commune.lon


def _address(rng: Random, commune: Commune) -> str:
    way = f"{rng.randint(1, 99)} {rng.choice(_WAYS)} {rng.choice(_NAMES)}"
    return f"{way}, {commune.postcode} {commune.name}"
