"""Communes: found by name, listed for a map, named to a place that a SAMU points at."""

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import tables
from tests.api.caller import Caller, assert_problem

COMMUNES = (
    ("11069", "Carcassonne", 46_000, 43.2130, 2.3491),
    ("11071", "Carcassès", 300, 43.20, 2.40),
    ("11397", "Trèbes", 5_500, 43.2100, 2.4410),
    ("33104", "Carcans", 2_500, 45.08, -1.04),
    ("75056", "Paris", 2_100_000, 48.8566, 2.3522),
)


@pytest.fixture(autouse=True)
async def communes(engine: AsyncEngine) -> None:
    names = [column.name for column in tables.communes.columns]
    rows = [dict(zip(names, each, strict=True)) for each in COMMUNES]
    async with engine.begin() as connection:
        await connection.execute(sa.insert(tables.communes), rows)


async def found(caller: Caller, **asked: str) -> list[str]:
    response = await caller.get("/v1/communes", **asked)
    assert response.status_code == 200, response.text
    return [each["name"] for each in response.json()["items"]]


async def test_three_letters_find_the_communes_of_the_callers_samu_first(samu: Caller, crew: Caller) -> None:
    for caller in (samu, crew):  # a company sees through the SAMU that it has a convention with
        assert await found(caller, q="carc") == ["Carcassonne", "Carcassès", "Carcans"]
    assert await found(samu, q="carc", limit="1") == ["Carcassonne"]
    assert await found(samu, q="TREBES") == ["Trèbes"]
    assert await found(samu, q="pari") == ["Paris"]
    assert await found(samu, q="zzz") == []


async def test_the_communes_of_an_area_are_listed_for_a_map(samu: Caller) -> None:
    assert await found(samu, area="true") == ["Carcassès", "Carcassonne", "Trèbes"]
    assert await found(samu, area="true", least_population="1000") == ["Carcassonne", "Trèbes"]


@pytest.mark.parametrize("asked", [{}, {"limit": "0", "q": "a"}, {"q": "a" * 101}, {"area": "perhaps"}])
async def test_bad_questions_are_refused(samu: Caller, asked: dict[str, str]) -> None:
    assert_problem(await samu.get("/v1/communes", **asked), 422, "invalid_request")


async def test_nobody_asks_without_a_login(http: httpx.AsyncClient) -> None:
    assert_problem(await Caller(http).get("/v1/communes", q="carc"), 401, "missing_credentials")
