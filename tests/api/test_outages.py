"""What is kept while the engine or its workers are away, and what starts when they come back (rules 44, 97)."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from api import steps
from api.engine import EngineAwayError, StartRefusedError
from api.sweeper import sweep
from domain.messages import DemandStart
from storage import starts, tables
from tests.api.caller import Caller, Json, assert_problem, demand
from tests.api.conftest import Api
from tests.api.engine import RuleEngine


async def _mission(samu: Caller, regulator: Caller) -> str:
    await samu.post("/v1/demands", demand())
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"][0]
    told = (await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})).json()
    return f"/v1/missions/{told['mission_id']}"


def _step(step: str) -> Json:
    return {"step": step, "step_id": str(uuid4())}


async def test_rule_044_a_crew_passes_several_steps_while_no_worker_is_up(
    samu: Caller, regulator: Caller, rules: RuleEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "WAIT_SECONDS", 0.1)
    path = await _mission(samu, regulator)
    rules.worker_away = True
    told = [_step(name) for name in ("ACQUITTE", "EN_APPROCHE", "LIEU_INTERVENTION")]
    for step in (*told, told[0]):  # the first is sent again: it is not out of order
        assert (await regulator.post(f"{path}/steps", step)).status_code == 202
    for wrong in ("EN_CHARGE", "EN_APPROCHE"):
        problem = assert_problem(await regulator.post(f"{path}/steps", _step(wrong)), 409, "wrong_step")
        assert problem["expected_step"] == "BILAN_REALISE"
    rules.worker_away = False
    for demand_id, report in rules.kept:
        await rules.tell(demand_id, report)
    sheet = (await regulator.get(path)).json()
    assert (sheet["step"], sheet["expected_step"]) == ("LIEU_INTERVENTION", "BILAN_REALISE")
    assert (await regulator.post(f"{path}/steps", _step("BILAN_REALISE"))).status_code == 200


async def test_rule_044_a_kept_step_that_was_taken_back_lets_nothing_follow(
    samu: Caller, regulator: Caller, rules: RuleEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "WAIT_SECONDS", 0.1)
    path = await _mission(samu, regulator)
    rules.worker_away = True
    step = _step("ACQUITTE")
    await regulator.post(f"{path}/steps", step)
    rules.worker_away = False
    await rules.tell(*rules.kept[0])
    await regulator.send("DELETE", f"{path}/steps/{step['step_id']}")
    problem = assert_problem(await regulator.post(f"{path}/steps", _step("EN_APPROCHE")), 409, "wrong_step")
    assert problem["expected_step"] == "ACQUITTE"


async def test_rule_097_a_demand_that_no_worker_takes_is_delayed(
    samu: Caller, rules: RuleEngine, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_: DemandStart) -> None:
        """The engine keeps it, and nobody works on it."""

    monkeypatch.setattr(rules, "start", nothing)
    posted = (await samu.post("/v1/demands", demand())).json()
    assert posted["search"] == "RUNNING"
    views = tables.demand_views
    async with api.resources.database.begin() as connection:
        earlier = views.c.received_at - timedelta(seconds=6)
        await connection.execute(sa.update(views).values(received_at=earlier))
    assert (await samu.get(f"/v1/demands/{posted['id']}")).json()["search"] == "DELAYED"
    [line] = (await samu.get("/v1/demands")).json()["items"]
    assert line["search"] == "DELAYED"


@dataclass
class Choosy:
    """An engine that does not take one demand, and looks whether the demand is locked while it is asked."""

    api: Api
    rules: RuleEngine
    fault: type[Exception] | None
    tried: list[str] = field(default_factory=list)
    locked: list[bool] = field(default_factory=list)

    async def start(self, asked: DemandStart) -> None:
        self.tried.append(asked.reference)
        self.locked.append(await _is_locked(self.api, asked))
        if asked.reference == "POISON" and self.fault:
            raise self.fault
        await RuleEngine.start(self.rules, asked)


async def _until_started(rules: RuleEngine, count: int) -> None:
    async with asyncio.timeout(5):
        while len(rules.starts) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("fault", [StartRefusedError, EngineAwayError, ValueError])
async def test_rule_097_a_demand_that_cannot_start_does_not_stop_the_others(
    samu: Caller, rules: RuleEngine, api: Api, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    choosy = Choosy(api, rules, fault)
    rules.away = True
    for name in ("POISON", "GOOD"):
        await samu.post("/v1/demands", demand(reference=name))
    rules.away = False
    monkeypatch.setattr(rules, "start", choosy.start)
    await _kept_since(api, seconds=60)
    await sweep(api.resources)
    await _until_started(rules, 1)
    assert rules.starts[0].reference == "GOOD"
    assert choosy.tried[0] == "POISON"
    assert not any(choosy.locked)
    choosy.fault = None
    await _until_started(rules, 2)  # it is tried again


async def test_rule_097_a_demand_that_is_refused_is_tried_less_and_less(
    samu: Caller, rules: RuleEngine, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    choosy = Choosy(api, rules, StartRefusedError)
    monkeypatch.setattr(rules, "start", choosy.start)
    await samu.post("/v1/demands", demand(reference="POISON"))
    table, pauses = tables.demands, []
    for _ in range(3):
        async with api.resources.database.begin() as connection:
            at = datetime.now(UTC)
            demand_id = await connection.scalar(sa.select(table.c.id))
            assert demand_id is not None
            await starts.put_off(connection, demand_id, at)
            again = await connection.scalar(sa.select(table.c.try_again_at))
            assert again is not None
            pauses.append((again - at).total_seconds())
    assert pauses == [2, 4, 8]
    tried = len(choosy.tried)
    await _kept_since(api, seconds=60)
    assert await sweep(api.resources) == 0
    assert len(choosy.tried) == tried


async def test_rule_097_all_start_soon_after_the_engine_is_back(
    samu: Caller, rules: RuleEngine, api: Api
) -> None:
    rules.away = True
    for _ in range(5):
        await samu.post("/v1/demands", demand())
    await _kept_since(api, seconds=60)
    for _ in range(3):
        with suppress(EngineAwayError):
            await sweep(api.resources)
        await asyncio.sleep(0.6)
    rules.away = False
    await _until_started(rules, 5)


async def _kept_since(api: Api, seconds: float) -> None:
    earlier = api.resources.clock() - timedelta(seconds=seconds)
    table = tables.demands
    first = sa.case((table.c.reference == "POISON", timedelta(seconds=1)), else_=timedelta())
    async with api.resources.database.begin() as connection:
        await connection.execute(sa.update(table).values(received_at=sa.literal(earlier) - first))


async def _is_locked(api: Api, asked: DemandStart) -> bool:
    row = sa.select(tables.demands.c.id).where(tables.demands.c.id == asked.demand_id)
    async with api.resources.database.begin() as connection:
        found = await connection.execute(row.with_for_update(skip_locked=True))
        return found.one_or_none() is None
