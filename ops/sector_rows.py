"""Writes the guard sectors of a SAMU: what is there and what is wanted are compared, then all is written or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.geojson import CommuneOutline, multipolygon
from geo.sectors import touching
from storage import tables

SECTORS = tables.guard_sectors
WRITTEN = ("communes", "outline", "neighbours")
"""What the file decides; the id and the name are what a sector is known by."""

Row = dict[str, object]


class RefusedError(Exception):
    """It cannot be done as things stand, and nothing was done; the text says why to the operator."""


@dataclass(frozen=True, slots=True)
class NewSector:
    """A sector as the file wants it. `id` and `neighbours` hold for a sector that is not there yet."""

    id: UUID
    name: str
    communes: tuple[str, ...]
    outline: dict[str, object]
    neighbours: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one sector: `new`, `changed`, `unchanged` or `removed`, with the names of its neighbours."""

    name: str
    communes: int
    neighbours: tuple[str, ...]
    what: str


def plan_sectors(
    members: Mapping[str, Sequence[str]], communes: Mapping[str, CommuneOutline]
) -> tuple[NewSector, ...]:
    """Join the polygons of each sector's communes and find the neighbours.

    Raises KeyError for a commune that is not among `communes`, ValueError for a polygon that cannot be used.
    """
    ids = {name: uuid4() for name in members}
    outlines = {
        ids[name]: multipolygon(polygon for insee in own for polygon in communes[insee].polygons)
        for name, own in members.items()
    }
    around = touching(outlines)
    return tuple(
        NewSector(ids[name], name, tuple(own), outlines[ids[name]], tuple(around[ids[name]]))
        for name, own in members.items()
    )


async def choose_samu(connection: AsyncConnection, samu_id: UUID | None) -> UUID:
    """Return the SAMU that is named, or the only one there is. Raises RefusedError if that is none."""
    samus = tables.samus
    found = (await connection.execute(sa.select(samus.c.id, samus.c.name).order_by(samus.c.name))).all()
    chosen = [row for row in found if samu_id in (None, row.id)]
    if len(chosen) == 1:
        return UUID(str(chosen[0].id))
    if not found:
        raise RefusedError("the database has no SAMU")
    listed = ", ".join(f"{row.name} is {row.id}" for row in found)
    wrong = "the database has several SAMUs" if samu_id is None else f"no SAMU has the id {samu_id}"
    raise RefusedError(f"{wrong}: choose one with --samu ({listed})")


async def load_sectors(connection: AsyncConnection, samu_id: UUID, plan: Sequence[NewSector]) -> list[Loaded]:
    """Make the sectors of a SAMU those of the plan; a sector that is found by its name keeps its id.

    Raises RefusedError if a sector would go that the roster refers to. The caller's transaction must then be undone.
    """
    there = await _locked(connection, samu_id)
    wanted = _with_kept_ids(plan, {name: row.id for name, row in there.items()})
    names = {one.id: one.name for one in wanted}
    gone = {row.id: name for name, row in there.items() if row.id not in names}
    await _remove(connection, gone)
    changes = [(one, _what(one, there.get(one.name))) for one in wanted]
    await _write(connection, [_row(samu_id, one) for one, what in changes if what != "unchanged"])
    loaded = [_loaded(one, what, names) for one, what in changes]
    return loaded + [Loaded(name, 0, (), "removed") for name in gone.values()]


async def _locked(connection: AsyncConnection, samu_id: UUID) -> dict[str, sa.Row[Any]]:
    """The sectors that are there, by name; until the end of the transaction no period can come to refer to them."""
    samus = tables.samus
    # Two operators at once: the second waits here, even while there is no sector to lock. Demands are not held up.
    await connection.execute(
        sa.select(samus.c.id).where(samus.c.id == samu_id).with_for_update(key_share=True)
    )
    found = await connection.execute(
        sa.select(SECTORS).where(SECTORS.c.samu_id == samu_id).order_by(SECTORS.c.name).with_for_update()
    )
    return {row.name: row for row in found}


def _with_kept_ids(plan: Sequence[NewSector], ids: Mapping[str, UUID]) -> list[NewSector]:
    kept = {one.id: ids[one.name] for one in plan if one.name in ids}
    return [
        replace(
            one,
            id=kept.get(one.id, one.id),
            neighbours=tuple(sorted((kept.get(other, other) for other in one.neighbours), key=str)),
        )
        for one in plan
    ]


def _row(samu_id: UUID, sector: NewSector) -> Row:
    return {
        "id": sector.id,
        "samu_id": samu_id,
        "name": sector.name,
        "communes": list(sector.communes),
        "outline": sector.outline,
        "neighbours": list(sector.neighbours),
    }


def _what(wanted: NewSector, there: sa.Row[Any] | None) -> str:
    if there is None:
        return "new"
    before = (tuple(there.communes), there.outline, tuple(there.neighbours))
    return "unchanged" if before == (wanted.communes, wanted.outline, wanted.neighbours) else "changed"


async def _remove(connection: AsyncConnection, gone: Mapping[UUID, str]) -> None:
    periods = tables.guard_periods
    refer = sa.select(periods.c.sector_id).where(periods.c.sector_id.in_(gone)).distinct()
    names = sorted(f"'{gone[sector_id]}'" for sector_id in await connection.scalars(refer))
    if names:
        raise RefusedError(
            f"the roster has periods for {', '.join(names)}, which the file does not name: a sector with periods, even"
            " past ones, must stay in the file under its name. Nothing was written."
        )
    await connection.execute(sa.delete(SECTORS).where(SECTORS.c.id.in_(gone)))


async def _write(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    if rows:
        statement = insert(SECTORS).values(rows)
        new = {name: statement.excluded[name] for name in WRITTEN}
        await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=new))


def _loaded(sector: NewSector, what: str, names: Mapping[UUID, str]) -> Loaded:
    neighbours = sorted(names[one] for one in sector.neighbours)
    return Loaded(sector.name, len(sector.communes), tuple(neighbours), what)
