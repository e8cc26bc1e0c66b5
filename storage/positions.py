"""Where the vehicles are: one row each, the newest fix that was received."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import vehicle_positions


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """One position of one vehicle: WGS-84 degrees, metres, km/h, degrees from north.

    The cells are `geo.cells.cell_of` the place, at STORED_RESOLUTION and COVER_RESOLUTION.
    """

    vehicle_id: UUID
    lat: float
    lon: float
    cell: int
    cover_cell: int
    recorded_at: datetime
    """The device's time."""
    received_at: datetime
    accuracy_m: float | None = None
    speed_kmh: float | None = None
    heading: float | None = None


async def upsert(connection: AsyncConnection, fixes: Sequence[Fix]) -> frozenset[UUID]:
    """Keep each vehicle's newest fix; return the vehicles whose position was written.

    An older fix never replaces a newer one, whatever their order of arrival. A device's clock that runs ahead is
    held to the time of reception (rule 96): it could otherwise block every later fix. Of several fixes of one
    vehicle the newest counts. Raises sqlalchemy.exc.IntegrityError for a vehicle that does not exist.
    """
    if not fixes:
        return frozenset()
    arrays = {column: [getattr(fix, column) for fix in fixes] for column in COLUMNS}
    return frozenset(await connection.scalars(_UPSERT, arrays))


COLUMNS = tuple(field.name for field in fields(Fix))


def _upsert() -> sa.Executable:
    """Rows are written in the order of their vehicles, so that two batches never wait for each other in a ring."""
    table = vehicle_positions
    types = {name: table.columns[name].type for name in COLUMNS}
    arrays = [sa.cast(sa.bindparam(name, type_=ARRAY(kind)), ARRAY(kind)) for name, kind in types.items()]
    given = sa.func.unnest(*arrays).table_valued(
        *(sa.column(name, kind) for name, kind in types.items()), name="given"
    )
    fix = given.render_derived()
    recorded_at = sa.func.least(fix.c.recorded_at, fix.c.received_at)
    values = [recorded_at if name == "recorded_at" else fix.c[name] for name in COLUMNS]
    newest = (
        sa.select(*values)
        .ext(distinct_on(fix.c.vehicle_id))
        .order_by(fix.c.vehicle_id, recorded_at.desc(), fix.c.received_at.desc())
    )
    statement = insert(table).from_select(list(COLUMNS), newest)
    changed = {name: statement.excluded[name] for name in COLUMNS if name != "vehicle_id"}
    return statement.on_conflict_do_update(
        index_elements=[table.c.vehicle_id],
        set_=changed,
        where=table.c.recorded_at < statement.excluded.recorded_at,
    ).returning(table.c.vehicle_id)


_UPSERT = _upsert()
