"""A vehicle has one position, the newest that it sent, whatever comes when (rule 96)."""

import asyncio
import random
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import positions, tables
from storage.positions import Fix
from tests.fixtures.world import LEZIGNAN, NARBONNE, TREBES, World, fix_of


async def upsert(engine: AsyncEngine, *fixes: Fix) -> frozenset[UUID]:
    async with engine.begin() as connection:
        return await positions.upsert(connection, fixes)


async def stored(engine: AsyncEngine, vehicle_id: UUID) -> sa.RowMapping:
    table = tables.vehicle_positions
    async with engine.connect() as connection:
        rows = await connection.execute(sa.select(table).where(table.c.vehicle_id == vehicle_id))
        return rows.mappings().one()


async def test_a_newer_fix_takes_the_place_of_an_older_one_and_never_the_reverse(
    engine: AsyncEngine, world: World
) -> None:
    vehicle = world.corbieres.vehicles[0].id
    newer = fix_of(vehicle, TREBES, world.at, speed_kmh=42.5)
    assert await upsert(engine, fix_of(vehicle, LEZIGNAN, world.at, age_s=60)) == {vehicle}
    assert await upsert(engine, newer) == {vehicle}
    assert await upsert(engine, fix_of(vehicle, NARBONNE, world.at, age_s=30)) == frozenset()
    assert await upsert(engine, newer) == frozenset()
    row = await stored(engine, vehicle)
    assert (row["lat"], row["lon"], row["cell"], row["cover_cell"], row["speed_kmh"]) == (
        TREBES.lat,
        TREBES.lon,
        newer.cell,
        newer.cover_cell,
        42.5,
    )


async def test_of_several_fixes_of_a_vehicle_in_one_batch_the_newest_counts(
    engine: AsyncEngine, world: World
) -> None:
    one, other = world.corbieres.vehicles[0].id, world.minervois.vehicles[0].id
    later = world.at + timedelta(seconds=30)
    fixes = [fix_of(one, LEZIGNAN, later, age_s=age) for age in (9, 3, 6)]
    assert await upsert(engine, *fixes, fix_of(other, NARBONNE, later)) == {one, other}
    assert (await stored(engine, one))["recorded_at"] == later - timedelta(seconds=3)


async def test_rule_096_a_device_whose_clock_runs_ahead_blocks_nothing(
    engine: AsyncEngine, world: World
) -> None:
    vehicle = world.corbieres.vehicles[0].id
    await upsert(engine, fix_of(vehicle, LEZIGNAN, world.at, age_s=-3600))
    assert (await stored(engine, vehicle))["recorded_at"] == world.at
    later = world.at + timedelta(seconds=10)
    assert await upsert(engine, fix_of(vehicle, TREBES, later)) == {vehicle}


async def test_batches_of_the_same_vehicles_in_any_order_never_block_each_other(
    engine: AsyncEngine, world: World
) -> None:
    vehicles = [vehicle.id for vehicle in world.vehicles]
    batches = []
    for second in range(1, 41):
        at = world.at + timedelta(seconds=second)
        batches.append([fix_of(vehicle, TREBES, at) for vehicle in random.sample(vehicles, len(vehicles))])
    random.shuffle(batches)
    await asyncio.gather(*(upsert(engine, *batch) for batch in batches))
    for vehicle in vehicles:
        assert (await stored(engine, vehicle))["recorded_at"] == world.at + timedelta(seconds=40)


async def test_no_fixes_do_nothing_and_an_unknown_vehicle_is_refused_with_its_whole_batch(
    engine: AsyncEngine, world: World
) -> None:
    assert await upsert(engine) == frozenset()
    known = world.corbieres.vehicles[0].id
    with pytest.raises(IntegrityError):
        await upsert(engine, fix_of(known, TREBES, world.at), fix_of(uuid4(), TREBES, world.at))
    async with engine.connect() as connection:
        table = tables.vehicle_positions
        assert await connection.scalar(sa.select(table.c.cell).where(table.c.vehicle_id == known)) is None
