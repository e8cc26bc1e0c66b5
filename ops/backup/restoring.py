"""Makes a data directory from a backup: beside its place, then moved there whole."""

import asyncio
import shutil
from datetime import datetime
from pathlib import Path

import psycopg

from ops.backup import archive, cluster
from ops.backup.manifest import (
    DATABASE,
    ENGINE,
    SECRETS,
    BackupError,
    Manifest,
    as_numbers,
    temporal_version,
)
from ops.embedded import temporal
from ops.embedded.datadir import DataDir, hold, write_private
from ops.embedded.errors import StartError
from storage.migrate import known_revisions

POSITIONS_AHEAD = 1_000_000
"""Places of the journal that are left out. Whoever followed it after the backup knows places that are forgotten now:
they are not given a second time, and nobody who asks for what came after theirs misses what comes."""

MAJOR = 10_000
"""PostgreSQL's version 18.1 counts as 180001."""


async def restore(file: Path, root: Path, now: datetime, *, force: bool) -> tuple[Manifest, Path | None]:
    """Fill `root` from a backup; return what the backup says of itself, and where what was in `root` was put.

    Checks everything first: versions, checksums, and that `root` is empty, or with `force` that nobody runs it.
    Until the end `root` is as it was. Raises BackupError.
    """
    manifest = archive.read_manifest(file)
    _refuse_versions(manifest)
    data = _place(root, force=force)
    draft = DataDir(data.root.with_name(data.root.name + ".restoring"))
    try:
        await _fill(draft, file, manifest)
        return manifest, _move(draft, data, now)
    except (StartError, psycopg.Error, OSError) as error:
        raise BackupError(f"It cannot be restored: {error}") from error
    finally:
        shutil.rmtree(draft.root, ignore_errors=True)


def _refuse_versions(manifest: Manifest) -> None:
    if manifest.schema_revision not in known_revisions():
        raise BackupError(
            f"The backup's database has the migration {manifest.schema_revision}, which this Rescousse does not know: "
            "restore it with the version that made it, or a newer one."
        )
    ours = temporal_version(temporal.find_binary())
    if as_numbers(manifest.temporal) > as_numbers(ours):
        raise BackupError(f"The backup is of Temporal {manifest.temporal}, and {ours} is installed here.")


def _place(root: Path, *, force: bool) -> DataDir:
    """The directory to fill, which is empty, or may be put aside."""
    data = DataDir(root.expanduser().absolute())
    if not data.root.exists() or not any(data.root.iterdir()):
        return data
    if not force:
        raise BackupError(
            f"{data.root} is not empty: choose another directory, or put this one aside with --force."
        )
    try:
        with hold(data.root):
            pass
    except StartError as error:
        raise BackupError(f"{error} Stop it first.") from error
    return data


async def _fill(draft: DataDir, file: Path, manifest: Manifest) -> None:
    if draft.root.exists():  # a restore that was interrupted
        shutil.rmtree(draft.root)
    with hold(draft.root):
        unpacked = draft.root / "unpacked"
        unpacked.mkdir(mode=0o700)
        parts = await asyncio.to_thread(archive.extract, file, manifest, unpacked)
        async with cluster.serving(draft) as server:
            url = server.url()
            _refuse_older_server(url, manifest)
            await asyncio.to_thread(cluster.undump, parts[DATABASE], url)
            await asyncio.to_thread(_leave_places_out, url)
        parts[ENGINE].replace(draft.temporal / "temporal.db")
        if manifest.sealed:
            draft.sealed_mark.touch(mode=0o600)
        for name in manifest.parts:
            if name.startswith(SECRETS):
                write_private(draft.secrets / Path(name).name, parts[name].read_text(encoding="utf-8"))
        shutil.rmtree(unpacked)


def _refuse_older_server(url: str, manifest: Manifest) -> None:
    with psycopg.connect(url) as connection:
        here = connection.info.server_version
    if here // MAJOR < manifest.postgres // MAJOR:
        raise BackupError(
            f"The backup is of PostgreSQL {manifest.postgres // MAJOR}, here is {here // MAJOR}."
        )


def _leave_places_out(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "SELECT setval(pg_get_serial_sequence('journal', 'position'),"
            " (SELECT coalesce(max(position), 0) FROM journal) + %s)",
            [POSITIONS_AHEAD],
        )


def _move(draft: DataDir, data: DataDir, now: datetime) -> Path | None:
    """Put the draft into its place; what was there is put aside."""
    aside = None
    if data.root.exists():
        if any(data.root.iterdir()):
            aside = data.root.with_name(f"{data.root.name}.before-{now:%Y%m%dT%H%M%S}")
            with hold(data.root):  # nobody has started it meanwhile
                data.root.replace(aside)
        else:
            data.root.rmdir()
    draft.root.replace(data.root)
    return aside
