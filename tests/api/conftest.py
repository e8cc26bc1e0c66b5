"""The API on a real socket and a real PostgreSQL; only the engine is a stand-in."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import httpx
import pytest
import uvicorn
from sqlalchemy.ext.asyncio import AsyncEngine

from api.__main__ import send_at_once
from api.app import create_app
from api.edge import route_of
from api.engine import Engine
from api.resources import ApiConfig, Resources
from api.wire import http_config
from domain.fleet import Volume
from domain.messages import Candidate
from domain.vocabulary import Tier
from storage import migrate
from storage.feed import Feed
from storage.keyring import Keyring
from telemetry.process import Watched
from tests.api.caller import Caller
from tests.api.engine import RuleEngine
from tests.api.people import PASSWORD, People, Person, build_people, insert_people
from tests.fixtures.world import World

SECRET = "a secret of thirty-two bytes or more, for tests"
START_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Api:
    """A running API process's address and what it works with."""

    url: str
    resources: Resources
    people: People
    world: World


@asynccontextmanager
async def serving(resources: Resources, watched: Watched | None = None) -> AsyncIterator[str]:
    """An API on a port of its own; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    send_at_once(listener)
    app = create_app(resources)
    served = watched.http(app, route_of) if watched else app
    config = http_config(served)
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[method-assign,assignment]  # signals stay pytest's
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(START_SECONDS):
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        resources.feed.close()
        server.should_exit = True
        await running
        listener.close()


@pytest.fixture
def rules(engine: AsyncEngine, world: World) -> RuleEngine:
    """Every vehicle with a position is solicited, each company's site when none is left."""
    vehicles = [
        Candidate(
            tier=Tier.VEHICLE,
            company_id=one.company_id,
            vehicle_id=one.id,
            eta_minutes=9,
            exact_volume=one.volume is Volume.AMBULANCE,
        )
        for one in world.vehicles
        if one.place
    ]
    return RuleEngine(engine, tuple(vehicles))


@pytest.fixture
async def people(engine: AsyncEngine, world: World) -> People:
    made = build_people(world)
    async with engine.begin() as connection:
        await insert_people(connection, world, made)
    return made


@dataclass
class Clock:
    """The clock of the API, which a test may put ahead: nobody sleeps."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make_resources(
    database: AsyncEngine, database_url: str, engine: Engine, clock: Clock | None = None
) -> Resources:
    """What an API process works with."""
    return Resources(
        config=ApiConfig(secret_key=SECRET, max_body_bytes=262_144),
        database=database,
        engine=engine,
        keyring=Keyring({"one": b"1" * 32}),
        feed=Feed(database_url),
        migrated=partial(migrate.is_current, database),
        clock=clock or Clock(),
    )


@pytest.fixture
def resources(engine: AsyncEngine, database_url: str, rules: RuleEngine, clock: Clock) -> Resources:
    return make_resources(engine, database_url, rules, clock)


@pytest.fixture
async def api(resources: Resources, people: People, world: World) -> AsyncIterator[Api]:
    async with serving(resources) as url:
        yield Api(url, resources, people, world)


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A caller without credentials."""
    async with httpx.AsyncClient(base_url=api.url, timeout=20) as client:
        yield client


@pytest.fixture
async def samu(http: httpx.AsyncClient, api: Api) -> Caller:
    """The SAMU's software."""
    return Caller(http, {"X-API-Key": api.people.api_key})


@pytest.fixture
async def neighbour(http: httpx.AsyncClient, api: Api) -> Caller:
    """Another SAMU's software."""
    return Caller(http, {"X-API-Key": api.people.other_key})


Login = Callable[[Person], Awaitable[Caller]]


@pytest.fixture
def log_in(http: httpx.AsyncClient) -> Login:
    """Log a person in, on a device of theirs."""

    async def log_in(person: Person) -> Caller:
        form = {"username": person.username, "password": PASSWORD}
        tokens = (await http.post("/v1/token", data=form)).raise_for_status().json()
        caller = Caller(http, {"Authorization": f"Bearer {tokens['access_token']}"})
        device = await caller.post("/v1/devices", {"kind": "WEB", "name": "poste"})
        return caller.on_device(device.raise_for_status().json()["id"])

    return log_in


async def another_device(caller: Caller, kind: str, name: str = "autre") -> Caller:
    """The same person on a device of their own, of this kind."""
    device = await caller.post("/v1/devices", {"kind": kind, "name": name})
    return caller.on_device(device.raise_for_status().json()["id"])


async def regulating(caller: Caller, site_id: UUID) -> Caller:
    """A caller whose device regulates the site."""
    (await caller.send("PUT", f"/v1/regulation/sites/{site_id}")).raise_for_status()
    return caller


async def get_in(caller: Caller, vehicle_id: object) -> Caller:
    """A caller whose phone is in the vehicle."""
    body = {"device_id": caller.headers["X-Device-Id"], "members": [{"name": "Anna Fictive"}]}
    (await caller.send("PUT", f"/v1/vehicles/{vehicle_id}/crew", body)).raise_for_status()
    return caller


@pytest.fixture
async def regulator(log_in: Login, people: People, world: World) -> Caller:
    """The regulator of the first company, who regulates its site."""
    return await regulating(await log_in(people.regulators[0]), world.cathare.site_id)


@pytest.fixture
async def rival(log_in: Login, people: People, world: World) -> Caller:
    """The regulator of the second company, who regulates its site."""
    return await regulating(await log_in(people.regulators[1]), world.minervois.site_id)


@pytest.fixture
async def crew(log_in: Login, people: People) -> Caller:
    """The crew of the first company, on its phone."""
    return await another_device(await log_in(people.crews[0]), "MOBILE", "téléphone 1")
