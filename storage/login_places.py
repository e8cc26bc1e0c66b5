"""From where names logged in, kept as keyed digests: so that a guesser at a shared address is not everybody's fault."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import login_places as places

KNOWN_FOR = timedelta(days=90)
"""A telephone stays logged in for weeks: whoever comes back must still be known."""


async def is_known(connection: AsyncConnection, key: bytes, at: datetime) -> bool:
    """Whether somebody logged in under this key within KNOWN_FOR."""
    known = sa.select(places.c.key).where(places.c.key == key, places.c.last_at > at - KNOWN_FOR)
    return await connection.scalar(known) is not None


async def remember(connection: AsyncConnection, key: bytes, at: datetime) -> None:
    """Somebody logged in under this key."""
    fresh = insert(places).values(key=key, last_at=at)
    await connection.execute(
        fresh.on_conflict_do_update(index_elements=["key"], set_={"last_at": fresh.excluded.last_at})
    )


async def forget_old(connection: AsyncConnection, at: datetime) -> None:
    """Delete what counts no more."""
    await connection.execute(sa.delete(places).where(places.c.last_at <= at - KNOWN_FOR))
