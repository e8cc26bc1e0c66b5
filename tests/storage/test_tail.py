"""The memory of the journal's end tells exactly what the database tells, for one reading instead of one a listener."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from api.waiting import wait_for_fact
from domain.vocabulary import Subject
from storage import journal, timeline
from storage.feed import Feed
from storage.tail import Tail
from storage.views import Scope

SAMU, OTHER_SAMU, COMPANY, RIVAL = (uuid4() for _ in range(4))
SCOPES = (
    Scope(samu_id=SAMU),
    Scope(samu_id=OTHER_SAMU),
    Scope(company_id=COMPANY),
    Scope(company_id=RIVAL),
    Scope(everything=True),
    Scope(),
)


async def tell(engine: AsyncEngine, *seen_by: tuple[UUID | None, tuple[UUID, ...]]) -> None:
    rows = [
        {
            "subject_id": uuid4(),
            "subject": Subject.COMPANY,
            "seq": 1,
            "samu_id": samu_id,
            "kind": "told",
            "at": datetime.now(UTC),
            "audience": audience,
            "data": {"n": number},
        }
        for number, (samu_id, audience) in enumerate(seen_by)
    ]
    async with engine.begin() as connection:
        await journal.append_rows(connection, rows)


MIXED = (
    (SAMU, (COMPANY,)),
    (None, (COMPANY,)),
    (SAMU, ()),
    (OTHER_SAMU, (COMPANY, RIVAL)),
    (None, (RIVAL,)),
)


async def told(tail: Tail, feed: Feed, scope: Scope, position: int, many: int) -> list[int]:
    """Listen as a stream does, until so many are heard."""
    found: list[int] = []
    async with asyncio.timeout(5):
        while len(found) < many:
            seen = feed.count
            lines, position = await tail.after(scope, position, 3)
            found += [line.position for line in lines]
            if len(lines) < 3 and len(found) < many:
                await feed.wait(seen, 1)
    return found


@pytest.mark.parametrize("kept", [5_000, 4], ids=["all in memory", "most of it forgotten"])
async def test_it_tells_what_the_database_tells(engine: AsyncEngine, feed: Feed, kept: int) -> None:
    await tell(engine, *MIXED)
    tail = Tail(engine, feed, kept)
    await tail.after(Scope(), 0, 1)  # from here on it remembers
    for _ in range(4):
        await tell(engine, *MIXED)
    async with engine.connect() as connection:
        end = await timeline.last_position(connection)
        for scope in SCOPES:
            for position in (0, end - 17, end - 6, end - 1, end, end + 5):
                expected, _ = await timeline.facts_after(connection, scope, position, 1000)
                positions = [line.position for line in expected]
                assert await told(tail, feed, scope, position, len(positions)) == positions
                assert await tail.after(scope, max(position, end), 10) == ([], max(position, end))


async def test_many_listeners_cost_one_reading(engine: AsyncEngine, feed: Feed) -> None:
    tail = Tail(engine, feed)
    _, start = await tail.after(Scope(everything=True), 0, 1)
    asked = 0

    def count(*_: object) -> None:
        nonlocal asked
        asked += 1

    await tell(engine, *MIXED)
    async with asyncio.timeout(5):
        while feed.count == 0:  # noqa: ASYNC110 - the news comes over the network
            await asyncio.sleep(0.01)
    await asyncio.sleep(0)
    sa.event.listen(engine.sync_engine, "before_cursor_execute", count)
    try:
        heard = await asyncio.gather(*(told(tail, feed, SCOPES[2], start, 3) for _ in range(40)))
    finally:
        sa.event.remove(engine.sync_engine, "before_cursor_execute", count)
    assert len({tuple(each) for each in heard}) == 1
    assert asked <= 5


async def test_while_the_database_is_away_listeners_go_on_listening(
    engine: AsyncEngine, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail = Tail(engine, feed)
    scope = Scope(company_id=COMPANY)
    _, start = await tail.after(scope, 0, 1)

    def away() -> None:
        raise OSError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(tail, "_database", type("Away", (), {"connect": staticmethod(away)}))
        patched.setattr(tail, "_count", -1)
        assert await tail.after(scope, start, 10) == ([], start)
    await tell(engine, *MIXED)
    assert len(await told(tail, feed, scope, start, 3)) == 3


async def test_requests_that_wait_for_a_fact_share_one_reading(engine: AsyncEngine, feed: Feed) -> None:
    """Thirty steps wait while ten facts of others come: thirty times ten queries were what an API died of."""
    tail = Tail(engine, feed)
    since = await tail.end()
    assert since is not None
    mine = [uuid4() for _ in range(30)]
    asked = 0

    def count(*_: object) -> None:
        nonlocal asked
        asked += 1

    def is_about(subject_id: UUID) -> Callable[[timeline.JournalLine], bool]:
        return lambda line: line.subject_id == subject_id

    waiting = [asyncio.create_task(wait_for_fact(feed, tail, since, is_about(one), 20)) for one in mine]
    await asyncio.sleep(0)
    async with engine.begin() as connection:
        sa.event.listen(engine.sync_engine, "before_cursor_execute", count)
        try:
            for _ in range(10):
                await tell(engine, *MIXED)
            await journal.append_rows(connection, [_row(one) for one in mine])
            await connection.commit()
            found = await asyncio.gather(*waiting)
        finally:
            sa.event.remove(engine.sync_engine, "before_cursor_execute", count)
    assert [line and line.subject_id for line in found] == mine
    assert asked <= 11 * 5 + 20
    assert await wait_for_fact(feed, tail, since, lambda _: False, 0.05) is None


def _row(subject_id: UUID) -> dict[str, object]:
    return {
        "subject_id": subject_id,
        "subject": Subject.DEMAND,
        "seq": 1,
        "samu_id": SAMU,
        "kind": "step_passed",
        "at": datetime.now(UTC),
        "audience": (),
        "data": {},
    }
