"""Makes a backup of a data directory, while its stack runs or when it does not."""

import asyncio
import sqlite3
import tempfile
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ops.backup import archive, cluster
from ops.backup.manifest import (
    DATABASE,
    ENGINE,
    FORMAT,
    SECRETS,
    BackupError,
    Manifest,
    described,
    temporal_version,
)
from ops.backup.moment import Moment, copy_engine, one_moment
from ops.embedded import temporal
from ops.embedded.datadir import DataDir, hold, write_private
from ops.embedded.errors import StartError
from ops.embedded.runtime_file import Runtime

LAST = "last_backup.json"
"""In the data directory: when the last backup was made, and where it was put. `rescousse doctor` looks at it."""


class LastBackup(BaseModel):
    """The content of LAST."""

    model_config = ConfigDict(frozen=True)

    made_at: datetime
    file: Path


async def back_up(root: Path, target: Path, now: datetime, *, with_secrets: bool) -> Manifest:
    """Write a backup of `root` to the file `target`, whole or not at all. Raises BackupError.

    A running stack goes on; its engine stands still for some milliseconds. One that does not run gets its database
    server for as long as it takes.
    """
    data = _place(root, target)
    try:
        with hold(data.root):
            async with cluster.serving(data) as server:
                return await asyncio.to_thread(_write, data, server.url(), None, target, now, with_secrets)
    except StartError as error:
        told = _running(data, error)
    return await asyncio.to_thread(_write, data, told.database, told.pids.temporal, target, now, with_secrets)


def _place(root: Path, target: Path) -> DataDir:
    data = DataDir(root.expanduser().absolute())
    if not data.postgres.exists():
        raise BackupError(f"There is nothing to back up in {data.root}.")
    if target.exists():
        raise BackupError(f"{target} is there already: backups are not written over.")
    return data


def _running(data: DataDir, why: StartError) -> Runtime:
    """Where the stack is that holds the directory."""
    try:
        return Runtime.model_validate_json(data.runtime_file.read_bytes())
    except FileNotFoundError:
        raise BackupError(f"{why} It is starting or stopping: try again in a moment.") from None
    except (OSError, ValidationError):
        raise BackupError(f"{data.runtime_file} cannot be read.") from None


def _write(
    data: DataDir, database: str, engine_pid: int | None, target: Path, now: datetime, with_secrets: bool
) -> Manifest:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
            parts = {DATABASE: Path(folder) / "database", ENGINE: Path(folder) / "engine"}
            with one_moment(database, data.temporal / "temporal.db", engine_pid) as moment:
                cluster.dump(database, moment.snapshot, parts[DATABASE])
                copy_engine(moment, parts[ENGINE])
            if with_secrets:
                parts |= {SECRETS + file.name: file for file in _secrets(data)}
            manifest = _manifest(moment, parts, now, engine_pid is not None, data.sealed_mark.exists())
            archive.write(target, manifest, parts)
        write_private(data.root / LAST, LastBackup(made_at=now, file=target.absolute()).model_dump_json())
    except sqlite3.Error as error:
        raise BackupError(f"The engine's database cannot be copied: {error}.") from error
    except OSError as error:
        raise BackupError(f"{error.filename or target} cannot be written: {error.strerror}.") from error
    return manifest


def _secrets(data: DataDir) -> list[Path]:
    return sorted(file for file in data.secrets.iterdir() if file.is_file() and file.suffix != ".new")


def _manifest(moment: Moment, parts: dict[str, Path], now: datetime, running: bool, sealed: bool) -> Manifest:
    return Manifest(
        format=FORMAT,
        made_at=now,
        engine_was_running=running,
        schema_revision=moment.schema_revision,
        postgres=moment.postgres,
        temporal=temporal_version(temporal.find_binary()),
        sealed=sealed,
        parts={name: described(file) for name, file in parts.items()},
    )
