"""Opens shifts, keeps provisional periods and the SAMU's word on them. Decisions are `domain.guard`'s."""

from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.duty_facts import Teammate
from domain.fleet import Category
from domain.guard import OPENS_BEFORE, OnGuard, Opening, Period, Shift
from domain.lease import Post
from domain.vocabulary import LeaseState
from storage import duty
from storage.guard import lock_period, shifts_and_periods
from storage.tables import engagements, guard_periods, guard_shifts, leases, sites, vehicles


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants to be on guard: on which phone, in which vehicle, and when they said so."""

    company_id: UUID
    post: Post
    vehicle_id: UUID
    at: datetime


async def own_period(
    connection: AsyncConnection, company_id: UUID, period_id: UUID, vehicle_id: UUID | None = None
) -> Period | None:
    """A period of the company, about which nobody else decides until the transaction ends (`guard.lock_period`).

    The company's lock first: whatever its regulation, crews and guard decide comes one after the other.
    """
    await duty.lock(connection, company_id)
    period = await lock_period(connection, period_id, vehicle_id)
    return period if period is not None and period.company_id == company_id else None


async def opening_of(connection: AsyncConnection, period: Period, wish: Wish) -> Opening:
    """What is known when a crew wants to open a shift. The vehicle is locked: it is not engaged meanwhile."""
    vehicle = sa.select(vehicles.c.category).where(
        vehicles.c.id == wish.vehicle_id, vehicles.c.company_id == wish.company_id
    )
    category = await connection.scalar(vehicle.with_for_update(key_share=True))
    engaged = sa.exists().where(engagements.c.vehicle_id == wish.vehicle_id)
    return Opening(
        at=wish.at,
        period=period,
        device_id=wish.post.device_id,
        device_kind=wish.post.kind,
        vehicle_id=wish.vehicle_id,
        category=Category(category) if category else None,
        engaged=bool(await connection.scalar(sa.select(engaged))),
        lease_site=await _regulated_by(connection, wish.post.device_id),
        on_guard=await on_guard_of(connection, wish.company_id),
    )


async def on_guard_of(connection: AsyncConnection, company_id: UUID) -> list[OnGuard]:
    """The open shifts of a company."""
    query = (
        sa.select(
            guard_shifts.c.id,
            guard_shifts.c.period_id,
            guard_shifts.c.vehicle_id,
            guard_shifts.c.device_id,
            guard_periods.c.starts_at,
            guard_periods.c.ends_at,
        )
        .select_from(shifts_and_periods())
        .where(guard_shifts.c.company_id == company_id, guard_shifts.c.closed_at.is_(None))
        .order_by(guard_periods.c.starts_at, guard_shifts.c.id)
    )
    names = [field.name for field in fields(OnGuard)]
    return [OnGuard(**dict(zip(names, row, strict=True))) for row in await connection.execute(query)]


async def _regulated_by(connection: AsyncConnection, device_id: UUID) -> str | None:
    """The name of a site that the device regulates (rule 57)."""
    query = (
        sa.select(sites.c.name)
        .join_from(leases, sites, sites.c.id == leases.c.site_id)
        .where(leases.c.device_id == device_id, leases.c.state == LeaseState.HELD)
        .order_by(sites.c.name)
        .limit(1)
    )
    name: str | None = await connection.scalar(query)
    return name


async def insert_shift(connection: AsyncConnection, shift: Shift, opened_by: UUID) -> None:
    """Keep a shift that was opened."""
    columns = ("id", "period_id", "company_id", "vehicle_id", "device_id", "opened_at", "late_s")
    values = {name: getattr(shift, name) for name in columns}
    teammate = shift.teammate.model_dump(mode="json")
    await connection.execute(sa.insert(guard_shifts).values(**values, opened_by=opened_by, teammate=teammate))


# -- provisional periods ---------------------------------------------------------------------------------------------


async def offered(
    connection: AsyncConnection, company_id: UUID, sector_id: UUID, at: datetime
) -> UUID | None:
    """A period of the roster that the company may open now for this sector: then none is missing (rule 59)."""
    is_open = sa.exists().where(
        guard_shifts.c.period_id == guard_periods.c.id, guard_shifts.c.closed_at.is_(None)
    )
    query = (
        sa.select(guard_periods.c.id)
        .where(
            guard_periods.c.company_id == company_id,
            guard_periods.c.sector_id == sector_id,
            guard_periods.c.withdrawn_at.is_(None),
            guard_periods.c.approved_at.is_not(None),
            guard_periods.c.starts_at <= at + OPENS_BEFORE,
            guard_periods.c.ends_at > at,
            ~is_open,
        )
        .order_by(guard_periods.c.starts_at, guard_periods.c.id)
        .limit(1)
    )
    found: UUID | None = await connection.scalar(query)
    return found


async def next_rank(
    connection: AsyncConnection, company_id: UUID, sector_id: UUID, starts_at: datetime, ends_at: datetime
) -> int:
    """The rank of one more vehicle that the company sends to a sector for the same hours."""
    highest = await connection.scalar(
        sa.select(sa.func.max(guard_periods.c.rank)).where(
            guard_periods.c.company_id == company_id,
            guard_periods.c.sector_id == sector_id,
            guard_periods.c.starts_at == starts_at,
            guard_periods.c.ends_at == ends_at,
            guard_periods.c.withdrawn_at.is_(None),
        )
    )
    return int(highest or 0) + 1


async def insert_period(connection: AsyncConnection, period: Period) -> None:
    """Keep a provisional period."""
    values = {field.name: getattr(period, field.name) for field in fields(Period)}
    await connection.execute(sa.insert(guard_periods).values(values))


async def correct_period(connection: AsyncConnection, period: Period) -> None:
    """Keep the number, the end and the rank of a provisional period that its crew corrected."""
    values = {"phone": period.phone, "ends_at": period.ends_at, "rank": period.rank}
    await connection.execute(sa.update(guard_periods).where(guard_periods.c.id == period.id).values(values))


async def correct_teammate(connection: AsyncConnection, shift_id: UUID, teammate: Teammate) -> None:
    """Keep who is in the vehicle, as its crew corrected it."""
    await connection.execute(
        sa.update(guard_shifts)
        .where(guard_shifts.c.id == shift_id)
        .values(teammate=teammate.model_dump(mode="json"))
    )


async def mark_approved(connection: AsyncConnection, period_id: UUID, at: datetime, by: str) -> None:
    """The SAMU approved a provisional period."""
    await connection.execute(
        sa.update(guard_periods).where(guard_periods.c.id == period_id).values(approved_at=at, approved_by=by)
    )


async def mark_refused(connection: AsyncConnection, period_id: UUID, at: datetime, reason: str) -> None:
    """The SAMU refused a provisional period."""
    await connection.execute(
        sa.update(guard_periods)
        .where(guard_periods.c.id == period_id)
        .values(withdrawn_at=at, withdrawn_reason=reason)
    )
