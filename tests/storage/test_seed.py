"""The demo département is written as often as one likes, and leaves alone what people do with it."""

import pytest
import sqlalchemy as sa
from pwdlib import PasswordHash
from sqlalchemy.ext.asyncio import AsyncEngine

from geo.sectors import SectorMap
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


async def test_crews_of_the_demo_need_longer_by_night_until_their_company_says_otherwise(
    engine: AsyncEngine, department: DemoDepartment
) -> None:
    """Domain paper, vehicles and crews: at night the driver picks the colleague up at home first."""
    await seed_demo(engine, department, SECRET)
    sites, changed = tables.sites, department.sites[0].id
    times = sa.select(sites.c.id, sites.c.mobilisation_s, sites.c.mobilisation_by_hour_s)
    async with engine.begin() as connection:
        rows = (await connection.execute(times)).all()
        own = sa.update(sites).where(sites.c.id == changed)
        await connection.execute(own.values(mobilisation_s=60, mobilisation_by_hour_s=None))
    assert len(rows) == len(department.sites)
    for row in rows:
        assert row.mobilisation_by_hour_s == [360] * 7 + [120] * 13 + [360] * 4
    assert await seed_demo(engine, department, SECRET) == 0
    async with engine.connect() as connection:
        [kept] = (await connection.execute(times.where(sites.c.id == changed))).all()
    assert (kept.mobilisation_s, kept.mobilisation_by_hour_s) == (60, None)


async def test_the_demo_has_guard_sectors_where_the_department_has_them(
    engine: AsyncEngine, department: DemoDepartment
) -> None:
    await seed_demo(engine, department, SECRET)
    sectors = tables.guard_sectors
    async with engine.connect() as connection:
        rows = (await connection.execute(sa.select(sectors))).all()
    written = {row.id: (row.samu_id, row.name, row.communes, row.outline, row.neighbours) for row in rows}
    assert written == {
        one.id: (department.samu.id, one.name, list(one.communes), one.outline, list(one.neighbours))
        for one in department.sectors
    }
    found = SectorMap((row.id, row.outline) for row in rows).sector_at(43.2130, 2.3491)
    assert found is not None
    assert written[found][1] == "Secteur de Carcassonne"


async def test_sectors_that_an_operator_changed_stay_as_they_are(
    engine: AsyncEngine, department: DemoDepartment
) -> None:
    await seed_demo(engine, department, SECRET)
    sectors = tables.guard_sectors
    async with engine.begin() as connection:
        await connection.execute(sa.delete(sectors).where(sectors.c.id != department.sectors[0].id))
        await connection.execute(sa.update(sectors).values(name="Secteur unique"))
    assert await seed_demo(engine, department, SECRET) == 0
    async with engine.connect() as connection:
        assert list(await connection.scalars(sa.select(sectors.c.name))) == ["Secteur unique"]


async def test_the_demo_has_staff_and_who_left_stays_away(
    engine: AsyncEngine, department: DemoDepartment
) -> None:
    await seed_demo(engine, department, SECRET)
    staff, company = tables.staff, department.companies[0]
    async with engine.begin() as connection:
        rows = (await connection.execute(sa.select(staff).where(staff.c.company_id == company.id))).all()
        await connection.execute(sa.update(staff).values(left_at=sa.func.now()))
    assert {(row.id, row.name, row.diploma) for row in rows} == {
        (one.id, one.name, one.diploma) for one in company.staff
    }
    assert await seed_demo(engine, department, SECRET) == 0
    async with engine.connect() as connection:
        here = sa.select(sa.func.count()).where(staff.c.left_at.is_(None))
        assert await connection.scalar(here) == 0


async def test_the_samu_of_the_demo_keeps_the_time_of_paris(
    engine: AsyncEngine, department: DemoDepartment
) -> None:
    await seed_demo(engine, department, SECRET)
    async with engine.connect() as connection:
        zone = await connection.scalar(sa.select(tables.samus.c.timezone))
    assert zone == "Europe/Paris"


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
