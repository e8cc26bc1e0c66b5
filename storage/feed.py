"""Tells the streams of one process that the journal has grown: one LISTEN connection, whatever happens to it."""

import asyncio
import logging
from contextlib import suppress

import psycopg

from storage.journal import CHANNEL, CLOSED

LOOK_EVERY_SECONDS = 1.0
"""A notification that got lost costs at most this."""
RECONNECT_SECONDS = (0.1, 0.5, 1.0, 2.0)
CONNECT_SECONDS = 5
APPLICATION_NAME = "rescousse-feed"
QUERY_SECONDS = 5.0
LAST_POSITION = "SELECT coalesce(max(position), 0) FROM journal"

log = logging.getLogger(__name__)


class Feed:
    """Counts news. Whoever waits says which count it has seen, so that nothing falls between two waits."""

    def __init__(self, database_url: str) -> None:
        """Take a PostgreSQL address (a SQLAlchemy driver name in it is dropped). Nothing happens before `run`."""
        self._address = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._count = 0
        self._closings = 0
        self._last_position = -1
        self._news = asyncio.Event()
        self._closing = asyncio.Event()

    @property
    def count(self) -> int:
        """How often there was news."""
        return self._count

    @property
    def closings(self) -> int:
        """How often a login or a device may have been closed."""
        return self._closings

    @property
    def closed(self) -> bool:
        """Whether the process is stopping: streams end at once."""
        return self._closing.is_set()

    def close(self) -> None:
        """Wake everybody for the last time. May be called from a signal handler of the event loop."""
        self._closing.set()
        self._wake()

    async def wait(self, seen: int, seconds: float) -> int:
        """Return the count as soon as it is more than ``seen``, the feed is closed, or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._count <= seen and not self.closed:
                    await self._news.wait()
        return self._count

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is made again."""
        failures = 0
        while not self.closed:
            try:
                await self._listen()
                failures = 0
            except (psycopg.Error, OSError) as error:
                log.warning("feed: the database does not answer (%s)", type(error).__name__)
            pause = RECONNECT_SECONDS[min(failures, len(RECONNECT_SECONDS) - 1)]
            failures += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._closing.wait()

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._address, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name=APPLICATION_NAME
        )
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")  # a constant of ours
            self._closings += 1  # whatever was said while nobody listened
            await self._look(connection)
            while not self.closed:
                heard = False
                async for news in connection.notifies(timeout=LOOK_EVERY_SECONDS, stop_after=1):
                    heard = True
                    self._closings += news.payload == CLOSED
                if heard:
                    self._wake()
                else:
                    await self._look(connection)

    async def _look(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        """Read how far the journal is: the safety net below the notifications."""
        async with asyncio.timeout(QUERY_SECONDS):
            row = await (await connection.execute(LAST_POSITION)).fetchone()
        position = row[0] if row else 0
        if isinstance(position, int) and position != self._last_position:
            self._last_position = position
            self._wake()

    def _wake(self) -> None:
        self._count += 1
        news, self._news = self._news, asyncio.Event()
        news.set()
