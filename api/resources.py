"""What an API process works with, built once in the composition root and injected everywhere."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from fastapi import Request
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from api.cache import TimedCache
from api.codec_audit import Looks
from api.coverage_memory import CoverageMemory
from api.engine import Engine
from api.figures import FleetFigures, ProcessFigures
from api.metrics import Metrics
from api.onlookers import Onlookers
from api.pace import Pace, PaceLimits
from api.position_writer import PositionWriter
from api.probe import EngineProbe
from api.throttle import AnswerThrottle
from api.web_files import WebFiles
from api.web_pages import WebConfig
from domain.fleet import Point
from geo.area import Area
from geo.gazetteer import Gazetteer
from geo.routes import Routes
from geo.sectors import SectorMap
from geo.straight import StraightTravel
from geo.travel_time import Travel
from push.config import PushConfig
from push.sender import Sender, Surroundings
from storage import accounts, sectors, sessions
from storage.accounts import Person, SamuProfile, SoftwareKey
from storage.engine import without_transactions
from storage.feed import Feed
from storage.keyring import Keyring
from storage.tail import Tail
from survey.looking import Surveyor
from workflows.codec import EncryptingCodec

ACCOUNT_SECONDS = 5.0
"""A disabled account or a revoked key is noticed after at most this."""
AREA_SECONDS = 60.0
NAMES_SECONDS = 600.0
CACHED_ACCOUNTS = 10_000
REACHES_AT_ONCE = 2
CACHED_AREAS = 200
WEB_ROOT = Path(__file__).resolve().parents[1] / "web"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiConfig:
    """What the API needs of the settings."""

    secret_key: str = field(repr=False)
    """One a line: the first signs access tokens, all are believed."""
    access_token_minutes: int = 15
    refresh_token_days: int = 30
    max_body_bytes: int = 262_144
    temporal_ui_origin: str | None = None
    """Where the Temporal UI is, whose pages may ask for payloads in clear text; none, and no page may."""
    web: WebConfig = field(default_factory=WebConfig)
    push: PushConfig | None = None
    """Without it nobody is notified."""
    onlookers: Onlookers = field(default_factory=Onlookers)
    """Who may read the figures of the process."""
    pace: PaceLimits = field(default_factory=PaceLimits)

    @property
    def signing_keys(self) -> tuple[str, ...]:
        """The keys of access tokens, the one that signs first."""
        return tuple(line.strip() for line in self.secret_key.splitlines() if line.strip())


def utc_now() -> datetime:
    """The clock of a real process."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SamuArea:
    """A SAMU with its area, ready to be asked."""

    profile: SamuProfile
    area: Area | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Everything that a request may use."""

    config: ApiConfig
    database: AsyncEngine
    engine: Engine
    keyring: Keyring = field(repr=False)
    codec: EncryptingCodec | None = field(default=None, repr=False)
    """Opens what the engine keeps, for administrators; without one nobody can."""
    looks: Looks = field(default_factory=Looks)
    feed: Feed
    migrated: Callable[[], Awaitable[bool]]
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the process was told to stop, while it still serves."""
    travel: Travel = field(default_factory=lambda: StraightTravel(speed_kmh=70, detour=1.35))
    """How long vehicles need, and which road a position is on."""
    routes: Routes = field(default_factory=lambda: Routes(StraightTravel(speed_kmh=70, detour=1.35)))
    """The way of a vehicle that was chosen."""
    clock: Callable[[], datetime] = utc_now
    metrics: Metrics = field(default_factory=lambda: Metrics(CollectorRegistry()))
    answers: AnswerThrottle = field(default_factory=AnswerThrottle)
    pace: Pace = field(init=False)
    reading: AsyncEngine = field(init=False)
    """The same database for who only reads: each statement by itself, so that `BEGIN` and `ROLLBACK` are two trips less."""
    probe: EngineProbe = field(init=False)
    tail: Tail = field(init=False)
    figures: FleetFigures = field(init=False)
    """Of everybody, for whoever watches."""
    positions: PositionWriter = field(init=False)
    """Writes all positions that this process is told."""
    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """So many passwords are checked at once: each takes memory and a processor on purpose."""
    verdict_pages: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """So many are read at once: each takes a millisecond of the loop at a time."""
    reaches: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(REACHES_AT_ONCE))
    """So many looks at the fleet at once, before a demand is sent: each computes in the loop."""
    people: TimedCache[UUID, Person | None] = field(
        default_factory=lambda: TimedCache(ACCOUNT_SECONDS, CACHED_ACCOUNTS)
    )
    sessions: TimedCache[UUID, bool] = field(
        default_factory=lambda: TimedCache(ACCOUNT_SECONDS, CACHED_ACCOUNTS)
    )
    keys: TimedCache[bytes, SoftwareKey | None] = field(
        default_factory=lambda: TimedCache(ACCOUNT_SECONDS, CACHED_ACCOUNTS)
    )
    sectors: TimedCache[UUID, SectorMap] = field(
        default_factory=lambda: TimedCache(AREA_SECONDS, CACHED_AREAS)
    )
    areas: TimedCache[UUID, SamuArea | None] = field(
        default_factory=lambda: TimedCache(AREA_SECONDS, CACHED_AREAS)
    )
    coverage: CoverageMemory = field(default_factory=CoverageMemory)
    surveyor: Surveyor = field(init=False)
    """Looks at the fleet before a demand is sent."""
    gazetteer: TimedCache[None, Gazetteer] = field(default_factory=lambda: TimedCache(NAMES_SECONDS, 1))
    own_communes: TimedCache[UUID, frozenset[str]] = field(
        default_factory=lambda: TimedCache(NAMES_SECONDS, CACHED_AREAS)
    )
    """The INSEE codes of the communes in a SAMU's area."""
    web: WebFiles = field(default_factory=lambda: WebFiles(WEB_ROOT))
    """The files of the pages."""

    def __post_init__(self) -> None:
        """One probe, one memory of the journal's end and one writer of positions, for the whole process."""
        object.__setattr__(self, "reading", without_transactions(self.database))
        writer = PositionWriter(self.database, self.travel, self.clock, self.metrics)
        object.__setattr__(self, "positions", writer)
        object.__setattr__(self, "pace", Pace(self.config.pace))
        object.__setattr__(self, "surveyor", Surveyor(self.travel))
        object.__setattr__(self, "tail", Tail(self.reading, self.feed))
        object.__setattr__(self, "probe", EngineProbe(self.engine, self.clock))
        figures = FleetFigures(self.database, self.clock, pushes=self.config.push is not None)
        object.__setattr__(self, "figures", figures)
        self.metrics.show(figures, ProcessFigures(self.database, self.probe, writer, self.clock))

    def sender(self, config: PushConfig) -> Sender:
        """Who sends notifications from this process, when it is its turn."""
        return Sender(
            Surroundings(
                config=config,
                database=self.database,
                feed=self.feed,
                tail=self.tail,
                clock=self.clock,
                metrics=self.metrics.push,
            )
        )

    def probed_at(self) -> datetime | None:
        """When engine and worker were last seen to answer, end to end."""
        return self.probe.succeeded_at

    async def person(self, person_id: UUID) -> Person | None:
        """An account that is not disabled, read again every few seconds."""

        async def read() -> Person | None:
            async with self.reading.connect() as connection:
                return await accounts.person_by_id(connection, person_id)

        return await self.people.get(person_id, read)

    async def session_is_open(self, session_id: UUID) -> bool:
        """Whether a login has not ended, read again every few seconds."""

        async def read() -> bool:
            async with self.reading.connect() as connection:
                return await sessions.is_open(connection, session_id)

        return await self.sessions.get(session_id, read)

    async def software_key(self, key_hash: bytes) -> SoftwareKey | None:
        """A key that was not revoked, read again every few seconds."""

        async def read() -> SoftwareKey | None:
            async with self.reading.connect() as connection:
                return await accounts.key_by_hash(connection, key_hash)

        return await self.keys.get(key_hash, read)

    async def sector_at(self, samu_id: UUID, place: Point) -> UUID | None:
        """The guard sector that a place lies in."""
        return (await self.sector_map(samu_id)).sector_at(place.lat, place.lon)

    async def sector_map(self, samu_id: UUID) -> SectorMap:
        """The guard sectors of a SAMU; the outlines are read again every minute."""

        async def read() -> SectorMap:
            async with self.reading.connect() as connection:
                found = await sectors.sectors_of(connection, samu_id)
            outlines = [(each.id, each.outline) for each in found]
            return await asyncio.to_thread(SectorMap.of_usable, outlines)  # half a second for a département

        return await self.sectors.get(samu_id, read)

    async def samu(self, samu_id: UUID) -> SamuArea | None:
        """A SAMU with its area and policy, read again every minute."""

        async def read() -> SamuArea | None:
            async with self.reading.connect() as connection:
                profile = await accounts.samu_profile(connection, samu_id)
            if profile is None:
                return None
            return SamuArea(profile, Area.from_cells(profile.area_cells) if profile.area_cells else None)

        return await self.areas.get(samu_id, read)


def resources_of(request: Request) -> Resources:
    """The resources of the process that serves this request."""
    found = request.app.state.resources
    assert isinstance(found, Resources)  # noqa: S101 - create_app put it there
    return found
