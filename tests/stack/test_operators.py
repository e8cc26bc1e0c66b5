"""An operator helps a demand that is stuck, from the command line, on the real stack."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bench.players import LAT, LON, Samu, eventually
from bench.post import Post
from ops import demand_act
from ops.at_engine import CALL
from ops.cli import build_app
from tests.stack.conftest import Stage

Say = Callable[..., Awaitable[Result]]
OPERATOR = ("--by", "astreinte", "--reason", "téléphone éteint", "--yes")


@pytest.fixture
def say(stage: Stage) -> Say:
    """Run `rescousse demand …` on the stack as an operator does."""

    async def run(*words: object, here: bool = True, typed: str | None = None) -> Result:
        where = ("--data-dir", str(stage.stack.data_dir)) if here else ()
        arguments = ["demand", *map(str, words), *where]
        # In a thread, since the command has an event loop of its own.
        return await asyncio.to_thread(CliRunner().invoke, build_app(arguments), arguments, input=typed)

    return run


async def posted(stage: Stage) -> tuple[Samu, Post, str]:
    """A demand that two vehicles and a site are asked for."""
    company = await stage.regulator(1)
    await company.take()
    for vehicle in company.vehicles[:2]:
        await company.tick(vehicle, LAT, LON)
    for site in company.account.sites:
        await company.tick_site(site.id)
    demand = await stage.samu.post(reference=f"DR11-{os.urandom(4).hex()}x")
    await stage.samu.until(demand["id"], "SOLICITING_VEHICLES")
    return stage.samu, company, str(demand["id"])


async def shown(say: Say, demand_id: str) -> dict[str, Any]:
    result = await say("show", demand_id, "--json")
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.output)
    return told


async def fact(caller: Samu, demand_id: str, kind: str) -> dict[str, Any]:
    """The last fact of a kind; it is recorded a moment after the verdict."""

    async def told() -> list[dict[str, Any]]:
        return [each for each in await caller.journal(demand_id) if each["kind"] == kind]

    return (await eventually(told))[-1]


async def test_an_operator_looks_rings_and_asks_the_next_tier(stage: Stage, say: Say) -> None:
    samu, _, demand_id = await posted(stage)
    reference = (await samu.demand(demand_id))["reference"]
    told = await shown(say, reference)
    assert told["waits_for"] == "2 solicitations to be answered"
    assert {each["company_phone"] for each in told["state"]["asked"]} != {None}
    assert told["engine"]["status"] == "RUNNING"
    assert "Asked and silent: 2 VEHICLE" in told["engine"]["details"]
    assert told["wrong"] == []

    assert (await say("ring", demand_id[:13], *OPERATOR)).exit_code == 0
    rung = await fact(samu, demand_id, "solicitations_rung")
    assert (rung["data"]["by"]["role"], rung["data"]["reason"]) == ("ADMIN", "téléphone éteint")
    assert (await shown(say, reference))["state"]["facts"][-1]["by"] == "astreinte (ADMIN)"

    declined = await say("next-tier", demand_id, typed="n\n")
    assert declined.exit_code == 1
    assert (await samu.demand(demand_id))["status"] == "SOLICITING_VEHICLES"
    assert (await say("next-tier", demand_id, *OPERATOR)).exit_code == 2  # which?
    closing = ("next-tier", demand_id, *OPERATOR, "--tier", "VEHICLE")
    assert (await say(*closing)).exit_code == 0
    await samu.until(demand_id, "SOLICITING_SITES")
    blindly = await say(*closing)
    assert (blindly.exit_code, "(no_tier_running)" in blindly.output) == (1, True)
    assert (await samu.demand(demand_id))["status"] == "SOLICITING_SITES"


async def second_vehicle_accepts(company: Post, demand_id: str) -> None:
    """After the first lost its mission."""

    async def asked() -> list[dict[str, Any]]:
        return await company.open_solicitations(demand_id)

    [other, *_] = await eventually(asked)
    assert (await company.answer(other, "acceptance")).is_success


async def on_mission(stage: Stage) -> tuple[Samu, Post, str, str]:
    """A demand that the first vehicle which was asked has accepted; its name is the last."""
    samu, company, demand_id = await posted(stage)
    asked, _ = await company.open_solicitations(demand_id)
    assert (await company.answer(asked, "acceptance")).is_success
    await samu.until(demand_id, "ASSIGNED")
    name = next(each.name for each in company.vehicles if each.id == asked["vehicle_id"])
    return samu, company, demand_id, name


async def test_an_operator_takes_a_mission_back_and_closes_the_demand(stage: Stage, say: Say) -> None:
    samu, _, demand_id, name = await on_mission(stage)
    told = await shown(say, demand_id)
    assert told["state"]["engaged_vehicle"] == name
    assert f"Vehicle **{name}** of" in told["engine"]["details"]
    mission_id = told["state"]["mission"]["id"]
    screen = (await say("show", demand_id)).output
    assert (name in screen, mission_id in screen) == (True, True)

    assert (await say("reassign", demand_id, "--yes")).exit_code == 2  # no reason
    assert (await say("reassign", demand_id, *OPERATOR, "--mission", mission_id[:8])).exit_code == 0
    ended = await fact(samu, demand_id, "mission_ended")
    assert (ended["data"]["reason"], ended["data"]["detail"]) == ("REASSIGNED", "téléphone éteint")
    assert (await shown(say, demand_id))["state"]["engaged_vehicle"] is None

    assert (await say("close", demand_id, *OPERATOR)).exit_code == 0
    closed = await samu.until(demand_id, "CANCELLED")
    assert closed["end_reason"] == "téléphone éteint"
    again = await say("close", demand_id, *OPERATOR)
    assert (again.exit_code, "(demand_closed)" in again.output) == (1, True)


async def test_an_order_that_is_given_again_takes_no_other_mission(stage: Stage, say: Say) -> None:
    samu, company, demand_id, name = await on_mission(stage)
    assert (await say("reassign", demand_id, *OPERATOR)).exit_code == 2  # whose?
    other = await say("reassign", demand_id, *OPERATOR, "--mission", "ffffffff")
    assert (other.exit_code, f"{name} has it now" in other.output) == (1, True)
    mission_id = (await shown(say, demand_id))["state"]["mission"]["id"]
    taking = ("reassign", demand_id, *OPERATOR, "--mission", mission_id)
    assert (await say(*taking)).exit_code == 0
    await fact(samu, demand_id, "mission_ended")
    again = await say(*taking)
    assert (again.exit_code, "taken from its vehicle already" in again.output) == (0, True)
    await second_vehicle_accepts(company, demand_id)
    blindly = await say(*taking)
    assert (blindly.exit_code, "(mission_ended: " in blindly.output) == (1, True)
    await samu.until(demand_id, "ASSIGNED")


async def test_what_does_not_answer_is_said_in_a_sentence_and_nothing_is_done(
    stage: Stage, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, demand_id = await posted(stage)
    monkeypatch.setattr(demand_act, "ANSWER", demand_act.ANSWER / 10)
    workers = stage.stack.pids.worker
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        silent = await say("close", demand_id, *OPERATOR)
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    assert silent.exit_code == 3
    assert "no worker answers" in silent.output

    monkeypatch.setenv("RESCOUSSE_TEMPORAL_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("RESCOUSSE_DATABASE_URL", stage.stack.database)
    for module in ("demand_act", "demand_look"):
        monkeypatch.setattr(f"ops.{module}.CALL", CALL / 50)
    away = await say("ring", demand_id, *OPERATOR, here=False)
    assert (away.exit_code, "Temporal does not answer" in away.output) == (3, True)
    half = await say("show", demand_id, here=False)
    assert half.exit_code == 0
    assert "Temporal does not answer" in half.output
    unknown = await say("show", "no such demand", here=False)
    assert (unknown.exit_code, "no demand has the id or the reference" in unknown.output) == (1, True)
