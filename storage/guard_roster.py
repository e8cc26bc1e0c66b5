"""Reads and writes the roster: what is known to judge it by, and what an import changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.roster import Directory, Planned, RosterLine
from storage import duty
from storage.bulk import insert_rows, update_rows
from storage.tables import companies, conventions, guard_periods, guard_sectors, guard_shifts, samus
from storage.views import made


@dataclass(frozen=True, slots=True)
class RosterBook:
    """What a SAMU's roster is judged by: its time zone (IANA name), its sectors and its companies, by id."""

    timezone: str
    sectors: dict[UUID, str]
    companies: dict[UUID, str]

    @property
    def directory(self) -> Directory:
        """Where names are looked up."""
        return Directory.of(self.sectors, self.companies)


async def read_book(connection: AsyncConnection, samu_id: UUID) -> RosterBook | None:
    """What the roster of a SAMU is judged by; ``None`` for a SAMU that does not exist."""
    zone = await connection.scalar(sa.select(samus.c.timezone).where(samus.c.id == samu_id))
    if zone is None:
        return None
    sectors = sa.select(guard_sectors.c.id, guard_sectors.c.name).where(guard_sectors.c.samu_id == samu_id)
    agreed = (
        sa.select(companies.c.id, companies.c.name)
        .join(conventions, conventions.c.company_id == companies.c.id)
        .where(conventions.c.samu_id == samu_id)
    )
    return RosterBook(
        zone,
        {row.id: row.name for row in await connection.execute(sectors)},
        {row.id: row.name for row in await connection.execute(agreed)},
    )


async def planned_between(
    connection: AsyncConnection, samu_id: UUID, start: datetime, end: datetime
) -> list[Planned]:
    """The periods of a SAMU that touch this span, not withdrawn.

    No other import runs, and nobody opens one of them, until the transaction ends: what is judged stays true.
    """
    await duty.lock(connection, samu_id)
    within = (
        guard_periods.c.samu_id == samu_id,
        guard_periods.c.withdrawn_at.is_(None),
        guard_periods.c.starts_at <= end,
        guard_periods.c.ends_at >= start,
    )
    rows = sa.select(guard_periods.c.id).where(*within).order_by(guard_periods.c.id)
    await connection.execute(rows.with_for_update(key_share=True))
    opened = sa.exists().where(
        guard_shifts.c.period_id == guard_periods.c.id, guard_shifts.c.closed_at.is_(None)
    )
    computed = {"approved": guard_periods.c.approved_at.is_not(None), "opened": opened}
    columns = [
        computed[name].label(name) if name in computed else guard_periods.c[name]
        for name in Planned.__slots__
    ]
    return [made(Planned, row) for row in await connection.execute(sa.select(*columns).where(*within))]


async def insert_lines(
    connection: AsyncConnection,
    samu_id: UUID,
    lines: Sequence[tuple[UUID, RosterLine]],
    at: datetime,
    by: str,
) -> None:
    """Plan lines of the roster, each with its new id: they are approved as they are."""
    empty = dict.fromkeys(guard_periods.c.keys())
    rows = [
        empty
        | {
            "id": id_,
            "samu_id": samu_id,
            "sector_id": line.sector_id,
            "company_id": line.company_id,
            "rank": line.rank,
            "starts_at": line.starts_at,
            "ends_at": line.ends_at,
            "provisional": False,
            "approved_at": at,
            "approved_by": by,
        }
        for id_, line in lines
    ]
    await insert_rows(connection, guard_periods, rows)


async def withdraw(
    connection: AsyncConnection, period_ids: Sequence[UUID], at: datetime, reason: str
) -> None:
    """Take periods out of the roster."""
    rows = [{"id": each, "withdrawn_at": at, "withdrawn_reason": reason} for each in period_ids]
    await update_rows(connection, guard_periods, ["id"], rows)


async def confirm(connection: AsyncConnection, period_ids: Sequence[UUID], at: datetime, by: str) -> None:
    """The roster has periods now that were provisional."""
    rows = [{"id": each, "approved_at": at, "approved_by": by} for each in period_ids]
    await update_rows(connection, guard_periods, ["id"], rows)
