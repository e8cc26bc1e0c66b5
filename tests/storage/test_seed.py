"""The demo département is written as often as one likes, and leaves alone what people do with it."""

import pytest
import sqlalchemy as sa
from pwdlib import PasswordHash
from sqlalchemy.ext.asyncio import AsyncEngine

from ops.demo import DemoDepartment, build_demo
from ops.seed import OtherDemoError, accounts_of, seed_demo
from storage import accounts, tables

SECRET = "a secret of the tests"


@pytest.fixture(scope="module")
def department() -> DemoDepartment:
    return build_demo(11)


async def test_seeding_again_changes_nothing_and_keeps_what_was_ticked(
    engine: AsyncEngine, department: DemoDepartment
) -> None:
    assert await seed_demo(engine, department, SECRET) > len(department.vehicles)
    async with engine.begin() as connection:
        ticked = sa.update(tables.vehicles).where(tables.vehicles.c.id == department.vehicles[0].id)
        await connection.execute(ticked.values(available=True))
    assert await seed_demo(engine, department, SECRET) == 0
    async with engine.connect() as connection:
        available = await connection.scalars(
            sa.select(tables.vehicles.c.id).where(tables.vehicles.c.available)
        )
        assert list(available) == [department.vehicles[0].id]


async def test_the_demo_starts_with_nothing_ticked_and_no_position(
    engine: AsyncEngine, department: DemoDepartment
) -> None:
    await seed_demo(engine, department, SECRET)
    async with engine.connect() as connection:
        vehicles = (await connection.execute(sa.select(tables.vehicles.c.available))).all()
        sites = (await connection.execute(sa.select(tables.sites.c.available))).all()
        assert len(vehicles) == len(department.vehicles)
        assert not any(row.available for row in [*vehicles, *sites])
        assert (await connection.execute(sa.select(tables.vehicle_positions))).all() == []


async def test_the_accounts_that_are_handed_out_open_the_door(
    engine: AsyncEngine, department: DemoDepartment
) -> None:
    await seed_demo(engine, department, SECRET)
    everybody = accounts_of(department, SECRET)
    crew = everybody.companies[0].crews[0]
    async with engine.connect() as connection:
        key = await accounts.key_by_hash(connection, accounts.secret_hash(everybody.samu.api_key))
        person = await accounts.person_by_username(connection, crew.username)
    assert key is not None
    assert str(key.samu_id) == everybody.samu.id
    assert person is not None
    assert str(person.company_id) == everybody.companies[0].id
    assert PasswordHash.recommended().verify(crew.password, person.password_hash)


async def test_another_secret_gives_everybody_another_password(
    engine: AsyncEngine, department: DemoDepartment
) -> None:
    await seed_demo(engine, department, SECRET)
    assert await seed_demo(engine, department, "another secret") == len(department.accounts) + 1


async def test_the_demo_of_another_seed_is_refused_and_nothing_is_written(
    engine: AsyncEngine, department: DemoDepartment
) -> None:
    await seed_demo(engine, department, SECRET)
    with pytest.raises(OtherDemoError):
        await seed_demo(engine, build_demo(12), SECRET)
    async with engine.connect() as connection:
        count = await connection.scalar(sa.select(sa.func.count()).select_from(tables.samus))
    assert count == 1
