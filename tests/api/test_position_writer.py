"""One writer for all positions of a process: who waits together is written together, and hears only of his own."""

import asyncio
import math
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from api import position_writer
from api.position_writer import PositionWriter
from api.problems import Problem
from api.resources import Resources
from geo.roads.graph import RoadGraph
from storage import positions, tables
from storage.positions import Fix, Taken
from tests.api.held import held, until_held_up
from tests.api.snapping import Snapping
from tests.fixtures.world import TREBES, World, fix_of

CASES = int(os.environ.get("RESCOUSSE_INTERLEAVINGS", "20"))


@pytest.fixture
def writer(resources: Resources) -> PositionWriter:
    return resources.positions


async def queued(writer: PositionWriter, count: int) -> None:
    """Until so many fixes wait."""
    async with asyncio.timeout(5):
        while writer.fixes_waiting != count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def telling(writer: PositionWriter, world: World, number: int, second: float) -> "asyncio.Task[Taken]":
    """A company tells where its vehicle of this number was, so many seconds after all others."""
    vehicle = world.vehicles[number]
    fix = fix_of(vehicle.id, TREBES, world.at + timedelta(seconds=second))
    return asyncio.create_task(writer.write(vehicle.company_id, [fix]))


async def transactions(engine: AsyncEngine) -> int:
    """How many wrote the fixes that are there."""
    query = "SELECT count(DISTINCT xmin::text) FROM vehicle_fixes"
    async with engine.connect() as connection:
        return int(await connection.scalar(sa.text(query)) or 0)


async def seconds_of(engine: AsyncEngine, world: World, vehicle_id: UUID) -> list[float]:
    """The fixes of a vehicle, in seconds after all others."""
    table = tables.vehicle_fixes
    query = sa.select(table.c.recorded_at).where(table.c.vehicle_id == vehicle_id)
    async with engine.connect() as connection:
        found = await connection.scalars(query.order_by(table.c.recorded_at))
        return [(at - world.at).total_seconds() for at in found]


async def test_who_waits_meanwhile_is_written_in_one_transaction(
    writer: PositionWriter, world: World, engine: AsyncEngine
) -> None:
    async with held(engine, world.vehicles[0].id):
        first = telling(writer, world, 0, 1)
        await until_held_up(engine)
        others = [telling(writer, world, number % 5, 1 + number / 8) for number in range(1, 41)]
        await queued(writer, 40)
    assert await first == Taken(1, 0, ())
    told = await asyncio.gather(*others)
    assert await transactions(engine) == 2
    assert sum(each.accepted for each in told) == 5  # where the five vehicles are now
    assert sum(each.stale for each in told) == 35


async def test_a_transaction_has_a_size_and_the_first_come_first(
    writer: PositionWriter, world: World, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(position_writer, "MOST_AT_ONCE", 4)
    async with held(engine, world.vehicles[0].id):
        telling(writer, world, 0, 0.5)
        await until_held_up(engine)
        others = [telling(writer, world, 1, number) for number in range(1, 11)]
        await queued(writer, 10)
    assert [(await each).accepted for each in others] == [0, 0, 0, 1, 0, 0, 0, 1, 0, 1]
    assert await transactions(engine) == 4


async def test_a_request_larger_than_a_transaction_is_written_alone(
    writer: PositionWriter, world: World, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(position_writer, "MOST_AT_ONCE", 2)
    vehicle = world.vehicles[0]
    fixes = [fix_of(vehicle.id, TREBES, world.at, age_s=age) for age in (3, 2, 1)]
    assert await writer.write(vehicle.company_id, fixes) == Taken(0, 3, ())
    assert await transactions(engine) == 1


async def test_what_one_request_has_wrong_is_told_to_it_alone(
    writer: PositionWriter, world: World, engine: AsyncEngine
) -> None:
    """The fault is one that no validation lets through: the database refuses it, and with it the whole batch."""
    vehicle = world.vehicles[1]
    poison = fix_of(vehicle.id, TREBES, world.at + timedelta(seconds=9))._replace(lat=math.nan)
    async with held(engine, world.vehicles[0].id):
        first = telling(writer, world, 0, 1)
        await until_held_up(engine)
        good = [telling(writer, world, number, 2) for number in (1, 2)]
        bad = asyncio.create_task(writer.write(vehicle.company_id, [poison]))
        good += [telling(writer, world, number, 3) for number in (3, 4)]
        await queued(writer, 5)
    assert [await each for each in (first, *good)] == [Taken(1, 0, ())] * 5
    with pytest.raises(DBAPIError):
        await bad
    assert await transactions(engine) == 5
    assert await seconds_of(engine, world, vehicle.id) == [2]


class PassingError(Exception):
    """A refusal that is over at the next try."""

    sqlstate = "23514"


@pytest.mark.parametrize(("refusals", "is_written"), [(1, True), (2, False)])
async def test_what_is_refused_for_something_that_passes_is_written_once_more(
    writer: PositionWriter, world: World, monkeypatch: pytest.MonkeyPatch, refusals: int, is_written: bool
) -> None:
    """Such as the partition of a day that is being made."""
    really, tried = positions.write, []

    async def refuses(*arguments: object) -> list[Taken]:
        tried.append(arguments)
        if len(tried) <= refusals:
            raise IntegrityError("INSERT", None, PassingError())
        return await really(*arguments)  # type: ignore[arg-type] # handed on as they came

    monkeypatch.setattr(positions, "write", refuses)
    if is_written:
        assert await telling(writer, world, 0, 1) == Taken(1, 0, ())
    else:
        with pytest.raises(Problem) as told:
            await telling(writer, world, 0, 1)
        assert told.value.code == "database_unavailable"
    assert len(tried) == 2


async def test_who_is_cancelled_leaves_the_queue(
    writer: PositionWriter, world: World, engine: AsyncEngine
) -> None:
    async with held(engine, world.vehicles[0].id):
        first = telling(writer, world, 0, 1)
        await until_held_up(engine)
        gone, stays = telling(writer, world, 1, 1), telling(writer, world, 2, 1)
        await queued(writer, 2)
        gone.cancel()
        await queued(writer, 1)
        first.cancel()  # is being written: nobody hears of it, and that is all
    assert await stays == Taken(1, 0, ())
    assert gone.cancelled()
    assert await seconds_of(engine, world, world.vehicles[1].id) == []
    assert await seconds_of(engine, world, world.vehicles[0].id) == [1]


async def test_a_process_that_stops_writes_what_waits_and_takes_nothing_more(
    writer: PositionWriter, world: World, engine: AsyncEngine
) -> None:
    async with held(engine, world.vehicles[0].id):
        told = [telling(writer, world, 0, 1)]
        await until_held_up(engine)
        told += [telling(writer, world, number, 1) for number in (1, 2)]
        await queued(writer, 2)
        closing = asyncio.create_task(writer.close())
        await asyncio.sleep(0)
        with pytest.raises(Problem, match="too_busy"):
            await telling(writer, world, 3, 1)
    await closing
    assert [await each for each in told] == [Taken(1, 0, ())] * 3
    await writer.close()


async def test_a_process_that_has_to_stop_refuses_what_it_cannot_write(
    writer: PositionWriter, world: World, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(position_writer, "CLOSE_SECONDS", 0.1)
    async with held(engine, world.vehicles[0].id):
        told = [telling(writer, world, 0, 1)]
        await until_held_up(engine)
        told.append(telling(writer, world, 1, 1))
        await queued(writer, 1)
        await writer.close()
        for each in told:
            with pytest.raises(Problem) as refused:
                await each
            assert refused.value.kind.status == 503
    assert await seconds_of(engine, world, world.vehicles[1].id) == []


async def test_large_requests_have_their_turns_and_small_ones_need_none(
    writer: PositionWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(position_writer, "TURN_SECONDS", 0.1)
    large, small = position_writer.SMALL_BYTES + 1, position_writer.SMALL_BYTES
    async with AsyncExitStack() as inside:
        for _ in range(position_writer.MOST_READ_AT_ONCE):
            await inside.enter_async_context(writer.admitted(large))
        with pytest.raises(Problem, match="too_busy"):
            await inside.enter_async_context(writer.admitted(large))
        await inside.enter_async_context(writer.admitted(small))
        with pytest.raises(Problem, match="too_busy"):
            await inside.enter_async_context(writer.admitted(position_writer.MOST_BYTES))
    async with writer.admitted(position_writer.MOST_BYTES):
        pass


async def test_transactions_that_do_not_end_are_not_piled_up(
    writer: PositionWriter, world: World, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database neither answers nor lets itself be interrupted, as one that is frozen."""
    monkeypatch.setattr(position_writer, "WRITE_SECONDS", 0.05)
    monkeypatch.setattr(position_writer, "WAIT_SECONDS", 0.3)
    thawed, begun = asyncio.Event(), 0

    async def frozen(*_: object) -> list[Taken]:
        nonlocal begun
        begun += 1
        while not thawed.is_set():
            try:
                await thawed.wait()
            except asyncio.CancelledError:
                continue
        return [Taken(1, 0, ())]

    with monkeypatch.context() as patch:
        patch.setattr(positions, "write", frozen)
        for second in range(4):
            with pytest.raises(Problem, match="database_unavailable"):
                await telling(writer, world, 0, second)
        assert begun == position_writer.MOST_LEFT_BEHIND
        thawed.set()
    assert await telling(writer, world, 0, 9) == Taken(1, 0, ())


async def test_a_batch_is_snapped_to_the_roads_before_it_is_written(
    resources: Resources, world: World, engine: AsyncEngine, andorra: RoadGraph
) -> None:
    """The real roads of Andorra; the second place is far from all of them."""
    travel = Snapping(andorra)
    writer = PositionWriter(resources.database, travel, resources.clock, resources.metrics)
    vehicles = world.cathare.vehicles
    later = world.at + timedelta(seconds=1)
    fixes = [
        fix_of(each.id, TREBES, later)._replace(lat=lat, lon=lon)
        for each, (lat, lon) in zip(vehicles, ((42.5063, 1.5218), (43.0, 4.5)), strict=True)
    ]
    [near, _] = travel.snap(fixes)
    assert near is not None
    for copies in (1, position_writer.SNAPPED_HERE):  # on the spot, and in a thread
        async with engine.begin() as connection:
            await connection.execute(sa.delete(tables.vehicle_positions))
        await writer.write(vehicles[0].company_id, fixes * copies)
        table = tables.vehicle_positions
        query = sa.select(table.c.road_graph, table.c.road_node, table.c.road_access_m)
        async with engine.connect() as connection:
            rows = {
                each.id: tuple((await connection.execute(query.where(table.c.vehicle_id == each.id))).one())
                for each in vehicles
            }
        assert rows[vehicles[0].id] == (andorra.graph_id, near.node, pytest.approx(near.access_m))
        assert rows[vehicles[1].id] == (andorra.graph_id, None, None)


Told = list[tuple[int, int]]
"""One request: of each fix the number of the vehicle, and the second."""
TOLD = st.lists(
    st.lists(st.tuples(st.integers(0, 4), st.integers(-20, 20)), min_size=1, max_size=6), max_size=12
)


@settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(here=TOLD, there=TOLD)
async def test_two_writers_end_at_the_newest_fix_of_each_vehicle_and_lose_none(
    resources: Resources, engine: AsyncEngine, world: World, here: list[Told], there: list[Told]
) -> None:
    """Whatever comes with what, and when: the model is the greatest time that was told of each vehicle."""
    async with engine.begin() as connection:
        for table in (tables.vehicle_positions, tables.vehicle_fixes):
            await connection.execute(sa.delete(table))
    writers = [
        PositionWriter(resources.database, resources.travel, resources.clock, resources.metrics)
        for _ in range(2)
    ]
    requests = [
        writer.write(company_id, fixes)
        for writer, told in zip(writers, (here, there), strict=True)
        for request in told
        for company_id, fixes in _by_company(world, request)
    ]
    taken = await asyncio.gather(*requests)
    fixes = [fix for request in (*here, *there) for fix in request]
    assert sum(each.accepted + each.stale for each in taken) == len(fixes)
    newest = await _positions(engine)
    for number, vehicle in enumerate(world.vehicles):
        times = sorted({min(second, 0) for each, second in fixes if each == number})
        kept = await seconds_of(
            engine, world, vehicle.id
        )  # of a clock that runs ahead, some microseconds before
        assert {math.ceil(second) for second in kept} == set(times)
        if times:
            assert newest[vehicle.id] == world.at + timedelta(seconds=times[-1])
    assert sum(each.accepted for each in taken) >= len(newest)


def _by_company(world: World, request: Told) -> list[tuple[UUID, Sequence[Fix]]]:
    """A request tells of one company's vehicles: what belongs to several is several requests."""
    fixes: dict[UUID, list[Fix]] = {}
    for number, second in request:
        vehicle = world.vehicles[number]
        fix = fix_of(vehicle.id, TREBES, world.at, age_s=-second)
        fixes.setdefault(vehicle.company_id, []).append(fix)
    return list(fixes.items())


async def _positions(engine: AsyncEngine) -> dict[UUID, object]:
    table = tables.vehicle_positions
    async with engine.connect() as connection:
        rows = await connection.execute(sa.select(table.c.vehicle_id, table.c.recorded_at))
        return {row.vehicle_id: row.recorded_at for row in rows}
