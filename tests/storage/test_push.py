"""One process at a time sends; and where it begins to read."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from push.leading import Lead, candidate
from storage import devices, push, tables
from storage.push import Letter
from tests.fixtures.world import World

PATIENCE_SECONDS = 10


def _address(engine: AsyncEngine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


async def _turn_of(candidate: Lead) -> None:
    """Wait until the server has ended the other's session."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await candidate.is_mine():  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.05)


async def test_one_leads_and_the_next_one_does_when_it_is_gone(engine: AsyncEngine) -> None:
    async with candidate(_address(engine)) as other:
        async with candidate(_address(engine)) as first:
            assert await first.is_mine()
            assert not await other.is_mine()
            await first.stays_mine()
        await _turn_of(other)


async def test_a_frozen_process_loses_its_turn(engine: AsyncEngine) -> None:
    """Its connection is open, and nobody speaks on it any more: its place is free, and it is told when it comes back."""
    async with (
        candidate(_address(engine)) as other,
        candidate(_address(engine), silence_seconds=0.2) as frozen,
    ):
        assert await frozen.is_mine()
        await _turn_of(other)
        with pytest.raises(psycopg.Error):
            await frozen.stays_mine()


async def test_a_sender_begins_where_the_last_one_was_and_never_with_old_facts(engine: AsyncEngine) -> None:
    now = datetime.now(UTC)
    ages = (timedelta(hours=9), timedelta(minutes=5), timedelta(minutes=1), timedelta(0))
    positions: list[int] = []
    async with engine.begin() as connection:
        for age in ages:
            row = {
                "subject_id": uuid4(),
                "seq": 1,
                "kind": "x",
                "at": now,
                "recorded_at": now - age,
                "data": {},
            }
            written = sa.insert(tables.journal).values(row).returning(tables.journal.c.position)
            positions.append(int(await connection.scalar(written) or 0))
        recent = now - timedelta(minutes=2)
        assert await push.first_position(connection, recent) == positions[2] - 1
        assert await push.first_position(connection, now + timedelta(days=1)) == positions[-1]
        assert await push.move_cursor(connection, positions[2], now)
        assert await push.first_position(connection, recent) == positions[2]
        assert not await push.move_cursor(connection, positions[1], now)  # somebody else was further
        assert await push.first_position(connection, recent) == positions[2]


async def test_who_goes_between_the_look_and_the_sending_is_not_reached(
    engine: AsyncEngine, world: World
) -> None:
    now, device_id, person_id = datetime.now(UTC), uuid4(), uuid4()
    person = {"id": person_id, "username": "x", "password_hash": "x", "role": "CREW"}
    device = {"id": device_id, "person_id": person_id, "kind": "MOBILE", "name": "x"}
    device |= {"push_subscription": {"endpoint": "https://push.example/1"}}
    letter = Letter(
        device_id=device_id,
        tag="t",
        kind="mission",
        content={},
        recorded_at=now,
        expires_at=now + timedelta(hours=1),
    )
    wait = timedelta(seconds=1)
    async with engine.begin() as connection:
        await connection.execute(sa.insert(tables.persons).values(person | {"company_id": world.cathare.id}))
        await connection.execute(sa.insert(tables.devices).values(device))
        await push.write(connection, [letter], now)
        [waiting] = await push.due(connection, now, 10)
        assert waiting.endpoint == "https://push.example/1"
        await devices.close_device(connection, device_id, "LOGGED_OUT", now)
        assert await push.claim(connection, waiting, now, wait) is None
        this = sa.update(tables.devices).where(tables.devices.c.id == device_id)
        await connection.execute(this.values(device | {"closed_at": None}))
        claimed = await push.claim(connection, waiting, now, wait)  # the same, and it is there
        assert claimed is not None
        assert claimed.subscription == device["push_subscription"]
        assert await push.claim(connection, waiting, now, wait) is None  # it is in hand already
        await push.write(connection, [letter], now)
        await push.settle(connection, claimed, last=True)  # of a version that was replaced: nothing
        assert len(await push.due(connection, now, 10)) == 1
