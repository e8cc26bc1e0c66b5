"""What positions need although nobody asks: partitions ahead, cells afterwards, roads found again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from api import fix_keeper
from api.fix_keeper import FixKeeper, Resnapper
from api.resources import Resources
from api.sweeper import sweep_for_ever
from geo.roads.graph import RoadGraph
from storage import fixes, tables
from tests.api.conftest import Clock
from tests.api.snapping import Snapping
from tests.fixtures.partitions import HERE, cells, count_in, drop_partitions, partitions, put_rows
from tests.fixtures.world import TREBES, World, fix_of, put_fixes

START = datetime(2031, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
async def resources(resources: Resources, engine: AsyncEngine) -> AsyncIterator[Resources]:
    await drop_partitions(engine)
    yield replace(resources, clock=lambda: START)
    await drop_partitions(engine)


async def test_several_processes_make_each_partition_once(resources: Resources, engine: AsyncEngine) -> None:
    keepers = [FixKeeper(resources) for _ in range(3)]
    await asyncio.gather(*(each.keep() for each in keepers))
    names = await partitions(engine)
    assert (len(names), names[0], names[-1]) == (9, "vehicle_fixes_2031030212", "vehicle_fixes_2031030412")


async def test_two_days_later_only_cells_are_left_and_400_days_later_nothing(
    resources: Resources, engine: AsyncEngine
) -> None:
    await FixKeeper(resources).keep()
    moments = [
        START + timedelta(minutes=m) for m in range(-30, 30)
    ]  # half of them lie in the default partition
    await put_rows(engine, uuid4(), [(at, HERE) for at in moments])
    later = START + fixes.PARTITION + fixes.KEPT + fixes.CLOCKS_DIFFER
    keepers = [FixKeeper(replace(resources, clock=lambda: later)) for _ in range(2)]
    await asyncio.gather(*(each.keep() for each in keepers))
    assert await cells(engine) == [(START - timedelta(hours=1), HERE, 30), (START, HERE, 30)]
    assert await count_in(engine, "vehicle_fixes") == 0
    assert (await partitions(engine))[0] == "vehicle_fixes_2031030218"
    last = START + timedelta(days=400, hours=1)
    await FixKeeper(replace(resources, clock=lambda: last)).keep()
    assert await cells(engine) == []


async def test_a_step_that_fails_keeps_no_other_from_being_done(
    resources: Resources, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fixes, "MOST_MOVED", 0)
    old = START - timedelta(days=3)
    await put_rows(engine, uuid4(), [(START, HERE), (old, HERE)])
    await FixKeeper(resources).keep()
    assert "vehicle_fixes_2031030212" not in await partitions(engine)  # it would move more rows than it may
    assert len(await partitions(engine)) == 8
    assert await cells(engine) == [(old, HERE, 1)]


async def test_positions_of_another_graph_are_snapped_again_in_batches(
    resources: Resources,
    engine: AsyncEngine,
    world: World,
    andorra: RoadGraph,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fix_keeper, "AT_ONCE", 2)
    near = world.cathare.vehicles[0]
    later = world.at + timedelta(seconds=1)
    async with engine.begin() as connection:
        fix = fix_of(near.id, TREBES, later)._replace(lat=42.5063, lon=1.5218)
        await put_fixes(connection, [fix])
    travel = Snapping(andorra)
    resnapper = Resnapper(replace(resources, travel=travel))
    [snap] = travel.snap([fix])
    assert snap is not None
    assert await resnapper.snap() == 4
    table = tables.vehicle_positions
    query = sa.select(table.c.road_graph, table.c.road_node, table.c.recorded_at)
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
        found = (await connection.execute(query.where(table.c.vehicle_id == near.id))).one()
    assert {row.road_graph for row in rows} == {andorra.graph_id}
    assert tuple(found) == (andorra.graph_id, snap.node, later)
    assert await resnapper.snap() == 0
    assert await Resnapper(resources).snap() == 0  # without roads, they stay as they are


async def test_the_sweeper_does_both(
    resources: Resources, engine: AsyncEngine, world: World, andorra: RoadGraph, clock: Clock
) -> None:
    sweeping = asyncio.create_task(sweep_for_ever(replace(resources, travel=Snapping(andorra))))
    table = tables.vehicle_positions
    unsnapped = sa.select(sa.func.count()).select_from(table).where(table.c.road_graph.is_(None))
    async with asyncio.timeout(10):
        while True:
            async with engine.connect() as connection:
                left = await connection.scalar(unsnapped)
            if left == 0 and len(await partitions(engine)) == 9:
                break
            await asyncio.sleep(0.02)
    sweeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sweeping
