"""`rescousse doctor` on the real stack: healthy it says so; what is broken, frozen or left over it says, one by one."""

import asyncio
import base64
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb
from typer.testing import CliRunner

from bench.players import LAT, LON, eventually
from ops.cli import build_app
from ops.doctor.command import LOOKS
from ops.doctor.findings import Finding, Severity
from ops.doctor.looking import examine
from ops.doctor.place import Place, find_place
from tests.stack.conftest import Play, Stage

pytestmark = pytest.mark.timeout(180)

LONG_AGO = timedelta(minutes=5)


def _place(stage: Stage) -> Place:
    return find_place(stage.stack.data_dir, [])


async def _wrong(place: Place) -> list[Finding]:
    """What is wrong now."""
    found = (await examine(place, LOOKS)).findings
    return [one for one in found if one.severity is Severity.WRONG]


def _says(findings: Sequence[Finding], *words: str) -> bool:
    return all(any(word in one.sentence for one in findings) for word in words)


async def _until_healthy(place: Place) -> None:
    async def nothing_is_wrong() -> bool:
        return not await _wrong(place)

    await eventually(nothing_is_wrong, 60)


@contextmanager
def _frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def _database(stage: Stage) -> AsyncIterator["psycopg.AsyncConnection[tuple[object, ...]]"]:
    async with await psycopg.AsyncConnection.connect(stage.stack.database, autocommit=True) as connection:
        yield connection


async def test_a_healthy_stack_is_said_to_be_healthy_in_the_midst_of_a_demand(play: Play) -> None:
    first = play.companies[0]
    await first.tick(first.vehicles[0], LAT, LON)
    patient = {"last_name": "Imaginaire", "sex": "F"}
    demand = await play.samu.post(patient=patient)
    await play.samu.until(demand["id"], "SOLICITING_VEHICLES")
    await _until_healthy(_place(play.stage))
    arguments = ["doctor", "--json", "--data-dir", str(play.stack.data_dir)]

    async def healthy() -> str:  # a machine that is busy with other tests may answer too late once
        result = await asyncio.to_thread(CliRunner().invoke, build_app(arguments), arguments)
        return result.stdout if result.exit_code == 0 else ""

    printed = await eventually(healthy, 60)
    told = json.loads(printed)
    assert told["healthy"]
    assert set(told["looked_at"]) == {look.part for look in LOOKS}
    assert "Imaginaire" not in printed
    await _the_key_is_missed(_place(play.stage))


async def _the_key_is_missed(place: Place) -> None:
    """Another key under the same name opens nothing, and that is said before anybody asks for a patient."""
    [kid] = place.settings.identity_key_ring
    other = f"{kid}:{base64.b64encode(bytes(32)).decode()}"
    changed = replace(place, settings=place.settings.model_copy(update={"identity_keys": other}))
    assert _says(await _wrong(changed), f"encrypted with the key {kid!r} cannot be read")


async def test_a_worker_that_is_frozen(stage: Stage) -> None:
    [worker] = stage.stack.pids.worker
    with _frozen(worker):
        found = await _wrong(_place(stage))
    assert _says(found, f"The worker (process {worker}) is stopped by a signal", "No worker answers")
    await _until_healthy(_place(stage))


async def test_an_engine_that_is_frozen(stage: Stage) -> None:
    with _frozen(stage.stack.pids.temporal):
        found = await _wrong(_place(stage))
    assert _says(found, "The engine (process", "does not answer within", "is not ready, it lacks: engine"), (
        found
    )
    await _until_healthy(_place(stage))


async def test_a_database_that_is_frozen(stage: Stage) -> None:
    with _frozen(stage.stack.pids.postgres):
        examination = await examine(_place(stage), LOOKS)
    assert _says(examination.findings, "PostgreSQL does not answer within", "The database (process")
    [left] = [one for one in examination.findings if one.part == "doctor"]
    assert "demands" in left.sentence
    assert "workers" in examination.looked_at
    await _until_healthy(_place(stage))


async def test_what_is_left_over_or_lost_is_said_row_by_row(stage: Stage) -> None:
    vehicle = stage.stack.accounts.companies[0].vehicles[0]
    waiting, lost, mission = uuid4(), uuid4(), uuid4()
    async with _database(stage) as connection, _cleared(connection, waiting, lost, mission):
        await _insert_demand(connection, stage, waiting, "RECEIVED", started=False)
        await _insert_demand(connection, stage, lost, "SOLICITING_SITES", started=True)
        held = "INSERT INTO engagements VALUES (%s, %s, %s, now() - interval '5 minutes')"
        await connection.execute(held, [vehicle.id, uuid4(), mission])
        found = await _wrong(_place(stage))
    assert _says(
        found,
        f"The demand DRM-{waiting} ({waiting}) has waited for the engine for 5 min",
        f"The demand DRM-{lost} ({lost}) is SOLICITING_SITES, which should have ended 5 min ago",
        f"demand-{lost} is open in the database, and the engine has never heard of it",
        f"The vehicle {vehicle.name} has been held for 5 min for the mission {mission}, of which nothing was written",
    ), found
    assert len(found) == 4
    await _until_healthy(_place(stage))


async def _insert_demand(
    connection: "psycopg.AsyncConnection[tuple[object, ...]]",
    stage: Stage,
    demand_id: object,
    status: str,
    *,
    started: bool,
) -> None:
    """A demand of five minutes ago that no sweeper touches for an hour."""
    then = datetime.now(UTC) - LONG_AGO
    samu_id = stage.stack.accounts.samu.id
    posted = (
        "INSERT INTO demands (id, samu_id, reference, content_hash, received_at, start, started_at, try_again_at)"
        " VALUES (%s, %s, %s, '', %s, %s, %s, now() + interval '1 hour')"
    )
    await connection.execute(
        posted, [demand_id, samu_id, f"DRM-{demand_id}", then, Jsonb({}), then if started else None]
    )
    view = (
        "INSERT INTO demand_views (demand_id, samu_id, version, status, received_at, max_delay_minutes, volume, lat, lon,"
        " deadline, tier_deadline) VALUES (%s, %s, 1, %s, %s, 40, 'AMBULANCE', 43, 2, %s, %s)"
    )
    await connection.execute(view, [demand_id, samu_id, status, then, then, then if started else None])


@asynccontextmanager
async def _cleared(
    connection: "psycopg.AsyncConnection[tuple[object, ...]]", waiting: object, lost: object, mission: object
) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await connection.execute("DELETE FROM engagements WHERE mission_id = %s", [mission])
        await connection.execute("DELETE FROM demand_views WHERE demand_id = ANY(%s)", [[waiting, lost]])
        await connection.execute("DELETE FROM demands WHERE id = ANY(%s)", [[waiting, lost]])


async def test_migrations_that_are_missing(stage: Stage) -> None:
    async with _database(stage) as connection:
        rows = await connection.execute("SELECT version_num FROM alembic_version")
        [head] = await rows.fetchone() or [None]
        await connection.execute("UPDATE alembic_version SET version_num = '0001'")
        try:
            found = await _wrong(_place(stage))
        finally:
            await connection.execute("UPDATE alembic_version SET version_num = %s", [head])
    assert _says(found, "migrations are missing", "is not ready, it lacks: migrations")
    await _until_healthy(_place(stage))
