"""Answers, the mission, its steps and exits, as a company sees them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from api import steps
from domain.vocabulary import STEPS, Step
from storage import kept_steps, tables, views
from tests.api.caller import Caller, Json, assert_problem, demand, without
from tests.api.conftest import Api, Login, another_device
from tests.api.engine import RuleEngine


async def _asked(caller: Caller) -> Json:
    found: list[Json] = (await caller.get("/v1/solicitations", state="OPEN")).json()["items"]
    return found[0]


async def _mission(samu: Caller, regulator: Caller) -> str:
    """A demand that this company has accepted; its mission."""
    await samu.post("/v1/demands", demand())
    asked = await _asked(regulator)
    told = (await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})).json()
    assert told["outcome"] == "CONFIRMED"
    return str(told["mission_id"])


def _step(step: str, **more: object) -> Json:
    return {"step": step, "step_id": str(uuid4()), **more}


async def test_a_solicitation_tells_the_terms_and_no_address(samu: Caller, regulator: Caller) -> None:
    posted = demand()
    await samu.post("/v1/demands", posted)
    asked = await _asked(regulator)
    assert asked["demand"]["pickup"] == {"lat": 43.213, "lon": 2.3491, "address": None, "access": None}
    assert asked["demand"]["max_delay_minutes"] == 20
    assert "rue de Verdun" not in str(asked)
    assert "EXEMPLE" not in str(asked)


async def test_rule_028_one_is_confirmed_the_other_is_told(
    samu: Caller, regulator: Caller, rival: Caller
) -> None:
    await samu.post("/v1/demands", demand())
    mine, theirs = await _asked(regulator), await _asked(rival)
    won = await regulator.post(f"/v1/solicitations/{mine['id']}/acceptance", {})
    assert won.json()["outcome"] == "CONFIRMED"
    lost = await rival.post(f"/v1/solicitations/{theirs['id']}/acceptance", {})
    assert_problem(lost, 409, "already_assigned")
    again = await regulator.post(f"/v1/solicitations/{mine['id']}/acceptance", {})
    assert again.json() == won.json()


async def test_rule_028_after_the_end_they_are_still_told_who_had_it(
    samu: Caller, regulator: Caller, rival: Caller
) -> None:
    await samu.post("/v1/demands", demand())
    mine, theirs = await _asked(regulator), await _asked(rival)
    won = (await regulator.post(f"/v1/solicitations/{mine['id']}/acceptance", {})).json()
    for step in STEPS[1:]:
        done = await regulator.post(f"/v1/missions/{won['mission_id']}/steps", _step(step))
        assert done.status_code == 200, done.text
    again = await regulator.post(f"/v1/solicitations/{mine['id']}/acceptance", {})
    assert again.json() == won
    lost = await rival.post(f"/v1/solicitations/{theirs['id']}/acceptance", {})
    assert_problem(lost, 409, "already_assigned")


async def test_scope_a_solicitation_of_another_company(
    samu: Caller, regulator: Caller, rival: Caller
) -> None:
    await samu.post("/v1/demands", demand())
    asked = await _asked(rival)
    for verb, body in (("acceptance", {}), ("refusal", {}), ("counter-proposal", {"delay_minutes": 30})):
        answer = await regulator.post(f"/v1/solicitations/{asked['id']}/{verb}", body)
        assert_problem(answer, 404, "not_found")
    assert_problem(await samu.post(f"/v1/solicitations/{asked['id']}/acceptance", {}), 404, "not_found")


async def test_answers_and_steps_need_a_device_of_ones_own(
    samu: Caller, regulator: Caller, rival: Caller
) -> None:
    await samu.post("/v1/demands", demand())
    path = f"/v1/solicitations/{(await _asked(regulator))['id']}/refusal"
    bare = Caller(regulator.http, without(regulator.headers, "X-Device-Id"))
    assert_problem(await bare.post(path, {}), 422, "device_required")
    assert_problem(await bare.on_device("phone").post(path, {}), 422, "invalid_request")
    borrowed = bare.on_device(rival.headers["X-Device-Id"])
    assert_problem(await borrowed.post(path, {}), 404, "not_found")
    device = regulator.headers["X-Device-Id"]
    await another_device(bare, "WEB")  # on which the login goes on
    assert (await regulator.send("DELETE", f"/v1/devices/{device}?confirm=true")).status_code == 204
    assert_problem(await regulator.post(path, {}), 409, "device_closed")


async def test_rule_007_a_counter_delay_is_longer_and_at_most_240(samu: Caller, regulator: Caller) -> None:
    await samu.post("/v1/demands", demand())
    path = f"/v1/solicitations/{(await _asked(regulator))['id']}/counter-proposal"
    for minutes, code in ((20, "counter_delay_not_longer"), (241, "counter_delay_too_long")):
        assert_problem(await regulator.post(path, {"delay_minutes": minutes}), 409, code)
    assert (await regulator.post(path, {"delay_minutes": 32})).json()["outcome"] == "RECORDED"
    assert_problem(await regulator.post(path, {"delay_minutes": "32"}), 422, "invalid_request")
    unavailable = path.replace("counter-proposal", "unavailability")
    assert_problem(await regulator.post(unavailable, {"reason": "panne"}), 409, "not_a_guard_solicitation")


async def test_rule_032_the_sheet_has_the_patient_while_the_mission_runs(
    samu: Caller, regulator: Caller, rival: Caller, api: Api
) -> None:
    path = f"/v1/missions/{await _mission(samu, regulator)}"
    sheet = (await regulator.get(path)).json()
    assert sheet["patient"]["last_name"] == "EXEMPLE"
    assert sheet["pickup"]["access"] == "3e étage, code 12B"
    assert (sheet["step"], sheet["expected_step"]) == ("AFFECTE", "ACQUITTE")
    assert [each["step"] for each in sheet["steps"]] == ["AFFECTE"]
    assert_problem(await rival.get(path), 404, "not_found")
    listed = (await regulator.get("/v1/missions", state="OPEN")).json()["items"]
    assert [each["id"] for each in listed] == [sheet["id"]]
    assert "patient" not in listed[0]
    assert (await rival.get("/v1/missions")).json()["items"] == []
    for step in STEPS[1:]:
        await regulator.post(f"{path}/steps", _step(step))
    ended = (await regulator.get(path)).json()
    assert (ended["patient"], ended["end_reason"], ended["expected_step"]) == (None, "COMPLETED", None)
    async with api.resources.database.connect() as connection:
        reads = (await connection.execute(sa.select(tables.patient_reads.c.role))).scalars().all()
    assert reads == ["REGULATOR"]


async def test_rule_044_steps_have_one_order_and_may_be_repeated(samu: Caller, regulator: Caller) -> None:
    path = f"/v1/missions/{await _mission(samu, regulator)}/steps"
    skipped = assert_problem(await regulator.post(path, _step("EN_APPROCHE")), 409, "wrong_step")
    assert skipped["expected_step"] == "ACQUITTE"
    step = _step("ACQUITTE")
    first = await regulator.post(path, step)
    assert first.status_code == 200
    assert (first.json()["status"], first.json()["expected_step"]) == ("recorded", "EN_APPROCHE")
    again = await regulator.post(path, step)
    assert again.status_code == 200
    assert again.json()["recorded_at"] == first.json()["recorded_at"]


async def test_rule_096_the_servers_time_bounds_the_devices(samu: Caller, regulator: Caller) -> None:
    path = f"/v1/missions/{await _mission(samu, regulator)}/steps"
    now = datetime.now(UTC)
    ahead = _step("ACQUITTE", occurred_at=(now + timedelta(hours=2)).isoformat())
    told = (await regulator.post(path, ahead)).json()
    assert told["occurred_at"] < (now + timedelta(minutes=1)).isoformat()
    naive = _step("EN_APPROCHE", occurred_at="2026-11-15T14:05:00")
    assert_problem(await regulator.post(path, naive), 422, "invalid_request")


async def test_rule_044_a_step_is_kept_when_no_worker_is_up(
    samu: Caller, regulator: Caller, rules: RuleEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "WAIT_SECONDS", 0.2)
    path = f"/v1/missions/{await _mission(samu, regulator)}/steps"
    rules.worker_away = True
    step = _step("ACQUITTE")
    kept = await regulator.post(path, step, Idempotency_Key="k1")
    assert (kept.status_code, kept.json()["status"]) == (202, "kept, will be applied")
    rules.worker_away = False
    demand_id, report = rules.kept[0]
    await rules.tell(demand_id, report)
    applied = await regulator.post(path, step, Idempotency_Key="k1")
    assert (applied.status_code, applied.json()["status"]) == (200, "recorded")


async def test_rule_044_a_step_that_is_applied_at_this_very_moment_does_not_put_the_next_out_of_order(
    samu: Caller, regulator: Caller, rules: RuleEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two reads of the next request the recorder gets to the first."""
    monkeypatch.setattr(steps, "WAIT_SECONDS", 0.2)
    path = f"/v1/missions/{await _mission(samu, regulator)}/steps"
    rules.worker_away = True
    assert (await regulator.post(path, _step("ACQUITTE"))).status_code == 202
    rules.worker_away = False

    def applying_first(read: Any) -> Any:
        async def read_late(*arguments: Any) -> Any:
            while rules.kept:
                await rules.tell(*rules.kept.pop())
            return await read(*arguments)

        return read_late

    monkeypatch.setattr(kept_steps, "waiting", applying_first(kept_steps.waiting))
    monkeypatch.setattr(views, "steps_of", applying_first(views.steps_of))
    told = await regulator.post(path, _step("EN_APPROCHE"))
    assert (told.status_code, told.json()["status"]) == (200, "recorded")


async def test_rule_044_the_last_step_can_be_taken_back(samu: Caller, regulator: Caller) -> None:
    path = f"/v1/missions/{await _mission(samu, regulator)}"
    step = _step("ACQUITTE")
    await regulator.post(f"{path}/steps", step)
    undone = await regulator.send("DELETE", f"{path}/steps/{step['step_id']}")
    assert undone.json() == {
        "outcome": "RECORDED",
        "mission_id": path.rpartition("/")[2],
        "expected_step": "ACQUITTE",
    }
    assert (await regulator.get(path)).json()["step"] == "AFFECTE"
    unknown = await regulator.send("DELETE", f"{path}/steps/{uuid4()}")
    assert_problem(unknown, 409, "step_not_last")


async def test_rule_044_no_transport_only_after_the_bilan(samu: Caller, regulator: Caller) -> None:
    path = f"/v1/missions/{await _mission(samu, regulator)}"
    early = await regulator.post(f"{path}/no-transport", {"reason": "refus"})
    assert assert_problem(early, 409, "no_transport_not_allowed")["expected_step"] == "ACQUITTE"
    for step in STEPS[1 : Step.BILAN_REALISE.rank + 1]:
        await regulator.post(f"{path}/steps", _step(step))
    ended = await regulator.post(f"{path}/no-transport", {"reason": "refus"})
    assert ended.json()["outcome"] == "RECORDED"
    late = await regulator.post(f"{path}/steps", _step("EN_CHARGE"))
    assert_problem(late, 409, "mission_ended")


async def test_rule_092_breakdown_searches_again(samu: Caller, regulator: Caller) -> None:
    mission_id = await _mission(samu, regulator)
    done = await regulator.post(f"/v1/missions/{mission_id}/breakdown", {"reason": "moteur"})
    assert done.json()["outcome"] == "RECORDED"
    sheet = (await regulator.get(f"/v1/missions/{mission_id}")).json()
    assert (sheet["end_reason"], sheet["patient"]) == ("BREAKDOWN", None)
    told = (await samu.get(f"/v1/demands/{sheet['demand_id']}")).json()
    assert told["status"] != "ASSIGNED"
    assert told["mission"] is None


async def test_rule_044_another_vehicle_takes_over(samu: Caller, regulator: Caller, api: Api) -> None:
    mission_id = await _mission(samu, regulator)
    before = (await regulator.get(f"/v1/missions/{mission_id}")).json()["vehicle_id"]
    other = next(each.id for each in api.world.cathare.vehicles if each.id != UUID(before))
    body = {"vehicle_id": str(other), "reason": "fin de service"}
    done = await regulator.post(f"/v1/missions/{mission_id}/relief", body)
    assert done.json()["outcome"] == "CONFIRMED"
    assert (await regulator.get(f"/v1/missions/{mission_id}")).json()["vehicle_id"] == str(other)


async def test_scope_missions_of_others(
    samu: Caller, regulator: Caller, rival: Caller, neighbour: Caller, log_in: Login, api: Api
) -> None:
    mission_id = await _mission(samu, regulator)
    path = f"/v1/missions/{mission_id}"
    for verb, body in (
        ("steps", _step("ACQUITTE")),
        ("breakdown", {"reason": "x"}),
        ("no-transport", {"reason": "x"}),
        ("relief", {"vehicle_id": str(uuid4()), "reason": "x"}),
    ):
        assert_problem(await rival.post(f"{path}/{verb}", body), 404, "not_found")
        assert_problem(await samu.post(f"{path}/{verb}", body), 404, "not_found")
    assert_problem(await neighbour.get(path), 404, "not_found")
    assert (await samu.get(path)).json()["patient"]["last_name"] == "EXEMPLE"
    coordinator = await log_in(api.people.coordinator)
    assert (await coordinator.get(path)).json()["patient"] is None
