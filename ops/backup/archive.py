"""One file that holds a backup: a tar, compressed, readable by its owner only; the manifest comes first."""

import io
import os
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from ops.backup.manifest import CHUNK_BYTES, FORMAT, MANIFEST, BackupError, Manifest, described

QUICK = 1
"""How hard gzip tries: the larger part is compressed or encrypted already."""


def write(target: Path, manifest: Manifest, parts: Mapping[str, Path]) -> None:
    """Write a backup, whole or not at all. Raises OSError."""
    draft = target.with_name(target.name + ".new")
    with suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w+b") as out:
            with tarfile.open(fileobj=out, mode="w:gz", compresslevel=QUICK) as tar:
                _add(tar, MANIFEST, io.BytesIO(manifest.model_dump_json(indent=1).encode()))
                for name, file in parts.items():
                    with file.open("rb") as part:
                        _add(tar, name, part)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _add(tar: tarfile.TarFile, name: str, content: io.BytesIO | io.BufferedReader) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = content.seek(0, os.SEEK_END)
    content.seek(0)
    entry.mode = 0o600
    tar.addfile(entry, content)


def read_manifest(file: Path) -> Manifest:
    """What a backup says of itself. Raises BackupError for a file that is none, or one of a format to come."""
    try:
        with tarfile.open(file) as tar:
            first = tar.next()
            content = tar.extractfile(first) if first is not None and first.name == MANIFEST else None
            if content is None:
                raise BackupError(f"{file} is no backup of Rescousse.")
            manifest = Manifest.model_validate_json(content.read())
    except FileNotFoundError:
        raise BackupError(f"There is no file {file}.") from None
    except (tarfile.TarError, OSError, EOFError, ValidationError) as error:
        raise BackupError(f"{file} is no backup of Rescousse: {type(error).__name__}.") from error
    if manifest.format != FORMAT:
        raise BackupError(
            f"{file} was made by a newer Rescousse (format {manifest.format}): restore it with that."
        )
    return manifest


def extract(file: Path, manifest: Manifest, into: Path) -> dict[str, Path]:
    """Put the parts into a directory, each held against its checksum; return their places.

    Only what the manifest names is taken, under names of our own. Raises BackupError for what is missing or damaged.
    """
    places: dict[str, Path] = {}
    try:
        with tarfile.open(file) as tar:
            for number, name in enumerate(manifest.parts):
                place = into / f"part-{number}"
                _take(tar, name, place)
                places[name] = place
    except (tarfile.TarError, OSError, EOFError, KeyError) as error:
        raise BackupError(f"{file} is damaged or cannot be unpacked: {error}.") from error
    damaged = [name for name, place in places.items() if described(place) != manifest.parts[name]]
    if damaged:
        raise BackupError(f"{file} is damaged: {', '.join(damaged)} is not what was put into it.")
    return places


def _take(tar: tarfile.TarFile, name: str, place: Path) -> None:
    content = tar.extractfile(name)
    if content is None:
        raise KeyError(name)
    with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        while chunk := content.read(CHUNK_BYTES):
            out.write(chunk)
