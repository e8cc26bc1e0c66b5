"""The rings of a data directory, as files: which keys are on them, a fresh one put in front, an old one taken off."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from ops.embedded.datadir import DataDir, write_private
from settings_secrets import KEY_BYTES, format_keys, parse_keys


class Ring(StrEnum):
    """What a ring of keys encrypts."""

    IDENTITY = "identity"
    """The patients, in the database."""
    PAYLOAD = "payload"
    """What the engine keeps."""

    @property
    def setting(self) -> str:
        """The setting, and the file below `secrets/`, that holds the ring."""
        return f"{self.value}_keys"


class RingError(Exception):
    """The ring cannot be changed so; the text says why to the operator, in one sentence."""


def file_of(data: DataDir, ring: Ring) -> Path:
    """Where the ring stands."""
    return data.secrets / ring.setting


def read(data: DataDir, ring: Ring) -> dict[str, bytes]:
    """The keys by their ids, the first one first. Raises RingError."""
    file = file_of(data, ring)
    try:
        return parse_keys(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RingError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise RingError(f"{file} cannot be used: {error}") from None


def put_in_front(data: DataDir, ring: Ring, at: datetime) -> str:
    """Make a fresh key and put it in front of the others; returns its id, which says when it was made."""
    kid = f"{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    with _alone(data):
        _write(data, ring, {kid: secrets.token_bytes(KEY_BYTES), **read(data, ring)})
    return kid


def take_off(data: DataDir, ring: Ring, kid: str) -> None:
    """Take a key off the ring, for good. Raises RingError for one that is not there, or that encrypts."""
    with _alone(data):
        keys = read(data, ring)
        check_leaves(tuple(keys), ring, kid)
        _write(data, ring, {each: key for each, key in keys.items() if each != kid})


def check_leaves(key_ids: tuple[str, ...], ring: Ring, kid: str) -> None:
    """Raise RingError unless the key is on the ring and another one encrypts."""
    if kid not in key_ids:
        raise RingError(f"the {ring} ring has no key {kid!r}: it has {', '.join(key_ids)}")
    if kid == key_ids[0]:
        raise RingError(
            f"{kid!r} is the key that encrypts: put another in front first (rescousse keys add {ring})"
        )


def _write(data: DataDir, ring: Ring, keys: dict[str, bytes]) -> None:
    write_private(file_of(data, ring), format_keys(keys) + "\n")


@contextmanager
def _alone(data: DataDir) -> Iterator[None]:
    """Two who change a ring at once would lose a key."""
    descriptor = os.open(data.secrets, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
