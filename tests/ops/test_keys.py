"""Changing a key, from the first to the last command: nothing is lost on the way, and then the old key is gone."""

import asyncio
import contextlib
import io
import os
import platform
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
import typer
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from uuid_utils.compat import uuid7

from connecting import engine_access
from ops.embedded.datadir import DataDir, hold, load_secrets, read_secrets
from ops.embedded.runtime_file import Pids, Runtime, key_ids, write_runtime
from ops.keys import command, retiring, rings
from ops.keys.rings import Ring
from ops.operators import IMAGE_ACCOUNT
from ops.where import settings_for
from storage import audit, tables
from storage.identity import PatientIdentity, keep_identity, read_identity
from storage.keyring import Keyring, UnreadableError
from storage.resealing import BATCH, sealed_with
from tests.fixtures.world import World
from tests.unit.stories import vehicle
from tests.workflow.server import real_time
from tests.workflow.story import Dispatch
from tests.workflow.world import World as Fleet
from workflows.client import connect, demand_handle

ROOT = Path(__file__).resolve().parents[2]
OLD = "embedded"
MANY = BATCH + 1
Run = Callable[..., Awaitable[str]]


@dataclass
class Stand:
    """A data directory whose stack is this test's PostgreSQL and Temporal, and nothing else."""

    data: DataDir
    database: AsyncEngine
    database_url: str
    temporal: str

    def restart(self) -> None:
        """What `rescousse up` does: it reads the rings as they are now."""
        told = Runtime(
            api="http://none",
            temporal=self.temporal,
            temporal_ui="http://none",
            database=self.database_url,
            pids=Pids(postgres=1, temporal=1, worker=[1], api=[1]),
            accounts=None,
            keys=key_ids(read_secrets(self.data), datetime.now(UTC)),
        )
        write_runtime(self.data.runtime_file, told)

    def keyring(self, ring: Ring) -> Keyring:
        settings = settings_for(self.data.root)
        return Keyring(settings.identity_key_ring if ring is Ring.IDENTITY else settings.payload_key_ring)

    async def client(self) -> Client:
        return await connect(engine_access(settings_for(self.data.root)))

    async def counted(self) -> dict[str, int]:
        async with self.database.connect() as connection:
            return await sealed_with(connection)


@pytest.fixture(scope="module")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    async with real_time() as started:
        yield started


@pytest.fixture
def stand(tmp_path: Path, engine: AsyncEngine, database_url: str, env: WorkflowEnvironment) -> Stand:
    address = env.client.service_client.config.target_host
    with hold(tmp_path / "data") as data:
        load_secrets(data)
    made = Stand(data, engine, database_url, address)
    made.restart()
    return made


@pytest.fixture
def run(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on the data directory; what it printed, and how it ended if not well."""
    monkeypatch.setenv("LOGNAME", "astreinte")  # not the image's account, whoever runs the tests

    async def run(command: Callable[..., None], *arguments: object, by: str = "") -> str:
        printed = io.StringIO()
        who = {"by": by} if by else {}

        def call() -> None:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                command(*arguments, data_dir=stand.data.root, **who)

        try:
            await asyncio.to_thread(call)
        except typer.Exit as ended:
            return f"{printed.getvalue()}exit {ended.exit_code}"
        return printed.getvalue()

    return run


async def test_an_identity_key_is_changed_and_no_patient_is_lost(
    stand: Stand, world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stand.keyring(Ring.IDENTITY)
    patients = await _keep_patients(stand, world, MANY)
    new = _kid(await run(command.add_command, Ring.IDENTITY))
    both = stand.keyring(Ring.IDENTITY)
    assert both.key_ids == (new, OLD)
    assert await _name(stand, both, patients[0]) == "Zzmarker 0"
    assert set(before.digests("request", b"x")) & set(both.digests("request", b"x"))
    assert "restart `rescousse up` first" in await run(command.retire_command, Ring.IDENTITY, OLD)
    assert "restart `rescousse up` first" in await run(
        command.reseal_command
    )  # who runs now could read nobody
    stand.restart()
    assert f"{MANY} patients are sealed with 'embedded'" in await run(
        command.retire_command, Ring.IDENTITY, OLD
    )

    await _killed_in_the_middle(stand, patients[-1])
    assert await stand.counted() == {OLD: 1, new: BATCH}
    assert f"sealed again with {new}" in await run(command.reseal_command)
    assert await stand.counted() == {new: MANY}
    assert f"0 patients were sealed again with {new}" in await run(command.reseal_command)

    assert "requests of the last 24 hours" in await run(command.retire_command, Ring.IDENTITY, OLD)
    monkeypatch.setattr(retiring, "KEPT_FOR", timedelta())
    assert "is off the identity ring" in await run(command.retire_command, Ring.IDENTITY, OLD)
    after = stand.keyring(Ring.IDENTITY)
    assert after.key_ids == (new,)
    assert [await _name(stand, after, each) for each in (patients[0], patients[-1])] == [
        "Zzmarker 0",
        f"Zzmarker {MANY - 1}",
    ]
    with pytest.raises(UnreadableError):
        await _name(stand, before, patients[0])


async def test_a_payload_key_is_kept_as_long_as_the_engine_keeps_what_it_sealed(
    stand: Stand, run: Run
) -> None:
    fleet = Fleet(vehicle("A1"))
    old = Dispatch(WorkflowEnvironment.from_client(await stand.client()), fleet)
    async with old.worker():
        handle = await old.post()
        await old.solicitation(handle, vehicle("A1"))
    new = _kid(await run(command.add_command, Ring.PAYLOAD))
    stand.restart()
    assert "needed by 1 running workflows and 0 ended ones" in await run(
        command.retire_command, Ring.PAYLOAD, OLD
    )
    client = await stand.client()
    again = Dispatch(WorkflowEnvironment.from_client(client), fleet)
    again.task_queue = old.task_queue
    async with again.worker(cached=0):
        same = demand_handle(client, UUID(handle.id.removeprefix("demand-")))
        await again.cancel(same)  # opened with the old key, answered with the new one
        await same.result()
    assert re.search(r"0 running workflows and 1 ended ones, .* until 20", await _retire_once_seen(run))
    shown = await run(command.show_command, True)
    assert [line.split()[-2:] for line in shown.splitlines() if line.startswith("payload")] == [
        ["0", "1"]
    ] * 2
    unused, newest = [_kid(await run(command.add_command, Ring.PAYLOAD)) for _ in range(2)]
    stand.restart()
    assert f"'{new}' is needed by 0 running" in await run(command.retire_command, Ring.PAYLOAD, new)
    assert "is off the payload ring" in await run(command.retire_command, Ring.PAYLOAD, unused)
    assert stand.keyring(Ring.PAYLOAD).key_ids == (newest, new, OLD)


async def test_what_must_not_go_stays(stand: Stand, run: Run) -> None:
    for ring in Ring:
        assert "is the key that encrypts" in await run(command.retire_command, ring, OLD)
        assert "has no key 'other'" in await run(command.retire_command, ring, "other")
        assert stand.keyring(ring).key_ids == (OLD,)
    stand.data.runtime_file.unlink()
    assert "no stack runs from" in await run(command.retire_command, Ring.PAYLOAD, OLD)


async def test_no_command_shows_a_key(stand: Stand, world: World, run: Run) -> None:
    await _keep_patients(stand, world, 1)
    printed = [await run(command.add_command, ring) for ring in Ring]
    stand.restart()
    printed += [await run(command.show_command, True), await run(command.reseal_command)]
    keys = [entry.partition(":")[2] for ring in Ring for entry in _file(stand, ring).read_text().split(",")]
    assert len(keys) == 4
    assert not [key for key in keys if key.strip() in "".join(printed)]
    assert {_file(stand, ring).stat().st_mode & 0o777 for ring in Ring} == {0o600}


async def test_whoever_changes_keys_stands_in_the_trail(
    stand: Stand, world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _keep_patients(stand, world, 1)
    monkeypatch.setattr(retiring, "KEPT_FOR", timedelta())
    new = _kid(await run(command.add_command, Ring.IDENTITY, by="Anne Fictive"))
    assert "restart" in await run(command.reseal_command, by="Anne Fictive")  # refused: no line
    stand.restart()
    for refused in (
        await run(command.retire_command, Ring.IDENTITY, OLD, by="Anne Fictive"),
        await run(command.retire_command, Ring.IDENTITY, new, by="Anne Fictive"),
    ):
        assert refused.endswith("exit 1")
    await run(command.reseal_command, by="Anne Fictive")
    assert "warning" not in await run(command.retire_command, Ring.IDENTITY, OLD, by="Anne Fictive")
    async with stand.database.connect() as connection:
        lines = await audit.events(connection, None, (), 10)
    assert {each.actor for each in lines} == {f"operator Anne Fictive (astreinte@{platform.node()})"}
    assert [(each.kind, each.subject) for each in reversed(lines)] == [
        ("RING_KEY_ADDED", f"ring:identity {new}"),
        ("PATIENTS_RESEALED", f"ring:identity {new}"),
        ("RING_KEY_RETIRED", f"ring:identity {OLD}"),
    ]


async def test_in_a_container_no_key_is_changed_before_the_operator_says_who_they_are(
    stand: Stand, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", IMAGE_ACCOUNT)
    changes: list[tuple[Callable[..., None], tuple[str, ...]]] = [
        (command.add_command, (Ring.PAYLOAD,)),
        (command.retire_command, (Ring.PAYLOAD, OLD)),
        (command.reseal_command, ()),
    ]
    for change, arguments in changes:
        with pytest.raises(typer.BadParameter, match="--by NAME"):
            await run(change, *arguments)
    assert stand.keyring(Ring.PAYLOAD).key_ids == (OLD,)


async def test_keys_are_changed_without_a_database_and_the_line_that_is_missing_is_said(
    stand: Stand, run: Run
) -> None:
    stand.database_url = "postgresql://nobody@127.0.0.1:1/nowhere"
    stand.restart()
    away = await run(command.add_command, Ring.IDENTITY, by="Anne Fictive")
    stand.data.runtime_file.unlink()
    stopped = await run(command.add_command, Ring.PAYLOAD, by="Anne Fictive")
    for told, ring, reason in (
        (away, Ring.IDENTITY, "the database does not answer"),
        (stopped, Ring.PAYLOAD, "no stack runs from"),
    ):
        new = _kid(told)
        assert f"the audit trail has no line of it: {reason}" in told
        assert f"RING_KEY_ADDED ring:{ring} {new} by operator Anne Fictive (astreinte@" in told
        assert "exit" not in told
        assert list(rings.read(stand.data, ring)) == [new, OLD]


async def test_a_patient_that_cannot_be_opened_is_left_and_said(stand: Stand, world: World, run: Run) -> None:
    [lost] = await _keep_patients(stand, world, 1, Keyring({"gone": b"g" * 32}))
    assert "1 patients cannot be opened" in await run(command.reseal_command)
    assert "MISSING" in await run(command.show_command, False)
    assert await _name(stand, Keyring({"gone": b"g" * 32}), lost) == "Zzmarker 0"


async def _keep_patients(
    stand: Stand, world: World, count: int, keyring: Keyring | None = None
) -> list[UUID]:
    keyring = keyring or stand.keyring(Ring.IDENTITY)
    ids = [uuid7() for _ in range(count)]
    now = datetime.now(UTC)
    demands = [
        {
            "id": each,
            "samu_id": world.samu_id,
            "reference": str(each),
            "content_hash": b"",
            "received_at": now,
            "start": {},
        }
        for each in ids
    ]
    async with stand.database.begin() as connection:
        await connection.execute(sa.insert(tables.demands), demands)
        for number, each in enumerate(ids):
            identity = PatientIdentity(last_name=f"Zzmarker {number}", birth_year=1950)
            await keep_identity(connection, keyring, each, identity)
    return ids


async def _name(stand: Stand, keyring: Keyring, demand_id: UUID) -> str | None:
    async with stand.database.begin() as connection:
        read = await read_identity(connection, keyring, demand_id, reader="test", role="ADMIN")
    assert read is not None
    return read.last_name


async def _killed_in_the_middle(stand: Stand, last: UUID) -> None:
    """Another process seals again, and is killed between two batches: the second waits for a row that is held."""
    held = "SELECT 1 FROM patients WHERE demand_id = %s FOR UPDATE"
    # Not one of our own engine's, which gives a transaction that waits half a minute: the child takes its time to begin.
    async with await psycopg.AsyncConnection.connect(stand.database_url) as connection:
        await connection.execute(held, [last])
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-u", "-m", "ops", "keys", "reseal", "--data-dir", str(stand.data.root),
            stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert child.stderr is not None
        assert b"sealed again" in await asyncio.wait_for(child.stderr.readline(), 60)
        child.kill()
        await child.wait()


async def _retire_once_seen(run: Run) -> str:
    """The engine's list of workflows learns of an end a moment later."""
    async with asyncio.timeout(20):
        while "1 running" in (told := await run(command.retire_command, Ring.PAYLOAD, OLD)):  # noqa: ASYNC110 - another process learns of it
            await asyncio.sleep(0.05)
    return told


def _kid(told: str) -> str:
    found = re.search(r"first key, (\S+)\.", told)
    assert found is not None, told
    return found.group(1)


def _file(stand: Stand, ring: Ring) -> Path:
    return stand.data.secrets / ring.setting
