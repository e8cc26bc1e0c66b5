"""Who a patient is, where they live, and every secret: in no log, no figure, no history, no file where they must not be."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from temporalio.client import Client

from bench.players import LAT, LON, Heard, Json, eventually
from bench.post import Post
from bench.stack import Stack
from connecting import engine_access
from ops.where import settings_for
from tests.stack.conftest import Play
from tests.stack.leaks import Scan, Words
from tests.stack.scenes import pass_steps
from workflows.client import connect

pytestmark = pytest.mark.timeout(300)

IDENTITY = {"last name": "Zzmarkernom", "first name": "Zzmarkerprenom", "callback number": "+33499887713"}
PLACE = {
    "address": "7 rue Zzmarkerrue",
    "access": "code Zzmarkerporte",
    "motive": "Zzmarkermotif",
    "instructions": "Zzmarkerconsigne",
}
SENT = {
    "user name": "zzmarker-user",
    "password": "zzmarker-password",
    "key": "zzmarker-api-key",
    "token": "zzmarker-bearer",
    "query": "zzmarker-query",
    "path": "zzmarker-path",
    "body": "zzmarker-body",
}
POSTED_PLACES = ("table demands", "table place_texts", "table idempotency_keys", "file postgres/")
"""Where what the SAMU wrote of the place may be. The third keeps the answers to repeated requests for a day."""


async def test_what_must_not_be_read_is_nowhere(play: Play) -> None:
    stranger = await play.stage.ear_of(play.companies[2])  # it is asked nothing: it has ticked no vehicle
    asking, samu = await play.stage.ear_of(play.companies[0]), await play.stage.ear_of(play.samu)
    demand = await _live(play)
    await _send_rubbish(play)
    await samu.until(lambda fact: (fact["demand_id"], fact["kind"]) == (demand["id"], "demand_completed"))
    told = (await play.samu.http.get("/metrics")).raise_for_status().text
    scan = Scan(play.stack)
    found = await scan.find(
        Words(IDENTITY), Words(PLACE, POSTED_PLACES), Words(SENT), *_secrets(play.stack), _tokens(play)
    )
    for name, heard in (("stranger", stranger), ("company", asking), ("SAMU", samu)):
        found += Words({**IDENTITY, **PLACE}).in_(f"stream of the {name}", _text(heard))
    found += Words({**IDENTITY, **PLACE, **SENT}).in_("/metrics", told.encode())
    assert found == []
    assert demand["id"] not in _text(stranger).decode()
    _was_looked_at_everywhere(scan, demand["id"])


async def _live(play: Play) -> Json:
    """A demand of a patient who is read, whose worker is killed, and of which two writings fail on the way."""
    first = play.companies[0]
    await first.tick(first.vehicles[0], LAT, LON)
    patient = {"last_name": IDENTITY["last name"], "first_name": IDENTITY["first name"], "birth_year": 1931}
    body = {
        "reference": f"DRM-{uuid4()}",
        "max_delay_minutes": 40,
        "volume": "AMBULANCE",
        "pickup": {"lat": LAT, "lon": LON, "address": PLACE["address"], "access": PLACE["access"]},
        "motive": PLACE["motive"],
        "instructions": PLACE["instructions"],
        "callback_phone": IDENTITY["callback number"],
        "patient": patient,
    }
    headers = {"Idempotency-Key": str(uuid4())}
    async with _without(play.stack, "patients"):
        assert (await play.samu.http.post("/v1/demands", json=body, headers=headers)).status_code >= 500
    demand = await play.samu.post(**body)
    await play.samu.until(demand["id"], "SOLICITING_VEHICLES")
    for pid in play.stack.pids.worker:
        os.kill(pid, signal.SIGKILL)
    asked = await play.asked(first, demand["id"])
    told = await _confirmed(first, asked)
    assert IDENTITY["last name"] in (await first.http.get(f"/v1/missions/{told['mission_id']}")).text
    assert IDENTITY["last name"] in (await play.samu.http.get(f"/v1/demands/{demand['id']}")).text
    async with _without(play.stack, "mission_steps"):
        await first.step(told["mission_id"], "PARTI")
    await pass_steps(first, told["mission_id"])
    return demand


async def _confirmed(owner: Post, asked: Json) -> Json:
    """The worker comes back; until then the answer is repeated, as anybody's software does."""

    async def answer() -> Json | None:
        response = await owner.answer(asked, "acceptance")
        return response.json() if response.status_code == httpx.codes.OK else None

    told = await eventually(answer, 60)
    assert told is not None
    assert told["outcome"] == "CONFIRMED"
    return told


async def _send_rubbish(play: Play) -> None:
    """What people send by mistake, and what others try."""
    async with httpx.AsyncClient(base_url=play.stack.api, timeout=20) as http:
        form = {"username": SENT["user name"], "password": SENT["password"]}
        answers = [
            await http.post("/v1/token", data=form),
            await http.get("/v1/me", headers={"X-API-Key": SENT["key"]}),
            await http.get("/v1/me", headers={"Authorization": f"Bearer {SENT['token']}"}),
            await http.get(f"/v1/{SENT['path']}/x", params={"q": SENT["query"]}),
            await play.samu.http.get("/v1/demands", params={"status": SENT["query"]}),
            await play.samu.http.get(f"/v1/demands/{SENT['path']}"),
            await play.samu.http.post("/v1/demands", content=f'{{"{SENT["body"]}": ', headers=JSON),
            await play.samu.http.post("/v1/demands", json={"patient": {"last_name": SENT["body"] * 99}}),
        ]
    assert all(400 <= answer.status_code < 500 for answer in answers), [each.status_code for each in answers]


JSON = {"Content-Type": "application/json"}


@contextlib.asynccontextmanager
async def _without(stack: Stack, table: str) -> AsyncIterator[None]:
    """A table that is not there for a moment: what is written to it fails with all that it holds."""
    async with await psycopg.AsyncConnection.connect(stack.database, autocommit=True) as connection:
        await connection.execute(f"ALTER TABLE {table} RENAME TO {table}_away".encode())
        try:
            yield
        finally:
            await connection.execute(f"ALTER TABLE {table}_away RENAME TO {table}".encode())


def _secrets(stack: Stack) -> Iterator[Words]:
    """What the stack made for itself, and the demo's accounts, which `runtime.json` is there to tell."""
    files = {f"secrets/{path.name}": _key(path) for path in (stack.data_dir / "secrets").iterdir()}
    yield Words(files, ("file secrets/",))
    accounts = stack.accounts
    logins = (accounts.coordinator, *(company.regulator for company in accounts.companies))
    people = {f"password of {one.username}": one.password for one in logins}
    yield Words({"the SAMU's key": accounts.samu.api_key, **people}, ("file runtime.json",))


def _key(path: Path) -> str:
    return path.read_text().strip().rpartition(":")[2]


def _tokens(play: Play) -> Words:
    bearer = play.companies[0].http.headers["Authorization"].partition(" ")[2]
    return Words({"access token": bearer, "its signature": bearer.rpartition(".")[2]})


def _text(heard: Heard) -> bytes:
    return str(heard.facts).encode()


def _was_looked_at_everywhere(scan: Scan, demand_id: str) -> None:
    """The control: none of the places was empty by mistake."""
    wanted = [f"file log/{name}.log" for name in ("api-1", "worker-1", "postgres", "temporal")]
    wanted += ["file temporal/temporal.db", "file temporal/temporal.db-wal", "file secrets/secret_key"]
    wanted += ["table patients", "table journal", f"history demand-{demand_id}"]
    wanted += [f"opened history demand-{demand_id}", "file runtime.json"]
    assert [place for place in wanted if place not in scan.looked] == []


async def test_the_scan_finds_what_is_planted(stack: Stack) -> None:
    word = f"zzplanted{uuid4().hex}"
    client = await connect(engine_access(settings_for(stack.data_dir)))
    plain = await Client.connect(stack.temporal)
    log = stack.data_dir / "log" / "planted.log"
    handles = [
        await each.start_workflow("Planted", word, id=f"planted-{number}-{uuid4()}", task_queue="nobody")
        for number, each in enumerate((client, plain))
    ]
    log.write_text(f"a line that says {word.upper()}\n")
    async with await psycopg.AsyncConnection.connect(stack.database, autocommit=True) as connection:
        await connection.execute("CREATE TABLE planted (a text, b bytea)")
        try:
            await connection.execute("INSERT INTO planted VALUES ('', %s)", [word.encode()])
            sealed, clear = (handle.id for handle in handles)
            wanted = {
                "file log/planted.log",
                "table planted",
                f"opened history {sealed}",
                f"opened history {clear}",
                f"history {clear}",
                "file temporal/temporal.db-wal",
            }
            async with asyncio.timeout(30):  # until the engine's list has both
                while not wanted <= (found := await _places(stack, word)):  # noqa: ASYNC110 - the engine tells nobody
                    await asyncio.sleep(0.2)
            assert f"history {sealed}" not in found
        finally:
            await connection.execute("DROP TABLE planted")
            log.unlink()
            for handle in handles:
                await handle.terminate()


async def _places(stack: Stack, word: str) -> set[str]:
    return {each.removeprefix("word in ") for each in await Scan(stack).find(Words({"word": word}))}
