"""When a call is repeated, with which key, and how an expired token is renewed."""

import json
from collections.abc import Callable
from random import Random

import httpx
import pytest

from simulation.client import ApiClient
from simulation.clock import Clock
from simulation.habits import Habits
from simulation.identity import KeyIdentity, PersonIdentity
from simulation.ledger import Ledger
from simulation.lists import read_all
from simulation.retry import Patience, pause_before
from simulation.runtime import Login
from simulation.stage import Stage
from simulation.wire import Demand, DemandLine, Page

Handler = Callable[[httpx.Request], httpx.Response]
QUICK = Patience(total=0.5, first_pause=0.01, longest_pause=0.05)


def client(handler: Handler, identity: KeyIdentity | PersonIdentity | None = None) -> ApiClient:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler), base_url="http://fake")
    return ApiClient(http, identity or KeyIdentity("key"), Random(1), patience=QUICK)


@pytest.mark.parametrize("status", [409, 429, 502, 503, 504])
async def test_a_busy_server_is_asked_again_with_the_same_key(status: int) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        problem = {
            "code": "idempotency_in_progress"
        }  # the process that had the call died in the middle of it
        return httpx.Response(status if len(seen) < 3 else 201, json=problem)

    assert (await client(handler).post("/v1/demands", {"a": 1})).status == 201
    assert len({request.headers["Idempotency-Key"] for request in seen}) == 1
    assert len({request.content for request in seen}) == 1


async def test_a_refusal_by_the_rules_is_not_repeated() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(409, json={"code": "already_assigned"})

    assert (await client(handler).post("/v1/solicitations/x/acceptance", {})).status == 409
    assert len(seen) == 1


async def test_two_calls_never_share_a_key() -> None:
    keys: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        return httpx.Response(200)

    one = client(handler)
    await one.post("/v1/devices", {})
    await one.post("/v1/devices", {})
    assert len(set(keys)) == 2


async def test_a_broken_connection_is_tried_again_and_given_up_in_bounded_time() -> None:
    counted: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    http = httpx.AsyncClient(transport=httpx.MockTransport(handler), base_url="http://fake")
    one = ApiClient(http, KeyIdentity("k"), Random(1), patience=QUICK, count=counted.append)
    reply = await one.get("/v1/demands")
    assert (reply.status, reply.ok) == (0, False)
    assert counted.count("retried") > 2
    assert counted[-1] == "unreachable"


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500])
async def test_a_definite_answer_is_not_repeated(status: int) -> None:
    calls: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(status, json={"code": "too_late", "expected_step": "ACQUITTE"})

    reply = await client(handler).post("/v1/solicitations/1/acceptance", {})
    assert (reply.status, reply.problem.code, len(calls)) == (status, "too_late", 1)


async def test_an_expired_token_is_renewed_once_by_its_refresh_token() -> None:
    grants: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/token":
            grants.append(request.content.decode().split("&")[0])
            return httpx.Response(200, json={"access_token": f"t{len(grants)}", "refresh_token": "r"})
        expired = request.headers["Authorization"] == "Bearer t1" and len(grants) == 1
        return httpx.Response(401 if expired else 200, json={})

    person = PersonIdentity(Login(username="a", password="b"))
    assert (await client(handler, person).get("/v1/me")).status == 200
    assert grants == ["grant_type=password", "grant_type=refresh_token"]


async def test_a_refused_refresh_token_falls_back_on_the_password() -> None:
    grants: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v1/token":
            return httpx.Response(200 if request.headers["Authorization"] == "Bearer t3" else 401)
        grants.append(request.content.decode())
        refused = "grant_type=refresh_token" in grants[-1]
        tokens = {"access_token": f"t{len(grants)}", "refresh_token": "r"}
        return httpx.Response(401 if refused else 200, json=tokens)

    person = PersonIdentity(Login(username="a", password="b"))
    assert (await client(handler, person).get("/v1/me")).status == 200
    assert len(grants) == 3


async def test_a_wrong_password_is_an_answer_and_not_a_loop() -> None:
    calls: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(401, json={"code": "bad_credentials"})

    reply = await client(handler, PersonIdentity(Login(username="a", password="b"))).get("/v1/me")
    assert (reply.status, reply.problem.code) == (401, "bad_credentials")
    assert len(calls) <= 2


async def test_the_device_goes_with_every_call() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=json.dumps(dict(request.headers)))

    one = client(handler)
    one.device_id = "d1"
    assert b'"x-device-id": "d1"' in (await one.get("/v1/me")).content


async def test_a_body_that_is_not_what_was_expected_is_none() -> None:
    reply = await client(lambda _: httpx.Response(200, content=b"<html>")).get("/v1/demands/1")
    assert reply.read(Demand) is None
    assert reply.problem.code == "unknown"


@pytest.mark.parametrize(
    ("attempt", "retry_after", "low", "high"),
    [
        (1, None, 0.25, 0.3),
        (3, None, 1.0, 1.2),
        (40, None, 5.0, 6.0),
        (1, "2", 2.0, 2.4),
        (1, "9999", 30.0, 36.0),
        (1, "Wed, 21 Oct 2026 07:28:00 GMT", 0.25, 0.3),
        (1, "-3", 0.25, 0.3),
    ],
)
def test_the_pause_obeys_retry_after_within_bounds(
    attempt: int, retry_after: str | None, low: float, high: float
) -> None:
    assert low <= pause_before(attempt, retry_after, Patience(), Random(3)) <= high


async def test_a_list_is_read_page_after_page() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("cursor", "1"))
        assert request.url.params["status"] == "ARBITRATION"
        line = {"id": f"d{number}", "status": "ARBITRATION"}
        return httpx.Response(
            200, json={"items": [line], "next_cursor": str(number + 1) if number < 3 else None}
        )

    stage = Stage(Clock(1.0), Habits(), 1, Ledger())
    found = await read_all(client(handler), stage, "/v1/demands", Page[DemandLine], status="ARBITRATION")
    assert [line.id for line in found or ()] == ["d1", "d2", "d3"]


async def test_a_list_that_cannot_be_read_is_known_to_the_ledger() -> None:
    stage = Stage(Clock(1.0), Habits(), 1, Ledger())
    assert (
        await read_all(client(lambda _: httpx.Response(500)), stage, "/v1/demands", Page[DemandLine]) is None
    )
    assert stage.ledger.errors.total() == 1
