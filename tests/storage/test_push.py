"""One process at a time sends; and where it begins to read."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from push.leading import candidate
from storage import push, tables

PATIENCE_SECONDS = 10


def _address(engine: AsyncEngine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


async def test_one_leads_and_the_next_one_does_when_it_is_gone(engine: AsyncEngine) -> None:
    async with candidate(_address(engine)) as other:
        async with candidate(_address(engine)) as first:
            assert await first.is_mine()
            assert not await other.is_mine()
            await first.stays_mine()
        assert await other.is_mine()


async def test_a_frozen_process_loses_its_turn(engine: AsyncEngine) -> None:
    """Its connection is open, and nobody speaks on it any more: its place is free, and it is told when it comes back."""
    async with (
        candidate(_address(engine)) as other,
        candidate(_address(engine), silence_seconds=0.2) as frozen,
    ):
        assert await frozen.is_mine()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await other.is_mine():  # noqa: ASYNC110 - the server ends the other's session
                await asyncio.sleep(0.05)
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
