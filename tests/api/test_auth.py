"""Who may call, and how they prove it."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest
import sqlalchemy as sa

from api.security import ALGORITHM
from storage import audit, tables
from storage.audit import AuditKind
from tests.api.caller import Caller, Json, assert_problem
from tests.api.conftest import SECRET, Api, Clock, Login
from tests.api.people import PASSWORD


async def test_a_person_logs_in_and_learns_who_they_are(api: Api, log_in: Login) -> None:
    person = api.people.regulators[0]
    caller = await log_in(person)
    told = (await caller.get("/v1/me")).json()
    assert told["role"] == "REGULATOR"
    assert told["company_id"] == str(person.company_id)
    assert told["scope_name"] == api.world.cathare.name
    assert told["kind"] == "person"


async def test_software_calls_with_its_key(samu: Caller, api: Api) -> None:
    told = (await samu.get("/v1/me")).json()
    assert (told["role"], told["kind"]) == ("SAMU", "software")
    assert told["samu_id"] == str(api.world.samu_id)


async def test_no_credentials(http: httpx.AsyncClient) -> None:
    response = await http.get("/v1/me")
    assert_problem(response, 401, "missing_credentials")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "headers",
    [{"X-API-Key": "nobody's"}, {"Authorization": "Bearer nonsense"}, {"X-API-Key": "k" * 9000}],
)
async def test_wrong_key_or_token(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert_problem(await http.get("/v1/me", headers=headers), 401, "invalid_credentials")


async def test_a_token_that_expired(http: httpx.AsyncClient, api: Api) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    claims = {"iss": "rescousse", "aud": "rescousse-api", "iat": past, "exp": past}
    token = jwt.encode(claims | {"sub": str(api.people.doctor.id)}, SECRET, ALGORITHM)
    response = await http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert_problem(response, 401, "token_expired")


async def test_a_token_signed_by_somebody_else(http: httpx.AsyncClient, api: Api) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    claims = {"iss": "rescousse", "aud": "rescousse-api", "iat": datetime.now(UTC), "exp": later}
    token = jwt.encode(claims | {"sub": str(api.people.admin.id)}, "x" * 40, ALGORITHM)
    response = await http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert_problem(response, 401, "invalid_credentials")


async def test_wrong_password_and_unknown_name_are_told_alike(http: httpx.AsyncClient, api: Api) -> None:
    form = {"username": api.people.doctor.username, "password": "wrong"}
    wrong = assert_problem(await http.post("/v1/token", data=form), 401, "invalid_credentials")
    unknown = await http.post("/v1/token", data={"username": "nobody", "password": "wrong"})
    assert assert_problem(unknown, 401, "invalid_credentials") == wrong


@pytest.mark.parametrize(
    "form", [{}, {"username": "a"}, {"grant_type": "refresh_token"}, {"grant_type": "x"}]
)
async def test_an_incomplete_form(http: httpx.AsyncClient, form: dict[str, str]) -> None:
    assert_problem(await http.post("/v1/token", data=form), 422, "invalid_request")


async def _tokens(http: httpx.AsyncClient, **form: str) -> httpx.Response:
    return await http.post("/v1/token", data=form)


async def test_a_refresh_token_is_used_once_and_reuse_ends_its_family(
    http: httpx.AsyncClient, api: Api, clock: Clock
) -> None:
    name = api.people.doctor.username
    first = (await _tokens(http, username=name, password=PASSWORD)).json()["refresh_token"]
    other = (await _tokens(http, username=name, password=PASSWORD)).json()["refresh_token"]
    second = await _tokens(http, grant_type="refresh_token", refresh_token=first)
    assert second.status_code == 200
    clock.advance(seconds=121)
    again = await _tokens(http, grant_type="refresh_token", refresh_token=first)
    assert_problem(again, 401, "invalid_credentials")
    stolen = await _tokens(http, grant_type="refresh_token", refresh_token=second.json()["refresh_token"])
    assert_problem(stolen, 401, "invalid_credentials")
    # another login of the same person is another family
    assert (await _tokens(http, grant_type="refresh_token", refresh_token=other)).status_code == 200


async def test_a_refresh_token_that_is_used_again_ends_its_login_at_once(
    http: httpx.AsyncClient, api: Api, clock: Clock
) -> None:
    """Whoever copied it, and the person it was copied from: neither reads on, not even what was open already."""
    name = api.people.doctor.username
    first, other = [(await _tokens(http, username=name, password=PASSWORD)).json() for _ in range(2)]
    second = (await _tokens(http, grant_type="refresh_token", refresh_token=first["refresh_token"])).json()
    thief, person, elsewhere = [_bearer(http, tokens) for tokens in (first, second, other)]
    assert [(await each.get("/v1/me")).status_code for each in (thief, person, elsewhere)] == [200] * 3
    clock.advance(seconds=121)
    async with thief.http.stream("GET", "/v1/stream", headers=thief.headers) as response:
        lines = response.aiter_lines()
        assert (await anext(lines)).startswith(": connected")
        again = await _tokens(http, grant_type="refresh_token", refresh_token=first["refresh_token"])
        assert_problem(again, 401, "invalid_credentials")
        async with asyncio.timeout(3):
            assert "event: device_closed" in [line async for line in lines]
    for each in (thief, person):
        assert_problem(await each.get("/v1/me"), 401, "session_ended")
    assert (await elsewhere.get("/v1/me")).status_code == 200  # another login of the same person
    async with api.resources.database.connect() as connection:
        [line] = await audit.events(connection, None, (AuditKind.TOKEN_REUSED,), 10)
    assert line.actor == f"person:{api.people.doctor.id}"


def _bearer(http: httpx.AsyncClient, tokens: Json) -> Caller:
    return Caller(http, {"Authorization": f"Bearer {tokens['access_token']}"})


async def test_whoever_did_not_hear_the_answer_may_renew_again_for_two_minutes(
    http: httpx.AsyncClient, api: Api, clock: Clock
) -> None:
    name = api.people.doctor.username
    first = (await _tokens(http, username=name, password=PASSWORD)).json()["refresh_token"]
    lost = await _tokens(http, grant_type="refresh_token", refresh_token=first)
    clock.advance(seconds=119)
    heard = await _tokens(http, grant_type="refresh_token", refresh_token=first)
    assert (lost.status_code, heard.status_code) == (200, 200)
    clock.advance(minutes=20)
    onward = await _tokens(http, grant_type="refresh_token", refresh_token=heard.json()["refresh_token"])
    assert onward.status_code == 200


async def test_a_disabled_account_is_out(http: httpx.AsyncClient, api: Api, log_in: Login) -> None:
    caller = await log_in(api.people.doctor)
    async with api.resources.database.begin() as connection:
        await connection.execute(sa.update(tables.persons).values(disabled=True))
    api.resources.people._kept.clear()
    assert_problem(await caller.get("/v1/me"), 401, "invalid_credentials")


async def test_answers_carry_the_security_headers(http: httpx.AsyncClient) -> None:
    headers = (await http.get("/healthz")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert headers["x-request-id"]
