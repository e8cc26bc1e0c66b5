"""One moment of two databases: the engine is held still while a view of each is taken, which takes milliseconds.

Neither may be ahead. A fact in our database whose cause the engine has forgotten would be told again, otherwise; a
fact that the engine believes recorded and our database has not would be lost. While the engine stands still it learns
nothing and confirms nothing, so both views hold the same facts. What an activity wrote in that moment and had not
reported yet is reported again after a restore: activities can be repeated.
"""

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from ops.backup.manifest import BackupError

STILL_SECONDS = 2.0
"""The longest that the engine is held; longer, and the backup is given up."""
CONNECT_SECONDS = 5
BUSY_SECONDS = 1.0
LOOK_SECONDS = 0.001
KEEPER = '(sleep "$1"; kill -CONT "$0") & read -r _; kill -CONT "$0"'
"""A shell's: the process goes on after so many seconds, or when whoever started this is gone."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The two views, as long as they are held."""

    snapshot: str
    """PostgreSQL's name of its view, for `pg_dump --snapshot`."""
    schema_revision: str
    postgres: int
    engine: sqlite3.Connection
    """In a transaction that sees the engine's database as it was."""


@contextmanager
def one_moment(database_url: str, engine_file: Path, engine_pid: int | None) -> Iterator[Moment]:
    """Hold both views until the end of the block. Without a process the engine stands still anyway.

    Connections are made before and used for one statement each while the engine is held. Raises BackupError.
    """
    try:
        with (
            psycopg.connect(database_url, connect_timeout=CONNECT_SECONDS) as ours,
            closing(_open(engine_file)) as engine,
        ):
            ours.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            ours.read_only = True
            with _held(engine_pid):
                snapshot = _text(ours, "SELECT pg_export_snapshot()")
                engine.execute("BEGIN")
                engine.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            revision = _text(ours, "SELECT version_num FROM alembic_version")
            yield Moment(snapshot, revision, ours.info.server_version, engine)
    except psycopg.Error as error:
        raise BackupError(f"The database cannot be read: {str(error).strip()}.") from error
    except sqlite3.Error as error:
        raise BackupError(f"The engine's database {engine_file} cannot be read: {error}.") from error


def copy_engine(moment: Moment, into: Path) -> None:
    """Copy the engine's database as it was at the moment, while the engine works on. Raises sqlite3.Error."""
    with closing(sqlite3.connect(into)) as copy:
        moment.engine.backup(copy)


def _open(file: Path) -> sqlite3.Connection:
    if not file.exists():
        raise BackupError(f"There is no engine's database {file}.")
    address = f"file:{quote(str(file))}?mode=rw"
    return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _text(connection: "psycopg.Connection[tuple[object, ...]]", query: str) -> str:
    row = connection.execute(query.encode()).fetchone()
    if row is None:
        raise BackupError("The database has no migrations: run `rescousse migrate` first.")
    return str(row[0])


@contextmanager
def _held(pid: int | None) -> Iterator[None]:
    """Stop a process and let it go on, whatever happens to us: a child of ours does it when we end, or when we stall."""
    if pid is None:
        yield
        return
    began = time.monotonic()
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", KEEPER, str(pid), f"{STILL_SECONDS:g}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,  # its clock must not keep a captured output of ours open
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _stop(pid, began + STILL_SECONDS)
        yield
    finally:
        _go_on(pid)
        keeper.communicate(timeout=CONNECT_SECONDS)
    if time.monotonic() - began > STILL_SECONDS:
        raise BackupError(
            "The views took too long, and the engine was let go: try again when there is less to do."
        )


def _stop(pid: int, until: float) -> None:
    """Stop every thread of a process."""
    try:
        os.kill(pid, signal.SIGSTOP)
        while not _stands_still(pid):
            if time.monotonic() > until:
                raise BackupError(f"The engine (process {pid}) cannot be held.")
            time.sleep(LOOK_SECONDS)
    except (psutil.Error, OSError) as error:
        raise BackupError(f"The engine (process {pid}) cannot be held: {error}.") from error


def _stands_still(pid: int) -> bool:
    threads = Path(f"/proc/{pid}/task")
    if not threads.exists():  # not Linux
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    states = [(thread / "stat").read_text().rpartition(")")[2].split()[0] for thread in threads.iterdir()]
    return all(state in "Tt" for state in states)


def _go_on(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
