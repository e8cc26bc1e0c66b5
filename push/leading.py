"""One process at a time sends: a lock of the database, which is free again as soon as its holder is gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

LOCK = 0x7265_7363_2D70_7573
"""Advisory lock of the sender ("resc-pus" in ASCII)."""
SILENCE_SECONDS = 10.0
"""A holder that says nothing for so long, frozen perhaps, loses its session, and the lock with it."""
TRY_EVERY_SECONDS = 1.0
CONNECT_SECONDS = 5
QUERY_SECONDS = 5.0
APPLICATION_NAME = "rescousse-push"


class Lead:
    """A session of the database that holds the lock, or wants it."""

    def __init__(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        """Take a connection that is used for nothing else."""
        self._connection = connection

    async def is_mine(self) -> bool:
        """Take the lock if it is free; whether it is ours now."""
        return await self._ask(f"SELECT pg_try_advisory_lock({LOCK})")

    async def stays_mine(self) -> None:
        """Say that this process is alive. Raises psycopg.Error or TimeoutError when the session, and the lock, are lost."""
        await self._ask("SELECT true")

    async def _ask(self, query: str) -> bool:
        async with asyncio.timeout(QUERY_SECONDS):
            row = await (await self._connection.execute(query)).fetchone()
        return row is not None and row[0] is True


@asynccontextmanager
async def candidate(address: str, silence_seconds: float = SILENCE_SECONDS) -> AsyncIterator[Lead]:
    """A session that may take the lock, and gives it back at the end. Raises psycopg.Error or OSError."""
    connection = await psycopg.AsyncConnection.connect(
        address,
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
        application_name=APPLICATION_NAME,
        options=f"-c idle_session_timeout={int(silence_seconds * 1000)}",
    )
    async with connection:
        yield Lead(connection)
