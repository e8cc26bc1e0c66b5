"""What a browser may do with an answer: the same headers on all of them, refusals and unknown addresses included."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from api.app import create_app
from api.resources import Resources
from tests.api.test_scopes import OPERATIONS

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
LASTING = ("/web/", "/login", "/samu", "/regulation", "/mobile")
"""Pages and their files say themselves how long they may be kept: nobody's data is in them."""
UNSAFE = re.compile(r"unsafe-(inline|eval|hashes)|\*")


@pytest.fixture
async def http(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(resources), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        yield client


def _check(response: httpx.Response, path: str) -> None:
    headers = response.headers
    told = {name: headers.get(name) for name in EVERYWHERE}
    assert told == EVERYWHERE, path
    assert "frame-ancestors 'none'" in headers["content-security-policy"], path
    assert "default-src 'none'" in headers["content-security-policy"], path
    assert "camera=()" in headers["permissions-policy"], path
    assert headers["x-request-id"], path
    assert not {"server", "x-powered-by", "access-control-allow-origin"} & set(headers), path
    if path != "/" and not path.startswith(LASTING):
        assert headers["cache-control"] == "no-store", path
    if not path.startswith("/docs"):
        policy = headers["content-security-policy"].replace("data: blob:", "")
        assert not UNSAFE.search(policy), path


async def test_every_operation_answers_with_them(http: httpx.AsyncClient) -> None:
    """Without an account: answers of pages and files, and refusals of all others."""
    for operation in OPERATIONS:
        path = re.sub(r"\{\w+\}", "core/nothing", operation.name.partition(" ")[2])
        response = await http.request(operation.method, path, headers={"Origin": "https://elsewhere.example"})
        assert response.status_code < 500, operation.name
        _check(response, path)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("DELETE", "/v1/demands", 405),
        ("GET", "/web/core/../../settings.py", 404),
        ("GET", "/web/.hidden.js", 404),
        ("POST", "/v1/token", 422),
    ],
)
async def test_refusals_answer_with_them(
    http: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    response = await http.request(method, path)
    assert response.status_code == status
    _check(response, path)


async def test_a_failure_of_ours_answers_with_them(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("api.routes.health.Alive", fail)
    response = await http.get("/healthz")
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    _check(response, "/healthz")


async def test_the_phone_may_ask_where_it_is_and_no_other_page_answer_may(http: httpx.AsyncClient) -> None:
    assert "geolocation=(self)" in (await http.get("/mobile")).headers["permissions-policy"]
    assert "geolocation=()" in (await http.get("/healthz")).headers["permissions-policy"]


async def test_who_came_by_tls_comes_by_tls_from_now_on(resources: Resources) -> None:
    transport = httpx.ASGITransport(create_app(resources))
    for scheme, told in (("https", "max-age=31536000"), ("http", None)):
        async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://api") as client:
            for path in ("/healthz", "/login", "/nothing"):
                assert (await client.get(path)).headers.get("strict-transport-security") == told
