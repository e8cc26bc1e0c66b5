"""Who could be there, asked before a demand is sent: the same answer as the survey's, and nothing kept."""

import asyncio
from contextlib import AsyncExitStack

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api import reach_reading
from api.resources import REACHES_AT_ONCE
from domain.messages import SurveyRequest
from storage import tables
from survey.looking import Look, Surveyor
from tests.api.caller import Caller, Json, assert_problem
from tests.api.conftest import Api
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


# -- so many at once -----------------------------------------------------------------------------------------


async def test_only_so_many_look_at_the_fleet_at_once(
    samu: Caller, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look computes in the loop that answers solicitations."""
    look, looking, most = Surveyor.look, 0, 0
    full, go_on = asyncio.Event(), asyncio.Event()

    async def slow(self: Surveyor, connection: AsyncConnection, request: SurveyRequest) -> Look:
        nonlocal looking, most
        looking += 1
        most = max(most, looking)
        if looking == REACHES_AT_ONCE:
            full.set()
        await go_on.wait()
        looking -= 1
        return await look(self, connection, request)

    monkeypatch.setattr(Surveyor, "look", slow)
    asking = [asyncio.create_task(asked(samu)) for _ in range(REACHES_AT_ONCE + 3)]
    async with asyncio.timeout(10):
        await full.wait()
        while len(api.resources.reaches._waiters or ()) < 3:  # noqa: ASYNC110 - a semaphore tells nobody who waits
            await asyncio.sleep(0.01)
    go_on.set()
    await asyncio.gather(*asking)
    assert most == REACHES_AT_ONCE


async def test_whoever_waits_too_long_is_told_to_come_back(
    samu: Caller, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach_reading, "LONGEST_SECONDS", 0.2)
    async with AsyncExitStack() as everybody_elses:
        for _ in range(REACHES_AT_ONCE):
            await everybody_elses.enter_async_context(api.resources.reaches)
        told = await samu.post("/v1/reach", HERE)
        assert_problem(told, 503, "too_busy")
        assert int(told.headers["Retry-After"]) >= 1
    await asked(samu)  # whoever gave up holds no turn
