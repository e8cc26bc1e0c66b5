"""Periods of the guard as each caller may read them, in pages and live."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest
from httpx_sse import aconnect_sse

from tests.api.caller import Caller, assert_problem
from tests.api.conftest import Api, Clock, Login
from tests.api.guard_steps import PERIODS, opened
from tests.api.guard_world import HOUR, GuardWorld, build_guard_world


@pytest.fixture
async def guard(api: Api) -> GuardWorld:
    return await build_guard_world(api)


@pytest.fixture
async def coordinator(log_in: Login, api: Api) -> Caller:
    return await log_in(api.people.coordinator)


async def test_scope_who_sees_which_periods(
    crew: Caller,
    guard: GuardWorld,
    api: Api,
    samu: Caller,
    neighbour: Caller,
    coordinator: Caller,
    log_in: Login,
) -> None:
    mine = await guard.plan(timedelta(0))
    theirs = await guard.plan(HOUR, company_id=api.world.minervois.id, sector_id=guard.limoux)
    await opened(crew, guard, mine)
    admin = await log_in(api.people.admin)
    cases = [
        (crew, [mine]),
        (samu, [mine, theirs]),
        (coordinator, [mine, theirs]),
        (neighbour, []),
        (admin, [mine, theirs]),
    ]
    for caller, expected in cases:
        items = (await caller.get(PERIODS)).json()["items"]
        assert [each["id"] for each in items] == expected, "the newest last"
        named = [each["shift"]["teammate"] for each in items if each["shift"]]
        assert all((each is not None) == (caller is crew) for each in named), (
            "staff is named to its company only"
        )
    assert [each["name"] for each in (await samu.get("/v1/guard/sectors")).json()["items"]] == [
        "Carcassonne",
        "Haute Vallée",
    ]
    assert (await neighbour.get("/v1/guard/sectors")).json()["items"] == []
    assert len((await crew.get("/v1/guard/sectors")).json()["items"]) == 2
    assert_problem(await samu.get("/v1/guard/teammates"), 404, "not_found")


async def test_periods_are_filtered_and_paged(samu: Caller, guard: GuardWorld, clock: Clock) -> None:
    old = await guard.plan(-30 * HOUR, HOUR)
    planned = [await guard.plan(each * HOUR, HOUR) for each in range(1, 6)]
    other = await guard.plan(9 * HOUR, HOUR, sector_id=guard.limoux)

    async def ids(**params: str) -> list[str]:
        return [each["id"] for each in (await samu.get(PERIODS, **params)).json()["items"]]

    assert await ids() == [*planned, other]
    long_ago = (clock() - 40 * HOUR).isoformat()
    assert await ids(**{"from": long_ago}) == [old, *planned, other]
    assert await ids(**{"from": long_ago, "state": "MISSED"}) == [old]
    assert await ids(to=(clock() + 2.5 * HOUR).isoformat()) == planned[:2]
    assert await ids(sector_id=str(guard.limoux)) == [other]
    pages: list[list[str]] = []
    cursor = None
    while cursor is not None or not pages:
        page = (await samu.get(PERIODS, limit="2", **({"cursor": cursor} if cursor else {}))).json()
        pages.append([each["id"] for each in page["items"]])
        cursor = page["next_cursor"]
    assert [each for page in pages for each in page] == [*planned, other]
    assert [len(each) for each in pages] == [2, 2, 2, 0]
    assert_problem(await samu.get(PERIODS, **{"from": "hier"}), 422, "invalid_request")


async def test_guard_facts_are_live_and_name_no_staff_to_others(
    crew: Caller, guard: GuardWorld, samu: Caller, http: httpx.AsyncClient
) -> None:
    shift = await opened(crew, guard, await guard.plan(timedelta(0)))
    for caller, named in ((crew, True), (samu, False)):
        headers = caller.headers | {"Last-Event-ID": "0"}
        async with asyncio.timeout(10), aconnect_sse(http, "GET", "/v1/stream", headers=headers) as source:
            event = await anext(each async for each in source.aiter_sse() if each.event == "shift_opened")
        told = json.loads(event.data)
        assert (told["subject"], told["subject_id"]) == ("GUARD", shift["period_id"])
        assert told["demand_id"] is None
        assert told["data"]["shift_id"] == shift["id"]
        assert ("Ada Fictive" in event.data) is named
