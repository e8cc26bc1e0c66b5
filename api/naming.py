"""The communes that one process knows, and which of them are a caller's."""

import asyncio
from functools import partial
from uuid import UUID

from api.resources import Resources
from api.security import Caller
from geo.area import Area
from geo.gazetteer import Gazetteer, NamedPlace
from storage import accounts, coverage


async def gazetteer_of(resources: Resources) -> Gazetteer:
    """All communes, read again now and then."""

    async def read() -> Gazetteer:
        async with resources.database.connect() as connection:
            found = await coverage.all_communes(connection)
        places = [
            NamedPlace(one.commune.insee, one.commune.name, one.commune.population, one.lat, one.lon)
            for one in found
        ]
        return await asyncio.to_thread(Gazetteer, places)  # thirty-five thousand names are put in order

    return await resources.gazetteer.get(None, read)


async def area_of(resources: Resources, caller: Caller) -> frozenset[str]:
    """The INSEE codes of the communes of the caller's SAMU; a company's is the first that it has a convention with."""
    samu_id = await _samu_of(resources, caller)
    if samu_id is None:
        return frozenset()
    return await resources.own_communes.get(samu_id, partial(_read_area, resources, samu_id))


async def _samu_of(resources: Resources, caller: Caller) -> UUID | None:
    if caller.company_id is None:
        return caller.samu_id
    async with resources.database.connect() as connection:
        return await accounts.samu_of_company(connection, caller.company_id)


async def _read_area(resources: Resources, samu_id: UUID) -> frozenset[str]:
    known, samu = await gazetteer_of(resources), await resources.samu(samu_id)
    if samu is None or samu.area is None:
        return frozenset()
    return await asyncio.to_thread(_within, known, samu.area)


def _within(known: Gazetteer, area: Area) -> frozenset[str]:
    return frozenset(one.insee for one in known.places if area.contains(one.lat, one.lon))
