"""Rows that somebody holds, so that whoever writes them waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import tables


@asynccontextmanager
async def held(engine: AsyncEngine, vehicle_id: UUID) -> AsyncIterator[None]:
    """Somebody holds the position of a vehicle."""
    table = tables.vehicle_positions
    async with engine.begin() as connection:
        await connection.execute(sa.select(table).where(table.c.vehicle_id == vehicle_id).with_for_update())
        yield


async def until_held_up(engine: AsyncEngine) -> None:
    """Until somebody waits for a lock."""
    query = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
    async with asyncio.timeout(5):
        while True:
            async with engine.connect() as connection:
                if await connection.scalar(sa.text(query)):
                    return
            await asyncio.sleep(0.01)
