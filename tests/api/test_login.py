"""Guessing passwords is slow, for one name and for many, whichever process is asked; nobody is locked out by it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from pwdlib import PasswordHash
from sqlalchemy.ext.asyncio import AsyncEngine

from api import login
from api.app import create_app
from api.login import FREE_FAILURES
from api.resources import Resources
from storage import audit, login_places, tables
from tests.api.caller import assert_problem
from tests.api.conftest import Clock, make_resources
from tests.api.engine import RuleEngine
from tests.api.people import PASSWORD, People

From = Callable[[str], httpx.AsyncClient]


@pytest.fixture
def from_address(resources: Resources) -> From:
    """A client of the application at an address."""
    app = create_app(resources)

    def client(address: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url="http://api")

    return client


WRONG = "wrong"


async def _try(http: httpx.AsyncClient, name: str, password: str = WRONG) -> httpx.Response:
    return await http.post("/v1/token", data={"username": name, "password": password})


async def test_guessing_one_name_waits_and_the_person_gets_in_from_elsewhere(
    from_address: From, people: People, clock: Clock
) -> None:
    thief, doctor, name = from_address("192.0.2.1"), from_address("192.0.2.2"), people.doctor.username
    for _ in range(FREE_FAILURES):
        assert_problem(await _try(thief, name), 401, "invalid_credentials")
    refused = await _try(thief, name, PASSWORD)
    assert_problem(refused, 429, "too_many_attempts")
    assert 0 < int(refused.headers["retry-after"]) <= 30
    assert (await _try(doctor, name, PASSWORD)).status_code == 200
    assert (
        await _try(thief, people.admin.username, PASSWORD)
    ).status_code == 200  # another name, same address
    clock.advance(seconds=31)
    assert (await _try(thief, name)).status_code == 401  # one attempt each half minute
    assert (await _try(thief, name)).status_code == 429
    clock.advance(seconds=31)
    assert (await _try(thief, name, PASSWORD)).status_code == 200
    assert (await _try(thief, name)).status_code == 401  # the right password forgave everything


async def test_guessing_many_names_from_one_address_waits_as_well(
    from_address: From, people: People, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "FREE_FAILURES_OF_AN_ADDRESS", 4)
    thief = from_address("192.0.2.1")
    for number in range(4):
        assert (await _try(thief, f"name-{number}")).status_code == 401
    refused = await _try(thief, "name-5")
    assert_problem(refused, 429, "too_many_attempts")
    assert 0 < int(refused.headers["retry-after"]) <= 3
    assert (await _try(from_address("192.0.2.2"), people.doctor.username, PASSWORD)).status_code == 200
    clock.advance(seconds=4)
    assert (await _try(thief, "name-5")).status_code == 401
    clock.advance(minutes=6)
    for number in range(4):
        assert (await _try(thief, f"name-{number}")).status_code == 401  # all is forgotten after a while


async def test_whoever_logged_in_from_an_address_is_not_held_up_by_what_others_guess_there(
    from_address: From, people: People, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Crews behind a mobile operator, a hospital behind one address; and somebody there who guesses."""
    monkeypatch.setattr(login, "FREE_FAILURES_OF_AN_ADDRESS", 4)
    shared, elsewhere = from_address("192.0.2.1"), from_address("192.0.2.2")
    doctor, admin = people.doctor.username, people.admin.username
    assert (await _try(shared, doctor, PASSWORD)).status_code == 200
    for place in (shared, elsewhere):
        await _guess_many(place)
    assert (await _try(shared, doctor, PASSWORD)).status_code == 200
    assert (await _try(shared, admin, PASSWORD)).status_code == 429  # new there: waits with whoever guesses
    assert (await _try(elsewhere, doctor, PASSWORD)).status_code == 429  # known at one address, not at all
    for _ in range(FREE_FAILURES):
        assert (await _try(shared, doctor)).status_code == 401
    refused = await _try(shared, doctor, PASSWORD)
    assert_problem(refused, 429, "too_many_attempts")  # what is guessed of the name itself counts as ever
    assert int(refused.headers["retry-after"]) > 3
    clock.advance(days=91)
    await _guess_many(shared)
    assert (await _try(shared, doctor, PASSWORD)).status_code == 429  # that was long ago


async def _guess_many(http: httpx.AsyncClient) -> None:
    """As many names as an address may try before it waits."""
    for number in range(login.FREE_FAILURES_OF_AN_ADDRESS):
        assert (await _try(http, f"name-{number}")).status_code == 401
    assert (await _try(http, "name")).status_code == 429


async def test_from_where_somebody_logged_in_is_forgotten_in_the_end(
    from_address: From, people: People, resources: Resources, engine: AsyncEngine
) -> None:
    assert (await _try(from_address("192.0.2.1"), people.doctor.username, PASSWORD)).status_code == 200
    counted = sa.select(sa.func.count()).select_from(tables.login_places)
    async with engine.begin() as connection:
        for days, left in ((89, 1), (91, 0)):
            await login_places.forget_old(connection, resources.clock() + timedelta(days=days))
            assert await connection.scalar(counted) == left


async def test_all_processes_count_together(
    from_address: From,
    people: People,
    engine: AsyncEngine,
    database_url: str,
    rules: RuleEngine,
    clock: Clock,
) -> None:
    one = from_address("192.0.2.1")
    other_app = create_app(make_resources(engine, database_url, rules, clock))
    transport = httpx.ASGITransport(other_app, client=("192.0.2.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as other:
        told = [
            await _try((one, other)[turn % 2], people.doctor.username) for turn in range(FREE_FAILURES + 1)
        ]
    assert [each.status_code for each in told] == [401] * FREE_FAILURES + [429]


async def test_many_attempts_at_once_are_no_more_than_a_few(
    from_address: From, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    thief = from_address("192.0.2.1")
    told = await asyncio.gather(*(_try(thief, people.doctor.username) for _ in range(30)))
    looked_at = sum(each.status_code == 401 for each in told)
    assert FREE_FAILURES <= looked_at <= FREE_FAILURES + 1  # two are hashed at the same time


def test_an_unknown_name_costs_as_much_as_a_wrong_password() -> None:
    kept = PasswordHash.recommended().hash("a password")
    assert login._NOBODY.rpartition("$")[0].rpartition("$")[0] == kept.rpartition("$")[0].rpartition("$")[0]


async def test_an_unknown_name_is_hashed_as_well(
    from_address: From, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []

    class Counting:
        def verify(self, _: str, kept: str) -> bool:
            hashed.append(kept)
            return False

    monkeypatch.setattr(login, "_hasher", Counting())
    http = from_address("192.0.2.1")
    told = [await _try(http, "nobody"), await _try(http, people.doctor.username)]
    assert len(hashed) == 2
    assert told[0].json() == told[1].json()


async def test_logins_and_failures_are_written_down_and_what_was_typed_is_not(
    from_address: From, people: People, engine: AsyncEngine
) -> None:
    http = from_address("192.0.2.1")
    await _try(http, "hunter2-typed-in-the-wrong-field")
    await _try(http, people.doctor.username)
    await _try(http, people.doctor.username, PASSWORD)
    async with engine.connect() as connection:
        lines = await audit.events(connection, None, (), 10)
        everything = str(
            [
                (await connection.execute(sa.select(t))).all()
                for t in (tables.audit_events, tables.login_failures, tables.login_places)
            ]
        )
    doctor = f"person:{people.doctor.id} {people.doctor.username}"
    assert [(line.kind, line.actor, line.address) for line in lines] == [
        ("LOGIN", doctor, "192.0.2.1"),
        ("LOGIN_FAILED", doctor, "192.0.2.1"),
        ("LOGIN_FAILED", audit.UNKNOWN, "192.0.2.1"),
    ]
    assert "hunter2" not in everything
    assert "wrong" not in everything
