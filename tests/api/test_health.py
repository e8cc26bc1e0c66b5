"""What operators ask, and what the proxy asks."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from api.problems import KINDS
from domain.outcomes import Outcome
from tests.api.caller import Caller, assert_problem, demand
from tests.api.conftest import Api, serving
from tests.api.engine import RuleEngine
from tests.deployment.compose import ASKED_BY_THE_PROXY


async def test_alive_and_ready(http: httpx.AsyncClient) -> None:
    assert (await http.get("/healthz")).json() == {"status": "ok"}
    assert (await http.get("/readyz")).json() == {"status": "ok"}


@asynccontextmanager
async def _at_revision(api: Api, revision: str) -> AsyncIterator[None]:
    """The database as another version of the code left it, by name only."""

    async def say(number: str) -> None:
        async with api.resources.database.begin() as connection:
            await connection.execute(
                sa.text("UPDATE alembic_version SET version_num = :number"), {"number": number}
            )

    async with api.resources.database.connect() as connection:
        own = await connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    await say(revision)
    try:
        yield
    finally:
        await say(own)


async def test_not_ready_names_what_is_missing(http: httpx.AsyncClient, rules: RuleEngine, api: Api) -> None:
    rules.away = True
    async with _at_revision(api, "0001"):
        told = assert_problem(await http.get("/readyz"), 503, "not_ready")
    assert told["missing"] == ["migrations", "engine"]
    assert (await http.get("/healthz")).status_code == 200


async def test_rule_097_the_proxy_keeps_an_api_that_has_lost_the_engine(
    http: httpx.AsyncClient, samu: Caller, rules: RuleEngine
) -> None:
    rules.away = True
    assert assert_problem(await http.get("/readyz"), 503, "not_ready")["missing"] == ["engine"]
    assert (await http.get(ASKED_BY_THE_PROXY)).status_code == 200
    assert (await samu.post("/v1/demands", demand())).status_code == 201


async def test_the_proxy_does_not_wait_for_an_engine_that_hangs(
    http: httpx.AsyncClient, rules: RuleEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never() -> bool:
        await asyncio.Event().wait()
        return True

    monkeypatch.setattr(rules, "answers", never)
    assert (await http.get(ASKED_BY_THE_PROXY, timeout=2)).status_code == 200


async def test_the_proxy_leaves_out_who_lacks_migrations_and_keeps_the_version_before(
    http: httpx.AsyncClient, api: Api
) -> None:
    """While versions change the migrations of the new one are there first, and the old one serves on."""
    async with _at_revision(api, "0001"):
        told = assert_problem(await http.get(ASKED_BY_THE_PROXY), 503, "not_ready")
    assert told["missing"] == ["migrations"]
    async with _at_revision(api, "9999"):
        assert (await http.get(ASKED_BY_THE_PROXY)).status_code == 200
        assert (await http.get("/readyz")).status_code == 200


async def test_without_the_database_the_api_says_so_itself(api: Api) -> None:
    async def refused() -> bool:
        raise OperationalError("", None, ConnectionRefusedError())

    async with (
        serving(replace(api.resources, migrated=refused)) as url,
        httpx.AsyncClient(base_url=url, timeout=5) as http,
    ):
        assert assert_problem(await http.get("/readyz"), 503, "not_ready")["missing"] == ["database"]
        assert (await http.get(ASKED_BY_THE_PROXY)).status_code == 200
        assert_problem(await http.get("/readyz?exclude=everything"), 422, "invalid_request")


async def test_metrics_count_by_route_and_hold_no_address(samu: Caller) -> None:
    demand_id = (await samu.post("/v1/demands", demand())).json()["id"]
    await samu.get(f"/v1/demands/{demand_id}")
    page = (await samu.get("/metrics")).text
    assert 'route="/v1/demands/{demand_id}"' in page
    assert demand_id not in page
    assert "EXEMPLE" not in page


def test_every_refusal_by_the_rules_is_in_the_table() -> None:
    assert [each for each in Outcome if not each.accepted and each.value not in KINDS] == []


WITHOUT_LOGIN = {"/v1/client-settings"}
"""What a page reads before anybody logs in: it touches nothing that could be away."""


async def test_the_document_is_complete(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            where = f"{method} {path}"
            assert described["summary"], where
            assert described["tags"], where
            assert any(status.startswith("2") for status in described["responses"]), where
            if path.startswith("/v1") and path not in WITHOUT_LOGIN:
                assert {"401", "422", "503"} <= set(described["responses"]), where


async def test_the_readable_document_loads_nothing_from_outside(samu: Caller) -> None:
    page = (await samu.http.get("/docs")).text
    assert "swagger-ui-bundle.js" in page
    assert "://" not in page
    script = re.search(r'src="([^"]+\.js)"', page)
    assert script is not None
    assert (await samu.http.get(script[1])).status_code == 200
