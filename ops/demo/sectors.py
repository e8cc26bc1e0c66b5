"""Guard sectors of the demonstration: each commune belongs to the main town that is nearest to it.

The real sectors are fixed by the ARS; these only look like them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from geo.cells import Polygon, great_circle_m
from geo.geojson import CommuneOutline, multipolygon, read_communes
from geo.sectors import touching
from ops.demo.model import DemoSector, demo_id
from simulation.places import DATA, Commune

MAIN_TOWNS = (
    "Narbonne",
    "Carcassonne",
    "Castelnaudary",
    "Lézignan-Corbières",
    "Limoux",
    "Port-la-Nouvelle",
    "Quillan",
)

MERGED = {"11097": "11323", "11298": "11251", "11329": "11131"}
"""Communes that have a polygon of 2018 and are since 2019 a part of another: Conilhac-de-la-Montagne of
Roquetaillade-et-Conilhac, Pradelles-en-Val of Val-de-Dagne, Rouvenac of Val-du-Faby. Their polygons go with it."""


def main_communes(communes: Sequence[Commune]) -> list[Commune]:
    """Return the communes of the main towns, in the order of MAIN_TOWNS. Raises KeyError if one is missing."""
    by_name = {commune.name: commune for commune in communes}
    return [by_name[town] for town in MAIN_TOWNS]


def build_sectors(seed: int, communes: Sequence[Commune], data: Path = DATA) -> tuple[DemoSector, ...]:
    """Return one sector per main town; together they hold every commune exactly once.

    Raises OSError or ValueError if the file of polygons is missing or is not what it should be. A commune without a
    polygon would be listed without an outline: places in it are found by the nearest polygon, if one is near.
    """
    towns = main_communes(communes)
    members: dict[str, list[str]] = {town.insee: [] for town in towns}
    for commune in communes:
        members[nearest(commune, towns).insee].append(commune.insee)
    outlines = read_communes((data / "communes-11-aude.geojson").read_bytes())
    ids = {town.insee: demo_id(seed, "sector", town.name) for town in towns}
    polygons = {ids[insee]: _polygons(outlines, own) for insee, own in members.items()}
    around = _neighbours(polygons)
    return tuple(
        DemoSector(
            id=sector_id,
            name=f"Secteur de {town.name}",
            main_commune=town.insee,
            communes=tuple(members[town.insee]),
            polygons=polygons[sector_id],
            neighbours=around[sector_id],
        )
        for town, sector_id in zip(towns, ids.values(), strict=True)
    )


def _polygons(outlines: Sequence[CommuneOutline], communes: Sequence[str]) -> tuple[Polygon, ...]:
    return tuple(
        polygon
        for one in outlines
        if MERGED.get(one.insee, one.insee) in communes
        for polygon in one.polygons
    )


def _neighbours(polygons: Mapping[UUID, Sequence[Polygon]]) -> dict[UUID, tuple[UUID, ...]]:
    found = touching({sector_id: multipolygon(own) for sector_id, own in polygons.items()})
    return {sector_id: tuple(others) for sector_id, others in found.items()}


def nearest(commune: Commune, among: Sequence[Commune]) -> Commune:
    """Return the nearest of some communes as the crow flies; the lower INSEE code where two are equal."""
    return min(among, key=lambda other: (distance_km(commune, other), other.insee))


def distance_km(one: Commune, other: Commune) -> float:
    """Return the great-circle distance between two town halls in km."""
    return great_circle_m(one.lat, one.lon, other.lat, other.lon) / 1000
