"""The settings that are secrets: given in the environment, or each in a file of its own; and what keys must be."""

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_SECRET_KEY = "development only: anyone who reads the source knows this key"  # noqa: S105 - refused in production
DEVELOPMENT_IDENTITY_KEYS = "development:" + base64.b64encode(b"development only identity key 32").decode()
DEVELOPMENT_PAYLOAD_KEYS = "development:" + base64.b64encode(b"development only payload key, 32").decode()

SECRET_KEY_BYTES = 32
"""Least length of the signing key: HS256 wants as many bytes as its digest has (RFC 7518, section 3.2)."""
KEY_BYTES = 32
"""Length of a key that encrypts: AES-256."""

SECRETS = (
    "database_url",
    "secret_key",
    "identity_keys",
    "payload_keys",
    "push_key",
    "temporal_api_key",
    "metrics_token",
)
"""The settings that may stand in a file, named by the setting `<name>_file`."""

DEFAULTS = {
    "secret_key": DEVELOPMENT_SECRET_KEY,
    "identity_keys": DEVELOPMENT_IDENTITY_KEYS,
    "payload_keys": DEVELOPMENT_PAYLOAD_KEYS,
}
"""What anybody knows who has read this file."""


class SecretSettings(BaseSettings):
    """The secrets of a process. Each may come as `RESCOUSSE_<NAME>`, or in the file that `RESCOUSSE_<NAME>_FILE` names.

    Both at once, a file that cannot be read, and one that is empty are refused. No message holds a secret.
    """

    model_config = SettingsConfigDict(
        env_prefix="RESCOUSSE_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    environment: Literal["development", "production"] = "development"
    """`production` refuses the secrets that stand in this file."""

    database_url: str = Field("postgresql+psycopg://postgres@127.0.0.1:5432/rescousse", repr=False)
    """SQLAlchemy form; a plain `postgresql://` is rewritten to it. What libpq knows may follow the `?`: sslmode, …"""
    database_url_file: Path | None = None
    secret_key: str = Field(DEVELOPMENT_SECRET_KEY, repr=False)
    """Signs access tokens (HS256): at least 32 bytes. Several, one a line: the first signs, all are believed."""
    secret_key_file: Path | None = None
    identity_keys: str = Field(DEVELOPMENT_IDENTITY_KEYS, repr=False)
    """`kid:base64key[,kid2:base64key2]`, 32 bytes each: the first encrypts, all decrypt. A new line is a comma."""
    identity_keys_file: Path | None = None
    payload_keys: str = Field(DEVELOPMENT_PAYLOAD_KEYS, repr=False)
    """The same for what the engine keeps: workflow arguments, results, messages, summaries, failures."""
    payload_keys_file: Path | None = None
    push_key: str | None = Field(None, repr=False)
    """The private key under which notifications are sent (VAPID): 32 bytes of the curve P-256, base64url."""
    push_key_file: Path | None = None
    temporal_api_key: str | None = Field(None, repr=False)
    """Sent to the engine with each call, for a cluster that wants one; needs `temporal_tls`."""
    temporal_api_key_file: Path | None = None
    metrics_token: str | None = Field(None, repr=False, min_length=16)
    """Whoever sends it (`Authorization: Bearer …`) may read `/metrics` of an API from anywhere."""
    metrics_token_file: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_the_files(cls, given: Any) -> Any:
        return with_files(given) if isinstance(given, Mapping) else given

    @field_validator("database_url")
    @classmethod
    def _name_the_driver(cls, url: str) -> str:
        """Let people write the address that every PostgreSQL tool takes."""
        scheme, separator, rest = url.partition("://")
        if scheme in {"postgresql", "postgres"}:
            return f"postgresql+psycopg://{rest}"
        if scheme != "postgresql+psycopg" or not separator:
            raise ValueError("must be a PostgreSQL address, postgresql://…")
        return url

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, key: str) -> str:
        lines = [line.strip() for line in key.splitlines() if line.strip()]
        if not lines or min(len(line.encode()) for line in lines) < SECRET_KEY_BYTES:
            raise ValueError(f"must have at least {SECRET_KEY_BYTES} bytes")
        return key

    @field_validator("identity_keys", "payload_keys")
    @classmethod
    def _readable(cls, keys: str) -> str:
        parse_keys(keys)
        return keys

    @model_validator(mode="after")
    def _own_secrets_in_production(self) -> Self:
        if self.environment == "production":
            kept = [name for name, default in DEFAULTS.items() if default in getattr(self, name)]
            if kept:
                wanted = " and ".join(f"RESCOUSSE_{name.upper()}" for name in kept)
                raise ValueError(f"production needs its own secrets: set {wanted}")
        return self

    @property
    def identity_key_ring(self) -> dict[str, bytes]:
        """The identity keys by key id, in the order given: the first encrypts, all decrypt."""
        return parse_keys(self.identity_keys)

    @property
    def payload_key_ring(self) -> dict[str, bytes]:
        """The payload keys by key id, in the order given: the first encrypts, all decrypt."""
        return parse_keys(self.payload_keys)


def with_files(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were given, each secret that stands in a file read from it. Raises ValueError."""
    told = {name: value for name, value in given.items() if not (name.endswith("_file") and value == "")}
    for name in SECRETS:
        file = told.get(f"{name}_file")
        if file is None:
            continue
        if name in told:
            raise ValueError(f"set RESCOUSSE_{name.upper()} or RESCOUSSE_{name.upper()}_FILE, not both")
        told[name] = _content(name, Path(file))
    return told


def _content(name: str, file: Path) -> str:
    """The secret that stands in a file, without the end of its line."""
    try:
        content = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not a text"
        raise ValueError(f"RESCOUSSE_{name.upper()}_FILE: {file} cannot be read ({why})") from None
    if not content:
        raise ValueError(f"RESCOUSSE_{name.upper()}_FILE: {file} is empty")
    return content


def parse_keys(text: str) -> dict[str, bytes]:
    """Read `kid:base64key[,kid2:base64key2]` into key id -> 32 bytes, order kept; a new line does as a comma does.

    Raises ValueError for an empty ring, a key id used twice, or a key that is not 32 bytes of base64. The message
    names the key id, never the key.
    """
    ring: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.replace("\n", ",").split(","))):
        kid, separator, encoded = entry.partition(":")
        if not kid or not separator or kid in ring:
            raise ValueError("every key needs a key id of its own, kid:base64key")
        ring[kid] = _decode_key(kid, encoded)
    if not ring:
        raise ValueError("at least one key is needed, kid:base64key")
    return ring


def format_keys(ring: Mapping[str, bytes]) -> str:
    """The text that :func:`parse_keys` reads."""
    return ",".join(f"{kid}:{base64.b64encode(key).decode()}" for kid, key in ring.items())


def _decode_key(kid: str, encoded: str) -> bytes:
    """One key's bytes; ValueError when it is not 32 bytes of base64."""
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ValueError(f"key {kid!r} is not base64") from error
    if len(key) != KEY_BYTES:
        raise ValueError(f"key {kid!r} has {len(key)} bytes, {KEY_BYTES} are needed")
    return key
