"""Coverage as it is kept: the communes, who might be free to come, and how each commune stood at the last look."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.coverage import Commune, Look, Ringing, Standing
from domain.fleet import Box, Volume
from domain.vocabulary import AlarmKind
from storage import alarms, fleet
from storage.bulk import given_rows
from storage.fleet import FleetVehicle
from storage.tables import communes, conventions, coverage_gaps, samus, vehicles


@dataclass(frozen=True, slots=True)
class CommuneAt:
    """A commune, and where its town hall is, in degrees."""

    commune: Commune
    lat: float
    lon: float


async def samus_of(connection: AsyncConnection) -> list[UUID]:
    """Every SAMU that there is."""
    return list(await connection.scalars(sa.select(samus.c.id).order_by(samus.c.id)))


async def communes_within(connection: AsyncConnection, box: Box, least_population: int) -> list[CommuneAt]:
    """The communes within a box that have at least so many people, in the order of their INSEE codes."""
    query = (
        sa.select(communes)
        .where(
            communes.c.lat.between(box.south, box.north),
            communes.c.lon.between(box.west, box.east),
            communes.c.population >= least_population,
        )
        .order_by(communes.c.insee)
    )
    found = await connection.execute(query)
    return [CommuneAt(Commune(row.insee, row.name, row.population), row.lat, row.lon) for row in found]


async def all_communes(connection: AsyncConnection) -> list[CommuneAt]:
    """Every commune that is known."""
    found = await connection.execute(sa.select(communes))
    return [CommuneAt(Commune(row.insee, row.name, row.population), row.lat, row.lon) for row in found]


async def vehicles_that_might_come(connection: AsyncConnection, samu_id: UUID) -> list[FleetVehicle]:
    """The vehicles that the SAMU may solicit, but for those that are neither ticked nor on guard."""
    members = sa.select(conventions.c.company_id).where(conventions.c.samu_id == samu_id)
    query = sa.select(vehicles.c.id).where(
        vehicles.c.company_id.in_(members), vehicles.c.available | fleet.on_guard()
    )
    wanted = list(await connection.scalars(query))
    return await fleet.vehicles_near(connection, samu_id, [], wanted)


# -- how communes stand ----------------------------------------------------------------------------------------------


async def standings_of(connection: AsyncConnection, samu_id: UUID, volume: Volume) -> dict[str, Standing]:
    """How each commune stood at the last look, by INSEE code: those that were ever covered."""
    columns = [coverage_gaps.c[each.name] for each in fields(Standing)]
    query = sa.select(coverage_gaps.c.insee, *columns).where(_of(samu_id, volume))
    return {insee: Standing(*row) for insee, *row in await connection.execute(query)}


async def save(connection: AsyncConnection, samu_id: UUID, volume: Volume, look: Look) -> None:
    """Write what a look has changed: one statement, however many communes."""
    await _write(connection, samu_id, volume, look.standings)
    if look.gone:
        gone = coverage_gaps.c.insee == sa.any_(sa.literal(sorted(look.gone), sa.ARRAY(sa.Text)))
        await connection.execute(sa.delete(coverage_gaps).where(_of(samu_id, volume), gone))


async def _write(
    connection: AsyncConnection, samu_id: UUID, volume: Volume, standings: Mapping[str, Standing]
) -> None:
    if not standings:
        return
    names = [each.name for each in fields(Standing)]
    rows = [
        {"samu_id": samu_id, "volume": volume, "insee": insee}
        | {name: getattr(standing, name) for name in names}
        for insee, standing in standings.items()
    ]
    given = given_rows(coverage_gaps.c)
    statement = insert(coverage_gaps).from_select(list(coverage_gaps.c), sa.select(given))
    key = [column.name for column in coverage_gaps.primary_key]
    new = {name: statement.excluded[name] for name in names}
    await connection.execute(statement.on_conflict_do_update(index_elements=key, set_=new), {"rows": rows})


async def ringing_of(connection: AsyncConnection, samu_id: UUID, volume: Volume) -> Ringing | None:
    """The alarm about this volume that stands, if one does."""
    return next(
        (
            Ringing(each.id, each.level, each.raised_at)
            for each in await alarms.open_of(connection, subject_id=samu_id)
            if each.kind == AlarmKind.COVERAGE_LOST and each.volume == volume
        ),
        None,
    )


def _of(samu_id: UUID, volume: Volume) -> sa.ColumnElement[bool]:
    return (coverage_gaps.c.samu_id == samu_id) & (coverage_gaps.c.volume == volume)
