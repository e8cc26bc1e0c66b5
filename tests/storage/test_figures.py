"""What is open is counted rightly, and costs the same after a year."""

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.vocabulary import AlarmKind, DemandStatus
from storage import figures
from storage.figures import NONE, Heap
from storage.tables import alarms
from tests.storage.telling import Telling
from tests.unit.stories import Story, vehicle

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
A_YEAR = """
INSERT INTO demand_views (demand_id, samu_id, version, status, received_at, max_delay_minutes, volume, lat, lon, deadline)
SELECT gen_random_uuid(), gen_random_uuid(), 9, 'COMPLETED', now(), 20, 'ASSU', 43, 2, now() FROM generate_series(1, 20000);
INSERT INTO journal (subject_id, seq, kind, at, data)
SELECT gen_random_uuid(), 1, 'demand_received', now(), '{}' FROM generate_series(1, 20000);
INSERT INTO alarms (id, kind, level, subject, subject_id, raised_at, closed_at)
SELECT gen_random_uuid(), 'MISSION_STUCK', 1, 'DEMAND', gen_random_uuid(), now(), now() FROM generate_series(1, 20000);
ANALYZE demand_views; ANALYZE journal; ANALYZE alarms;
"""


async def _alarm(connection: AsyncConnection, **more: object) -> None:
    row = {"id": uuid4(), "kind": "MISSION_STUCK", "level": 1, "subject": "DEMAND", "subject_id": uuid4()}
    await connection.execute(sa.insert(alarms).values(**row, raised_at=AT, **more))


async def test_what_is_open_is_counted(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        empty = await figures.read(connection)
    assert (empty.searching, empty.notifications, empty.last_position) == (NONE, NONE, 0)
    telling = Telling(engine, Story(vehicle("A1")))
    await telling.tell()
    async with engine.begin() as connection:
        await _alarm(connection)
        await _alarm(connection, seen_at=AT)
        await _alarm(connection, closed_at=AT)
        found = await figures.read(connection)
    received = telling.case.received_at
    assert found.demands[DemandStatus.SOLICITING_VEHICLES] == Heap(1, received)
    assert (found.searching, found.unsolicited) == (Heap(1, received), NONE)
    assert found.ringing[AlarmKind.MISSION_STUCK] == Heap(1, AT)
    assert found.last_position >= len(telling.story.facts)
    assert found.pushed_position is None


async def test_a_year_of_demands_is_not_read(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        for statement in A_YEAR.strip().split(";\n"):
            await connection.execute(sa.text(statement.rstrip(";")))
        text = figures.STATEMENT.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        plan = "\n".join(await connection.scalars(sa.text(f"EXPLAIN {text}")))
    for table in ("demand_views", "journal", "alarms"):
        assert f"Seq Scan on {table}" not in plan, plan
