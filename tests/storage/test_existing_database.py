"""A PostgreSQL that somebody else runs: TLS, and a role that owns a schema and nothing more.

The role: every test that takes a database speaks as such a one (tests/fixtures/postgres.py).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from ops.embedded.postgres import SOCKET_NAME, Cluster
from settings import Settings
from storage.engine import create_engine
from storage.feed import Feed
from storage.journal import CHANNEL
from storage.migrate import upgrade
from tests.fixtures.postgres import PASSWORD, ROLE
from tests.fixtures.tls import Authority, Pipe, postgres_door

HOST = "localhost"


@pytest.fixture
async def guarded(cluster: Cluster, database_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """Our database behind TLS: its address, for who trusts its authority."""

    async def behind() -> Pipe:
        return await asyncio.open_unix_connection(cluster.sockets / SOCKET_NAME)

    authority = Authority(tmp_path)
    async with postgres_door(behind, authority.server_context(HOST)) as port:
        trust = f"sslmode=verify-full&sslrootcert={quote(str(authority.file), safe='/')}"
        written = f"postgresql://{ROLE}:{PASSWORD}@{HOST}:{port}/rescousse?{trust}"
        yield Settings(database_url=written).database_url


async def test_what_the_address_says_of_tls_counts_for_every_connection(guarded: str) -> None:
    await asyncio.to_thread(upgrade, guarded)
    engine = create_engine(guarded, 1)
    try:
        async with engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            assert isinstance(driver, psycopg.AsyncConnection)
            assert driver.pgconn.ssl_in_use
        await _hears(Feed(guarded), engine)
    finally:
        await engine.dispose()


async def _hears(feed: Feed, engine: AsyncEngine) -> None:
    """The connection that listens is one of its own."""
    listening = asyncio.create_task(feed.run())
    try:
        seen = await feed.wait(0, 10)
        async with asyncio.timeout(10):
            while feed.count <= seen:
                async with engine.begin() as connection:
                    await connection.execute(sa.text(f"NOTIFY {CHANNEL}"))
                await feed.wait(seen, 0.2)
    finally:
        feed.close()
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


async def test_a_server_that_is_not_the_one_is_not_believed(guarded: str, tmp_path: Path) -> None:
    other = Authority(tmp_path, "another")
    with pytest.raises(OperationalError, match="certificate verify failed"):
        await asyncio.to_thread(upgrade, guarded.replace("authority.pem", other.file.name))


async def test_our_role_may_do_nothing_beyond_its_schema(database_url: str) -> None:
    """The control: if it could, the other tests would show nothing."""
    asked = "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        row = await (await connection.execute(asked)).fetchone()
        assert row == (False,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("CREATE TABLE public.anything ()")
    with pytest.raises(psycopg.OperationalError, match="password"):
        await psycopg.AsyncConnection.connect(database_url.replace(PASSWORD, "another"))
