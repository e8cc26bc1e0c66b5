"""The embedded PostgreSQL, for real: it starts whatever was left behind, and comes back when it is killed."""

import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from ops.embedded import postgres
from ops.embedded.datadir import DataDir, hold
from ops.embedded.supervisor import Keeper, Supervisor, wait_until
from tests.ops.support import eventually


@pytest.fixture(scope="module")
def data() -> Iterator[DataDir]:
    """A data directory whose path is short: pytest's own may be too long for a socket."""
    root = Path(tempfile.mkdtemp(prefix="rsc-"))
    with hold(root) as held:
        yield held
    shutil.rmtree(root)


@asynccontextmanager
async def running(data: DataDir) -> AsyncIterator[tuple[postgres.Cluster, Keeper, list[str]]]:
    said: list[str] = []
    supervisor = Supervisor(said.append, lambda: None)
    cluster = await postgres.prepare(data, said.append)
    [keeper] = supervisor.start([cluster.server()])
    try:
        await wait_until(lambda: postgres.answers(cluster), [keeper], 30, "PostgreSQL")
        await postgres.ensure_database(cluster)
        yield cluster, keeper, said
    finally:
        await supervisor.stop()


async def _ask(url: str, question: str) -> str:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        row = await (await connection.execute(question)).fetchone()
        assert row is not None
        return str(row[0])


async def test_the_address_works_as_it_is(data: DataDir) -> None:
    async with running(data) as (cluster, _, _):
        assert await _ask(cluster.url(), "SELECT current_database()") == "rescousse"
        assert await _ask(cluster.url(), "SHOW max_connections") == "200"
        assert await _ask(cluster.url(), "SHOW fsync") == "on"
        assert await _ask(cluster.url(), "SHOW synchronous_commit") == "on"
        assert await _ask(cluster.url(), "SHOW server_encoding") == "UTF8"
        assert (await _ask(cluster.url(), "SHOW server_version")).startswith("18")
        assert await _ask(cluster.url(), "SHOW listen_addresses") == ""
    assert not (data.postgres / "postmaster.pid").exists()


async def test_a_killed_server_comes_back_with_its_data(data: DataDir) -> None:
    async with running(data) as (cluster, keeper, said):
        async with await psycopg.AsyncConnection.connect(cluster.url(), autocommit=True) as connection:
            await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
            first = keeper.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            await eventually(lambda: keeper.pid != first)
        await wait_until(lambda: postgres.answers(cluster), [keeper], 10, "PostgreSQL")
        assert await _ask(cluster.url(), "SELECT answer FROM kept") == "42"
        assert len(said) == 1


async def test_lock_files_left_behind_do_not_prevent_a_start(data: DataDir) -> None:
    """Their process id belongs to somebody else by now: here, to this very test."""
    cluster = await postgres.prepare(data, lambda _: None)
    for path in (data.postgres / "postmaster.pid", cluster.sockets / f"{postgres.SOCKET_NAME}.lock"):
        path.write_text(
            f"{os.getpid()}\n{data.postgres}\n1700000000\n5432\n{cluster.sockets}\n\n 1 1\nready   \n"
        )
        if cluster.account is not None:
            os.chown(path, cluster.account.uid, cluster.account.gid)
    async with running(data) as (_, _, said):
        assert said == []


async def test_an_interrupted_first_start_is_repeated(tmp_path: Path) -> None:
    """And a path that is too long for a unix socket is no obstacle."""
    with hold(tmp_path / ("long" * 30)) as data:
        half = data.root / "postgres.new"
        half.mkdir()
        (half / "PG_VERSION").write_text("18\n")
        async with running(data) as (cluster, _, _):
            assert await _ask(cluster.url(), "SELECT 1") == "1"
        shutil.rmtree(cluster.sockets)


def test_as_root_the_server_is_somebody_else(data: DataDir) -> None:
    owner = data.postgres.stat().st_uid
    assert owner != 0
    if os.geteuid() != 0:
        assert owner == os.geteuid()
