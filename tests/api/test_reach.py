"""Who could be there, asked before a demand is sent: the same answer as the survey's, and nothing kept."""

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import tables
from tests.api.caller import Caller, Json, assert_problem
from tests.fixtures.world import CARCASSONNE, World, insert_posts

HERE = {"lat": CARCASSONNE.lat, "lon": CARCASSONNE.lon, "max_delay_minutes": 20, "volume": "AMBULANCE"}


async def asked(caller: Caller, **more: object) -> Json:
    response = await caller.post("/v1/reach", {**HERE, **more})
    assert response.status_code == 200, response.text
    told: Json = response.json()
    return told


@pytest.fixture
async def commune(engine: AsyncEngine) -> None:
    row = {"insee": "11069", "name": "Carcassonne", "population": 46_000, "lat": 43.2130, "lon": 2.3491}
    async with engine.begin() as connection:
        await connection.execute(sa.insert(tables.communes), row)


@pytest.fixture
async def regulated(engine: AsyncEngine, world: World) -> None:
    """Somebody regulates each site."""
    async with engine.begin() as connection:
        await insert_posts(connection, world)


@pytest.mark.usefixtures("commune", "regulated")
async def test_it_counts_whom_the_survey_would_solicit(samu: Caller, engine: AsyncEngine) -> None:
    near = await asked(samu)
    far = await asked(samu, max_delay_minutes=60)
    assert near["vehicles"] >= 1
    assert far["vehicles"] >= near["vehicles"]
    assert near["nearest_minutes"] is not None
    assert near["nearest_minutes"] <= 20
    assert near["commune"] == {"insee": "11069", "name": "Carcassonne"}
    assert near["in_area"] is True
    async with engine.connect() as connection:
        for table in (tables.demands, tables.surveys, tables.journal):
            assert await connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0


async def test_where_nobody_regulates_nobody_is_counted(samu: Caller) -> None:
    told = await asked(samu)
    assert (told["vehicles"], told["sites"], told["nearest_minutes"]) == (0, 0, None)


@pytest.mark.usefixtures("regulated")
async def test_a_place_elsewhere_is_said_to_be_elsewhere(samu: Caller) -> None:
    told = await asked(samu, lat=48.85, lon=2.35)
    assert (told["in_area"], told["vehicles"], told["sites"]) == (False, 0, 0)


@pytest.mark.parametrize("wrong", [{"lat": 91}, {"volume": "BUS"}, {"max_delay_minutes": 1}, {"lon": None}])
async def test_bad_questions_are_refused(samu: Caller, wrong: Json) -> None:
    assert_problem(await samu.post("/v1/reach", {**HERE, **wrong}), 422, "invalid_request")


async def test_only_a_samu_asks(http: httpx.AsyncClient, regulator: Caller) -> None:
    assert_problem(await regulator.post("/v1/reach", HERE), 404, "not_found")
    assert_problem(await Caller(http).post("/v1/reach", HERE), 401, "missing_credentials")
