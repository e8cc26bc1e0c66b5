"""The live stream: nothing lost, nothing twice, nothing of others."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from httpx_sse import ServerSentEvent, aconnect_sse

from api.pace import PaceLimits
from api.routes import stream
from storage import timeline
from storage.views import Scope
from tests.api.caller import Caller, assert_problem, demand
from tests.api.conftest import Api, Login, another_device, serving

FACTS = 7
"""What a demand of these tests says at once: received, guard skipped, vehicles opened, four solicitations."""


@asynccontextmanager
async def listening(caller: Caller, last: str | None = None) -> AsyncIterator[AsyncIterator[ServerSentEvent]]:
    headers = caller.headers | ({"Last-Event-ID": last} if last is not None else {})
    async with aconnect_sse(caller.http, "GET", "/v1/stream", headers=headers) as source:
        source.response.raise_for_status()
        events = source.aiter_sse()
        yield (event async for event in events if event.id and event.data)


async def read(events: AsyncIterator[ServerSentEvent], count: int) -> list[ServerSentEvent]:
    async with asyncio.timeout(10):
        return [await anext(events) for _ in range(count)]


async def test_facts_come_as_they_happen(samu: Caller) -> None:
    async with listening(samu) as events:
        demand_id = (await samu.post("/v1/demands", demand())).json()["id"]
        [first, *_] = await read(events, FACTS)
    told = json.loads(first.data)
    assert first.event == "demand_received"
    assert (told["demand_id"], told["seq"], told["kind"]) == (demand_id, 1, "demand_received")
    assert told["at"].endswith("Z")
    assert told["data"]["max_delay_minutes"] == 20
    assert "EXEMPLE" not in first.data


async def test_all_facts_of_one_moment_come_in_one_piece(samu: Caller) -> None:
    """Written one by one, the solicitations of a burst cost the API more than the burst (ADR 39)."""
    async with samu.http.stream("GET", "/v1/stream", headers=samu.headers) as response, asyncio.timeout(10):
        pieces = response.aiter_raw()
        assert (await anext(pieces)).startswith(b": connected")
        await samu.post("/v1/demands", demand())
        told = [await anext(pieces)]
        while b"".join(told).count(b"event: ") < FACTS:
            told.append(await anext(pieces))
    assert len(told) <= 2  # received; then who is solicited


async def test_the_connection_is_told_at_once(samu: Caller) -> None:
    began = time.perf_counter()
    async with samu.http.stream("GET", "/v1/stream", headers=samu.headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert "no-" in response.headers["cache-control"]
        line = await anext(response.aiter_lines())
    assert line.startswith(": connected")
    assert time.perf_counter() - began < 10  # the first keep-alive comes after 15 s


async def test_resuming_loses_nothing_and_repeats_nothing(samu: Caller) -> None:
    async with listening(samu) as events:
        await samu.post("/v1/demands", demand())
        first = await read(events, 3)
    for _ in range(3):
        await samu.post("/v1/demands", demand())  # while nobody listens
    async with listening(samu, first[-1].id) as events:
        await samu.post("/v1/demands", demand())
        rest = await read(events, 5 * FACTS - 3)
    positions = [int(event.id) for event in (*first, *rest)]
    assert positions == sorted(set(positions))
    seen: dict[str, list[int]] = {}
    for event in (*first, *rest):
        told = json.loads(event.data)
        seen.setdefault(told["demand_id"], []).append(told["seq"])
    assert all(numbers == list(range(1, FACTS + 1)) for numbers in seen.values())
    assert len(seen) == 5


async def test_many_writers_at_once_lose_nothing(samu: Caller) -> None:
    async with listening(samu) as events:
        await asyncio.gather(*(samu.post("/v1/demands", demand()) for _ in range(12)))
        heard = await read(events, 12 * FACTS)
    positions = [int(event.id) for event in heard]
    assert positions == sorted(set(positions))


async def test_scope_everybody_hears_their_own(
    samu: Caller, regulator: Caller, rival: Caller, neighbour: Caller
) -> None:
    async with listening(neighbour) as other, listening(regulator) as mine, listening(rival) as theirs:
        await samu.post("/v1/demands", demand())
        ours, others = await read(mine, 2), await read(theirs, 2)
        assert {event.id for event in ours}.isdisjoint(event.id for event in others)
        assert {event.event for event in ours} == {"solicitation_opened"}
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await anext(other)


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "9" * 40, "\u0661"])
async def test_ids_that_are_not_ours(samu: Caller, last: str) -> None:
    headers = {**samu.headers, "Last-Event-ID": last.encode()}
    response = await samu.http.get("/v1/stream", headers=headers)  # type: ignore[arg-type]  # bytes are fine
    assert_problem(response, 422, "invalid_request")


async def test_needs_credentials(http: httpx.AsyncClient) -> None:
    assert_problem(await http.get("/v1/stream"), 401, "missing_credentials")


async def test_streams_end_when_the_process_stops(samu: Caller, api: Api) -> None:
    async with listening(samu) as events:
        asyncio.get_running_loop().call_later(0.1, api.resources.feed.close)
        async with asyncio.timeout(2):
            assert [event async for event in events] == []


async def test_streams_end_after_a_while(samu: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LASTS_SECONDS", 0.2)
    async with asyncio.timeout(3), samu.http.stream("GET", "/v1/stream", headers=samu.headers) as response:
        lines = [line async for line in response.aiter_lines()]
    assert ": connect again" in lines
    assert lines.count("retry: 1000") == 2


@asynccontextmanager
async def connected(caller: Caller) -> AsyncIterator[AsyncIterator[str]]:
    """The lines of a stream, after the one that says that it is there."""
    async with caller.http.stream("GET", "/v1/stream", headers=caller.headers) as response:
        response.raise_for_status()
        lines = response.aiter_lines()
        assert (await anext(lines)).startswith(": connected")
        yield lines


async def next_event(lines: AsyncIterator[str]) -> str:
    async with asyncio.timeout(5):
        async for line in lines:
            if line.startswith("event: "):
                return line
    return "the end"


async def test_a_telephone_that_connects_too_often_ends_its_own_oldest_stream(
    crew: Caller, samu: Caller, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead network left the old ones behind: the newest goes on, and so do those of others."""
    monkeypatch.setattr(stream, "LOOK_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(api.resources.pace, "_limits", PaceLimits(streams_of_a_device=2))
    other = await another_device(crew, "MOBILE")
    async with (
        connected(other) as theirs,
        connected(crew) as oldest,
        connected(crew) as second,
        connected(crew) as newest,
    ):
        async with asyncio.timeout(3):
            assert ": connect again" in [line async for line in oldest]
        await samu.post("/v1/demands", demand())
        heard = [await next_event(each) for each in (newest, second, theirs)]
    assert heard == ["event: solicitation_opened"] * 3


async def test_open_streams_take_nothing_of_what_an_account_may_ask_at_once(
    samu: Caller, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.resources.pace, "_limits", PaceLimits(at_once=2))
    async with AsyncExitStack() as stay:
        heard = [await stay.enter_async_context(connected(samu)) for _ in range(5)]
        assert (await samu.get("/v1/me")).status_code == 200
        assert (await samu.post("/v1/demands", demand())).status_code == 201
        assert [await next_event(each) for each in heard] == ["event: demand_received"] * 5


async def test_a_lost_notification_costs_a_second_at_most(samu: Caller, api: Api) -> None:
    async with listening(samu) as events:
        before = api.resources.feed.count
        api.resources.feed._wake = lambda: None  # type: ignore[method-assign]  # deaf for a moment
        await samu.post("/v1/demands", demand())
        del api.resources.feed._wake
        assert api.resources.feed.count == before
        api.resources.feed._last_position = -1
        assert len(await read(events, FACTS)) == FACTS


async def test_a_lost_connection_is_made_again(samu: Caller, api: Api) -> None:
    ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rescousse-feed'"
    async with listening(samu) as events:
        async with api.resources.database.begin() as connection:
            assert (await connection.execute(sa.text(ours))).all()
        await samu.post("/v1/demands", demand())
        assert len(await read(events, FACTS)) == FACTS


async def test_two_processes_share_the_news(samu: Caller, api: Api) -> None:
    async with (
        serving(api.resources) as url,
        httpx.AsyncClient(base_url=url) as client,
        listening(Caller(client, samu.headers)) as events,
    ):
        await samu.post("/v1/demands", demand())
        assert len(await read(events, FACTS)) == FACTS


async def test_scope_the_stream_names_nobody_to_others(samu: Caller, regulator: Caller, api: Api) -> None:
    await samu.post("/v1/demands", demand())
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"][0]
    async with listening(samu) as heard, listening(regulator) as mine:
        await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})
        [theirs], [ours] = await read(heard, 1), await read(mine, 1)
    assert theirs.id == ours.id
    assert set(json.loads(theirs.data)["data"]["by"]) == {"role", "company_id"}
    assert json.loads(ours.data)["data"]["by"]["name"] == api.people.regulators[0].username


async def test_a_company_never_looks_at_the_same_foreign_facts_again(api: Api) -> None:
    other, ours = uuid4(), uuid4()
    fill = "INSERT INTO journal (subject_id, seq, samu_id, kind, at, audience, data) SELECT gen_random_uuid(), 1,"
    fill += " gen_random_uuid(), 'x', now(), ARRAY[CAST(:who AS uuid)], '{}' FROM generate_series(1, :count)"
    database = api.resources.database
    async with database.begin() as connection:
        await connection.execute(sa.text(fill), {"who": ours, "count": 3})
        await connection.execute(sa.text(fill), {"who": other, "count": 3000})
        end = await timeline.last_position(connection)
    scope = Scope(company_id=ours)
    async with database.connect() as connection:
        found, position = await timeline.facts_after(connection, scope, end - 3003, 2)
        assert (len(found), position) == (2, end - 3001)  # there may be more: go on after the last one read
        found, position = await timeline.facts_after(connection, scope, position, 2)
        assert (len(found), position) == (1, end)
        assert await timeline.facts_after(connection, scope, position, 2) == ([], end)
        assert await timeline.facts_after(connection, scope, end + 9, 2) == ([], end + 9)


async def test_a_quiet_company_goes_on_from_the_end(
    samu: Caller, log_in: Login, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet, asked, real = await log_in(api.people.regulators[2]), [], api.resources.tail.after

    async def noted(scope: Scope, position: int, limit: int) -> Any:
        asked.append(position)
        return await real(scope, position, limit)

    monkeypatch.setattr(api.resources.tail, "after", noted)
    await samu.post("/v1/demands", demand())
    async with api.resources.database.connect() as connection:
        end = await timeline.last_position(connection)
    async with listening(quiet, "0"):
        async with asyncio.timeout(5):
            while not asked:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await samu.post("/v1/demands", demand())
            while len(asked) == 1:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert asked[0] == 0
    assert asked[1] >= end
