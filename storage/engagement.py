"""Which vehicle is on which mission: one row a vehicle, where a race between demands is decided (rule 94)."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.messages import EngageRequest, LeaseStamp
from domain.outcomes import Outcome
from domain.vocabulary import LeaseState, SolicitationState
from storage import fleet
from storage.tables import companies, crews, engagements, leases, solicitations, vehicles


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVehicle:
    """A vehicle as it is when somebody wants it."""

    company_id: UUID
    category: str
    on_guard: bool
    phone_bound: bool
    name: str
    company_name: str
    mission_id: UUID | None
    """The mission that has it."""


_OPEN: sa.ColumnElement[str] = sa.literal_column(f"'{SolicitationState.OPEN}'")
"""Written out, because the index of open solicitations serves no parameter."""


_PHONE = sa.exists().where(crews.c.vehicle_id == vehicles.c.id, crews.c.left_at.is_(None))
"""Whether a phone is in the vehicle."""


async def lock_vehicle(connection: AsyncConnection, vehicle_id: UUID) -> KnownVehicle | None:
    """Read a vehicle, and keep everybody else from engaging it until the transaction ends."""
    # Locked first, then read: one statement would read the guard as it was before it waited for the lock.
    mine = sa.select(vehicles.c.id).where(vehicles.c.id == vehicle_id)
    await connection.execute(mine.with_for_update(key_share=True))
    query = sa.select(
        vehicles.c.company_id,
        vehicles.c.category,
        fleet.on_guard().label("on_guard"),
        _PHONE.label("phone_bound"),
        vehicles.c.name,
        companies.c.name.label("company_name"),
        engagements.c.mission_id,
    ).select_from(
        vehicles.join(companies, companies.c.id == vehicles.c.company_id).outerjoin(
            engagements, engagements.c.vehicle_id == vehicles.c.id
        )
    )
    row = (await connection.execute(query.where(vehicles.c.id == vehicle_id))).mappings().one_or_none()
    return KnownVehicle(**row) if row else None


async def holds(connection: AsyncConnection, stamp: LeaseStamp) -> bool:
    """Whether a site is still regulated under this epoch; it stays so until the transaction ends (rule 37)."""
    query = sa.select(leases.c.epoch).where(
        leases.c.site_id == stamp.site_id, leases.c.state == LeaseState.HELD
    )
    return await connection.scalar(query.with_for_update(read=True)) == stamp.epoch


async def engage(connection: AsyncConnection, wanted: EngageRequest) -> Outcome:
    """Give a vehicle that is locked to a mission: `CONFIRMED`, also when it has it already.

    `VEHICLE_ENGAGED` when another demand has the vehicle; `MISSION_ENDED` when it should replace one and the mission
    has none any more. A demand has one vehicle at most: an engagement that it left behind (a claim that was never
    confirmed, a mission whose end is not recorded yet) is moved, not doubled.
    """
    holder = await connection.scalar(
        sa.select(engagements.c.demand_id).where(engagements.c.vehicle_id == wanted.vehicle_id)
    )
    if holder is not None and holder != wanted.demand_id:
        return Outcome.VEHICLE_ENGAGED
    if wanted.replaces is None:
        await _take(connection, wanted)
        return Outcome.CONFIRMED
    return Outcome.CONFIRMED if await _replace(connection, wanted) else Outcome.MISSION_ENDED


async def release(connection: AsyncConnection, mission_id: UUID, vehicle_id: UUID | None = None) -> None:
    """Free the vehicle of a mission; nothing happens if it has none, or has another one than `vehicle_id` by now."""
    held = [engagements.c.mission_id == mission_id]
    held += [] if vehicle_id is None else [engagements.c.vehicle_id == vehicle_id]
    await connection.execute(sa.delete(engagements).where(*held))


async def rivals(connection: AsyncConnection, wanted: EngageRequest) -> tuple[UUID, ...]:
    """The other demands that solicit this vehicle now, in a fixed order."""
    query = (
        sa.select(solicitations.c.demand_id)
        .distinct()
        .where(
            solicitations.c.vehicle_id == wanted.vehicle_id,
            solicitations.c.state == _OPEN,
            solicitations.c.demand_id != wanted.demand_id,
        )
        .order_by(solicitations.c.demand_id)
    )
    return tuple(await connection.scalars(query))


async def _take(connection: AsyncConnection, wanted: EngageRequest) -> None:
    columns = {
        "vehicle_id": wanted.vehicle_id,
        "mission_id": wanted.mission_id,
        "engaged_at": wanted.at,
    }
    statement = insert(engagements).values(demand_id=wanted.demand_id, **columns)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=[engagements.c.demand_id], set_=columns)
    )


async def _replace(connection: AsyncConnection, wanted: EngageRequest) -> bool:
    moved = await connection.execute(
        sa.update(engagements)
        .where(engagements.c.mission_id == wanted.mission_id)
        .values(vehicle_id=wanted.vehicle_id, engaged_at=wanted.at)
    )
    return moved.rowcount == 1
