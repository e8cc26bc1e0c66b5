"""Servers of a benchmark's own, in a temporary directory, on unix sockets: ours, and those it is compared with.

What is compared comes from Debian: ``apt-get install postgresql-15-postgis-3 redis-server``. Nothing of it is needed to
run Rescousse; where it is missing its rows are left out, with a word.
"""

import asyncio
import os
import pwd
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import Connection

from ops.embedded import postgres
from ops.embedded.datadir import DataDir, hold
from ops.embedded.postgres import Cluster
from ops.embedded.processes import Account, ProcessSpec, end, run_once, spawn
from storage.migrate import upgrade

START_S = 60
CONNECT_S = 5
LOOK_EVERY_S = 0.02
DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
SHARED_BUFFERS = ("-c", "shared_buffers=256MB")
"""The same for both: every table of a benchmark fits."""


class MissingToolError(RuntimeError):
    """What a figure is compared with is not installed; the text says what to install."""


@asynccontextmanager
async def our_postgres() -> AsyncIterator[str]:
    """The embedded PostgreSQL as `rescousse up` runs it (fsync on), at Alembic's head; its address."""
    with _directory() as data:
        cluster = await postgres.prepare(data, lambda _: None)
        async with _serving(cluster):
            await postgres.ensure_database(cluster)
            await asyncio.to_thread(upgrade, cluster.url())
            yield cluster.url()


@asynccontextmanager
async def debian_postgres() -> AsyncIterator[str]:
    """Debian's PostgreSQL with PostGIS, at Alembic's head; its address. Raises MissingToolError."""
    binaries = _debian_binaries()
    with _directory() as data:
        account = _account_of_debian()
        folder = data.root / "debian"
        folder.mkdir(mode=0o700)
        if account is not None:
            os.chown(folder, account.uid, account.gid)
            data.root.chmod(0o711)
        cluster = Cluster(binaries, folder / "data", folder, data.log("debian"), account)
        command = (str(binaries / "initdb"), "-D", str(cluster.data), "-U", postgres.USER, "--auth=trust")
        await run_once(_program("initdb", (*command, "--encoding=UTF8", "--locale=C"), cluster), START_S)
        async with _serving(cluster):
            await postgres.ensure_database(cluster)
            await asyncio.to_thread(upgrade, cluster.url())
            yield cluster.url()


@asynccontextmanager
async def redis() -> AsyncIterator[Path]:
    """A Redis server that writes nothing to disk; its socket. Raises MissingToolError."""
    program = shutil.which("redis-server")
    if program is None:
        raise MissingToolError("Redis: apt-get install redis-server")
    with _directory() as data:
        socket = data.root / "redis.sock"
        options = ("--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no")
        spec = ProcessSpec(name="redis", argv=(program, *options), log=data.log("redis"), cwd=data.root)
        process = await spawn(spec)
        try:
            async with asyncio.timeout(START_S):
                while not socket.exists():  # noqa: ASYNC110 - another process starts
                    await asyncio.sleep(LOOK_EVERY_S)
            yield socket
        finally:
            await end(process, spec)


def _debian_binaries() -> Path:
    found = sorted(DEBIAN_POSTGRES.glob("*/lib/postgis-3.so"))
    if not found:
        raise MissingToolError("PostGIS: apt-get install postgresql-15-postgis-3")
    return found[-1].parents[1] / "bin"


def _account_of_debian() -> Account | None:
    """PostgreSQL refuses root: then it runs as the account that Debian made for it."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("postgres")
    return Account(entry.pw_uid, entry.pw_gid)


def _program(name: str, argv: tuple[str, ...], cluster: Cluster) -> ProcessSpec:
    return ProcessSpec(name=name, argv=argv, log=cluster.log, cwd=Path("/"), account=cluster.account)


@asynccontextmanager
async def _serving(cluster: Cluster) -> AsyncIterator[None]:
    spec = cluster.server()
    spec = replace(spec, argv=(*spec.argv, *SHARED_BUFFERS))
    process = await spawn(spec)
    try:
        async with asyncio.timeout(START_S):
            while not await postgres.answers(cluster):  # noqa: ASYNC110 - another process starts
                await asyncio.sleep(LOOK_EVERY_S)
        yield
    finally:
        await end(process, spec)


@contextmanager
def _directory() -> Iterator[DataDir]:
    with (
        tempfile.TemporaryDirectory(prefix="rescousse-", ignore_cleanup_errors=True) as root,
        hold(Path(root)) as data,
    ):
        yield data


def connect(url: str) -> Connection:
    """A connection on which every statement is its own transaction, planned as ours are (no JIT)."""
    return psycopg.connect(
        url, autocommit=True, connect_timeout=CONNECT_S, options="-c jit=off -c random_page_cost=1.1"
    )
