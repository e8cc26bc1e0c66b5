"""`runtime.json`: where the running stack is and whom one can be, for scripts and tests (API paper, last chapter)."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ops.embedded.datadir import Secrets, write_private
from settings_secrets import parse_keys


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Login(_Wire):
    """A person's account."""

    username: str
    password: str


class SamuAccount(_Wire):
    """A SAMU: its software's API key, and a person of its staff."""

    id: str
    name: str
    api_key: str
    username: str
    password: str


class SitePlace(_Wire):
    """A site of a company (WGS-84 degrees)."""

    id: str
    name: str
    lat: float
    lon: float


class VehicleName(_Wire):
    """A vehicle of a company."""

    id: str
    name: str
    volume: Literal["AMBULANCE", "ASSU"]
    category: Literal["A", "C"]
    site_id: str


class CompanyAccounts(_Wire):
    """A company with its people, sites and vehicles."""

    id: str
    name: str
    regulator: Login
    crews: list[Login]
    sites: list[SitePlace]
    vehicles: list[VehicleName]


class Accounts(_Wire):
    """Everybody in the demo."""

    samu: SamuAccount
    coordinator: Login
    admin: Login
    companies: list[CompanyAccounts]


class Pids(_Wire):
    """The children's process ids."""

    postgres: int
    temporal: int
    worker: list[int]
    api: list[int]


class KeyIds(_Wire):
    """The rings of keys as the running processes read them: ids, the first one first, and never a key."""

    read_at: datetime
    identity: list[str]
    payload: list[str]


class Runtime(_Wire):
    """The whole file."""

    api: str
    temporal: str
    temporal_ui: str
    database: str
    pids: Pids
    accounts: Accounts | None
    """None when the stack was started without a demo."""
    keys: KeyIds | None = None
    """None in the file of a stack from before there were rings."""
    worker_metrics: list[str] = []
    """Where each worker shows its figures to Prometheus."""


def key_ids(secrets: Secrets, read_at: datetime) -> KeyIds:
    """Which keys the stack read."""
    identity, payload = parse_keys(secrets.identity_keys), parse_keys(secrets.payload_keys)
    return KeyIds(read_at=read_at, identity=list(identity), payload=list(payload))


def write_runtime(path: Path, runtime: Runtime) -> None:
    """Write the file, readable by its owner only, whole or not at all."""
    write_private(path, runtime.model_dump_json(indent=1) + "\n")
