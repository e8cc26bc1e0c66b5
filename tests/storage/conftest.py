"""The small fleet, with somebody at every post."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

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
