"""Logins: one session each; its tokens and its devices end with it."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import journal
from storage.tables import devices, refresh_tokens, sessions


async def open_session(connection: AsyncConnection, session_id: UUID, person_id: UUID, at: datetime) -> None:
    """Write a login down."""
    row = {"id": session_id, "person_id": person_id, "opened_at": at}
    await connection.execute(sa.insert(sessions).values(row))


async def is_open(connection: AsyncConnection, session_id: UUID) -> bool:
    """Whether a session was opened and has not ended."""
    query = sa.select(sessions.c.id).where(sessions.c.id == session_id, sessions.c.ended_at.is_(None))
    return await connection.scalar(query) is not None


async def end_session(connection: AsyncConnection, session_id: UUID, at: datetime) -> None:
    """End a login: its refresh tokens are forgotten. Ending it again changes nothing. Tell its streams, too."""
    ended = sa.func.coalesce(sessions.c.ended_at, at)
    await connection.execute(sa.update(sessions).where(sessions.c.id == session_id).values(ended_at=ended))
    await connection.execute(sa.delete(refresh_tokens).where(refresh_tokens.c.session_id == session_id))


async def tell_streams(connection: AsyncConnection) -> None:
    """At the commit every stream looks whether its listener is still there."""
    await connection.execute(sa.select(sa.func.pg_notify(journal.CHANNEL, journal.CLOSED)))


async def devices_of(connection: AsyncConnection, session_id: UUID) -> list[UUID]:
    """The devices of a session that are not closed, in their order of registration."""
    query = sa.select(devices.c.id).where(devices.c.session_id == session_id, devices.c.closed_at.is_(None))
    return list(await connection.scalars(query.order_by(devices.c.id)))


async def ever_in(connection: AsyncConnection, session_id: UUID) -> list[UUID]:
    """Every device that was registered in a session, closed or not."""
    return list(await connection.scalars(sa.select(devices.c.id).where(devices.c.session_id == session_id)))


async def still_there(connection: AsyncConnection, session_id: UUID | None, device_id: UUID | None) -> bool:
    """Whether neither the session has ended nor the device is closed; what is not given counts as there."""
    ended = sa.exists().where(sessions.c.id == session_id, sessions.c.ended_at.is_not(None))
    closed = sa.exists().where(devices.c.id == device_id, devices.c.closed_at.is_not(None))
    return not await connection.scalar(sa.select(ended | closed))
