"""PostgreSQL's own programs for a backup, and a server that runs for as long as one takes."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ops.backup.manifest import BackupError
from ops.embedded import postgres
from ops.embedded.datadir import DataDir
from ops.embedded.postgres import Cluster
from ops.embedded.processes import end, last_words, spawn

START_SECONDS = 60
"""Recovery after a crash included."""
LOOK_SECONDS = 0.05
COPY_SECONDS = 4 * 3600
"""A dump, or its way back, may take so long."""


@asynccontextmanager
async def serving(data: DataDir) -> AsyncIterator[Cluster]:
    """The cluster of a data directory that nobody runs, made if there is none, with our database in it.

    Raises StartError, or BackupError when it does not start.
    """
    cluster = await postgres.prepare(data, lambda _: None)
    spec = cluster.server()
    process = await spawn(spec)
    try:
        try:
            async with asyncio.timeout(START_SECONDS):
                while not await postgres.answers(cluster):  # noqa: ASYNC110 - another process starts
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise BackupError(f"PostgreSQL does not start: {last_words(spec.log)}.") from None
        await postgres.ensure_database(cluster)
        yield cluster
    finally:
        await end(process, spec)


def dump(database_url: str, snapshot: str, into: Path) -> None:
    """Dump our database as a view of it was. Raises BackupError."""
    options = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}")
    _run("pg_dump", *options, f"--file={into}", f"--dbname={database_url}")


def undump(file: Path, database_url: str) -> None:
    """Fill an empty database from a dump, all of it or nothing. Raises BackupError."""
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    _run("pg_restore", *options, f"--dbname={database_url}", str(file))


def _run(program: str, *arguments: str) -> None:
    """Run one of the programs; its words are kept from the terminal, and shown if it fails."""
    command = [str(postgres.find_binaries() / program), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=COPY_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackupError(f"{program} cannot be run: {type(error).__name__}.") from error
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()
        raise BackupError(f"{program} failed: {words[-1] if words else done.returncode}.")
