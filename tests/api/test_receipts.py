"""Delivered, opened, acknowledged: three recorded facts (rule 30); and what a regulator tells later (rules 40, 43)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.api.caller import Caller, Json, assert_problem, demand
from tests.api.conftest import Clock, get_in
from tests.api.engine import RuleEngine


async def _mission(samu: Caller, regulator: Caller) -> str:
    await samu.post("/v1/demands", demand())
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"][0]
    told = (await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})).json()
    return f"/v1/missions/{told['mission_id']}"


def _step(step: str, **more: object) -> Json:
    return {"step": step, "step_id": str(uuid4()), **more}


async def test_rule_030_delivered_and_opened_are_told_once_each(
    samu: Caller, regulator: Caller, crew: Caller
) -> None:
    path = await _mission(samu, regulator)
    fresh = (await regulator.get(path)).json()
    assert (fresh["delivered_at"], fresh["opened_at"]) == (None, None)
    await get_in(crew, fresh["vehicle_id"])
    first = await crew.post(f"{path}/receipt", {"receipt": "DELIVERED"})
    assert first.status_code == 202
    delivered = (await regulator.get(path)).json()["delivered_at"]
    assert delivered is not None
    again = await regulator.post(f"{path}/receipt", {"receipt": "DELIVERED"})
    assert (again.status_code, again.json()["delivered_at"]) == (200, delivered)
    assert (await crew.post(f"{path}/receipt", {"receipt": "OPENED"})).status_code == 202
    assert (await samu.get(path)).json()["opened_at"] is not None
    listed = (await regulator.get("/v1/missions", state="OPEN")).json()["items"][0]
    assert listed["delivered_at"] == delivered


async def test_rule_030_a_receipt_is_the_companys_on_a_device(
    samu: Caller, regulator: Caller, rival: Caller, rules: RuleEngine
) -> None:
    path = await _mission(samu, regulator)
    body = {"receipt": "DELIVERED"}
    assert_problem(await rival.post(f"{path}/receipt", body), 404, "not_found")
    assert_problem(await samu.post(f"{path}/receipt", body), 404, "not_found")
    bare = Caller(regulator.http, {"Authorization": regulator.headers["Authorization"]})
    assert_problem(await bare.post(f"{path}/receipt", body), 422, "device_required")
    assert_problem(await regulator.post(f"{path}/receipt", {"receipt": "READ"}), 422, "invalid_request")
    rules.away = True
    assert_problem(await regulator.post(f"{path}/receipt", body), 503, "engine_unavailable")


async def test_rule_030_after_the_end_nobody_needs_to_know(samu: Caller, regulator: Caller) -> None:
    path = await _mission(samu, regulator)
    await regulator.post(f"{path}/breakdown", {"reason": "moteur"})
    answer = await regulator.post(f"{path}/receipt", {"receipt": "DELIVERED"})
    assert_problem(answer, 409, "mission_ended")


async def test_rule_040_r2_the_regulator_passes_the_steps_on_the_pc(samu: Caller, regulator: Caller) -> None:
    path = await _mission(samu, regulator)
    assert (await regulator.post(f"{path}/steps", _step("ACQUITTE"))).json()["status"] == "recorded"
    sheet = (await regulator.get(path)).json()
    assert sheet["steps"][-1]["by"].startswith("regulator-")


@pytest.mark.parametrize(("minutes", "status"), [(29, 200), (31, 409)])
async def test_rule_043_a_regulator_dates_a_step_at_most_30_minutes_back(
    samu: Caller, regulator: Caller, clock: Clock, minutes: int, status: int
) -> None:
    path = await _mission(samu, regulator)
    assigned = clock()
    clock.advance(minutes=minutes)
    told = await regulator.post(f"{path}/steps", _step("ACQUITTE", occurred_at=assigned.isoformat()))
    assert told.status_code == status, told.text
    if status == 200:
        assert told.json()["occurred_at"] == assigned.isoformat().replace("+00:00", "Z")
        assert told.json()["recorded_at"] > told.json()["occurred_at"]
    else:
        assert_problem(told, 409, "backdated_too_far")


async def test_rule_043_a_crew_without_network_for_hours_still_tells_its_own_times(
    samu: Caller, regulator: Caller, crew: Caller, clock: Clock
) -> None:
    path = await _mission(samu, regulator)
    await get_in(crew, (await regulator.get(path)).json()["vehicle_id"])
    passed_at = clock() + timedelta(seconds=30)
    clock.advance(minutes=95)
    old = _step("ACQUITTE", occurred_at=passed_at.isoformat())
    told = (await crew.post(f"{path}/steps", old)).json()
    assert told["occurred_at"] == passed_at.isoformat().replace("+00:00", "Z")
