"""A vehicle has one position, the newest that it sent, whatever comes when (rule 96)."""

import asyncio
import os
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID, uuid4

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import positions, tables
from storage.fixes import KEPT
from storage.positions import Fix, Roads, Taken, Telling
from tests.fixtures.world import LEZIGNAN, NARBONNE, TREBES, Vehicle, World, fix_of

CASES = int(os.environ.get("RESCOUSSE_INTERLEAVINGS", "30"))


async def write(engine: AsyncEngine, *tellings: Telling, roads: Roads | None = None) -> list[Taken]:
    since = min(fix.received_at for telling in tellings for fix in telling.fixes) - KEPT
    async with engine.begin() as connection:
        return await positions.write(connection, tellings, roads or Roads(), since)


async def tell(engine: AsyncEngine, vehicle: Vehicle, *fixes: Fix) -> Taken:
    [taken] = await write(engine, Telling(vehicle.company_id, fixes))
    return taken


async def stored(engine: AsyncEngine, vehicle_id: UUID) -> sa.RowMapping:
    table = tables.vehicle_positions
    async with engine.connect() as connection:
        rows = await connection.execute(sa.select(table).where(table.c.vehicle_id == vehicle_id))
        return rows.mappings().one()


async def history(engine: AsyncEngine, vehicle_id: UUID) -> list[datetime]:
    fixes = tables.vehicle_fixes
    query = sa.select(fixes.c.recorded_at).where(fixes.c.vehicle_id == vehicle_id)
    async with engine.connect() as connection:
        return list(await connection.scalars(query.order_by(fixes.c.recorded_at)))


async def test_a_newer_fix_takes_the_place_of_an_older_one_and_never_the_reverse(
    engine: AsyncEngine, world: World
) -> None:
    vehicle = world.corbieres.vehicles[0]
    newer = fix_of(vehicle.id, TREBES, world.at, speed_kmh=42.5)
    assert await tell(engine, vehicle, fix_of(vehicle.id, LEZIGNAN, world.at, age_s=60)) == Taken(1, 0, ())
    assert await tell(engine, vehicle, newer) == Taken(1, 0, ())
    assert await tell(engine, vehicle, fix_of(vehicle.id, NARBONNE, world.at, age_s=30)) == Taken(0, 1, ())
    assert await tell(engine, vehicle, newer) == Taken(0, 1, ())
    row = await stored(engine, vehicle.id)
    assert (row["lat"], row["lon"], row["cell"], row["cover_cell"], row["speed_kmh"]) == (
        TREBES.lat,
        TREBES.lon,
        newer.cell,
        newer.cover_cell,
        42.5,
    )


async def test_of_several_fixes_of_a_vehicle_in_one_transaction_the_newest_counts_whoever_told_it(
    engine: AsyncEngine, world: World
) -> None:
    one, other = world.corbieres.vehicles[0], world.minervois.vehicles[0]
    later = world.at + timedelta(seconds=30)
    fixes = [fix_of(one.id, LEZIGNAN, later, age_s=age) for age in (9, 3, 6)]
    tellings = (
        Telling(one.company_id, fixes),
        Telling(other.company_id, [fix_of(other.id, NARBONNE, later)]),
        Telling(one.company_id, [fix_of(one.id, TREBES, later, age_s=1), fixes[0]]),
    )
    assert await write(engine, *tellings) == [Taken(0, 3, ()), Taken(1, 0, ()), Taken(1, 1, ())]
    assert (await stored(engine, one.id))["recorded_at"] == later - timedelta(seconds=1)


async def test_rule_096_a_device_whose_clock_runs_ahead_blocks_nothing(
    engine: AsyncEngine, world: World
) -> None:
    vehicle = world.corbieres.vehicles[0]
    ahead = [
        fix_of(vehicle.id, place, world.at, age_s=-age) for age, place in ((60, LEZIGNAN), (90, NARBONNE))
    ]
    assert await tell(engine, vehicle, *ahead) == Taken(1, 1, ())
    row = await stored(engine, vehicle.id)
    assert (row["recorded_at"], row["lat"]) == (world.at, NARBONNE.lat)  # its own order is kept
    later = world.at + timedelta(seconds=10)
    assert await tell(engine, vehicle, fix_of(vehicle.id, TREBES, later)) == Taken(1, 0, ())


async def test_rule_096_fixes_of_a_clock_that_runs_ahead_are_all_kept_in_their_order(
    engine: AsyncEngine, world: World
) -> None:
    """Two of them in another request of the same transaction, one that was told twice, and one of the instant itself."""
    vehicle, other = world.corbieres.vehicles[0], world.minervois.vehicles[0]
    seconds = (60, 90, 0, -1, 75, 60)
    fixes = [
        fix_of(vehicle.id, TREBES, world.at, age_s=-second)._replace(heading=abs(second))
        for second in seconds
    ]
    fine = fix_of(other.id, TREBES, world.at)
    tellings = [
        Telling(vehicle.company_id, fixes[:3]),
        Telling(other.company_id, [fine]),
        Telling(vehicle.company_id, fixes[3:]),
    ]
    assert [sum(taken[:2]) for taken in await write(engine, *tellings)] == [3, 1, 3]
    query = sa.select(tables.vehicle_fixes.c.heading, tables.vehicle_fixes.c.recorded_at)
    query = query.where(tables.vehicle_fixes.c.vehicle_id == vehicle.id)
    async with engine.connect() as connection:
        rows = await connection.execute(query.order_by(tables.vehicle_fixes.c.recorded_at))
        kept = [(heading, (world.at - at) / timedelta(microseconds=1)) for heading, at in rows]
    assert kept == [(1, 1_000_000), (0, 3), (60, 2), (75, 1), (90, 0)]
    assert (await stored(engine, vehicle.id))["heading"] == 90
    assert await history(engine, other.id) == [world.at]


async def test_rule_096_one_fix_of_another_century_moves_no_other(engine: AsyncEngine, world: World) -> None:
    vehicle = world.corbieres.vehicles[0]
    ages = (0.5, -173 * 365 * 86400, 1)
    assert await tell(
        engine, vehicle, *(fix_of(vehicle.id, TREBES, world.at, age_s=age) for age in ages)
    ) == Taken(1, 2, ())
    kept = [world.at - timedelta(seconds=age) for age in (1, 0.5, 0)]
    assert await history(engine, vehicle.id) == kept


async def test_rule_096_of_two_fixes_of_the_same_time_the_first_stays(
    engine: AsyncEngine, world: World
) -> None:
    vehicle = world.corbieres.vehicles[0]
    both = [fix_of(vehicle.id, place, world.at) for place in (TREBES, NARBONNE)]
    assert await tell(engine, vehicle, *both) == Taken(1, 1, ())
    assert await tell(engine, vehicle, *reversed(both)) == Taken(0, 2, ())
    assert (await stored(engine, vehicle.id))["lat"] == TREBES.lat


async def test_every_fix_is_kept_beside_the_position_once_and_unless_it_is_older_than_48_hours(
    engine: AsyncEngine, world: World
) -> None:
    vehicle = world.corbieres.vehicles[0]
    ages = (0, 60, 3600, 48 * 3600 - 1, 48 * 3600 + 1)
    fixes = [fix_of(vehicle.id, LEZIGNAN, world.at, age_s=age) for age in ages]
    for _ in range(2):
        await tell(engine, vehicle, *fixes)
    kept = [world.at - timedelta(seconds=age) for age in reversed(ages[:4])]
    assert await history(engine, vehicle.id) == kept


async def test_what_a_device_says_that_no_real_number_holds_hurts_nobody(
    engine: AsyncEngine, world: World
) -> None:
    vehicle = world.corbieres.vehicles[0]
    tiny = fix_of(vehicle.id, LEZIGNAN, world.at)._replace(accuracy_m=5e-324, speed_kmh=1e-300, heading=0.0)
    assert await tell(engine, vehicle, tiny) == Taken(1, 0, ())
    assert (await stored(engine, vehicle.id))["accuracy_m"] == 5e-324
    async with engine.connect() as connection:
        fixes = tables.vehicle_fixes
        query = sa.select(fixes.c.accuracy_m, fixes.c.speed_kmh, fixes.c.heading)
        assert (await connection.execute(query.where(fixes.c.vehicle_id == vehicle.id))).one() == (0, 0, 0)


async def test_vehicles_of_others_and_of_nobody_are_named_and_not_touched(
    engine: AsyncEngine, world: World
) -> None:
    own, theirs, nobodys = world.minervois.vehicles[0], world.corbieres.vehicles[0], uuid4()
    later = world.at + timedelta(seconds=30)
    fixes = [fix_of(each, TREBES, later) for each in (theirs.id, own.id, nobodys, theirs.id)]
    told = await write(
        engine,
        Telling(own.company_id, fixes),
        Telling(theirs.company_id, [fix_of(theirs.id, NARBONNE, world.at)]),
    )
    assert told == [Taken(1, 0, (theirs.id, nobodys)), Taken(1, 0, ())]
    assert (await stored(engine, theirs.id))["lat"] == NARBONNE.lat
    assert await history(engine, theirs.id) == [world.at]
    assert await history(engine, nobodys) == []


async def test_no_fixes_do_nothing(engine: AsyncEngine, world: World) -> None:
    async with engine.begin() as connection:
        nothing = [Telling(world.cathare.id, [])]
        assert await positions.write(connection, nothing, Roads(), world.at) == [Taken(0, 0, ())]


async def test_batches_of_the_same_vehicles_in_any_order_never_block_each_other(
    engine: AsyncEngine, world: World
) -> None:
    batches = []
    for second in range(1, 41):
        at = world.at + timedelta(seconds=second)
        shuffled = random.sample(world.vehicles, len(world.vehicles))
        batches.append([Telling(each.company_id, [fix_of(each.id, TREBES, at)]) for each in shuffled])
    random.shuffle(batches)
    await asyncio.gather(*(write(engine, *batch) for batch in batches))
    for vehicle in world.vehicles:
        assert (await stored(engine, vehicle.id))["recorded_at"] == world.at + timedelta(seconds=40)


Told = list[list[tuple[int, int]]]
"""Of each writer: its fixes in order, as the number of the vehicle and the second."""
TOLD = st.lists(
    st.lists(st.tuples(st.integers(0, 4), st.integers(-20, 20)), min_size=1, max_size=12), max_size=6
)


@settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(here=TOLD, there=TOLD)
async def test_two_processes_end_at_the_newest_fix_of_each_vehicle_and_lose_none(
    engine: AsyncEngine, world: World, here: Told, there: Told
) -> None:
    """Whatever the order: the model is the greatest time that was told of each vehicle."""
    async with engine.begin() as connection:
        for table in (tables.vehicle_positions, tables.vehicle_fixes):
            await connection.execute(sa.delete(table))
    await asyncio.gather(_all_of(engine, world, here), _all_of(engine, world, there))
    told = [fix for process in (here, there) for batch in process for fix in batch]
    for number, vehicle in enumerate(world.vehicles):
        times = sorted({min(second, 0) for each, second in told if each == number})
        moments = [world.at + timedelta(seconds=second) for second in times]
        # those of a clock that runs ahead are kept some microseconds apart, before the second
        kept = {ceil((at - world.at).total_seconds()) for at in await history(engine, vehicle.id)}
        assert kept == set(times)
        if moments:
            assert (await stored(engine, vehicle.id))["recorded_at"] == moments[-1]


async def _all_of(engine: AsyncEngine, world: World, batches: Sequence[Sequence[tuple[int, int]]]) -> None:
    """One process: a transaction after the other, each of one telling a fix."""
    for batch in batches:
        tellings = []
        for number, second in batch:
            vehicle = world.vehicles[number]
            fix = fix_of(vehicle.id, TREBES, world.at, age_s=-second)
            tellings.append(Telling(vehicle.company_id, [fix]))
        taken = await write(engine, *tellings)
        assert all(each.accepted + each.stale == 1 for each in taken)


async def test_a_position_is_kept_with_its_road_node_and_snapped_again_unless_it_moved(
    engine: AsyncEngine, world: World
) -> None:
    parked, moving, lost = world.cathare.vehicles[0], world.cathare.vehicles[1], world.minervois.vehicles[1]
    later = world.at + timedelta(seconds=30)
    fixes = [fix_of(each.id, TREBES, later) for each in (parked, moving)]
    await write(engine, Telling(parked.company_id, fixes), roads=Roads("old", [(7, 12.5), None]))
    rows = [await stored(engine, each.id) for each in (parked, moving)]
    assert [tuple(row[name] for name in ROAD) for row in rows] == [("old", 7, 12.5), ("old", None, None)]
    async with engine.begin() as connection:
        assert await positions.snapped_elsewhere(connection, "old", 10) != []  # those that were never snapped
        spots = await positions.snapped_elsewhere(connection, "new", 10)
        two = await positions.snapped_elsewhere(connection, "new", 2)
        assert two == spots[:2]
        assert await positions.snapped_elsewhere(connection, "new", 10, two[-1].vehicle_id) == spots[2:]
    assert {spot.vehicle_id for spot in spots} == {v.id for v in world.vehicles if v.place}
    await tell(engine, moving, fix_of(moving.id, NARBONNE, later + timedelta(seconds=1)))
    roads = Roads("new", [None if spot.vehicle_id == lost.id else (9, 3.0) for spot in spots])
    async with engine.begin() as connection:
        assert await positions.snap_again(connection, spots, roads) == len(spots) - 1
        assert await positions.snap_again(connection, [], Roads("new")) == 0
    found = {each: await stored(engine, each.id) for each in (parked, moving, lost)}
    assert [tuple(row[name] for name in ROAD) for row in found.values()] == [
        ("new", 9, 3.0),
        (None, None, None),
        ("new", None, None),
    ]
    assert found[parked]["recorded_at"] == later


ROAD = ("road_graph", "road_node", "road_access_m")


async def test_snapping_again_waits_for_nobody_who_writes_positions(
    engine: AsyncEngine, world: World
) -> None:
    vehicle = world.cathare.vehicles[0]
    async with engine.begin() as connection:
        spots = await positions.snapped_elsewhere(connection, "new", 10)
    roads = Roads("new", [(1, 1.0)] * len(spots))
    async with engine.begin() as writing:
        later = world.at + timedelta(seconds=1)
        telling = Telling(vehicle.company_id, [fix_of(vehicle.id, TREBES, later)])
        await positions.write(writing, [telling], Roads(), later - KEPT)
        async with engine.begin() as connection, asyncio.timeout(5):
            assert await positions.snap_again(connection, spots, roads) == len(spots) - 1
