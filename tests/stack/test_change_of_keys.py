"""Both rings of keys are changed as an operator does it, stopping and starting the stack, while a demand is under way."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb
from typer.testing import CliRunner, Result

from bench.players import LAT, LON, Samu, samu
from bench.post import Post, post
from bench.stack import Stack, running_stack
from domain.vocabulary import STEPS
from ops.cli import build_app
from ops.embedded.datadir import DataDir
from ops.keys import retiring, rings
from ops.keys.rings import Ring

pytestmark = pytest.mark.timeout(300)

OLD = "embedded"
BY = ("--by", "Anne Fictive")
NAME = "Zzclefs"
LONG_TIERS = {
    "machine_search_s": 3600,
    "short": {"guard_s": 3600, "vehicles_s": 3600, "sites_s": 3600},
}
"""Whoever is solicited when the stack is stopped still is when it is back, however slow the machine."""
Say = Callable[..., Awaitable[Result]]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataDir:
    monkeypatch.setenv("RESCOUSSE_TRAVEL_ENGINE", "straight")
    return DataDir(tmp_path / "data")


@pytest.fixture
def say(data: DataDir) -> Say:
    """Run `rescousse …` on the data directory as an operator does."""

    async def run(*words: str) -> Result:
        arguments = [*words, "--data-dir", str(data.root)]
        # In a thread, since the command has an event loop of its own.
        return await asyncio.to_thread(CliRunner().invoke, build_app(arguments), arguments)

    return run


async def test_a_demand_goes_on_and_its_patient_is_read_while_both_rings_are_changed(
    data: DataDir, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as clients:  # which stay what they are while the stack is away
        async with running_stack(data_dir=data.root) as stack:
            caller, company, demand_id = await _begin(clients, stack)
        identity, payload = [await _added(say, ring) for ring in Ring]
        async with running_stack(data_dir=data.root) as stack:
            _find_again(stack, caller, company)
            mission_id = await _accept(company, demand_id)
            await _patient_is_read(caller, company, demand_id, mission_id)
            monkeypatch.setattr(retiring, "KEPT_FOR", timedelta())  # a day later
            await _resealed_and_retired(say, identity)
        assert list(rings.read(data, Ring.IDENTITY)) == [identity]
        assert list(rings.read(data, Ring.PAYLOAD)) == [payload, OLD]
        async with running_stack(data_dir=data.root) as stack:
            _find_again(stack, caller, company)
            await _patient_is_read(caller, company, demand_id, mission_id)
            assert await _keys(say) == [
                ("identity", identity, "1"),
                ("payload", payload, ""),
                ("payload", OLD, ""),
            ]
            for step in STEPS[2:]:
                told = await company.step(mission_id, step)
                assert told.status_code == httpx.codes.OK, f"{step}: {told.text}"
            await caller.until(demand_id, "COMPLETED")


async def _begin(clients: AsyncExitStack, stack: Stack) -> tuple[Samu, Post, str]:
    """A demand with a patient, for which a company is asked."""
    with psycopg.connect(stack.database, autocommit=True) as connection:
        connection.execute("UPDATE samus SET policy = policy || %s", [Jsonb(LONG_TIERS)])
    caller = await clients.enter_async_context(samu(stack.api, stack.accounts.samu.api_key))
    company = await clients.enter_async_context(post(stack.api, stack.accounts.companies[0]))
    await company.take()
    await company.tick(company.vehicles[0], LAT, LON)
    demand = await caller.post(max_delay_minutes=20, patient={"last_name": NAME, "birth_year": 1941})
    await caller.until(demand["id"], "SOLICITING_VEHICLES")
    return caller, company, str(demand["id"])


async def _added(say: Say, ring: Ring) -> str:
    """A new first key, while nothing runs: there is no trail to write to, and that is said."""
    told = await say("keys", "add", ring, *BY)
    assert told.exit_code == 0, told.output
    assert "the audit trail has no line of it: no stack runs from" in told.output
    found = re.search(r"first key, (\S+)\.", told.output)
    assert found is not None, told.output
    return found.group(1)


def _find_again(stack: Stack, *clients: Samu | Post) -> None:
    """The stack is back under another port; who they are, and what they hold, is as it was."""
    for each in clients:
        each.http.base_url = httpx.URL(stack.api)


async def _accept(company: Post, demand_id: str) -> str:
    await company.take()
    [asked] = await company.open_solicitations(demand_id)
    told = (await company.answer(asked, "acceptance")).json()
    assert told["outcome"] == "CONFIRMED", told
    assert (await company.step(told["mission_id"], STEPS[1])).status_code == httpx.codes.OK
    return str(told["mission_id"])


async def _patient_is_read(caller: Samu, company: Post, demand_id: str, mission_id: str) -> None:
    assert (await caller.demand(demand_id))["patient"]["last_name"] == NAME
    mission = await company.call("GET", f"/v1/missions/{mission_id}")
    assert NAME in str(mission)


async def _resealed_and_retired(say: Say, identity: str) -> None:
    early = await say("keys", "retire", Ring.IDENTITY, OLD, *BY)
    assert (early.exit_code, "1 patients are sealed with 'embedded'" in early.output) == (1, True)
    resealed = await say("keys", "reseal", *BY)
    assert f"1 patients were sealed again with {identity}" in resealed.output, resealed.output
    retired = await say("keys", "retire", Ring.IDENTITY, OLD, *BY)
    assert (retired.exit_code, "is off the identity ring" in retired.output) == (0, True)
    needed = await say("keys", "retire", Ring.PAYLOAD, OLD, *BY)
    assert (needed.exit_code, "'embedded' is needed by" in needed.output) == (1, True)
    lines = [json.loads(line) for line in (await say("audit", "events", "--json")).output.splitlines()]
    by_operators = [each for each in lines if each["actor"].startswith("operator Anne Fictive (")]
    assert [(each["kind"], each["subject"]) for each in reversed(by_operators)] == [
        ("PATIENTS_RESEALED", f"ring:identity {identity}"),
        ("RING_KEY_RETIRED", f"ring:identity {OLD}"),
    ]


async def _keys(say: Say) -> list[tuple[str, str, str]]:
    """Each key, and how many patients it encrypts, as `keys show` writes it."""
    shown = (await say("keys", "show")).output.splitlines()
    rows = [line.split() for line in shown if line.startswith(("identity", "payload"))]
    return [(row[0], row[1], row[3] if row[0] == "identity" else "") for row in rows]
