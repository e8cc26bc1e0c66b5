"""Who was closed a moment ago is known to all who listen, for one reading."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.vocabulary import Subject
from storage import journal, tables
from storage.feed import Feed
from storage.presence import Presence

NOW = datetime.now(UTC)


async def log_in(engine: AsyncEngine) -> tuple[UUID, UUID]:
    """A login and its device."""
    person_id, session_id, device_id = uuid4(), uuid4(), uuid4()
    person = {"id": person_id, "username": f"p-{person_id}", "password_hash": "-", "role": "SAMU"}
    session = {"id": session_id, "person_id": person_id, "opened_at": NOW}
    device = {"id": device_id, "person_id": person_id, "kind": "WEB", "name": "poste"}
    async with engine.begin() as connection:
        await connection.execute(sa.insert(tables.persons).values(person))
        await connection.execute(sa.insert(tables.sessions).values(session))
        await connection.execute(sa.insert(tables.devices).values(**device, session_id=session_id))
    return session_id, device_id


async def news(engine: AsyncEngine, feed: Feed) -> None:
    """Something is told, and heard."""
    seen = feed.count
    row = {
        "subject_id": uuid4(),
        "subject": Subject.COMPANY,
        "seq": 1,
        "samu_id": None,
        "kind": "told",
        "at": NOW,
        "audience": (),
        "data": {},
    }
    async with engine.begin() as connection:
        await journal.append_rows(connection, [row])
    assert await feed.wait(seen, 5) > seen


async def test_rule_054_a_closed_device_and_an_ended_login_are_gone_before_the_next_fact_is_told(
    engine: AsyncEngine, feed: Feed
) -> None:
    presence = Presence(engine, feed)
    (session, device), (other_session, other_device) = await log_in(engine), await log_in(engine)
    assert not await presence.is_gone(NOW, session, device)
    async with engine.begin() as connection:
        await connection.execute(
            sa.update(tables.devices).where(tables.devices.c.id == device).values(closed_at=NOW)
        )
        await connection.execute(
            sa.update(tables.sessions).where(tables.sessions.c.id == other_session).values(ended_at=NOW)
        )
    await news(engine, feed)
    assert await presence.is_gone(NOW, session, device)
    assert await presence.is_gone(NOW, other_session, None)
    assert not await presence.is_gone(NOW, session, None)
    assert not await presence.is_gone(NOW, None, other_device)
    assert not await presence.is_gone(NOW, None, None)


async def test_what_was_closed_long_ago_is_not_kept(engine: AsyncEngine, feed: Feed) -> None:
    presence = Presence(engine, feed)
    _, device = await log_in(engine)
    async with engine.begin() as connection:
        closed = sa.update(tables.devices).where(tables.devices.c.id == device)
        await connection.execute(closed.values(closed_at=NOW))
    assert await presence.is_gone(NOW, device)
    await news(engine, feed)
    assert not await presence.is_gone(NOW + timedelta(hours=2), device)


async def test_many_listeners_cost_one_reading(engine: AsyncEngine, feed: Feed) -> None:
    presence = Presence(engine, feed)
    asked = 0

    def count(*_: object) -> None:
        nonlocal asked
        asked += 1

    await news(engine, feed)
    sa.event.listen(engine.sync_engine, "before_cursor_execute", count)
    try:
        await asyncio.gather(*(presence.is_gone(NOW, uuid4()) for _ in range(40)))
    finally:
        sa.event.remove(engine.sync_engine, "before_cursor_execute", count)
    assert asked <= 2
