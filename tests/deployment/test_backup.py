"""A backup of a stack at work, restored into another directory: what was begun goes on, and nothing of it is lost."""

import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from bench.players import LAT, LON, Samu, samu
from bench.post import Post, post
from bench.stack import Stack, running_stack
from domain.vocabulary import STEPS
from ops.backup.making import back_up
from ops.backup.restoring import POSITIONS_AHEAD, restore
from storage.engine import create_engine
from tests.chaos.gather import refold

pytestmark = pytest.mark.timeout(300)

DAY = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
Lines = set[tuple[UUID, int, str]]

LONG_TIERS = {
    "machine_search_s": 3600,
    "short": {"guard_s": 3600, "vehicles_s": 3600, "sites_s": 3600},
}
"""Whoever is solicited at the moment of the backup still is when the stack is back, however slow the machine."""


@dataclass(frozen=True)
class Begun:
    """What was under way at the moment of the backup."""

    on_mission: str
    mission_id: str
    solicited: str
    lines: Lines


@dataclass(frozen=True)
class Later:
    """What happened after it, and is forgotten by a restore."""

    demand: str
    position: int


async def test_demands_go_on_from_a_backup_that_was_made_while_they_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "RESCOUSSE_TRAVEL_ENGINE", "straight"
    )  # roads are made anew by every stack that has none
    file, second = tmp_path / "backup.tar.gz", tmp_path / "second"
    async with running_stack(data_dir=tmp_path / "first") as stack, samu(stack.api, _key(stack)) as caller:
        _set_policy(stack.database)
        async with post(stack.api, stack.accounts.companies[0]) as company:
            begun = await _begin(stack, caller, company)
            manifest = await back_up(stack.data_dir, file, DAY, with_secrets=True)
            later = await _go_on(stack, caller, company, begun)
    assert manifest.engine_was_running
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await restore(file, second, DAY, force=False)
    async with running_stack(data_dir=second) as stack, samu(stack.api, _key(stack)) as caller:
        assert begun.lines <= _journal(stack.database)
        assert (await caller.http.get(f"/v1/demands/{later.demand}")).status_code == 404
        async with post(stack.api, stack.accounts.companies[0]) as company:
            await _end(caller, company, begun)
        await _journal_and_read_model_agree(stack, [begun.on_mission, begun.solicited])
        new = [at for at in _positions(stack.database) if at > later.position]
        assert min(new) > POSITIONS_AHEAD, "places that a stream may have seen are not given again"


async def _begin(stack: Stack, caller: Samu, company: Post) -> Begun:
    on_mission, mission_id = await _on_mission(caller, company)
    solicited = await caller.post(max_delay_minutes=20)
    await caller.until(solicited["id"], "SOLICITING_VEHICLES")
    return Begun(on_mission, mission_id, solicited["id"], _journal(stack.database))


async def _go_on(stack: Stack, caller: Samu, company: Post, begun: Begun) -> Later:
    forgotten = await caller.post()
    assert (await company.step(begun.mission_id, STEPS[2])).status_code == 200
    return Later(forgotten["id"], max(_positions(stack.database)))


async def _end(caller: Samu, company: Post, begun: Begun) -> None:
    """Both demands to their ends, as if nothing had been."""
    await company.take(take_over=True)
    for step in STEPS[2:]:
        told = await company.step(begun.mission_id, step)
        assert told.status_code == 200, f"{step}: {told.text}"
    await caller.until(begun.on_mission, "COMPLETED")
    found = await company.open_solicitations(begun.solicited)
    assert found, await caller.journal(begun.solicited)
    answered = (await company.answer(found[0], "acceptance")).json()
    assert answered["outcome"] == "CONFIRMED", answered
    for step in STEPS[1:]:
        assert (await company.step(answered["mission_id"], step)).status_code == 200
    await caller.until(begun.solicited, "COMPLETED")


async def _on_mission(caller: Samu, company: Post) -> tuple[str, str]:
    """A demand that the company has accepted, with its first step passed."""
    await company.take()
    for vehicle in company.vehicles[:2]:
        await company.tick(vehicle, LAT, LON)
    demand = await caller.post()
    await caller.until(demand["id"], "SOLICITING_VEHICLES")
    asked = (await company.open_solicitations(demand["id"]))[0]
    told = (await company.answer(asked, "acceptance")).json()
    assert (await company.step(told["mission_id"], STEPS[1])).status_code == 200
    return demand["id"], told["mission_id"]


async def _journal_and_read_model_agree(stack: Stack, demands: list[str]) -> None:
    engine = create_engine(stack.database, pool_size=1, application_name="test of the backup")
    try:
        rows, differences = await refold(engine, demands)
    finally:
        await engine.dispose()
    assert rows
    assert differences == []


def _journal(database: str) -> Lines:
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT subject_id, seq, data::text FROM journal WHERE subject = 'DEMAND'")
        return {(subject, seq, data) for subject, seq, data in rows}


def _positions(database: str) -> list[int]:
    with psycopg.connect(database) as connection:
        return [at for (at,) in connection.execute("SELECT position FROM journal")]


def _set_policy(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE samus SET policy = policy || %s", [Jsonb(LONG_TIERS)])


def _key(stack: Stack) -> str:
    return stack.accounts.samu.api_key
