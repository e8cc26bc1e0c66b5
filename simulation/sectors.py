"""The guard sectors as the simulation sees them: where the main town of each one is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from simulation.client import ApiClient
from simulation.lists import read_all
from simulation.places import Commune
from simulation.stage import Stage
from simulation.wire import Page, Point
from simulation.wire_duty import Sector


@dataclass(frozen=True, slots=True)
class SectorPlace:
    """A sector, and the town hall of its largest commune."""

    id: str
    name: str
    town: Point


async def read_sectors(client: ApiClient, stage: Stage, communes: Mapping[str, Commune]) -> list[SectorPlace]:
    """Read the sectors of the SAMU, by name; those without a known commune are left out."""
    found = await read_all(client, stage, "/v1/guard/sectors", Page[Sector])
    return [place for sector in found or () if (place := _place_of(sector, communes)) is not None]


def _place_of(sector: Sector, communes: Mapping[str, Commune]) -> SectorPlace | None:
    known: Iterable[Commune] = (communes[insee] for insee in sector.communes if insee in communes)
    main = max(known, key=lambda one: (one.population, one.insee), default=None)
    return None if main is None else SectorPlace(sector.id, sector.name, Point(lat=main.lat, lon=main.lon))
