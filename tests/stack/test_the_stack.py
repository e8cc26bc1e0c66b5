"""The whole stack, through HTTP only: a life, and what happens when processes die in the middle of one."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable

import httpx
import pytest

from bench.players import LAT, LON
from domain.policy import Policy
from domain.vocabulary import STEPS
from tests.stack.conftest import Play

pytestmark = pytest.mark.timeout(240)

POLICY = Policy()
TIER_SECONDS = 30
"""Longer than a worker takes to come back, wherever the tests run."""


async def test_a_demand_from_the_post_to_disponible(play: Play) -> None:
    first, second, _ = play.companies
    await first.tick(first.vehicles[0], LAT, LON)
    await second.tick(second.vehicles[0], LAT, LON + 0.01)
    demand = await play.samu.post()
    await play.samu.until(demand["id"], "SOLICITING_VEHICLES")
    asked = await play.asked(first, demand["id"])
    told = (await first.answer(asked, "acceptance")).json()
    assert told["outcome"] == "CONFIRMED"
    for step in STEPS[1:]:
        assert (await first.step(told["mission_id"], step)).status_code == 200
    ended = await play.samu.until(demand["id"], "COMPLETED")
    assert [s["step"] for s in ended["mission"]["steps"]] == list(STEPS)
    losers = [s for s in ended["solicitations"] if s["company_id"] == second.account.id]
    assert [s["state"] for s in losers] == ["WITHDRAWN"]
    verdicts = (await play.samu.call("GET", f"/v1/demands/{demand['id']}/verdicts"))["items"]
    vehicles = {v["vehicle_id"] for v in verdicts if v.get("vehicle_id")}
    assert vehicles == {v.id for c in play.stack.accounts.companies for v in c.vehicles}


async def test_the_worker_is_killed_in_the_middle_of_a_tier(play: Play) -> None:
    """The tier still ends at its deadline, and an answer that is given meanwhile counts."""
    first, second, _ = play.companies
    await first.tick(first.vehicles[0], LAT, LON)
    await second.tick(second.vehicles[0], LAT, LON)
    async with play.stage.policy(short={**POLICY.short.model_dump(), "vehicles_s": TIER_SECONDS}):
        answered, silent = [await play.samu.post(max_delay_minutes=20) for _ in range(2)]
        for demand in (answered, silent):
            told = await play.samu.until(demand["id"], "SOLICITING_VEHICLES")
        asked = await play.asked(first, answered["id"])
        for pid in play.stack.pids.worker:
            os.kill(pid, signal.SIGKILL)
        response = await _until_engine_answers(lambda: first.answer(asked, "acceptance"))
        assert response.json()["outcome"] == "CONFIRMED"
        ended = await play.samu.until(silent["id"], "ARBITRATION", "SOLICITING_SITES", within=120)
    journal = (await play.samu.call("GET", f"/v1/demands/{silent['id']}/journal"))["items"]
    closed = next(f for f in journal if f["kind"] == "tier_closed")
    assert 0 <= _seconds(told["tier_deadline"], closed["at"]) < 5
    for demand in (answered, silent):
        await play.samu.call("POST", f"/v1/demands/{demand['id']}/cancellation", {"reason": "essai"})
    assert ended["status"] in {"ARBITRATION", "SOLICITING_SITES"}


async def test_rule_097_a_demand_posted_while_the_engine_is_down_is_kept_and_served(play: Play) -> None:
    first = play.companies[0]
    await first.tick(first.vehicles[0], LAT, LON)
    os.kill(play.stack.pids.temporal, signal.SIGSTOP)
    try:
        demand = await play.samu.post()
        assert demand["search"] == "DELAYED"
        assert demand["status"] == "RECEIVED"
    finally:
        os.kill(play.stack.pids.temporal, signal.SIGKILL)
    served = await play.samu.until(demand["id"], "SOLICITING_VEHICLES", within=60)
    assert served["search"] == "RUNNING"
    response = await _until_engine_answers(
        lambda: play.samu.http.post(f"/v1/demands/{demand['id']}/cancellation", json={"reason": "essai"})
    )
    assert response.status_code == 200


@pytest.mark.parametrize("victim", ["api", "postgres"])
async def test_a_killed_process_is_restarted_and_nothing_is_lost(play: Play, victim: str) -> None:
    first = play.companies[0]
    await first.tick(first.vehicles[0], LAT, LON)
    demand = await play.samu.post()
    await play.samu.until(demand["id"], "SOLICITING_VEHICLES")
    asked = await play.asked(first, demand["id"])
    pids = play.stack.pids
    os.kill(pids.api[0] if victim == "api" else pids.postgres, signal.SIGKILL)
    response = await _until_engine_answers(lambda: first.answer(asked, "acceptance"))
    assert response.json()["outcome"] == "CONFIRMED"
    cancelling = {"reason": "essai"}
    await _until_engine_answers(
        lambda: play.samu.http.post(f"/v1/demands/{demand['id']}/cancellation", json=cancelling)
    )


async def _until_engine_answers(
    call: Callable[[], Awaitable[httpx.Response]], within: float = 60
) -> httpx.Response:
    """Repeat, as any client does on 503 or a broken connection: always safe."""
    until = time.monotonic() + within
    while True:
        try:
            response = await call()
            if response.status_code < 500:
                return response
        except httpx.TransportError:
            response = None
        assert time.monotonic() < until, response and response.text
        await asyncio.sleep(0.5)


def _seconds(earlier: str, later: str) -> float:
    from datetime import datetime

    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
