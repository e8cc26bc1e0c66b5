"""Where a vehicle with a mission is, for the way that it drives."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import vehicle_positions
from storage.views import made


@dataclass(frozen=True, slots=True)
class LastPlace:
    """A vehicle's newest position (degrees), and the road node that it was snapped to, as far as it was."""

    lat: float
    lon: float
    road_graph: str | None
    road_node: int | None
    road_access_m: float | None
    recorded_at: datetime


async def last_place(connection: AsyncConnection, vehicle_id: UUID) -> LastPlace | None:
    """Where the vehicle was when it was last heard of; ``None`` if it never was."""
    row = (await connection.execute(_LAST, {"vehicle": vehicle_id})).one_or_none()
    return made(LastPlace, row) if row else None


_LAST = sa.select(*(vehicle_positions.c[name] for name in LastPlace.__slots__)).where(
    vehicle_positions.c.vehicle_id == sa.bindparam("vehicle", type_=vehicle_positions.c.vehicle_id.type)
)
