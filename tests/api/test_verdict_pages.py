"""Verdicts in pages: whoever reads them page by page reads all of them, and holds nobody else up."""

import asyncio
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from domain.fleet import Point
from storage import tables, verdict_news
from storage.turns import in_turns
from tests.api.caller import Caller, Json, demand
from tests.api.conftest import Api
from tests.api.engine import RuleEngine
from tests.api.test_verdicts import Case
from tests.fixtures.world import fix_of, put_fixes

VEHICLES = 60


async def put_vehicles(case: Case, api: Api) -> list[UUID]:
    ids, company = [uuid4() for _ in range(VEHICLES)], api.world.minervois
    common = {"company_id": company.id, "site_id": company.site_id, "category": "C", "available": True}
    await case.write(sa.insert(tables.vehicles).values([{"id": one, "name": "V", **common} for one in ids]))
    places = [Point(lat=43.213, lon=2.3491 + 0.001 * at) for at in range(VEHICLES)]
    async with api.resources.database.begin() as connection:
        await put_fixes(connection, [fix_of(*one, api.world.at) for one in zip(ids, places, strict=True)])
    return ids


async def pages(case: Case, limit: int) -> list[Json]:
    told: list[Json] = []
    asked = {"limit": str(limit)}
    while True:
        page = (await case.samu.get(case.path, **asked)).raise_for_status().json()
        told += page["items"]
        if page["next_cursor"] is None:
            return told
        asked["cursor"] = page["next_cursor"]


@pytest.mark.parametrize("at_a_time", [1, 2, 3, 10])
async def test_page_by_page_all_surveys_of_all_rounds_are_read(
    samu: Caller,
    regulator: Caller,
    rival: Caller,
    rules: RuleEngine,
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    at_a_time: int,
) -> None:
    case = Case(api, samu, rules, (await samu.post("/v1/demands", demand(max_delay_minutes=20))).json())
    ids = await put_vehicles(case, api)
    for number, (round_, ticked) in enumerate([(1, 60), (1, 50), (1, 50), (2, 40), (2, 60), (2, 30)], 1):
        now = sa.case((tables.vehicles.c.id.in_(ids[:ticked]), True), else_=False)
        await case.write(
            sa.update(tables.vehicles).where(tables.vehicles.c.id.in_(ids)).values(available=now)
        )
        await case.survey(number, round=round_)
    everything = await case.read()
    monkeypatch.setattr(verdict_news, "AT_A_TIME", at_a_time)
    mine = [(one["survey"], one["verdict"]) for one in everything if one["target_id"] == str(ids[55])]
    assert [survey for survey, _ in mine] == [1, 2, 4, 5, 6]
    assert {survey for survey, verdict in mine if verdict == "NOT_AVAILABLE"} == {2, 4, 6}
    assert await pages(case, 1000) == everything
    assert await pages(case, 37) == everything


async def test_between_two_portions_whoever_waits_goes_first() -> None:
    told: list[str] = []

    async def other() -> None:
        for number in range(2):
            told.append(f"other {number}")
            await asyncio.sleep(0)

    waiting = asyncio.create_task(other())
    async for some in in_turns("abcde", 2):
        told += ["".join(some)]
    await waiting
    assert told == ["ab", "other 0", "cd", "other 1", "e"]
