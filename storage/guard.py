"""Who is on guard: for the search, which asks the guard first; for the watch of a period; for whoever ends a shift."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.alarm_facts import AlarmClosed
from domain.duty_facts import AnyDutyBody, DutyFact, GuardWithdrawn, ShiftClosed, Teammate, of_guard
from domain.guard import (
    LEFT_BY_CREW,
    OPENS_BEFORE,
    Period,
    Shift,
    hours,
    missing_alarm_id,
    worked_until,
)
from domain.people import Actor
from domain.vocabulary import AlarmKind, ShiftEnd, SolicitationState, Tier
from storage.guard_phones import phone_count, phone_gone_at
from storage.tables import (
    Instant,
    Uuid,
    companies,
    engagements,
    guard_periods,
    guard_sectors,
    guard_shifts,
    missions,
    solicitations,
    vehicles,
)
from storage.views import made

PERIOD = tuple(guard_periods.c[field.name] for field in fields(Period))
"""The columns of a `domain.guard.Period`."""
SHIFT = tuple(guard_shifts.c[field.name] for field in fields(Shift))
"""The columns of a `domain.guard.Shift`."""

CREW_LEFT = "its crew has left"
"""Why a provisional period is withdrawn."""

_OPEN: sa.ColumnElement[str] = sa.literal_column(f"'{SolicitationState.OPEN}'")
"""Written out, because the index of open solicitations serves no parameter."""


@dataclass(frozen=True, slots=True)
class PeriodStanding:
    """A guard period as it stands: its open shift, if any, and whether that crew cannot be sent home yet.

    ``busy``: on a mission, or solicited as the guard, and no shift of the same vehicle goes on without a gap.
    ``phones`` can answer for that crew; ``left_at`` is when the last crew, or its last phone, went.
    """

    period: Period
    shift: Shift | None
    busy: bool
    phones: int
    left_at: datetime | None

    @property
    def covered(self) -> bool:
        """Whether a vehicle is on guard in it, and would hear of a demand."""
        return self.shift is not None and self.period.counts and self.phones > 0


class GuardVehicle(NamedTuple):
    """A vehicle on guard, for which sector, how many missions it had since it is (rule 12), and its phones."""

    vehicle_id: UUID
    company_id: UUID
    sector_id: UUID
    period_id: UUID
    shift_id: UUID
    missions: int
    phones: int


@dataclass(frozen=True, slots=True)
class GuardByPhone:
    """A crew that is on guard and cannot be reached through the platform: call it (rule 59).

    ``phone`` is where the crew said it is called, else its company's.
    """

    vehicle_id: UUID
    company_id: UUID
    sector_id: UUID
    period_id: UUID
    shift_id: UUID
    sector: str
    company: str
    phone: str | None


# -- who is on guard -------------------------------------------------------------------------------------------------


def on_guard_condition(vehicle_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a vehicle is on guard, and so reserved for it (rule 55): its shift is open, its period approved."""
    return (
        sa.select(sa.literal(1))
        .select_from(shifts_and_periods())
        .where(guard_shifts.c.vehicle_id == vehicle_id, *_COUNTS)
        .exists()
    )


async def guard_vehicles(
    connection: AsyncConnection, samu_id: UUID, at: datetime | None = None
) -> list[GuardVehicle]:
    """Every vehicle on guard for the SAMU, once: a chained shift takes over when the one before has ended."""
    found = await connection.execute(GUARD_VEHICLES, {"samu": samu_id, "at": at})
    return [GuardVehicle._make(row) for row in found.all()]


async def guards_by_phone(connection: AsyncConnection, sector_id: UUID, at: datetime) -> list[GuardByPhone]:
    """The crews of a sector that are there and are not asked through the platform, each vehicle once.

    Provisional guards that wait for the SAMU's word; and crews without a phone, unless they are on a mission.
    """
    names = guard_sectors.c.name.label("sector"), companies.c.name.label("company")
    engaged = sa.exists().where(engagements.c.vehicle_id == guard_shifts.c.vehicle_id)
    phone = sa.func.coalesce(guard_periods.c.phone, companies.c.phone).label("phone")
    query = (
        sa.select(*_OF, *names, phone)
        .select_from(
            shifts_and_periods()
            .join(guard_sectors, guard_sectors.c.id == guard_periods.c.sector_id)
            .join(companies, companies.c.id == guard_periods.c.company_id)
        )
        .where(
            guard_periods.c.sector_id == sector_id,
            guard_periods.c.ends_at > at,
            guard_periods.c.withdrawn_at.is_(None),
            guard_shifts.c.closed_at.is_(None),
            guard_periods.c.approved_at.is_(None) | ((phone_count() == 0) & ~engaged),
        )
        .order_by(guard_periods.c.asked_at, guard_periods.c.starts_at, guard_periods.c.id)
    )
    found = [made(GuardByPhone, row) for row in await connection.execute(query)]
    return list({each.vehicle_id: each for each in reversed(found)}.values())[::-1]


# -- one period ------------------------------------------------------------------------------------------------------


async def read_period(connection: AsyncConnection, period_id: UUID) -> Period | None:
    """A period of the guard, whoever's it is."""
    row = await connection.execute(sa.select(*PERIOD).where(guard_periods.c.id == period_id))
    found = row.mappings().one_or_none()
    return Period(**found) if found else None


async def lock_period(
    connection: AsyncConnection, period_id: UUID, vehicle_id: UUID | None = None
) -> Period | None:
    """Read a period, and let nobody else decide about it until the transaction ends.

    ``vehicle_id``: nor about any other that this vehicle is on guard in. Whoever ends a shift may end the one chained to
    it, and has all of them before the vehicle: two who came from either end would wait for each other.
    """
    ids = {period_id}
    if vehicle_id is not None:
        open_ = guard_shifts.c.vehicle_id == vehicle_id, guard_shifts.c.closed_at.is_(None)
        ids |= set(await connection.scalars(sa.select(guard_shifts.c.period_id).where(*open_)))
    return (await lock_periods(connection, ids)).get(period_id)


async def lock_periods(connection: AsyncConnection, period_ids: Iterable[UUID]) -> dict[UUID, Period]:
    """Read periods, and let nobody else decide about them until the transaction ends. One order for all: by id."""
    query = sa.select(*PERIOD).where(guard_periods.c.id.in_(list(period_ids))).order_by(guard_periods.c.id)
    rows = (await connection.execute(query.with_for_update(key_share=True))).mappings()
    return {row["id"]: Period(**row) for row in rows}


async def open_shift_of(connection: AsyncConnection, period_id: UUID) -> Shift | None:
    """The shift of a period whose crew is on guard."""
    query = sa.select(*SHIFT).where(guard_shifts.c.period_id == period_id, guard_shifts.c.closed_at.is_(None))
    row = (await connection.execute(query)).mappings().one_or_none()
    return made_shift(row) if row else None


async def read_shift(connection: AsyncConnection, shift_id: UUID) -> Shift | None:
    """A shift, open or closed, whoever's it is."""
    found = await connection.execute(sa.select(*SHIFT).where(guard_shifts.c.id == shift_id))
    row = found.mappings().one_or_none()
    return made_shift(row) if row else None


async def lock_shift(connection: AsyncConnection, shift_id: UUID) -> Shift | None:
    """Read a shift as it is now, and keep its vehicle from being engaged until the transaction ends."""
    shift = await read_shift(connection, shift_id)
    if shift is not None:
        row = sa.select(vehicles.c.id).where(vehicles.c.id == shift.vehicle_id)
        await connection.execute(row.with_for_update(key_share=True))
    return shift


async def period_standing(connection: AsyncConnection, period_id: UUID) -> PeriodStanding | None:
    """How a period stands; ``None`` for one that does not exist. A withdrawn one is found, with its date."""
    period = await read_period(connection, period_id)
    if period is None:
        return None
    shift = await open_shift_of(connection, period_id)
    busy = shift is not None and await is_busy(connection, shift, period)
    phones = await _phones_of(connection, shift.id) if shift else 0
    left_at = None if phones else await _left_at(connection, period_id)
    return PeriodStanding(period, shift, busy, phones, left_at)


async def _phones_of(connection: AsyncConnection, shift_id: UUID) -> int:
    found = sa.select(phone_count()).select_from(guard_shifts).where(guard_shifts.c.id == shift_id)
    return int(await connection.scalar(found) or 0)


async def _left_at(connection: AsyncConnection, period_id: UUID) -> datetime | None:
    """When the shift that was opened last was closed, else when its last phone went."""
    gone_at = sa.func.coalesce(guard_shifts.c.closed_at, phone_gone_at())
    last = sa.select(gone_at).select_from(guard_shifts).where(guard_shifts.c.period_id == period_id)
    order = guard_shifts.c.closed_at.is_not(None), guard_shifts.c.closed_at.desc()
    found: datetime | None = await connection.scalar(last.order_by(*order).limit(1))
    return found


async def is_busy(connection: AsyncConnection, shift: Shift, period: Period) -> bool:
    """Whether ending the shift would leave a mission, or a solicitation, without its crew."""
    engaged = sa.exists().where(engagements.c.vehicle_id == shift.vehicle_id)
    asked = sa.exists().where(
        solicitations.c.vehicle_id == shift.vehicle_id,
        solicitations.c.state == _OPEN,
        solicitations.c.tier == Tier.GUARD,
    )
    busy = await connection.scalar(sa.select(sa.or_(engaged, asked)))
    return bool(busy) and not await _goes_on(connection, shift, period)


# -- the end of a shift ----------------------------------------------------------------------------------------------


async def close_shift(
    connection: AsyncConnection, shift_id: UUID, at: datetime, reason: ShiftEnd, by: Actor | None
) -> list[DutyFact]:
    """Close a shift, and the chained ones behind it that cannot begin any more; the facts are still to be told.

    Nothing happens, and nothing is told, when it is closed already; or when it should close itself, ``PERIOD_OVER``
    with ``by`` null, and its crew was given a mission a moment ago. A provisional period that nobody approved is gone
    with its crew.
    """
    shift = await read_shift(connection, shift_id)
    period = await lock_period(connection, shift.period_id, shift.vehicle_id) if shift else None
    shift = await lock_shift(connection, shift_id)  # as it is now that nobody else decides about it
    if shift is None or period is None or not shift.is_open:
        return []
    if reason is ShiftEnd.PERIOD_OVER and await is_busy(connection, shift, period):
        return []
    done = await _end(connection, shift, period, at, reason)
    body = ShiftClosed(
        shift_id=shift.id,
        company_id=shift.company_id,
        vehicle_id=shift.vehicle_id,
        reason=reason,
        served_s=done.served_s or 0,
        overtime_s=done.overtime_s or 0,
        by=by,
    )
    bodies: list[AnyDutyBody] = [body, *await _no_more_asked(connection, period, at, reason, by)]
    told = [of_guard(period.id, period.samu_id, period.company_id, each, at) for each in bodies]
    for each in await _stranded(connection, shift, period, at):
        told += await close_shift(connection, each, at, reason, by)
    return told


async def _no_more_asked(
    connection: AsyncConnection, period: Period, at: datetime, reason: ShiftEnd, by: Actor | None
) -> list[AnyDutyBody]:
    """There is nothing left to approve of a period whose crew has gone (rule 59); one that was served to its end stays."""
    if not period.waits_for_approval:
        return []
    told = AlarmClosed(alarm_id=missing_alarm_id(period.id), alarm=AlarmKind.GUARD_PERIOD_MISSING)
    if reason not in LEFT_BY_CREW or by is None:
        return [told]
    await connection.execute(
        sa.update(guard_periods)
        .where(guard_periods.c.id == period.id)
        .values(withdrawn_at=at, withdrawn_reason=CREW_LEFT)
    )
    return [GuardWithdrawn(reason=CREW_LEFT, by=by), told]


async def _end(
    connection: AsyncConnection, shift: Shift, period: Period, at: datetime, reason: ShiftEnd
) -> Shift:
    """Write the end of a shift, with the time that its crew has served."""
    chained = await _goes_on(connection, shift, period)
    last = await connection.scalar(
        sa.select(sa.func.max(sa.func.coalesce(missions.c.ended_at, at))).where(
            missions.c.vehicle_id == shift.vehicle_id, missions.c.assigned_at >= shift.opened_at
        )
    )
    served = hours(period, shift.opened_at, worked_until(period, at, last, chained=chained))
    statement = (
        sa.update(guard_shifts)
        .where(guard_shifts.c.id == shift.id)
        .values(closed_at=at, close_reason=reason, served_s=served.served_s, overtime_s=served.overtime_s)
        .returning(*SHIFT)
    )
    return made_shift((await connection.execute(statement)).mappings().one())


async def _goes_on(connection: AsyncConnection, shift: Shift, period: Period) -> bool:
    """Whether another open shift of the vehicle begins when this period ends, and counts.

    One that still waits for approval does not take over: the vehicle would be on guard for nobody in mid-mission.
    """
    query = sa.select(guard_shifts.c.id).select_from(shifts_and_periods())
    following = query.where(
        guard_shifts.c.vehicle_id == shift.vehicle_id,
        *_COUNTS,
        guard_shifts.c.id != shift.id,
        guard_periods.c.starts_at == period.ends_at,
    )
    return await connection.scalar(following) is not None


async def _stranded(
    connection: AsyncConnection, shift: Shift, period: Period, at: datetime
) -> Sequence[UUID]:
    """The shift chained to a closed one whose period is still too far away to be on guard for it."""
    query = sa.select(guard_shifts.c.id).select_from(shifts_and_periods())
    found = await connection.scalars(
        query.where(
            guard_shifts.c.vehicle_id == shift.vehicle_id,
            guard_shifts.c.closed_at.is_(None),
            guard_periods.c.starts_at == period.ends_at,
            guard_periods.c.starts_at > at + OPENS_BEFORE,
        )
    )
    return found.all()


# -- rows ------------------------------------------------------------------------------------------------------------


def made_shift(row: sa.RowMapping) -> Shift:
    """A shift from the columns of SHIFT."""
    values = {field.name: row[field.name] for field in fields(Shift)}
    return Shift(**values | {"teammate": Teammate.model_validate(row["teammate"])})


def shifts_and_periods() -> sa.Join:
    """Every shift with its period."""
    return guard_shifts.join(guard_periods, guard_periods.c.id == guard_shifts.c.period_id)


_COUNTS = (
    guard_shifts.c.closed_at.is_(None),
    guard_periods.c.approved_at.is_not(None),
    guard_periods.c.withdrawn_at.is_(None),
)


def missions_since() -> sa.ScalarSelect[int]:
    """The missions of a shift: of one that was chained early, not those of the shift before."""
    since = sa.func.greatest(guard_shifts.c.opened_at, guard_periods.c.starts_at - OPENS_BEFORE)
    count = sa.select(sa.func.count()).where(
        missions.c.vehicle_id == guard_shifts.c.vehicle_id,
        missions.c.assigned_at >= since,
        sa.or_(guard_shifts.c.closed_at.is_(None), missions.c.assigned_at <= guard_shifts.c.closed_at),
    )
    return count.correlate(guard_shifts, guard_periods).scalar_subquery()


_IDS = (guard_shifts.c.vehicle_id, guard_periods.c.company_id, guard_periods.c.sector_id)
_OF = (*_IDS, guard_periods.c.id.label("period_id"), guard_shifts.c.id.label("shift_id"))
"""Who is on guard, and of what."""


def _guard_vehicles() -> sa.Select[Any]:
    at, samu = sa.bindparam("at", type_=Instant), sa.bindparam("samu", type_=Uuid)
    over = guard_periods.c.ends_at <= sa.func.coalesce(at, sa.func.now())
    return (
        sa.select(*_OF, missions_since().label("missions"), phone_count().label("phones"))
        .ext(distinct_on(guard_shifts.c.vehicle_id))
        .select_from(shifts_and_periods())
        .where(guard_periods.c.samu_id == samu, *_COUNTS)
        .order_by(guard_shifts.c.vehicle_id, over, guard_periods.c.starts_at)
    )


GUARD_VEHICLES = _guard_vehicles()
"""Of `guard_vehicles`, with the parameters `samu` and `at`; every survey asks it within its own statement."""
