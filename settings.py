"""Every setting of Rescousse, typed, under one prefix: `RESCOUSSE_`.

Only composition roots read it (`worker.py`, `api/__main__.py`, `ops`, `bench`); everything else receives what
it needs as an argument. Values come from the environment alone: there is no file to forget on a machine. The secrets
(`settings_secrets.py`) may stand in files, each named by the environment.
"""

from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from geo.engines import EngineChoice
from settings_secrets import SecretSettings


class Settings(SecretSettings):
    """What an operator may set, each as `RESCOUSSE_<NAME>`; refuses what cannot work before anything starts."""

    database_pool_size: int = Field(10, ge=1, le=500)
    """Connections that one process may hold."""

    temporal_address: str = "127.0.0.1:7233"
    temporal_namespace: str = Field("default", min_length=1)
    temporal_tls: bool = False
    """Speak TLS with the engine: with the system's certificates, or those of the settings below."""
    temporal_tls_ca_file: Path | None = None
    """The certificates that the engine's own is held against (PEM)."""
    temporal_tls_cert_file: Path | None = None
    """Our certificate, for a cluster that wants one (PEM)."""
    temporal_tls_key_file: Path | None = None
    """Its key, without a password (PEM)."""
    temporal_tls_server_name: str | None = None
    """The name on the engine's certificate, where it is not that of the address."""
    temporal_ui_origin: str | None = Field(None, pattern=r"^https?://[^\s/?#]+$")
    """Where operators open the Temporal UI, as `http://127.0.0.1:8233`: it may ask the API for payloads in clear text."""
    task_queue: str = Field("rescousse", min_length=1)
    worker_deployment: str = Field("", pattern=r"^[A-Za-z0-9_-]*$")
    """The name under which workers of several versions are known to the engine; empty: their versions are not told."""
    worker_build_id: str = Field("", pattern=r"^[A-Za-z0-9_.-]*$")
    """Which version of the code a worker runs; wanted with `worker_deployment`."""
    worker_heartbeat_file: Path | None = None
    """Written by a worker every five seconds while it works, for the health check of its container."""

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

    push_contact: str = "mailto:exploitation@rescousse.invalid"
    """Whom a push service writes to when something is wrong with what we send."""
    push_hosts: str = ""
    """The push services that may be called, with commas between them; `*.` before a name for all below it. None, no
    notifications: nothing outside is called unless it is named here."""
    push_ca_file: Path | None = None
    """Certificates to trust when calling them, for a push service of one's own; those of the system otherwise."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    metrics_address: str | None = Field(None, pattern=r"^[^\s:/]+:\d{1,5}$")
    """host:port on which a worker shows its figures to Prometheus, to whoever reaches it; none, and it shows none. An API
    shows its own at `/metrics`."""
    traces_endpoint: str | None = Field(None, pattern=r"^https?://[^\s?#]+$")
    """Where traces are sent (OTLP over HTTP), as `http://collector:4318/v1/traces`; none, and nothing is traced."""
    traces_ratio: float = Field(1.0, ge=0, le=1)
    """Which part of the requests is traced, each to its end."""
    trusted_proxies: str = ""
    """Addresses or networks of the proxies before the API, with commas between them: theirs are the only
    `X-Forwarded-For` and `X-Forwarded-Proto` that are believed. None, and nobody's are."""
    metrics_networks: str = "127.0.0.0/8,::1/128"
    """Who may read `/metrics` of an API without a token: addresses or networks, with commas between them."""
    requests_a_second: float = Field(200.0, ge=1)
    """What one account may ask of one API process, on average; ten times as much at once. More is answered 429."""
    max_body_bytes: int = Field(262_144, ge=1024)
    """A request with a longer body is refused before it is read."""

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper_case(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @model_validator(mode="after")
    def _engine_can_be_reached(self) -> Self:
        wants_tls = ("ca_file", "cert_file", "key_file", "server_name")
        named = [f"temporal_tls_{what}" for what in wants_tls if getattr(self, f"temporal_tls_{what}")]
        if self.temporal_api_key is not None:
            named.append("temporal_api_key")
        if named and not self.temporal_tls:
            raise ValueError(f"RESCOUSSE_{named[0].upper()} needs TLS: set RESCOUSSE_TEMPORAL_TLS=true")
        if (self.temporal_tls_cert_file is None) != (self.temporal_tls_key_file is None):
            raise ValueError(
                "RESCOUSSE_TEMPORAL_TLS_CERT_FILE and RESCOUSSE_TEMPORAL_TLS_KEY_FILE go together"
            )
        return self

    @field_validator("trusted_proxies", "metrics_networks")
    @classmethod
    def _networks(cls, text: str) -> str:
        for part in filter(None, (part.strip() for part in text.split(","))):
            ip_network(part)  # says itself what is wrong with it
        return text

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
    def _a_deployment_has_versions(self) -> Self:
        if self.worker_deployment and not self.worker_build_id:
            raise ValueError(
                "workers of a deployment say which version they run: set RESCOUSSE_WORKER_BUILD_ID"
            )
        return self

    @model_validator(mode="after")
    def _push_services_need_a_key(self) -> Self:
        if self.push_hosts.strip() and self.push_key is None:
            raise ValueError("notifications need a key of their own: set RESCOUSSE_PUSH_KEY")
        return self
