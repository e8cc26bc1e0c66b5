"""The journal takes each fact once, gives positions in the order in which they become visible, and wakes readers."""

import asyncio
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.messages import FactBatch
from storage import journal, tables
from storage.engine import transaction
from storage.projection import FactsMissingError, record
from tests.storage.telling import Telling, other_demand
from tests.unit.stories import Story, site, vehicle


def a_batch(engine: AsyncEngine) -> FactBatch:
    return Telling(engine, Story(vehicle("A1"), vehicle("B1"), site("Cs"))).batch()


async def test_facts_come_back_as_they_were_written_and_in_order(engine: AsyncEngine) -> None:
    batch = a_batch(engine)
    async with transaction(engine) as connection:
        new = await journal.append(connection, batch.demand_id, batch.samu_id, batch.facts)
    assert new == list(batch.facts)
    async with engine.connect() as connection:
        assert await journal.facts_of(connection, batch.demand_id) == list(batch.facts)
        rows = await connection.execute(sa.select(tables.journal).order_by(tables.journal.c.position))
    lines = rows.mappings().all()
    assert [line["seq"] for line in lines] == [fact.seq for fact in batch.facts]
    assert [line["kind"] for line in lines] == [fact.body.kind for fact in batch.facts]
    assert [tuple(line["audience"]) for line in lines] == [fact.audience for fact in batch.facts]


async def test_a_batch_written_again_adds_nothing_and_wakes_nobody(
    engine: AsyncEngine, database_url: str
) -> None:
    batch = a_batch(engine)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as listener:
        await listener.execute(f"LISTEN {journal.CHANNEL}")
        for expected in (list(batch.facts), []):
            async with transaction(engine) as connection:
                assert await record(connection, batch) == expected
        notes = [note async for note in listener.notifies(timeout=0.5)]
    assert [note.payload for note in notes] == [""]


async def test_a_reader_never_sees_a_position_before_a_smaller_one(engine: AsyncEngine) -> None:
    batches = [other_demand(a_batch(engine)) for _ in range(40)]
    seen: list[int] = []

    async def write(batch: FactBatch) -> None:
        async with transaction(engine) as connection:
            await journal.append(connection, batch.demand_id, batch.samu_id, batch.facts)

    async def read() -> None:
        newer = sa.select(tables.journal.c.position).order_by(tables.journal.c.position)
        while len(seen) < sum(len(batch.facts) for batch in batches):
            async with engine.connect() as connection:
                last = seen[-1] if seen else 0
                seen.extend(await connection.scalars(newer.where(tables.journal.c.position > last)))

    async with asyncio.timeout(30):
        await asyncio.gather(read(), *(write(batch) for batch in batches))
    assert seen == sorted(seen)


async def test_a_hole_in_the_facts_is_refused_and_nothing_is_written(engine: AsyncEngine) -> None:
    batch = a_batch(engine)
    with pytest.raises(FactsMissingError):
        async with transaction(engine) as connection:
            await record(connection, batch.model_copy(update={"facts": batch.facts[1:]}))
    async with engine.connect() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(tables.journal)) == 0


async def test_facts_of_an_unknown_demand_are_none(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await journal.facts_of(connection, uuid4()) == []
