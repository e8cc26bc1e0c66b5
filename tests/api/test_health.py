"""What operators ask."""

import re

import httpx
import sqlalchemy as sa

from api.problems import KINDS
from domain.outcomes import Outcome
from tests.api.caller import Caller, assert_problem, demand
from tests.api.conftest import Api
from tests.api.engine import RuleEngine


async def test_alive_and_ready(http: httpx.AsyncClient) -> None:
    assert (await http.get("/healthz")).json() == {"status": "ok"}
    assert (await http.get("/readyz")).json() == {"status": "ok"}


async def test_not_ready_names_what_is_missing(http: httpx.AsyncClient, rules: RuleEngine, api: Api) -> None:
    rules.away = True
    async with api.resources.database.begin() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = version_num || '?'"))
    try:
        told = assert_problem(await http.get("/readyz"), 503, "not_ready")
    finally:
        async with api.resources.database.begin() as connection:
            await connection.execute(
                sa.text("UPDATE alembic_version SET version_num = trim(trailing '?' from version_num)")
            )
    assert told["missing"] == ["migrations", "engine"]
    assert (await http.get("/healthz")).status_code == 200


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
