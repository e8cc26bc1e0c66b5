"""After a loading everything works: people log in, take their posts, and a demand of the new SAMU reaches the company."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from api.engine import TemporalEngine
from api.resources import Resources
from geo.straight import StraightTravel
from ops.directory.command import TEMPLATE
from tests.api.caller import Caller, Json, assert_problem, demand
from tests.api.conftest import make_resources, regulating, serving
from tests.ops.directory import Run, load, run, secrets_in
from tests.workflow.server import real_time
from worker import build_worker

__all__ = ["load", "run"]  # fixtures

SECONDS = 20


@pytest.fixture
async def resources(engine: AsyncEngine, database_url: str) -> AsyncIterator[Resources]:
    """Those of an API on the same database, with a real engine and a real worker behind it."""
    queue = f"directory-{uuid4()}"
    async with real_time() as env:
        travel = StraightTravel(speed_kmh=70, detour=1.35)
        async with build_worker(env.client, engine, travel, task_queue=queue, pool_size=10):
            yield make_resources(engine, database_url, TemporalEngine(env.client, queue))


@pytest.fixture
async def http(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(resources) as url, httpx.AsyncClient(base_url=url, timeout=20) as client:
        yield client


async def _log_in(http: httpx.AsyncClient, username: str, password: str) -> Caller:
    answer = await http.post("/v1/token", data={"username": username, "password": password})
    caller = Caller(http, {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"})
    device = await caller.post("/v1/devices", {"kind": "WEB", "name": "poste"})
    return caller.on_device(device.raise_for_status().json()["id"])


async def _ready(caller: Caller) -> Json:
    """The regulator takes the site, ticks the first vehicle and says where it is; that vehicle."""
    fleet = (await caller.get("/v1/fleet")).raise_for_status().json()
    [company] = fleet["companies"]
    await regulating(caller, company["sites"][0]["id"])
    vehicle: Json = company["vehicles"][0]
    path = f"/v1/vehicles/{vehicle['id']}"
    (await caller.send("PUT", f"{path}/availability", {"available": True})).raise_for_status()
    fix = {"lat": 43.2130, "lon": 2.3491, "recorded_at": datetime.now(UTC).isoformat()}
    (await caller.send("PUT", f"{path}/position", fix)).raise_for_status()
    return vehicle


async def _until(caller: Caller, path: str, holds: Callable[[Json], bool]) -> Json:
    async with asyncio.timeout(SECONDS):
        while True:
            told: Json = (await caller.get(path)).raise_for_status().json()
            if holds(told):
                return told
            await asyncio.sleep(0.05)


async def test_a_demand_of_the_new_samu_reaches_the_vehicle_of_the_new_company(
    http: httpx.AsyncClient, load: Run
) -> None:
    shown = secrets_in((await load(TEMPLATE.read_text(encoding="utf-8"), "--keys")).output)
    regulator = await _log_in(http, "regulation.lac", shown["regulation.lac"])
    vehicle = await _ready(regulator)
    samu = Caller(http, {"X-API-Key": shown["SAMU 11"]})
    posted = (await samu.post("/v1/demands", demand())).raise_for_status().json()
    [asked] = (await _until(regulator, "/v1/solicitations", lambda told: told["items"]))["items"]
    assert (asked["demand_id"], asked["vehicle_id"]) == (posted["id"], vehicle["id"])
    won = await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})
    assert won.json()["outcome"] == "CONFIRMED"
    doctor = await _log_in(http, "regulation.samu11", shown["regulation.samu11"])
    await _until(doctor, f"/v1/demands/{posted['id']}", lambda told: told["status"] == "ASSIGNED")
    paris = demand(pickup={"lat": 48.85, "lon": 2.35, "address": "Paris"})
    assert (await samu.post("/v1/demands", paris)).status_code == 422  # outside its départements


async def test_everybody_of_the_file_logs_in(http: httpx.AsyncClient, load: Run) -> None:
    shown = secrets_in((await load(TEMPLATE.read_text(encoding="utf-8"))).output)
    for username in ("coordination.atsu11", "equipage.lac.1", "exploitation"):
        caller = await _log_in(http, username, shown[username])
        assert (await caller.get("/v1/me")).raise_for_status().json()["name"] == username
        wrong = await http.post("/v1/token", data={"username": username, "password": "wrong"})
        assert_problem(wrong, 401, "invalid_credentials")
