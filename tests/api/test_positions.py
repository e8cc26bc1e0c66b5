"""What a caller is told of positions is true: acknowledged is on disk, also while the database comes and goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from api import position_writer
from api.resources import Resources
from ops.embedded.postgres import OPTIONS, Cluster
from storage import tables
from storage.engine import create_engine
from tests.api.caller import Caller, Json, assert_problem
from tests.api.conftest import Api, Clock, make_resources
from tests.api.engine import RuleEngine
from tests.api.held import held, until_held_up
from tests.fixtures.postgres import FAST

AWAY = "positions-away"


def _fix(at: datetime, lat: float = 43.25, **more: object) -> Json:
    return {"lat": lat, "lon": 2.4, "recorded_at": at.isoformat(), **more}


async def _put(caller: Caller, vehicle_id: UUID, fix: Json) -> object:
    return _told(await caller.send("PUT", f"/v1/vehicles/{vehicle_id}/position", fix))


def _told(response: httpx.Response) -> object:
    """What was answered, or the status of a refusal."""
    return response.json() if response.status_code == 200 else response.status_code


async def _known(engine: AsyncEngine, vehicle_id: UUID) -> datetime | None:
    table = tables.vehicle_positions
    async with engine.connect() as connection:
        return await connection.scalar(sa.select(table.c.recorded_at).where(table.c.vehicle_id == vehicle_id))


async def _history(engine: AsyncEngine, vehicle_id: UUID) -> list[datetime]:
    table = tables.vehicle_fixes
    query = sa.select(table.c.recorded_at).where(table.c.vehicle_id == vehicle_id)
    async with engine.connect() as connection:
        return list(await connection.scalars(query.order_by(table.c.recorded_at)))


@pytest.fixture
async def resources(
    engine: AsyncEngine, database_url: str, rules: RuleEngine, clock: Clock
) -> AsyncIterator[Resources]:
    """An API with a pool of its own, which can be cut off."""
    own = create_engine(database_url, 5, AWAY)
    yield make_resources(own, database_url, rules, clock)
    await own.dispose()


@asynccontextmanager
async def database_away(cluster: Cluster) -> AsyncIterator[None]:
    """PostgreSQL ends the API's connections and refuses new ones."""
    async with await psycopg.AsyncConnection.connect(cluster.url("postgres"), autocommit=True) as operator:
        await operator.execute("ALTER DATABASE rescousse ALLOW_CONNECTIONS false")
        try:
            await _end_connections(operator)
            yield
        finally:
            await operator.execute("ALTER DATABASE rescousse ALLOW_CONNECTIONS true")


async def _end_connections(operator: "psycopg.AsyncConnection[tuple[object, ...]]") -> None:
    query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s"
    await operator.execute(query, [AWAY])


def test_a_commit_of_the_embedded_database_is_on_disk_when_it_returns() -> None:
    assert (OPTIONS["synchronous_commit"], OPTIONS["fsync"]) == ("on", "on")
    assert "synchronous_commit=off" in FAST  # for tests alone


async def test_what_is_acknowledged_is_in_both_tables(
    regulator: Caller, api: Api, engine: AsyncEngine
) -> None:
    one, other = (each.id for each in api.world.cathare.vehicles)
    now = datetime.now(UTC)
    assert await _put(regulator, one, _fix(now)) == {"accepted": True}
    assert await _known(engine, one) == now
    fixes = [_fix(now + timedelta(milliseconds=n), vehicle_id=str(other)) for n in (-2, -1, -3)]
    told = (await regulator.post("/v1/positions", {"positions": fixes})).json()
    assert told == {"accepted": 1, "stale": 2, "unknown": []}
    assert await _known(engine, other) == now - timedelta(milliseconds=1)
    assert await _history(engine, other) == [now - timedelta(milliseconds=n) for n in (3, 2, 1)]


async def test_a_batch_that_is_sent_again_changes_nothing(
    regulator: Caller, api: Api, engine: AsyncEngine
) -> None:
    vehicles = [each.id for each in api.world.cathare.vehicles]
    now = datetime.now(UTC)
    body = {"positions": [_fix(now, vehicle_id=str(each)) for each in vehicles]}
    assert (await regulator.post("/v1/positions", body)).json() == {"accepted": 2, "stale": 0, "unknown": []}
    assert (await regulator.post("/v1/positions", body)).json() == {"accepted": 0, "stale": 2, "unknown": []}
    first = await regulator.post("/v1/positions", body, Idempotency_Key="one")
    again = await regulator.post("/v1/positions", body, Idempotency_Key="one")
    assert (first.json(), again.headers["Idempotency-Replayed"]) == (again.json(), "true")
    for each in vehicles:
        assert await _history(engine, each) == [now]


async def test_another_companys_vehicle_is_unknown_and_not_written(
    regulator: Caller, rival: Caller, api: Api, engine: AsyncEngine
) -> None:
    theirs = api.world.minervois.vehicles[0].id
    now = datetime.now(UTC)
    assert await _put(regulator, theirs, _fix(now)) == 404
    told = await regulator.post("/v1/positions", {"positions": [_fix(now, vehicle_id=str(theirs))]})
    assert told.json() == {"accepted": 0, "stale": 0, "unknown": [str(theirs)]}
    assert await _known(engine, theirs) == api.world.at
    assert await _put(rival, theirs, _fix(now)) == {"accepted": True}


async def test_with_the_database_away_it_is_said_and_the_same_request_goes_through_later(
    regulator: Caller, api: Api, engine: AsyncEngine, cluster: Cluster
) -> None:
    vehicle = api.world.cathare.vehicles[0].id
    now = datetime.now(UTC)
    fix = _fix(now)
    assert await _put(regulator, vehicle, _fix(now - timedelta(milliseconds=1))) == {"accepted": True}
    async with database_away(cluster):
        for _ in range(2):
            response = await regulator.send("PUT", f"/v1/vehicles/{vehicle}/position", fix)
            assert_problem(response, 503, "database_unavailable")
            assert response.headers["Retry-After"] == "1"
    assert await _put(regulator, vehicle, fix) == {"accepted": True}
    assert await _history(engine, vehicle) == [now - timedelta(milliseconds=1), now]


async def test_who_is_cut_off_in_mid_transaction_hears_so_and_nothing_of_it_is_there(
    regulator: Caller, api: Api, engine: AsyncEngine, cluster: Cluster
) -> None:
    vehicle = api.world.cathare.vehicles[0].id
    fix = _fix(datetime.now(UTC))
    async with held(engine, vehicle):
        asked = asyncio.create_task(_put(regulator, vehicle, fix))
        await until_held_up(engine)
        async with await psycopg.AsyncConnection.connect(cluster.url(), autocommit=True) as operator:
            await _end_connections(operator)
        assert await asked == 503
    assert await _history(engine, vehicle) == []
    assert await _put(regulator, vehicle, fix) == {"accepted": True}


async def test_a_database_that_does_not_answer_is_not_waited_for(
    regulator: Caller, api: Api, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (each.id for each in api.world.cathare.vehicles)
    monkeypatch.setattr(position_writer, "WRITE_SECONDS", 0.3)
    now = datetime.now(UTC)
    async with held(engine, one):
        assert await _put(regulator, one, _fix(now)) == 503
        assert await _put(regulator, other, _fix(now)) == {"accepted": True}
    assert await _put(regulator, one, _fix(now)) == {"accepted": True}


async def test_whoever_waits_too_long_in_the_queue_hears_so(
    regulator: Caller, api: Api, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (each.id for each in api.world.cathare.vehicles)
    monkeypatch.setattr(position_writer, "WAIT_SECONDS", 0.3)
    now = datetime.now(UTC)
    async with held(engine, one):
        asked = [asyncio.create_task(_put(regulator, one, _fix(now)))]
        await until_held_up(engine)
        asked.append(asyncio.create_task(_put(regulator, other, _fix(now))))
        assert await asyncio.gather(*asked) == [503, 503]
        assert api.resources.positions.fixes_waiting == 0
    assert await _put(regulator, other, _fix(now)) == {"accepted": True}


async def test_a_full_queue_refuses_and_keeps_what_it_has(
    regulator: Caller, api: Api, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (each.id for each in api.world.cathare.vehicles)
    monkeypatch.setattr(position_writer, "MOST_WAITING", 2)
    now = datetime.now(UTC)
    async with held(engine, one):
        first = asyncio.create_task(_put(regulator, one, _fix(now)))
        await until_held_up(engine)
        fixes = [_fix(now - timedelta(milliseconds=n), vehicle_id=str(other)) for n in (1, 2)]
        batch = asyncio.create_task(regulator.post("/v1/positions", {"positions": fixes}))
        async with asyncio.timeout(5):
            while api.resources.positions.fixes_waiting < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        refused = await regulator.send("PUT", f"/v1/vehicles/{other}/position", _fix(now))
        assert_problem(refused, 503, "too_busy")
        assert refused.headers["Retry-After"] == "1"
    assert await first == {"accepted": True}
    assert _told(await batch) == {"accepted": 1, "stale": 1, "unknown": []}
    assert await _known(engine, other) == now - timedelta(milliseconds=1)


async def test_more_than_can_be_looked_after_at_once_is_refused_before_it_is_read(
    regulator: Caller, api: Api, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (each.id for each in api.world.cathare.vehicles)
    now = datetime.now(UTC)
    size = len(httpx.Request("PUT", api.url, json=_fix(now)).content)
    monkeypatch.setattr(position_writer, "MOST_BYTES", 2 * size)
    async with held(engine, one):
        first = asyncio.create_task(_put(regulator, one, _fix(now)))
        await until_held_up(engine)
        refused = await regulator.send(
            "PUT", f"/v1/vehicles/{other}/position", {**_fix(now), "x": "y" * size}
        )
        assert_problem(refused, 503, "too_busy")
    assert await first == {"accepted": True}
    assert await _put(regulator, other, _fix(now)) == {"accepted": True}


async def test_positions_are_counted_by_what_became_of_them(regulator: Caller, api: Api) -> None:
    own, theirs = api.world.cathare.vehicles[0].id, api.world.minervois.vehicles[0].id
    fixes = [_fix(datetime.now(UTC), vehicle_id=str(each)) for each in (own, own, theirs)]
    await regulator.post("/v1/positions", {"positions": fixes})
    page = (await regulator.get("/metrics")).text
    for outcome in ("accepted", "stale", "unknown"):
        assert f'rescousse_positions_total{{outcome="{outcome}"}} 1.0' in page
    assert "rescousse_position_batches_count 1.0" in page
