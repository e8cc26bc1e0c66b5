"""Which devices and logins were closed a moment ago: read once for everybody who listens, as `storage.tail`."""

import asyncio
import logging
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.feed import Feed
from storage.tables import devices, sessions

LOOK_EVERY_SECONDS = 5.0
OVERLAP = timedelta(minutes=1)
"""What is read again each time: a closing is dated before it is committed, and hosts' clocks differ a little."""
REMEMBERED = timedelta(hours=1)
"""Longer than any stream lasts."""

log = logging.getLogger(__name__)


class Presence:
    """Whether a listener who was there when they began still is."""

    def __init__(self, database: AsyncEngine, feed: Feed) -> None:
        """Nothing is read before somebody asks."""
        self._database = database
        self._feed = feed
        self._gone: dict[UUID, datetime] = {}
        self._since: datetime | None = None
        self._count = -1
        self._read_at = 0.0
        self._reading = asyncio.Lock()

    async def is_gone(self, now: datetime, *ids: UUID | None) -> bool:
        """Whether one of these devices or logins was closed. While the database is away, as far as is known."""
        try:
            await self._catch_up(now)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("presence: cannot be read now (%s)", type(error).__name__)
        return any(each in self._gone for each in ids)

    async def _catch_up(self, now: datetime) -> None:
        if self._is_fresh():
            return
        async with self._reading:
            if not self._is_fresh():
                count, at = self._feed.count, asyncio.get_running_loop().time()
                await self._read(now)
                self._count, self._read_at = count, at

    def _is_fresh(self) -> bool:
        young = asyncio.get_running_loop().time() - self._read_at < LOOK_EVERY_SECONDS
        return self._since is not None and self._count == self._feed.count and young

    async def _read(self, now: datetime) -> None:
        async with self._database.connect() as connection:
            found = await connection.execute(_CLOSED, {"since": (self._since or now) - OVERLAP})
            self._gone |= {row.id: row.at for row in found}
        self._gone = {id_: at for id_, at in self._gone.items() if now - at < REMEMBERED}
        self._since = now


_SINCE = sa.bindparam("since", type_=devices.c.closed_at.type)
_CLOSED = sa.union_all(
    sa.select(devices.c.id, devices.c.closed_at.label("at")).where(devices.c.closed_at >= _SINCE),
    sa.select(sessions.c.id, sessions.c.ended_at.label("at")).where(sessions.c.ended_at >= _SINCE),
)
