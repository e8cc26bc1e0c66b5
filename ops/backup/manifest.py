"""What a backup says of itself: when it was made, of what versions, and the checksum of each part."""

import hashlib
import re
import subprocess
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

FORMAT = 1
"""Readers refuse a number that they do not know."""

MANIFEST = "manifest.json"
DATABASE = "rescousse.dump"
"""Ours, as `pg_dump` writes it in its custom format."""
ENGINE = "temporal.db"
"""Temporal's, as SQLite copies it."""
SECRETS = "secrets/"
"""What begins so is one secret of the data directory."""

CHUNK_BYTES = 1 << 20
COMMAND_SECONDS = 20


class BackupError(Exception):
    """It cannot be backed up or restored; the text says why to the operator, in one sentence."""


class Part(BaseModel):
    """One file of the backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """The first file of a backup. What is added later has a default."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int
    made_at: datetime
    engine_was_running: bool
    schema_revision: str
    """The last migration that the database had (Alembic)."""
    postgres: int
    """The server's version, as it counts it: 180001."""
    temporal: str
    """The server's version: 1.32.0."""
    sealed: bool
    """Whether the engine's database holds payloads that were encrypted: then it is of no use without their keys."""
    parts: dict[str, Part]

    @property
    def has_secrets(self) -> bool:
        """Whether the keys are in it."""
        return any(name.startswith(SECRETS) for name in self.parts)


def described(file: Path) -> Part:
    """Length and checksum of a file."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK_BYTES):
            digest.update(chunk)
    return Part(bytes=file.stat().st_size, sha256=digest.hexdigest())


def temporal_version(program: Path) -> str:
    """The version of the server inside the `temporal` program. Raises BackupError."""
    told = subprocess.run(
        [program, "--version"], capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
    )
    found = re.search(r"Server (\d+\.\d+\.\d+)", told.stdout)
    if found is None:
        raise BackupError(f"{program} does not say its version.")
    return found[1]


def as_numbers(version: str) -> tuple[int, ...]:
    """A version to be compared."""
    return tuple(int(part) for part in version.split("."))
