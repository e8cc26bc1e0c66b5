"""Every fix is kept for 48 hours, then only its cell: crews are people."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage import fixes, positions, tables
from storage.fixes import FixesBusyError, TooManyToMoveError
from storage.positions import Roads, Telling
from tests.fixtures.partitions import HERE, THERE, cells, count_in, drop_partitions, partitions, put_rows
from tests.fixtures.world import World, fix_of

NOON = datetime(2031, 3, 2, 13, 30, tzinfo=UTC)


@pytest.fixture
async def engine(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """A database in which there is no partition but the default one, before and after."""
    await drop_partitions(engine)
    yield engine
    await drop_partitions(engine)


async def write(connection: AsyncConnection, world: World, at: datetime) -> None:
    """As the API writes."""
    vehicle = world.cathare.vehicles[0]
    telling = Telling(vehicle.company_id, [fix_of(vehicle.id, world.pickup, at)])
    await positions.write(connection, [telling], Roads(), at - fixes.KEPT)


async def make(engine: AsyncEngine, at: datetime) -> int:
    async with engine.begin() as connection:
        return await fixes.make(connection, at)


async def test_partitions_of_six_hours_are_made_two_days_ahead_and_each_once(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        starts = await fixes.missing(connection, NOON)
    assert starts == [datetime(2031, 3, 2, 12, tzinfo=UTC) + timedelta(hours=6 * n) for n in range(8, -1, -1)]
    for start in starts:
        assert await make(engine, start) == 0
    async with engine.begin() as connection:
        assert await fixes.missing(connection, NOON) == []
        ahead = await fixes.missing(connection, NOON + timedelta(hours=6))
        assert ahead == [datetime(2031, 3, 4, 18, tzinfo=UTC)]
    names = await partitions(engine)
    assert (names[0], names[-1]) == ("vehicle_fixes_2031030212", "vehicle_fixes_2031030412")
    await put_rows(engine, uuid4(), [(NOON, HERE), (NOON - timedelta(days=1), HERE)])
    assert await count_in(engine, "vehicle_fixes_2031030212") == 1
    assert await count_in(engine, "vehicle_fixes_default") == 1


async def test_no_fix_is_refused_without_a_partition_and_it_moves_into_the_one_made_late(
    engine: AsyncEngine,
) -> None:
    vehicle = uuid4()
    start = datetime(2031, 3, 2, 12, tzinfo=UTC)
    times = [start - timedelta(microseconds=1), start, NOON, start + timedelta(hours=6)]
    await put_rows(engine, vehicle, [(at, HERE) for at in times])
    assert await make(engine, start) == 2
    assert await count_in(engine, "vehicle_fixes_2031030212") == 2
    assert await count_in(engine, "vehicle_fixes_default") == 2
    assert await count_in(engine, "vehicle_fixes") == 4
    with pytest.raises(sa.exc.IntegrityError):  # it is the same fix there
        await put_rows(engine, vehicle, [(NOON, THERE)])


async def test_too_many_rows_to_move_stay_where_they_are(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fixes, "MOST_MOVED", 1)
    await put_rows(engine, uuid4(), [(NOON, HERE), (NOON + timedelta(seconds=1), HERE)])
    with pytest.raises(TooManyToMoveError):
        await make(engine, datetime(2031, 3, 2, 12, tzinfo=UTC))
    assert await partitions(engine) == []
    assert await count_in(engine, "vehicle_fixes_default") == 2


async def test_a_partition_is_made_while_fixes_are_written_and_keeps_nobody_waiting(
    engine: AsyncEngine, world: World
) -> None:
    """Whoever writes into the default partition at this moment is waited for a tenth of a second, then left alone."""
    start = datetime(2031, 3, 2, 12, tzinfo=UTC)
    async with engine.begin() as writing:
        await write(writing, world, world.at)
        async with asyncio.timeout(5):
            with pytest.raises(OperationalError):
                await make(engine, start)
    assert await make(engine, start) == 0


async def test_what_is_older_than_48_hours_becomes_cells_and_its_partition_goes(engine: AsyncEngine) -> None:
    one, other = uuid4(), uuid4()
    start = datetime(2031, 3, 2, 12, tzinfo=UTC)
    await make(engine, start)
    moments = [(start + timedelta(minutes=m), HERE if m < 90 else THERE) for m in (0, 59, 61, 90)]
    await put_rows(engine, one, moments)
    await put_rows(engine, other, [(start, HERE)])
    until = start + timedelta(hours=6) + fixes.KEPT + fixes.CLOCKS_DIFFER
    async with engine.begin() as connection:
        assert await fixes.old(connection, until - timedelta(seconds=1)) == []
        assert await fixes.old(connection, until) == [start]
        assert await fixes.reduce(connection, start) == 4
    hour = start + timedelta(hours=1)
    assert await cells(engine) == [(start, HERE, 1), (start, HERE, 2), (hour, HERE, 1), (hour, THERE, 1)]
    assert await partitions(engine) == []
    assert await count_in(engine, "vehicle_fixes") == 0


async def test_a_reduction_that_does_not_come_to_its_end_leaves_everything_as_it_was(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader holds the table: whoever reduces gives up, and the cells are not counted twice the next time."""
    monkeypatch.setattr(fixes, "TRIES", 2)
    start = datetime(2031, 3, 2, 12, tzinfo=UTC)
    await make(engine, start)
    await put_rows(engine, uuid4(), [(start, HERE)])
    async with engine.begin() as reading:
        await reading.execute(sa.select(tables.vehicle_fixes))
        with pytest.raises(FixesBusyError):
            async with engine.begin() as connection:
                await fixes.reduce(connection, start)
    assert await cells(engine) == []
    assert await count_in(engine, "vehicle_fixes") == 1
    async with engine.begin() as connection:
        await fixes.reduce(connection, start)
    assert await cells(engine) == [(start, HERE, 1)]


async def test_dropping_a_partition_holds_up_those_who_write_for_an_instant_only(
    engine: AsyncEngine, world: World
) -> None:
    """Somebody reads without end; the drop waits behind him, and those who write behind the drop: not for long."""
    start = datetime(2031, 3, 2, 12, tzinfo=UTC)
    await make(engine, start)
    async with engine.begin() as reading:
        await reading.execute(sa.select(tables.vehicle_fixes))
        dropping = asyncio.create_task(_reduce(engine, start))
        for second in range(20):
            at = world.at + timedelta(seconds=second)
            async with asyncio.timeout(5), engine.begin() as connection:
                await write(connection, world, at)
        assert not dropping.done()
    assert await dropping == 0


async def _reduce(engine: AsyncEngine, start: datetime) -> int:
    async with engine.begin() as connection:
        return await fixes.reduce(connection, start)


async def test_what_lies_in_the_default_partition_is_reduced_too_and_added_to_what_is_there(
    engine: AsyncEngine,
) -> None:
    vehicle, start = uuid4(), datetime(2031, 3, 2, 12, tzinfo=UTC)
    now = start + fixes.KEPT + fixes.CLOCKS_DIFFER
    for batch in (range(-5, 0), range(-10, -5)):
        await put_rows(engine, vehicle, [(start + timedelta(minutes=m), HERE) for m in batch])
        async with engine.begin() as connection:
            await put_young(engine, vehicle, start + timedelta(minutes=batch.start + 10))
            assert await fixes.reduce_strays(connection, now, 3) == 3
            assert await fixes.reduce_strays(connection, now, 3) == 2
            assert await fixes.reduce_strays(connection, now, 3) == 0
    assert await cells(engine) == [(start - timedelta(hours=1), HERE, 10)]
    assert await count_in(engine, "vehicle_fixes_default") == 2


async def put_young(engine: AsyncEngine, vehicle_id: UUID, at: datetime) -> None:
    """A fix that is not old enough."""
    await put_rows(engine, vehicle_id, [(at, THERE)])


async def test_cells_are_forgotten_after_30_days(engine: AsyncEngine) -> None:
    rows = [
        {"vehicle_id": uuid4(), "hour": NOON - timedelta(days=days), "cell": HERE, "fixes": 1}
        for days in (29, 30, 31, 32)
    ]
    async with engine.begin() as connection:
        await connection.execute(sa.insert(tables.vehicle_cells), rows)
        assert await fixes.forget_cells(connection, NOON, 1) == 1
        assert await fixes.forget_cells(connection, NOON, 10) == 1
    assert [hour for hour, *_ in await cells(engine)] == [rows[1]["hour"], rows[0]["hour"]]


async def test_one_process_at_a_time_looks_after_the_partitions(engine: AsyncEngine) -> None:
    async with engine.begin() as one, engine.begin() as other:
        assert await fixes.hold(one)
        assert not await fixes.hold(other)
    async with engine.begin() as other:
        assert await fixes.hold(other)
