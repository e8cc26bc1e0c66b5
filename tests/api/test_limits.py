"""Nobody can ask so much, so slowly or so deep that others wait."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from api import wire
from api.app import create_app
from api.edge import HEAD_BYTES
from api.onlookers import Onlookers, networks_of
from api.pace import Pace, PaceLimits
from api.problems import Problem
from api.resources import Resources
from api.wire import http_config
from tests.api.caller import Caller, assert_problem
from tests.api.conftest import Api, Login

# -- how much an account may ask -------------------------------------------------------------------------------------


class Now:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def _refused(doing: Callable[[], object]) -> int:
    """After how many seconds it may be tried again."""
    with pytest.raises(Problem) as problem:
        doing()
    assert problem.value.code == "too_many_requests"
    return int(problem.value.headers["Retry-After"])


def test_an_account_asks_so_much_a_second_and_more_at_once() -> None:
    now = Now()
    pace = Pace(PaceLimits(requests_a_second=2), now)
    for _ in range(20):
        pace.enter("a")()
    assert _refused(lambda: pace.enter("a")) == 1
    pace.enter("b")()  # others are not concerned
    now.at += 1
    for _ in range(2):
        pace.enter("a")()
    _refused(lambda: pace.enter("a"))
    now.at += 1000
    for _ in range(20):
        pace.enter("a")()
    _refused(lambda: pace.enter("a"))


def test_so_many_are_answered_at_once() -> None:
    pace = Pace(PaceLimits(at_once=2))
    leave = pace.enter("a")
    pace.enter("a")
    assert _refused(lambda: pace.enter("a")) == 1
    leave()
    pace.enter("a")


def test_so_many_streams_are_open() -> None:
    pace = Pace(PaceLimits(streams=1))
    pace.check_streams("a")
    place = pace.begin_stream("a")
    assert _refused(lambda: pace.check_streams("a")) == 5
    pace.check_streams("b")
    pace.end_stream(place)
    pace.end_stream(place)  # twice is once
    pace.check_streams("a")
    pace.begin_stream("a")
    assert _refused(lambda: pace.check_streams("a")) == 5


def test_a_telephone_that_comes_back_again_and_again_ends_its_own_oldest_stream_and_is_never_refused() -> (
    None
):
    """A dead network leaves streams behind that nobody ends for ten minutes."""
    pace = Pace(PaceLimits(streams=4, streams_of_a_device=2))
    others = [pace.begin_stream("crew", device="b"), pace.begin_stream("crew")]
    first, second = pace.begin_stream("crew", "a"), pace.begin_stream("crew", "a")
    # All four are taken, and the other telephone has not all of its own.
    assert _refused(lambda: pace.check_streams("crew", "b")) == 5
    for _ in range(100):
        pace.check_streams("crew", "a")
        third = pace.begin_stream("crew", "a")
        assert not first.taken
        first, second = second, third
    assert all(each.taken for each in (first, second, *others))
    pace.end_stream(first, "a")
    pace.check_streams("crew", "b")


def test_telematics_of_ten_thousand_vehicles_never_meets_the_bound() -> None:
    """Twenty companies with 510 positions each, every second, all on one process: an hour of it."""
    now = Now()
    pace = Pace(PaceLimits(), now)
    for _ in range(3600):
        for company in range(20):
            pace.enter(f"person:{company}")()
        now.at += 1


async def test_more_is_refused_as_a_problem_and_given_back(
    resources: Resources, log_in: Login, samu: Caller
) -> None:
    config = replace(resources.config, pace=PaceLimits(requests_a_second=1, at_once=1))
    transport = httpx.ASGITransport(create_app(replace(resources, config=config)))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        told = [await http.get("/v1/me", headers=samu.headers) for _ in range(12)]
        assert [each.status_code for each in told].count(200) >= 10  # one at once, each given back
        response = told[-1]
    assert_problem(response, 429, "too_many_requests")
    assert int(response.headers["retry-after"]) >= 1


async def test_a_stream_too_many_is_refused(resources: Resources, samu: Caller) -> None:
    config = replace(resources.config, pace=PaceLimits(streams=0))
    transport = httpx.ASGITransport(create_app(replace(resources, config=config)))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        assert_problem(await http.get("/v1/stream", headers=samu.headers), 429, "too_many_requests")


# -- how it is sent --------------------------------------------------------------------------------------------------

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def connect(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[[], "asyncio.Future[Wire]"]]:
    """Connections to the server, which waits a moment instead of ten seconds."""
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.3)
    opened: list[asyncio.StreamWriter] = []
    host, port = api.url.removeprefix("http://").split(":")

    async def connect() -> Wire:
        reader, writer = await asyncio.open_connection(host, int(port))
        opened.append(writer)
        return reader, writer

    yield connect  # type: ignore[misc]
    for writer in opened:
        writer.close()


@pytest.mark.parametrize("half", [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: "])
async def test_who_never_ends_a_request_is_hung_up_on(connect: Callable[..., object], half: bytes) -> None:
    reader, writer = await connect()  # type: ignore[misc]
    writer.write(half)
    assert await _rest(reader) == b""


async def _rest(reader: asyncio.StreamReader) -> bytes:
    """What still comes until the server hangs up, politely or not."""
    async with asyncio.timeout(20):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


async def test_a_byte_now_and_then_does_not_help(connect: Callable[..., object]) -> None:
    reader, writer = await connect()  # type: ignore[misc]
    reading = asyncio.create_task(reader.read())
    async with asyncio.timeout(20):
        while not reading.done():
            writer.write(b"G")
            await asyncio.wait({reading}, timeout=0.05)
    assert reading.exception() is not None or reading.result() == b""


async def test_whoever_asks_again_on_the_same_connection_is_answered(connect: Callable[..., object]) -> None:
    """Longer than a head may take: the connection rests between two requests."""
    reader, writer = await connect()  # type: ignore[misc]
    asked = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    for _ in range(3):
        writer.write(asked)
        async with asyncio.timeout(20):
            assert b"200 OK" in await reader.readuntil(b'{"status":"ok"}')
        await asyncio.wait({asyncio.ensure_future(asyncio.sleep(0.4))})


LONG = f"GET /healthz?q={'x' * HEAD_BYTES} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
MANY = "GET /healthz HTTP/1.1\r\nConnection: close\r\n" + "".join(f"X-{n}: xxxx\r\n" for n in range(120))


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (f"{LONG}\r\n", b"431", "head_too_large"),
        (f"{MANY}Host: a\r\n\r\n", b"431", "head_too_large"),
        ("NOT HTTP AT ALL\r\n\r\n", b"400", "malformed_request"),
        (f"GET /{'x' * 100_000}", b"400", "malformed_request"),
    ],
    ids=["a long query", "many headers", "something else", "a head without end"],
)
async def test_what_is_no_request_or_too_long_is_refused_as_a_problem(
    connect: Callable[..., object], sent: str, status: bytes, code: str
) -> None:
    reader, writer = await connect()  # type: ignore[misc]
    writer.write(sent.encode())
    top, _, body = (await _rest(reader)).partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 " + status)
    assert b"nosniff" in top
    assert json.loads(body)["code"] == code
    assert b"xxx" not in body


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"a":' * 40_000, b"[" * 100_000 + b"]" * 100_000])
async def test_a_body_that_is_too_deep_is_refused(samu: Caller, deep: bytes) -> None:
    headers = {**samu.headers, "Content-Type": "application/json"}
    response = await samu.http.post("/v1/demands", content=deep, headers=headers)
    assert response.status_code == 422, response.text
    assert (await samu.get("/v1/me")).status_code == 200


# -- who is believed, who may read the figures -----------------------------------------------------------------------


def test_only_named_proxies_are_believed() -> None:
    async def app(*_: object) -> None:
        return

    assert http_config(app).proxy_headers is False
    believed = http_config(app, "10.0.0.0/8,192.0.2.7")
    assert (believed.proxy_headers, believed.forwarded_allow_ips) == (True, "10.0.0.0/8,192.0.2.7")


@pytest.mark.parametrize(
    ("address", "headers", "behind_proxy", "status"),
    [
        ("127.0.0.1", {}, False, 200),
        ("::1", {}, False, 200),
        ("192.0.2.1", {}, False, 404),
        ("192.0.2.1", {"Authorization": "Bearer the token of tests"}, False, 200),
        ("192.0.2.1", {"Authorization": "Bearer another"}, False, 404),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, False, 404),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, True, 200),
        ("10.1.2.3", {}, False, 200),
        ("testclient", {}, False, 404),
    ],
)
async def test_the_figures_are_for_operators(
    resources: Resources, address: str, headers: dict[str, str], behind_proxy: bool, status: int
) -> None:
    onlookers = Onlookers(
        networks=networks_of("127.0.0.0/8, ::1/128, 10.0.0.0/8"),
        token="the token of tests",
        behind_proxy=behind_proxy,
    )
    served = replace(resources, config=replace(resources.config, onlookers=onlookers))
    transport = httpx.ASGITransport(create_app(served), client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        response = await http.get("/metrics", headers=headers)
    assert response.status_code == status
    if status == 404:
        nothing = {"type", "title", "status", "detail", "code"}
        assert set(response.json()) == nothing
        assert response.json()["code"] == "not_found"


async def test_an_administrator_without_the_token_reads_none_from_outside(
    engine: AsyncEngine, resources: Resources, samu: Caller
) -> None:
    transport = httpx.ASGITransport(create_app(resources), client=("192.0.2.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        assert (await http.get("/metrics", headers=samu.headers)).status_code == 404
