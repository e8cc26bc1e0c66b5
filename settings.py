"""Every setting of Rescousse, typed, under one prefix: `RESCOUSSE_`.

Only composition roots read it (`worker.py`, `api/__main__.py`, `ops`, `bench`); everything else receives what
it needs as an argument. Values come from the environment alone: there is no file to forget on a machine.
"""

import base64
import binascii
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from geo.engines import EngineChoice

DEVELOPMENT_SECRET_KEY = "development only: anyone who reads the source knows this key"  # noqa: S105 - refused in production
DEVELOPMENT_IDENTITY_KEYS = "development:" + base64.b64encode(b"development only identity key 32").decode()

SECRET_KEY_BYTES = 32
"""Least length of the signing key: HS256 wants as many bytes as its digest has (RFC 7518, section 3.2)."""
IDENTITY_KEY_BYTES = 32
"""Length of a key that encrypts identities: AES-256."""


class Settings(BaseSettings):
    """What an operator may set, each as `RESCOUSSE_<NAME>`; refuses what cannot work before anything starts."""

    model_config = SettingsConfigDict(
        env_prefix="RESCOUSSE_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    environment: Literal["development", "production"] = "development"
    """`production` refuses the secrets that stand in this file."""

    database_url: str = Field("postgresql+psycopg://postgres@127.0.0.1:5432/rescousse", repr=False)
    """SQLAlchemy form; a plain `postgresql://` is rewritten to it."""
    database_pool_size: int = Field(10, ge=1, le=500)
    """Connections that one process may hold."""

    temporal_address: str = "127.0.0.1:7233"
    temporal_namespace: str = Field("default", min_length=1)
    task_queue: str = Field("rescousse", min_length=1)

    secret_key: str = Field(DEVELOPMENT_SECRET_KEY, repr=False)
    """Signs access tokens (HS256): at least 32 bytes."""
    identity_keys: str = Field(DEVELOPMENT_IDENTITY_KEYS, repr=False)
    """`kid:base64key[,kid2:base64key2]`, 32 bytes each: the first encrypts, all decrypt."""
    access_token_minutes: int = Field(15, ge=1, le=24 * 60)
    refresh_token_days: int = Field(30, ge=1, le=366)

    travel_engine: Literal["straight", "roads"] = "straight"
    """`roads` needs `roads_file`; where no road is known, times are estimated as `straight` does."""
    travel_speed_kmh: float = Field(70.0, gt=0, le=300)
    """Declared speed on the great circle, before the detour: what is promised."""
    travel_fastest_kmh: float = Field(90.0, gt=0, le=300)
    """The same with priority: who could be there that fast is asked."""
    travel_detour: float = Field(1.35, ge=1, le=5)
    """Road length over great-circle length."""
    roads_file: Path | None = None
    """A road graph that `rescousse roads build` made."""
    speeds_file: Path = Path(__file__).resolve().parent / "data" / "speeds.toml"
    """How fast each class of road is driven: with priority, by day, by night."""
    roads_search: Literal["auto", "dijkstra", "contraction"] = "auto"
    """How the graph is searched: both give the same times; `auto` takes the faster one for its size."""
    valhalla_url: str | None = None
    """A Valhalla server for the route of the chosen vehicle; without one, the road graph draws it."""
    valhalla_timeout_s: float = Field(2.0, gt=0, le=30)
    """After so long the route is drawn without it."""

    map_style_url: str | None = None
    """A MapLibre style for the ground of the pages' maps; without it and without tiles they draw on plain ground."""
    map_tiles_url: str | None = None
    """Raster tiles instead of a style: an address with `{z}`, `{x}` and `{y}`."""
    map_attribution: str | None = None
    """What must be said beside those tiles."""
    map_hosts: str = ""
    """Further addresses that the style draws from, with commas between them: pages may call no others."""

    push_key: str | None = Field(None, repr=False)
    """The private key under which notifications are sent (VAPID): 32 bytes of the curve P-256, base64url."""
    push_contact: str = "mailto:exploitation@rescousse.invalid"
    """Whom a push service writes to when something is wrong with what we send."""
    push_hosts: str = ""
    """The push services that may be called, with commas between them; `*.` before a name for all below it. None, no
    notifications: nothing outside is called unless it is named here."""
    push_ca_file: Path | None = None
    """Certificates to trust when calling them, for a push service of one's own; those of the system otherwise."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    max_body_bytes: int = Field(262_144, ge=1024)
    """A request with a longer body is refused before it is read."""

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

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper_case(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, key: str) -> str:
        if len(key.encode()) < SECRET_KEY_BYTES:
            raise ValueError(f"must have at least {SECRET_KEY_BYTES} bytes")
        return key

    @field_validator("identity_keys")
    @classmethod
    def _readable(cls, keys: str) -> str:
        parse_identity_keys(keys)
        return keys

    @model_validator(mode="after")
    def _own_secrets_in_production(self) -> Self:
        if self.environment == "production":
            defaults = {"secret_key": DEVELOPMENT_SECRET_KEY, "identity_keys": DEVELOPMENT_IDENTITY_KEYS}
            kept = [name for name, default in defaults.items() if getattr(self, name) == default]
            if kept:
                wanted = " and ".join(f"RESCOUSSE_{name.upper()}" for name in kept)
                raise ValueError(f"production needs its own secrets: set {wanted}")
        return self

    @property
    def travel_choice(self) -> EngineChoice:
        """Which engine of travel times, and what it is made of."""
        return EngineChoice(
            speed_kmh=self.travel_speed_kmh,
            fastest_kmh=self.travel_fastest_kmh,
            detour=self.travel_detour,
            roads_file=self.roads_file if self.travel_engine == "roads" else None,
            speeds_file=self.speeds_file,
            search=self.roads_search,
        )

    @model_validator(mode="after")
    def _roads_need_a_graph(self) -> Self:
        if self.travel_engine == "roads" and self.roads_file is None:
            raise ValueError("the engine `roads` needs a road graph: set RESCOUSSE_ROADS_FILE")
        if self.travel_fastest_kmh < self.travel_speed_kmh:
            raise ValueError("travel_fastest_kmh is at least travel_speed_kmh")
        return self

    @model_validator(mode="after")
    def _push_services_need_a_key(self) -> Self:
        if self.push_hosts.strip() and self.push_key is None:
            raise ValueError("notifications need a key of their own: set RESCOUSSE_PUSH_KEY")
        return self

    @property
    def identity_key_ring(self) -> dict[str, bytes]:
        """The identity keys by key id, in the order given: the first encrypts, all decrypt."""
        return parse_identity_keys(self.identity_keys)


def parse_identity_keys(text: str) -> dict[str, bytes]:
    """Read `kid:base64key[,kid2:base64key2]` into key id -> 32 bytes, order kept.

    Raises ValueError for an empty ring, a key id used twice, or a key that is not 32 bytes of base64. The message
    names the key id, never the key.
    """
    ring: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        kid, separator, encoded = entry.partition(":")
        if not kid or not separator or kid in ring:
            raise ValueError("every identity key needs a key id of its own, kid:base64key")
        ring[kid] = _decode_key(kid, encoded)
    if not ring:
        raise ValueError("at least one identity key is needed, kid:base64key")
    return ring


def _decode_key(kid: str, encoded: str) -> bytes:
    """One key's bytes; ValueError when it is not 32 bytes of base64."""
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ValueError(f"identity key {kid!r} is not base64") from error
    if len(key) != IDENTITY_KEY_BYTES:
        raise ValueError(f"identity key {kid!r} has {len(key)} bytes, {IDENTITY_KEY_BYTES} are needed")
    return key
