"""What the crew reads of a corrected place, kept by the place itself (rule 2)."""

from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.fleet import Point
from storage.tables import place_texts as texts


@dataclass(frozen=True, slots=True)
class PlaceText:
    """Address and access, for people."""

    address: str | None = field(repr=False)
    access: str | None = field(repr=False)


async def write(
    connection: AsyncConnection, demand_id: UUID, place: Point, text: PlaceText
) -> PlaceText | None:
    """Keep the text of a place; return the one that this place had before."""
    found = await connection.execute(
        sa.select(texts.c.address, texts.c.access).where(_of(demand_id, place)).with_for_update()
    )
    row = found.one_or_none()
    columns = {"address": text.address, "access": text.access}
    made = insert(texts).values(demand_id=demand_id, lat=place.lat, lon=place.lon, **columns)
    await connection.execute(made.on_conflict_do_update(index_elements=texts.primary_key, set_=columns))
    return PlaceText(row.address, row.access) if row else None


async def take_back(
    connection: AsyncConnection, demand_id: UUID, place: Point, text: PlaceText, before: PlaceText | None
) -> None:
    """Undo :func:`write`, unless somebody else has written since."""
    still_ours = _of(demand_id, place) & sa.and_(
        texts.c.address.is_not_distinct_from(text.address), texts.c.access.is_not_distinct_from(text.access)
    )
    if before is None:
        await connection.execute(sa.delete(texts).where(still_ours))
    else:
        columns = {"address": before.address, "access": before.access}
        await connection.execute(sa.update(texts).where(still_ours).values(columns))


def _of(demand_id: UUID, place: Point) -> sa.ColumnElement[bool]:
    return sa.and_(texts.c.demand_id == demand_id, texts.c.lat == place.lat, texts.c.lon == place.lon)
