"""What a heartbeat writes and reads: three statements, because every device sends one every five seconds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lease import SILENCE
from domain.vocabulary import LeaseState
from storage import fleet
from storage.tables import (
    Instant,
    Uuid,
    crews,
    devices,
    engagements,
    guard_periods,
    guard_shifts,
    missions,
    vehicles,
)
from storage.tables import leases as held


@dataclass(frozen=True, slots=True)
class Beat:
    """A device whose heartbeat was written, and when it was heard of before; now, if this is the first time."""

    device_id: UUID
    kind: str
    closed_at: datetime | None
    heard_at: datetime | None


@dataclass(frozen=True, slots=True)
class VehicleNow:
    """A vehicle as it is: its tick-box, its mission, its guard, its phones (the primary one first).

    ``approved`` is null off guard; on guard, whether demands come through the platform (rule 59).
    """

    id: UUID
    name: str
    site_id: UUID | None
    available: bool
    available_until: datetime | None
    engaged: bool
    on_guard: bool
    approved: bool | None
    phones: list[UUID]


@dataclass(frozen=True, slots=True)
class Seat:
    """The vehicle that a phone is in, with its running mission and its guard; the last three are null off guard."""

    vehicle_id: UUID
    vehicle_name: str
    crew_id: UUID
    is_primary: bool
    mission_id: UUID | None
    shift_id: UUID | None
    period_id: UUID | None
    ends_at: datetime | None


async def beat(connection: AsyncConnection, person_id: UUID, device_id: UUID, at: datetime) -> Beat | None:
    """Note that a person's device is there, and renew what it regulates and has not lost (rule 37).

    ``None`` for a device that is not theirs; a closed one is given back, and nothing is written.
    """
    given = {"device": device_id, "person": person_id, "at": at, "lost": at - SILENCE}
    row = (await connection.execute(_BEAT, given)).one_or_none()
    return Beat(*row) if row else None


async def vehicles_now(connection: AsyncConnection, company_id: UUID) -> list[VehicleNow]:
    """A company's vehicles, by name."""
    rows = await connection.execute(_VEHICLES, {"company": company_id})
    return [VehicleNow(*row) for row in rows]


async def seat_of(connection: AsyncConnection, device_id: UUID) -> Seat | None:
    """Where a phone is."""
    row = (await connection.execute(_SEAT, {"device": device_id})).one_or_none()
    return Seat(*row) if row else None


_AT = sa.bindparam("at", type_=Instant)
_HEARD = sa.case((devices.c.last_seen_at == devices.c.created_at, _AT), else_=devices.c.last_seen_at).label(
    "heard_at"
)
"""A device that was only registered never fell silent."""
_OWN = (
    sa.select(devices.c.id, devices.c.kind, devices.c.closed_at, _HEARD)
    .where(
        devices.c.id == sa.bindparam("device", type_=Uuid),
        devices.c.person_id == sa.bindparam("person", type_=Uuid),
    )
    .cte("own")
)
_SEEN = (
    sa.update(devices)
    .where(devices.c.id == _OWN.c.id, _OWN.c.closed_at.is_(None))
    .values(last_seen_at=sa.func.greatest(sa.func.coalesce(devices.c.last_seen_at, _AT), _AT))
    .returning(devices.c.id)
    .cte("seen")
)


def _renewed() -> sa.CTE:
    """What the device regulates and has not lost. The device is locked first, then its leases, as everywhere."""
    live = (
        sa.select(held.c.site_id)
        .where(
            held.c.device_id.in_(sa.select(_SEEN.c.id)),
            held.c.state == LeaseState.HELD.value,
            held.c.heartbeat_at > sa.bindparam("lost", type_=Instant),
        )
        .order_by(held.c.site_id)
        .with_for_update()
    )
    beat_at = sa.func.greatest(held.c.heartbeat_at, _AT)
    renewing = sa.update(held).where(held.c.site_id.in_(live)).values(heartbeat_at=beat_at)
    return renewing.returning(held.c.site_id).cte("renewed")


def _vehicles() -> sa.Select[Any]:
    return (
        sa.select(
            vehicles.c.id,
            vehicles.c.name,
            vehicles.c.site_id,
            vehicles.c.available,
            vehicles.c.available_until,
            engagements.c.vehicle_id.is_not(None),
            fleet.on_guard(),
            _approved(),
            sa.func.coalesce(_phones(), sa.cast(sa.literal("{}"), ARRAY(Uuid))),
        )
        .outerjoin(engagements, engagements.c.vehicle_id == vehicles.c.id)
        .where(vehicles.c.company_id == sa.bindparam("company", type_=Uuid))
        .order_by(vehicles.c.name, vehicles.c.id)
    )


def _approved() -> sa.ScalarSelect[Any]:
    """Whether the guard that the vehicle's crew has opened counts; null when it has opened none."""
    return (
        sa.select(guard_periods.c.approved_at.is_not(None))
        .join_from(guard_shifts, guard_periods, guard_periods.c.id == guard_shifts.c.period_id)
        .where(guard_shifts.c.vehicle_id == vehicles.c.id, guard_shifts.c.closed_at.is_(None))
        .order_by(guard_shifts.c.opened_at.desc())
        .limit(1)
        .scalar_subquery()
    )


def _phones() -> sa.ScalarSelect[Any]:
    """The phones in the vehicle, the primary one first."""
    ordered = aggregate_order_by(crews.c.device_id, crews.c.is_primary.desc(), crews.c.bound_at)
    return (
        sa.select(sa.func.array_agg(ordered, type_=ARRAY(Uuid)))
        .where(crews.c.vehicle_id == vehicles.c.id, crews.c.left_at.is_(None))
        .scalar_subquery()
    )


def _seat() -> sa.Select[Any]:
    running = (
        sa.select(missions.c.id)
        .where(missions.c.vehicle_id == crews.c.vehicle_id, missions.c.ended_at.is_(None))
        .order_by(missions.c.assigned_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns = guard_shifts.c.id.label("shift_id"), guard_shifts.c.period_id, guard_periods.c.ends_at
    shift = (
        sa.select(*columns)
        .join_from(guard_shifts, guard_periods, guard_periods.c.id == guard_shifts.c.period_id)
        .where(guard_shifts.c.vehicle_id == crews.c.vehicle_id, guard_shifts.c.closed_at.is_(None))
        .order_by(guard_periods.c.starts_at)
        .limit(1)
        .lateral()
    )
    return (
        sa.select(vehicles.c.id, vehicles.c.name, crews.c.id, crews.c.is_primary, running, *shift.c)
        .join_from(crews, vehicles, vehicles.c.id == crews.c.vehicle_id)
        .outerjoin(shift, sa.true())
        .where(crews.c.device_id == sa.bindparam("device", type_=Uuid), crews.c.left_at.is_(None))
    )


_SEAT = _seat()
_BEAT = sa.select(*_OWN.c).add_cte(_SEEN, _renewed())
_VEHICLES = _vehicles()
