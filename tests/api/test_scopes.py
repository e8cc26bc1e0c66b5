"""Nobody reaches, or learns of, what is outside their scope: every operation of the server, every kind of caller."""

import asyncio
import hashlib
import tomllib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from logging import CRITICAL
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
import structlog
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import BaseRoute, Mount, Route
from structlog import make_filtering_bound_logger

from api import edge
from api.app import create_app
from api.resources import Resources
from storage import audit
from storage.audit import ReadsAsked
from storage.keyring import Keyring
from storage.tables import metadata
from tests.api.caller import Caller, Json
from tests.api.conftest import Api, make_resources
from tests.api.engine import RuleEngine
from tests.api.people import People
from tests.api.scope_cast import WITHOUT_LOGIN, cast_of
from tests.api.scope_stage import STEP_ID, set_stage
from tests.fixtures.world import World
from workflows.codec import EncryptingCodec

TABLE = tomllib.loads((Path(__file__).parent / "scopes.toml").read_text())
AT_ONCE = 16
"""Some refusals wait a moment on purpose; they may do so together."""
KEEPS = frozenset({"idempotency_keys"})
"""A refused request takes its key, and gives it back."""
PATIENT = "EXEMPLE"
"""The patient's name (tests.api.caller.demand)."""
ROLE_OF = {"software": "SAMU", "doctor": "SAMU", "regulator": "REGULATOR", "crew": "CREW"}
"""Who may be told it; anybody else would be counted under their own name."""
FINAL = "POST /v1/logout"
"""It ends what all others need."""


def _named(words: Iterable[str]) -> frozenset[str]:
    """The callers that the words of the table stand for."""
    groups: Mapping[str, list[str]] = TABLE["who"]
    found: set[str] = set()
    for word in words:
        found |= _named(groups[word]) if word in groups else {word}
    return frozenset(found)


@dataclass(frozen=True)
class Operation:
    """One line of the table."""

    name: str
    reach: frozenset[str]
    body: object = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    """Names in its address that stand for another object of the stage than the usual one."""

    @property
    def method(self) -> str:
        return self.name.partition(" ")[0]

    @property
    def is_public(self) -> bool:
        return "public" in self.reach

    @property
    def has_ids(self) -> bool:
        return "{" in self.name or "{" in str(self.body)


OPERATIONS = [
    Operation(
        name,
        _named(row["reach"]),
        row.get("body"),
        row.get("query", {}),
        row.get("headers", {}),
        row.get("named", {}),
    )
    for name, row in TABLE["operations"].items()
]
CLOSED = [each for each in OPERATIONS if not each.is_public]


def _filled(value: Any, ids: Mapping[str, str]) -> Any:
    """The same with every {name} replaced."""
    if isinstance(value, str):
        for name, id_ in ids.items():
            value = value.replace(f"{{{name}}}", id_)
        return value
    if isinstance(value, dict):
        return {name: _filled(each, ids) for name, each in value.items()}
    return [_filled(each, ids) for each in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Told:
    """What somebody learns from an answer: everything but the request's own number and the hour."""

    status: int
    headers: Mapping[str, str]
    body: str


async def _ask(caller: Caller, operation: Operation, ids: Mapping[str, str], key: str | None = None) -> Told:
    headers = caller.headers | ({"Idempotency-Key": key} if key else {})
    ids = {**ids, "own_device_id": caller.headers.get("X-Device-Id", STEP_ID)}
    ids |= {name: ids[other] for name, other in operation.named.items()}
    response = await caller.http.request(
        operation.method,
        _filled(operation.name.partition(" ")[2], ids),
        json=_filled(operation.body, ids) if operation.body is not None else None,
        params=_filled(dict(operation.query), ids) or None,
        headers={**headers, **operation.headers},
    )
    told = {n: v for n, v in response.headers.items() if n not in {"x-request-id", "date"}}
    return Told(response.status_code, told, response.text)


# -- the table and the server name the same operations --------------------------------------------------------------


def _served(routes: Iterable[BaseRoute]) -> set[str]:
    """Every method and address that the application answers, in the document or not."""
    found: set[str] = set()
    for route in routes:
        if isinstance(route, (APIRoute, Route)):
            path = route.path.replace(":path}", "}")
            found |= {f"{method} {path}" for method in route.methods or () if method != "HEAD"}
        elif hasattr(route, "original_router"):  # FastAPI's wrapper of an included router
            found |= _served(route.original_router.routes)
        else:
            assert isinstance(route, Mount), route
            assert route.path == "/static-offline-docs", "a new mount: who reaches what is below it?"
    return found


def test_every_operation_stands_in_the_table(resources: Resources) -> None:
    app = create_app(resources)
    told = {f"{method.upper()} {path}" for path, by in app.openapi()["paths"].items() for method in by}
    served = _served(app.routes) | told
    listed = set(TABLE["operations"])
    assert sorted(served - listed) == [], "say in tests/api/scopes.toml who reaches these new operations"
    assert sorted(listed - served) == [], "these stand in tests/api/scopes.toml and are served no more"
    assert len(told) > 60


# -- one stage for all -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stage:
    cast: Mapping[str, Caller]
    ids: Mapping[str, str]
    nothing: Mapping[str, str]
    """The same names, of things that do not exist."""
    database: AsyncEngine
    told_patient: Counter[str] = field(default_factory=Counter)
    """How often each role was told the patient's name."""


@pytest.fixture
async def stage(
    engine: AsyncEngine,
    database_url: str,
    rules: RuleEngine,
    people: People,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Stage]:
    """The application in this process: thousands of requests, and nothing that moves beside them."""
    monkeypatch.setattr(
        edge, "log", structlog.wrap_logger(None, wrapper_class=make_filtering_bound_logger(CRITICAL))
    )
    noon = datetime.now(UTC)
    plain: Resources = make_resources(engine, database_url, rules, lambda: noon)  # type: ignore[arg-type]  # a clock that stands: nobody falls silent
    resources = replace(plain, codec=EncryptingCodec(Keyring({"one": b"1" * 32})))
    transport = httpx.ASGITransport(create_app(resources))
    async with httpx.AsyncClient(transport=transport, base_url="http://api", timeout=60) as http:
        api = Api("http://api", resources, people, world)
        cast = await cast_of(api, http)
        ids = await set_stage(api, rules, cast)
        yield Stage(cast, ids, {name: str(uuid4()) for name in ids}, engine)


async def _state(database: AsyncEngine) -> dict[str, str]:
    """A digest of every table."""
    found: dict[str, str] = {}
    async with database.connect() as connection:
        for table in metadata.sorted_tables:
            if table.name not in KEEPS:
                rows = await connection.scalars(sa.text(f"SELECT t::text FROM {table.name} t ORDER BY 1"))
                found[table.name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


async def _all(asked: Iterable[Any]) -> list[Any]:
    at_once = asyncio.Semaphore(AT_ONCE)

    async def one(each: Any) -> Any:
        async with at_once:
            return await each

    return await asyncio.gather(*(one(each) for each in asked))


def _assert_none(faults: Iterable[str | None]) -> None:
    found = sorted(filter(None, faults))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.timeout(300)  # some thirteen hundred requests
async def test_nobody_without_an_account_comes_in_and_strangers_find_nothing(stage: Stage) -> None:
    before = await _state(stage.database)
    faults = [
        *await _all(_without_login(stage, each, name) for each in CLOSED for name in WITHOUT_LOGIN),
        *await _all(
            _stranger(stage, each, name)
            for each in CLOSED
            for name in stage.cast
            if name not in each.reach and name not in WITHOUT_LOGIN
        ),
    ]
    _assert_none(faults)
    assert await _state(stage.database) == before, "a refused request changed something"


async def _without_login(stage: Stage, operation: Operation, name: str) -> str | None:
    told = await _ask(stage.cast[name], operation, stage.ids)
    if operation.name == FINAL and name == "ended_session":
        return None if told.status == 204 else f"{name} logs out again: {told.status}"
    if told.status == 401 and '"code":"' in told.body:
        return None
    return f"{operation.name} answers {name} with {told.status} instead of 401: {told.body[:200]}"


async def _stranger(stage: Stage, operation: Operation, name: str) -> str | None:
    """404, and word for word the same as for what does not exist."""
    told = await _ask(stage.cast[name], operation, stage.ids)
    if told.status != 404:
        return f"{operation.name} answers {name} with {told.status} instead of 404: {told.body[:200]}"
    if operation.has_ids and told != await _ask(stage.cast[name], operation, stage.nothing):
        return f"{operation.name} tells {name} whether something exists: {told.body[:200]}"
    return None


@pytest.mark.timeout(300)
async def test_whoever_is_concerned_reaches_the_handler_and_strangers_do_not_read_their_answers(
    stage: Stage,
) -> None:
    """First all that reads, then all that writes, the logins' end last; in the order of the table."""
    faults: list[str | None] = []
    for reading in (True, False):
        for operation in CLOSED:
            if (operation.method == "GET") is reading and operation.name != FINAL:
                faults += await _concerned(stage, operation)
    last = next(each for each in OPERATIONS if each.name == FINAL)
    faults += await _concerned(stage, last)
    _assert_none(faults)
    await _assert_every_identity_was_written_down(stage)


async def _assert_every_identity_was_written_down(stage: Stage) -> None:
    """Whoever was told the patient's name, by whichever operation, stands in the trail, once for each time."""
    async with stage.database.connect() as connection:
        reads = await audit.patient_reads_of(connection, ReadsAsked(limit=1000))
    written = Counter(each.role for each in reads)
    assert written == stage.told_patient
    assert set(written) == {"SAMU", "REGULATOR", "CREW"}


async def _concerned(stage: Stage, operation: Operation) -> list[str | None]:
    key = None if operation.method == "GET" else f"scope-{operation.name.encode().hex()[:100]}"
    faults = list(
        await _all(_reaches(stage, operation, name, key) for name in stage.cast if name in operation.reach)
    )
    if key and operation.name != FINAL:
        strangers = {"rival_regulator", "neighbour_doctor"} - operation.reach
        faults += await _all(_replays_nothing(stage, operation, name, key) for name in strangers)
    return faults


async def _reaches(stage: Stage, operation: Operation, name: str, key: str | None) -> str | None:
    told = await _ask(stage.cast[name], operation, stage.ids, key)
    if PATIENT in told.body:
        stage.told_patient[ROLE_OF.get(name, name)] += 1
    if told.status in {401, 404, 405, 429} or told.status >= 500:
        return f"{operation.name} answers {name} with {told.status}: {told.body[:200]}"
    if operation.method == "GET" and told.status != 200 and not operation.headers:
        return f"{operation.name} does not let {name} read: {told.status} {told.body[:200]}"
    return _leak(stage, operation, name, told)


def _leak(stage: Stage, operation: Operation, name: str, told: Told) -> str | None:
    """What strangers are told, in lists of their own, names nothing of the first company's or the first SAMU's."""
    if not name.startswith(("rival", "neighbour")):
        return None
    known = {
        "company_id",
        "samu_id",
        "step_id",
        "site_id",
        "sector_id",
    }  # rivals share the SAMU, and its sectors with it
    sent = str(_filled(operation.body, stage.ids))
    leaked = [n for n, id_ in stage.ids.items() if id_ in told.body and id_ not in sent and n not in known]
    return f"{operation.name} tells {name} of {leaked}" if leaked else None


async def _replays_nothing(stage: Stage, operation: Operation, name: str, key: str) -> str | None:
    """Somebody else's Idempotency-Key opens nothing."""
    told = await _ask(stage.cast[name], operation, stage.ids, key)
    if told.status == 404 and "idempotency-replayed" not in told.headers:
        return None
    return f"{operation.name} with a key of another's answers {name} with {told.status}: {told.body[:200]}"


# -- ids in bodies ---------------------------------------------------------------------------------------------------

IN_BODIES: Mapping[str, Json] = {
    "POST /v1/devices": {"kind": "WEB", "name": "x", "replaces": "{device_id}"},
    "POST /v1/positions": {
        "positions": [
            {"vehicle_id": "{vehicle_id}", "lat": 43.2, "lon": 2.3, "recorded_at": "2026-11-20T10:00:00Z"}
        ]
    },
    "POST /v1/guard/shifts": {
        "period_id": "{period_id}",
        "vehicle_id": "{vehicle_id}",
        "teammate": {"staff_id": "{staff_id}"},
    },
    "POST /v1/guard/missing-period": {
        "sector_id": "{sector_id}",
        "vehicle_id": "{vehicle_id}",
        "phone": "0468000000",
        "teammate": {"staff_id": "{staff_id}"},
    },
}


@pytest.mark.parametrize("name", IN_BODIES)
async def test_what_a_body_names_of_others_is_unknown_as_well(stage: Stage, name: str) -> None:
    operation = Operation(name, frozenset(), IN_BODIES[name])
    nothing = {**stage.nothing, "sector_id": stage.ids["sector_id"]}
    for who in ("rival_regulator", "rival_crew"):
        there = await _ask(stage.cast[who], operation, stage.ids)
        nowhere = await _ask(stage.cast[who], operation, nothing)
        there_body = there.body.replace(stage.ids["vehicle_id"], "…")  # which they sent
        nowhere_body = nowhere.body.replace(nothing["vehicle_id"], "…")
        assert (there.status, there_body) == (nowhere.status, nowhere_body)


async def test_another_ones_device_is_no_device(stage: Stage) -> None:
    """The header names a device, too."""
    rival = stage.cast["rival_regulator"]
    beat = Operation("POST /v1/regulation/heartbeat", frozenset(), {})
    there = await _ask(rival.on_device(stage.ids["device_id"]), beat, stage.ids)
    nowhere = await _ask(rival.on_device(str(uuid4())), beat, stage.ids)
    assert there == nowhere
    assert there.status == 404
