"""Which phone is in which vehicle, and with whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.boarding import Changes, Crew
from domain.duty_facts import CrewMember
from storage.tables import crews, devices, guard_periods, guard_shifts, missions

NAMES = tuple(Crew.__dataclass_fields__)
_CREW = sa.select(*(crews.c[name] for name in NAMES)).where(crews.c.left_at.is_(None))
_ORDER = crews.c.bound_at, crews.c.id


async def of_device(connection: AsyncConnection, device_id: UUID) -> Crew | None:
    """Where a phone is."""
    row = (await connection.execute(_CREW.where(crews.c.device_id == device_id))).one_or_none()
    return _crew(row) if row else None


async def of_vehicle(connection: AsyncConnection, vehicle_id: UUID) -> list[Crew]:
    """The phones in a vehicle, the oldest first."""
    query = _CREW.where(crews.c.vehicle_id == vehicle_id).order_by(*_ORDER)
    return [_crew(row) for row in await connection.execute(query)]


async def write(connection: AsyncConnection, changes: Changes, at: datetime) -> None:
    """Write what was decided, in the order that the unique rows allow."""
    for crew_id, reason in changes.left:
        gone = {"left_at": at, "left_reason": reason, "is_primary": False}
        await connection.execute(sa.update(crews).where(crews.c.id == crew_id).values(gone))
    for ids, is_primary in ((changes.demoted, False), (changes.promoted, True)):
        if ids:
            await connection.execute(
                sa.update(crews).where(crews.c.id.in_(ids)).values(is_primary=is_primary)
            )
    if changes.bound is not None:
        await _bind(connection, changes.bound)


async def _bind(connection: AsyncConnection, crew: Crew) -> None:
    values = {name: getattr(crew, name) for name in NAMES}
    known = await connection.execute(sa.update(crews).where(crews.c.id == crew.id).values(values))
    if known.rowcount == 0:
        await connection.execute(sa.insert(crews).values(values))


def _crew(row: sa.Row[*tuple[Any, ...]]) -> Crew:
    values = dict(row._mapping)
    members = tuple(CrewMember.model_validate(each) for each in values["members"])
    return Crew(**values | {"members": members})


# -- what a vehicle does when somebody gets in -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenShift:
    """A guard shift that is open. ``approved``: its period counts; a provisional one waits for the SAMU (rule 59)."""

    id: UUID
    period_id: UUID
    sector_id: UUID
    starts_at: datetime
    ends_at: datetime
    opened_at: datetime
    approved: bool


async def open_shift(connection: AsyncConnection, vehicle_id: UUID) -> OpenShift | None:
    """The guard shift that a vehicle serves at this moment."""
    approved = guard_periods.c.approved_at.is_not(None)
    query = (
        sa.select(
            guard_shifts.c.id,
            guard_shifts.c.period_id,
            guard_periods.c.sector_id,
            guard_periods.c.starts_at,
            guard_periods.c.ends_at,
            guard_shifts.c.opened_at,
            approved,
        )
        .join_from(guard_shifts, guard_periods, guard_periods.c.id == guard_shifts.c.period_id)
        .where(guard_shifts.c.vehicle_id == vehicle_id, guard_shifts.c.closed_at.is_(None))
        .order_by(guard_shifts.c.opened_at.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return OpenShift(*row) if row else None


async def pass_guard(connection: AsyncConnection, device_id: UUID, to_device_id: UUID) -> None:
    """Another phone keeps the open guard shifts of this one."""
    kept = (guard_shifts.c.device_id == device_id) & guard_shifts.c.closed_at.is_(None)
    await connection.execute(sa.update(guard_shifts).where(kept).values(device_id=to_device_id))


async def running_mission(connection: AsyncConnection, vehicle_id: UUID) -> UUID | None:
    """The mission that a vehicle is on, as far as it is recorded."""
    query = (
        sa.select(missions.c.id)
        .where(missions.c.vehicle_id == vehicle_id, missions.c.ended_at.is_(None))
        .order_by(missions.c.assigned_at.desc())
        .limit(1)
    )
    found: UUID | None = await connection.scalar(query)
    return found


async def has_phone(connection: AsyncConnection, vehicle_id: UUID) -> bool:
    """Whether a phone is in the vehicle (rule 31)."""
    query = sa.select(crews.c.id).where(crews.c.vehicle_id == vehicle_id, crews.c.left_at.is_(None))
    return await connection.scalar(query.limit(1)) is not None


# -- for the fleet ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone in a vehicle, and when it was last heard of."""

    company_id: UUID
    vehicle_id: UUID
    device_id: UUID
    is_primary: bool
    last_seen_at: datetime | None


async def phones_of(connection: AsyncConnection, company_ids: Sequence[UUID]) -> list[Phone]:
    """The phones in the vehicles of these companies."""
    query = (
        sa.select(
            crews.c.company_id,
            crews.c.vehicle_id,
            crews.c.device_id,
            crews.c.is_primary,
            devices.c.last_seen_at,
        )
        .join_from(crews, devices, devices.c.id == crews.c.device_id)
        .where(crews.c.company_id.in_(company_ids), crews.c.left_at.is_(None))
        .order_by(*_ORDER)
    )
    return [Phone(*row) for row in await connection.execute(query)]
