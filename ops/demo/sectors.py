"""Guard sectors of the demonstration: each commune belongs to the main town that is nearest to it.

The real sectors are fixed by the ARS; these only look like them.
"""

from collections.abc import Sequence

from geo.cells import great_circle_m
from ops.demo.model import DemoSector, demo_id
from simulation.places import Commune

MAIN_TOWNS = (
    "Narbonne",
    "Carcassonne",
    "Castelnaudary",
    "Lézignan-Corbières",
    "Limoux",
    "Port-la-Nouvelle",
    "Quillan",
)


def main_communes(communes: Sequence[Commune]) -> list[Commune]:
    """Return the communes of the main towns, in the order of MAIN_TOWNS. Raises KeyError if one is missing."""
    by_name = {commune.name: commune for commune in communes}
    return [by_name[town] for town in MAIN_TOWNS]


def build_sectors(seed: int, communes: Sequence[Commune]) -> tuple[DemoSector, ...]:
    """Return one sector per main town; together they hold every commune exactly once."""
    towns = main_communes(communes)
    members: dict[str, list[str]] = {town.insee: [] for town in towns}
    for commune in communes:
        members[nearest(commune, towns).insee].append(commune.insee)
    return tuple(
        DemoSector(
            demo_id(seed, "sector", town.name),
            f"Secteur de {town.name}",
            town.insee,
            tuple(members[town.insee]),
        )
        for town in towns
    )


def nearest(commune: Commune, among: Sequence[Commune]) -> Commune:
    """Return the nearest of some communes as the crow flies; the lower INSEE code where two are equal."""
    return min(among, key=lambda other: (distance_km(commune, other), other.insee))


def distance_km(one: Commune, other: Commune) -> float:
    """Return the great-circle distance between two town halls in km."""
    return great_circle_m(one.lat, one.lon, other.lat, other.lon) / 1000
