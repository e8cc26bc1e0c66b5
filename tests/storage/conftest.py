"""The small fleet, with somebody at every post."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.feed import Feed
from tests.fixtures.world import World, insert_posts
from tests.storage.rosters import Roster, new_roster


@pytest.fixture
async def world(world: World, engine: AsyncEngine) -> World:
    async with engine.begin() as connection:
        await insert_posts(connection, world)
    return world


@pytest.fixture
async def roster(engine: AsyncEngine, world: World) -> Roster:
    return await new_roster(engine, world)


@pytest.fixture
async def feed(database_url: str) -> AsyncIterator[Feed]:
    made = Feed(database_url)
    running = asyncio.create_task(made.run())
    async with asyncio.timeout(5):
        while made.count == 0:  # noqa: ASYNC110 - it counts its first look
            await asyncio.sleep(0.01)
    yield made
    made.close()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
