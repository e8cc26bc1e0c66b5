"""The devices that people are on: registered once, closed for ever."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import devices


@dataclass(frozen=True, slots=True)
class Device:
    """A plugin, a page or a phone of one person."""

    id: UUID
    person_id: UUID
    kind: str
    name: str
    created_at: datetime
    closed_at: datetime | None


async def add_device(
    connection: AsyncConnection, device: Device, push_subscription: dict[str, JsonValue] | None
) -> None:
    """Register a device."""
    await connection.execute(
        sa.insert(devices).values(
            id=device.id,
            person_id=device.person_id,
            kind=device.kind,
            name=device.name,
            created_at=device.created_at,
            push_subscription=push_subscription if push_subscription is not None else sa.null(),
        )
    )


async def find_device(connection: AsyncConnection, device_id: UUID, person_id: UUID) -> Device | None:
    """Find a device of this person, closed or not."""
    found = await connection.execute(
        sa.select(devices).where(devices.c.id == device_id, devices.c.person_id == person_id)
    )
    row = found.one_or_none()
    if row is None:
        return None
    return Device(row.id, row.person_id, row.kind, row.name, row.created_at, row.closed_at)


async def close_device(connection: AsyncConnection, device_id: UUID, person_id: UUID, at: datetime) -> bool:
    """Close a device of this person; whether there is one. Closing again changes nothing."""
    closed = await connection.execute(
        sa.update(devices)
        .where(devices.c.id == device_id, devices.c.person_id == person_id)
        .values(closed_at=sa.func.coalesce(devices.c.closed_at, at))
    )
    return closed.rowcount > 0
