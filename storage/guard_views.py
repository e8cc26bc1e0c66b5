"""The guard as callers read it: sectors and periods, each within the scope of who asks."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.guard import Period, Shift
from storage.guard import PERIOD, SHIFT, made_shift, missions_since, shifts_and_periods
from storage.guard_phones import phone_count
from storage.tables import companies, conventions, guard_periods, guard_sectors, guard_shifts, vehicles
from storage.views import Page, Scope, made


@dataclass(frozen=True, slots=True)
class SectorLine:
    """A guard sector. ``communes`` are INSEE codes, ``neighbours`` the sectors that touch it."""

    id: UUID
    samu_id: UUID
    name: str
    communes: list[str]
    neighbours: list[UUID]


@dataclass(frozen=True, slots=True)
class PeriodLine:
    """A period with its names, its open shift, else the last one.

    Of that shift: its missions, the phones that can answer for it now, and the name of its vehicle.
    """

    period: Period
    sector: str
    company: str
    company_phone: str | None
    shift: Shift | None = None
    missions: int = 0
    phones: int = 0
    vehicle: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which periods are asked for: those that touch this span, of this sector."""

    since: datetime | None = None
    until: datetime | None = None
    sector_id: UUID | None = None


async def sectors_of(connection: AsyncConnection, scope: Scope) -> list[SectorLine]:
    """The sectors that the caller may see, by name: a company sees those of the SAMUs that may solicit it."""
    columns = [guard_sectors.c[name] for name in SectorLine.__slots__]
    query = sa.select(*columns).where(_sees_sector(scope))
    rows = await connection.execute(query.order_by(guard_sectors.c.name, guard_sectors.c.id))
    return [made(SectorLine, row) for row in rows]


async def sector_for(connection: AsyncConnection, company_id: UUID, sector_id: UUID) -> SectorLine | None:
    """A sector of a SAMU that may solicit the company."""
    columns = [guard_sectors.c[name] for name in SectorLine.__slots__]
    query = sa.select(*columns).where(_sees_sector(Scope(company_id=company_id)))
    row = (await connection.execute(query.where(guard_sectors.c.id == sector_id))).one_or_none()
    return made(SectorLine, row) if row else None


async def list_periods(
    connection: AsyncConnection, scope: Scope, page: Page, asked: Asked
) -> list[PeriodLine]:
    """The periods that the caller may see, the newest last."""
    order = guard_periods.c.starts_at, guard_periods.c.id
    query = _NAMED.where(_sees_period(scope), *_asked(asked)).order_by(*order).limit(page.limit)
    if page.at is not None and page.id is not None:
        last = sa.tuple_(sa.literal(page.at, order[0].type), sa.literal(page.id, order[1].type))
        query = query.where(sa.tuple_(*order) > last)
    return await _lines(connection, query)


async def find_period(
    connection: AsyncConnection, scope: Scope, period_id: UUID, shift_id: UUID | None = None
) -> PeriodLine | None:
    """One period, if the caller may see it; with this shift of it, when one is named."""
    query = _NAMED.where(_sees_period(scope), guard_periods.c.id == period_id)
    return next(iter(await _lines(connection, query, shift_id)), None)


_NAMED = (
    sa.select(
        *PERIOD,
        guard_sectors.c.name.label("sector"),
        companies.c.name.label("company"),
        companies.c.phone.label("company_phone"),
    )
    .join_from(guard_periods, guard_sectors, guard_sectors.c.id == guard_periods.c.sector_id)
    .join(companies, companies.c.id == guard_periods.c.company_id)
)


def _sees_period(scope: Scope) -> sa.ColumnElement[bool]:
    if scope.everything:
        return sa.true()
    if scope.company_id is not None:
        return guard_periods.c.company_id == scope.company_id
    return guard_periods.c.samu_id == scope.samu_id


def _sees_sector(scope: Scope) -> sa.ColumnElement[bool]:
    if scope.everything:
        return sa.true()
    if scope.company_id is None:
        return guard_sectors.c.samu_id == scope.samu_id
    return sa.exists().where(
        conventions.c.samu_id == guard_sectors.c.samu_id, conventions.c.company_id == scope.company_id
    )


def _asked(asked: Asked) -> list[sa.ColumnElement[bool]]:
    conditions = []
    if asked.since is not None:
        conditions.append(guard_periods.c.ends_at > asked.since)
    if asked.until is not None:
        conditions.append(guard_periods.c.starts_at < asked.until)
    if asked.sector_id is not None:
        conditions.append(guard_periods.c.sector_id == asked.sector_id)
    return conditions


async def _lines(
    connection: AsyncConnection, query: sa.Select[Any], shift_id: UUID | None = None
) -> list[PeriodLine]:
    rows = (await connection.execute(query)).mappings().all()
    shifts = await _last_shifts(connection, [row["id"] for row in rows], shift_id)
    names = [field.name for field in fields(Period)]
    return [
        PeriodLine(
            Period(**{name: row[name] for name in names}),
            row["sector"],
            row["company"],
            row["company_phone"],
            *shifts.get(row["id"], ()),
        )
        for row in rows
    ]


async def _last_shifts(
    connection: AsyncConnection, period_ids: Sequence[UUID], shift_id: UUID | None
) -> dict[UUID, tuple[Shift, int, int, str]]:
    """Of each period its open shift, else the one opened last, with its missions, phones and vehicle's name."""
    if not period_ids:
        return {}
    query = (
        sa.select(
            *SHIFT,
            missions_since().label("missions"),
            phone_count().label("phones"),
            vehicles.c.name.label("vehicle"),
        )
        .ext(distinct_on(guard_shifts.c.period_id))
        .select_from(shifts_and_periods().join(vehicles, vehicles.c.id == guard_shifts.c.vehicle_id))
        .where(guard_shifts.c.period_id == sa.any_(sa.literal(list(period_ids), _UUIDS)))
        .order_by(
            guard_shifts.c.period_id, guard_shifts.c.closed_at.is_not(None), guard_shifts.c.opened_at.desc()
        )
    )
    if shift_id is not None:
        query = query.where(guard_shifts.c.id == shift_id)
    found = (await connection.execute(query)).mappings()
    return {
        row["period_id"]: (made_shift(row), row["missions"], row["phones"], row["vehicle"]) for row in found
    }


_UUIDS = sa.ARRAY(guard_periods.c.id.type)
