"""The devices that people are on: registered once, closed for ever."""

from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lease import SILENCE
from domain.vocabulary import LeaseState
from storage.tables import crews, devices, leases, persons, sites, vehicles
from storage.views import made


@dataclass(frozen=True, slots=True)
class Device:
    """A plugin, a page or a phone of one person, registered in one of their sessions."""

    id: UUID
    person_id: UUID
    kind: str
    name: str
    created_at: datetime
    closed_at: datetime | None = None
    closed_reason: str | None = None
    last_seen_at: datetime | None = None
    session_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """A device as its company knows it: its name and whose it is."""

    name: str
    kind: str
    person: str


@dataclass(frozen=True, slots=True)
class Place:
    """A site or a vehicle, by its name."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class OpenDevice:
    """A device that is not closed: whose, when it was last heard of, what it regulates, and where it is."""

    id: UUID
    kind: str
    name: str
    person_id: UUID
    person: str
    created_at: datetime
    last_seen_at: datetime | None
    sites: tuple[Place, ...]
    vehicle: Place | None


MOST_DEVICES = 500
_DEVICE = sa.select(*(devices.c[field.name] for field in fields(Device)))


async def add_device(
    connection: AsyncConnection, device: Device, push_subscription: dict[str, JsonValue] | None
) -> None:
    """Register a device."""
    values = {field.name: getattr(device, field.name) for field in fields(Device)}
    push = push_subscription if push_subscription is not None else sa.null()
    await connection.execute(sa.insert(devices).values(**values, push_subscription=push))


async def find_device(
    connection: AsyncConnection, device_id: UUID, person_id: UUID, *, for_update: bool = False
) -> Device | None:
    """Find a device of this person, closed or not; kept from other writers ``for_update``."""
    found = _DEVICE.where(devices.c.id == device_id, devices.c.person_id == person_id)
    if for_update:
        found = found.with_for_update(key_share=True)
    row = (await connection.execute(found)).one_or_none()
    return made(Device, row) if row else None


async def is_open_in(connection: AsyncConnection, device_id: UUID, company_id: UUID) -> bool:
    """Whether an open device belongs to somebody of this company."""
    query = (
        sa.select(devices.c.id)
        .join(persons, persons.c.id == devices.c.person_id)
        .where(
            devices.c.id == device_id,
            devices.c.closed_at.is_(None),
            persons.c.company_id == company_id,
            ~persons.c.disabled,
        )
    )
    return await connection.scalar(query) is not None


async def open_devices(
    connection: AsyncConnection, person_id: UUID, company_id: UUID | None, at: datetime
) -> list[OpenDevice]:
    """The open devices of a company, or else of one person; those heard of last come first, the rest is left out."""
    own = persons.c.company_id == company_id if company_id is not None else persons.c.id == person_id
    heard = sa.func.coalesce(devices.c.last_seen_at, devices.c.created_at)
    query = (
        sa.select(
            devices.c.id,
            devices.c.kind,
            devices.c.name,
            persons.c.id.label("person_id"),
            persons.c.username.label("person"),
            devices.c.created_at,
            devices.c.last_seen_at,
        )
        .join(persons, persons.c.id == devices.c.person_id)
        .where(own, devices.c.closed_at.is_(None), ~persons.c.disabled)
        .order_by(heard.desc(), devices.c.id)
        .limit(MOST_DEVICES)
    )
    rows = (await connection.execute(query)).mappings().all()
    regulated = await _regulated(connection, company_id, at)
    boarded = await _boarded(connection, company_id)
    return [
        OpenDevice(**row, sites=tuple(regulated.get(row["id"], ())), vehicle=boarded.get(row["id"]))
        for row in rows
    ]


async def _regulated(
    connection: AsyncConnection, company_id: UUID | None, at: datetime
) -> dict[UUID, list[Place]]:
    """The sites that each device of a company regulates at that moment."""
    query = (
        sa.select(leases.c.device_id, sites.c.id, sites.c.name)
        .join_from(leases, sites, sites.c.id == leases.c.site_id)
        .where(
            leases.c.company_id == company_id,
            leases.c.state == LeaseState.HELD,
            leases.c.heartbeat_at > at - SILENCE,
        )
        .order_by(sites.c.name, sites.c.id)
    )
    found: dict[UUID, list[Place]] = {}
    for device_id, site_id, name in await connection.execute(query):
        found.setdefault(device_id, []).append(Place(site_id, name))
    return found


async def _boarded(connection: AsyncConnection, company_id: UUID | None) -> dict[UUID, Place]:
    """The vehicle that each phone of a company is in."""
    query = (
        sa.select(crews.c.device_id, vehicles.c.id, vehicles.c.name)
        .join_from(crews, vehicles, vehicles.c.id == crews.c.vehicle_id)
        .where(crews.c.company_id == company_id, crews.c.left_at.is_(None))
    )
    return {
        device_id: Place(vehicle_id, name) for device_id, vehicle_id, name in await connection.execute(query)
    }


async def holder(connection: AsyncConnection, device_id: UUID) -> Holder | None:
    """Who a device is, for its own company."""
    query = (
        sa.select(devices.c.name, devices.c.kind, persons.c.username)
        .join(persons, persons.c.id == devices.c.person_id)
        .where(devices.c.id == device_id)
    )
    row = (await connection.execute(query)).one_or_none()
    return Holder(*row) if row else None


async def note_seen(connection: AsyncConnection, device_id: UUID, at: datetime) -> None:
    """A device was heard of."""
    seen = sa.func.greatest(sa.func.coalesce(devices.c.last_seen_at, at), at)
    await connection.execute(sa.update(devices).where(devices.c.id == device_id).values(last_seen_at=seen))


async def close_device(connection: AsyncConnection, device_id: UUID, reason: str, at: datetime) -> bool:
    """Close a device and forget where it is pushed to; false when it was closed before."""
    values = {"closed_at": at, "closed_reason": reason, "push_subscription": sa.null()}
    unclosed = sa.update(devices).where(devices.c.id == device_id, devices.c.closed_at.is_(None))
    return (await connection.execute(unclosed.values(values))).rowcount > 0
