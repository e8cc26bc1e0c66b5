"""The guard sectors of a SAMU, as they are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import guard_sectors
from storage.views import made


@dataclass(frozen=True, slots=True)
class Sector:
    """One guard sector. ``outline`` is a GeoJSON geometry, ``neighbours`` are the sectors that touch it."""

    id: UUID
    name: str
    outline: Mapping[str, object]
    neighbours: list[UUID]


async def sectors_of(connection: AsyncConnection, samu_id: UUID) -> list[Sector]:
    """Every sector of a SAMU, by name, with its outline: hundreds of kilobytes, to be read now and then."""
    columns = [guard_sectors.c[name] for name in Sector.__slots__]
    query = sa.select(*columns).where(guard_sectors.c.samu_id == samu_id)
    rows = await connection.execute(query.order_by(guard_sectors.c.name, guard_sectors.c.id))
    return [made(Sector, row) for row in rows]
