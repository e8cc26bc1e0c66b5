"""The one statement of a survey knows of each vehicle what is known of it when it is asked for alone."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from geo.cells import COVER_RESOLUTION, cell_of
from storage import fleet, survey_reading, tables
from storage.engine import without_transactions
from storage.survey_reading import Known, Question
from tests.fixtures.world import CARCASSONNE, Company, Vehicle, World, fix_of, put_fixes

HERE = cell_of(CARCASSONNE.lat, CARCASSONNE.lon, COVER_RESOLUTION)


async def read(engine: AsyncEngine, world: World, cells: Sequence[int] = (HERE,)) -> Known:
    async with without_transactions(engine).connect() as connection:
        return await survey_reading.read(connection, Question(world.samu_id, cells, world.at, uuid4(), 1))


async def move_home(engine: AsyncEngine, vehicle: Vehicle, site_id: UUID | None) -> None:
    async with engine.begin() as connection:
        table = tables.vehicles
        await connection.execute(sa.update(table).where(table.c.id == vehicle.id).values(site_id=site_id))


async def end_convention(engine: AsyncEngine, company: Company) -> None:
    async with engine.begin() as connection:
        table = tables.conventions
        await connection.execute(sa.delete(table).where(table.c.company_id == company.id))


@pytest.mark.parametrize("home", ["its own site", "no site", "a site of others", "a site of no partner"])
async def test_rule_006_what_is_known_of_a_vehicle_is_what_is_known_of_it_alone(
    engine: AsyncEngine, world: World, home: str
) -> None:
    vehicle, other = world.cathare.vehicles[0], world.minervois
    if home != "its own site":
        await move_home(engine, vehicle, None if home == "no site" else other.site_id)
    if home == "a site of no partner":
        await end_convention(engine, other)
    async with engine.begin() as connection:
        await put_fixes(connection, [fix_of(vehicle.id, CARCASSONNE, world.at)])
        alone = await fleet.vehicle(connection, world.samu_id, vehicle.id)
    known = await read(engine, world)
    assert [each for each in known.vehicles if each.vehicle_id == vehicle.id] == [alone]
    assert (alone is not None and alone.home is None) == (home == "no site")
    assert (other.site_id in {each.site_id for each in known.sites}) == (home != "a site of no partner")


async def test_rule_006_who_is_in_none_of_the_cells_is_named_with_its_own_cell(
    engine: AsyncEngine, world: World
) -> None:
    known = await read(engine, world, [])
    assert not known.vehicles
    assert known.beyond.vehicles is not None
    assert known.beyond.cells is not None
    ids = {UUID(each) for each in known.beyond.vehicles.strip("{}").split(",")}
    assert ids == {each.id for each in world.vehicles}
    assert str(HERE) in known.beyond.cells
    assert "NULL" in known.beyond.cells  # one was never heard of
    assert {each.site_id for each in known.sites} == {each.site_id for each in world.companies}
