"""One-time secrets: made once, handed over once, kept by nobody here but as hashes."""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pwdlib import PasswordHash

from ops.access import KEY_BYTES, PASSWORD_BYTES
from ops.directory.deeds import Plan, What
from ops.directory.faults import RefusedError
from ops.directory.known import Kind

HEAD = "# Passwords and keys, written this once. Hand each to whom it is for, then destroy this file."


@dataclass(frozen=True, slots=True)
class Secrets:
    """Of new accounts by their name, and of new SAMUs by theirs. Nothing here shows when it is printed."""

    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    hashes: dict[str, str] = field(default_factory=dict, repr=False)
    keys: dict[str, str] = field(default_factory=dict, repr=False)

    def lines(self) -> list[str]:
        """One for each secret: what it is, whose, and itself, which is the last word."""
        told = [("password", name, secret) for name, secret in self.passwords.items()]
        told += [("key", name, secret) for name, secret in self.keys.items()]
        width = max((len(name) for _, name, _ in told), default=0)
        return [f"{what:<8}  {name:<{width}}  {secret}" for what, name, secret in told]


def make_secrets(plan: Plan, *, keys: bool) -> Secrets:
    """A password for every new account; with `keys` a key for every new SAMU. Argon2 takes its time for each."""
    hasher, made = PasswordHash.recommended(), Secrets()
    for deed in plan.those(What.NEW, Kind.PERSON):
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        made.passwords[deed.name] = password
        made.hashes[deed.name] = hasher.hash(password)
    for deed in plan.those(What.NEW, Kind.SAMU) if keys else ():
        made.keys[deed.name] = secrets.token_urlsafe(KEY_BYTES)
    return made


def check_free(file: Path | None) -> None:
    """Raise RefusedError if there is something where secrets would be written."""
    if file is not None and (file.exists() or file.is_symlink()):
        raise RefusedError(f"{file} is there already: secrets are written to a new file; nothing was written")


def write_secrets(file: Path, lines: Sequence[str]) -> None:
    """Write them to a new file that only its owner can read. Raises OSError, also when it is there."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as out:
            out.write("\n".join([HEAD, *lines]) + "\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError:
        file.unlink()
        raise


def key_name(samu: str) -> str:
    """What a SAMU's first key is called in `rescousse access list`."""
    return f"Logiciel du {samu}"
