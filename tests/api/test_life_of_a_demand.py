"""A whole life through HTTP, with the real worker and Temporal's own server."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from httpx_sse import ServerSentEvent
from sqlalchemy.ext.asyncio import AsyncEngine

from api.engine import TemporalEngine
from api.resources import Resources
from domain.vocabulary import STEPS
from geo.straight import StraightTravel
from tests.api.caller import Caller, Json, assert_problem, demand
from tests.api.conftest import Api, make_resources
from tests.api.test_stream import listening
from tests.workflow.server import real_time
from worker import build_worker

SECONDS = 20


@pytest.fixture
async def resources(engine: AsyncEngine, database_url: str) -> AsyncIterator[Resources]:
    """The API's resources, with a real engine and a real worker behind it."""
    queue = f"life-{uuid4()}"
    async with real_time() as env:
        running = build_worker(
            env.client, engine, StraightTravel(speed_kmh=70, detour=1.35), task_queue=queue, pool_size=10
        )
        async with running:
            yield make_resources(engine, database_url, TemporalEngine(env.client, queue))


class Listener:
    """Reads a stream until a fact of a kind comes."""

    def __init__(self, events: AsyncIterator[ServerSentEvent]) -> None:
        self._events = events

    async def until(self, kind: str) -> Json:
        async with asyncio.timeout(SECONDS):
            while (event := await anext(self._events)).event != kind:
                pass
        told: Json = json.loads(event.data)
        return told


async def test_from_the_post_to_disponible(samu: Caller, regulator: Caller, rival: Caller, api: Api) -> None:
    async with listening(samu) as heard, listening(regulator) as rung, listening(rival) as lost:
        posted = (await samu.post("/v1/demands", demand(), Idempotency_Key="post")).json()
        asked = (await Listener(rung).until("solicitation_opened"))["data"]
        theirs = (await Listener(lost).until("solicitation_opened"))["data"]
        path = f"/v1/solicitations/{asked['solicitation_id']}/acceptance"
        won = (await regulator.post(path, {}, Idempotency_Key="accept")).json()
        assert won["outcome"] == "CONFIRMED"
        late = await rival.post(f"/v1/solicitations/{theirs['solicitation_id']}/acceptance", {})
        assert_problem(late, 409, "already_assigned")
        mission = f"/v1/missions/{won['mission_id']}"
        assert (await regulator.get(mission)).json()["vehicle_id"] == asked["vehicle_id"]
        for step in STEPS[1:]:
            passed = await regulator.post(f"{mission}/steps", {"step": step, "step_id": str(uuid4())})
            assert (passed.status_code, passed.json()["status"]) == (200, "recorded"), passed.text
        await Listener(heard).until("demand_completed")
    told = (await samu.get(f"/v1/demands/{posted['id']}")).json()
    assert told["status"] == "COMPLETED"
    assert [each["step"] for each in told["mission"]["steps"]] == list(STEPS)
    verdicts = (await samu.get(f"/v1/demands/{posted['id']}/verdicts")).json()["items"]
    assert {each["vehicle_id"] for each in verdicts} >= {str(one.id) for one in api.world.vehicles}
    assert (await regulator.post(path, {})).json() == won
    assert_problem(await samu.post(f"/v1/demands/{posted['id']}/carence", {}), 409, "demand_closed")


async def test_rule_090_a_cancellation_stops_the_ringing_at_once(samu: Caller, regulator: Caller) -> None:
    async with listening(regulator) as rung:
        posted = (await samu.post("/v1/demands", demand())).json()
        await Listener(rung).until("solicitation_opened")
        began = time.perf_counter()
        done = await samu.post(f"/v1/demands/{posted['id']}/cancellation", {"reason": "SMUR"})
        assert done.json()["outcome"] == "RECORDED"
        withdrawn = await Listener(rung).until("solicitation_withdrawn")
        assert withdrawn["data"]["reason"] == "DEMAND_CANCELLED"
        assert time.perf_counter() - began < 3
