"""The devices that people are on: registered once, closed for ever."""

from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import devices, persons
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
