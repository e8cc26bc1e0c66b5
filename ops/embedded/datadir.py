"""The data directory: what is where, who holds it, and the secrets that were made in it."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from pathlib import Path

from ops.embedded.errors import StartError
from push.keys import new_key
from settings_secrets import KEY_BYTES, format_keys


@dataclass(frozen=True, slots=True)
class DataDir:
    """The places inside a data directory."""

    root: Path

    @property
    def postgres(self) -> Path:
        """PostgreSQL's cluster."""
        return self.root / "postgres"

    @property
    def temporal(self) -> Path:
        """The engine's database."""
        return self.root / "temporal"

    @property
    def sealed_mark(self) -> Path:
        """Stands beside the engine's database from when the first payload key was made: nothing there is plain since."""
        return self.temporal / "sealed"

    @property
    def roads(self) -> Path:
        """Road graphs that were made here."""
        return self.root / "roads"

    @property
    def logs(self) -> Path:
        """One file per child."""
        return self.root / "log"

    @property
    def secrets(self) -> Path:
        """One file per secret, readable by its owner only."""
        return self.root / "secrets"

    @property
    def runtime_file(self) -> Path:
        """Tells scripts and tests where the running stack is; exists while it runs."""
        return self.root / "runtime.json"

    def log(self, name: str) -> Path:
        """The log of the child called `name`."""
        return self.logs / f"{name}.log"


@contextmanager
def hold(root: Path) -> Iterator[DataDir]:
    """Make the directory if need be and hold it: nobody else can until this ends, or until this process dies.

    Raises StartError if it cannot be written, or if another stack holds it.
    """
    data = DataDir(root.expanduser().absolute())
    lock = _open_lock(data)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise StartError(f"The data directory {data.root} is in use by another `rescousse up`.") from None
    try:
        yield data
    finally:
        os.close(lock)  # the file stays: removing it would let two stacks hold two locks of one name


def _open_lock(data: DataDir) -> int:
    try:
        data.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for directory in (data.temporal, data.logs, data.secrets):
            directory.mkdir(mode=0o700, exist_ok=True)
        return os.open(data.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StartError(f"The data directory {data.root} cannot be written: {reason}.") from error


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the stack made for itself at its first start."""

    secret_key: str = field(repr=False)
    """Signs access tokens."""
    identity_keys: str = field(repr=False)
    """`kid:base64key`, encrypts identities."""
    payload_keys: str = field(repr=False)
    """The same form, encrypts what the engine keeps."""
    demo_secret: str = field(repr=False)
    """The demo accounts' passwords are derived from it."""
    push_key: str = field(default="", repr=False)
    """Notifications are sent under it (VAPID): browsers subscribe to this key and no other."""


def load_secrets(data: DataDir) -> Secrets:
    """Read the secrets, and make those that a new data directory lacks.

    Raises StartError if identities, or what the engine keeps, were encrypted with a key that is gone: a new key could
    not read them. An engine from before its payloads were encrypted gets a key, and goes on.
    """
    identity, payload = data.secrets / "identity_keys", data.secrets / "payload_keys"
    if data.postgres.exists() and not identity.exists():
        raise StartError(
            f"{data.root} has a database but not the key of its identities: put {identity} back."
        )
    if data.sealed_mark.exists() and not payload.exists():
        raise StartError(f"{data.root} has an engine but not the key of what it keeps: put {payload} back.")
    made = Secrets(
        secret_key=_kept(data.secrets / "secret_key", secrets.token_urlsafe(48)),
        identity_keys=_kept(identity, fresh_keys("embedded")),
        payload_keys=_kept(payload, fresh_keys("embedded")),
        demo_secret=_kept(data.secrets / "demo_secret", secrets.token_urlsafe(32)),
        push_key=_kept(data.secrets / "push_key", new_key()),
    )
    data.sealed_mark.touch(mode=0o600)  # after the key: from here on the engine's database needs it
    return made


def read_secrets(data: DataDir) -> Secrets:
    """Read the secrets that `rescousse up` made. Makes none: raises StartError where one is missing."""
    missing = [one.name for one in fields(Secrets) if not (data.secrets / one.name).exists()]
    if missing:
        raise StartError(f"{data.secrets} lacks {', '.join(missing)}: `rescousse up` makes it.")
    return Secrets(**{one.name: _kept(data.secrets / one.name, "") for one in fields(Secrets)})


def fresh_keys(kid: str) -> str:
    """A ring of one new key."""
    return format_keys({kid: secrets.token_bytes(KEY_BYTES)})


def _kept(path: Path, fresh: str) -> str:
    """The text of a secret's file; if there is none yet, `fresh`, written whole or not at all."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        write_private(path, fresh + "\n")
        return fresh
    except OSError as error:
        raise StartError(f"The secret {path} cannot be read: {error.strerror}.") from error


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all, whatever dies in between."""
    draft = path.with_name(path.name + ".new")
    with suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
