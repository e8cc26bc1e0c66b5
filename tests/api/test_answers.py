"""Answers that come again, come late, or come without end (rules 7, 28, 91)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.service import RPCError, RPCStatusCode

from api import engine
from api.engine import DemandEndedError, EngineAwayError, TooManyAnswersError
from api.throttle import ANSWERS_A_MINUTE
from api.updates import REPEATS_ASKED
from domain.vocabulary import STEPS, SolicitationState, Step
from tests.api.caller import Caller, Json, assert_problem, demand
from tests.api.conftest import Api
from tests.api.engine import RuleEngine


async def _asked(caller: Caller) -> list[Json]:
    found: list[Json] = (await caller.get("/v1/solicitations", state="OPEN")).json()["items"]
    return found


async def _first(caller: Caller) -> str:
    return f"/v1/solicitations/{(await _asked(caller))[0]['id']}"


async def _post(samu: Caller) -> str:
    return f"/v1/demands/{(await samu.post('/v1/demands', demand())).json()['id']}"


async def test_rule_028_a_mission_that_was_cancelled_is_not_confirmed_again(
    samu: Caller, regulator: Caller, rival: Caller
) -> None:
    path = await _post(samu)
    mine, theirs = await _first(regulator), await _first(rival)
    assert (await regulator.post(f"{mine}/acceptance", {})).json()["outcome"] == "CONFIRMED"
    await samu.post(f"{path}/cancellation", {"reason": "SMUR"})
    for caller, asked in ((regulator, mine), (rival, theirs)):
        assert_problem(await caller.post(f"{asked}/acceptance", {}), 409, "demand_closed")


async def test_rule_028_a_mission_that_broke_down_is_nobodys_after_the_end(
    samu: Caller, regulator: Caller, rival: Caller
) -> None:
    path = await _post(samu)
    mine, theirs = await _first(regulator), await _first(rival)
    mission = (await regulator.post(f"{mine}/acceptance", {})).json()["mission_id"]
    await regulator.post(f"/v1/missions/{mission}/breakdown", {"reason": "moteur"})
    await samu.post(f"{path}/cancellation", {"reason": "SMUR"})
    for caller, asked in ((regulator, mine), (rival, theirs)):
        assert_problem(await caller.post(f"{asked}/acceptance", {}), 409, "demand_closed")


async def test_rule_028_a_mission_without_transport_was_the_companys_to_the_end(
    samu: Caller, regulator: Caller, rival: Caller
) -> None:
    await _post(samu)
    mine, theirs = await _first(regulator), await _first(rival)
    won = (await regulator.post(f"{mine}/acceptance", {})).json()
    path = f"/v1/missions/{won['mission_id']}"
    for step in STEPS[1 : Step.BILAN_REALISE.rank + 1]:
        await regulator.post(f"{path}/steps", {"step": step, "step_id": str(uuid4())})
    await regulator.post(f"{path}/no-transport", {"reason": "refus"})
    assert (await regulator.post(f"{mine}/acceptance", {})).json() == won
    assert_problem(await rival.post(f"{theirs}/acceptance", {}), 409, "already_assigned")
    assert_problem(await regulator.post(f"{mine}/refusal", {}), 409, "demand_closed")


async def test_rule_028_what_is_decided_costs_the_engine_nothing(
    samu: Caller, regulator: Caller, rival: Caller, rules: RuleEngine
) -> None:
    path = await _post(samu)
    mine, theirs = await _first(regulator), await _first(rival)
    won = (await regulator.post(f"{mine}/acceptance", {})).json()
    for _ in range(3):
        assert (await regulator.post(f"{mine}/acceptance", {})).json() == won
        for answer, body in (
            ("acceptance", {}),
            ("refusal", {}),
            ("counter-proposal", {"delay_minutes": 40}),
        ):
            assert_problem(await rival.post(f"{theirs}/{answer}", body), 409, "already_assigned")
    assert len(rules.asked) == 1
    await samu.post(f"{path}/cancellation", {"reason": "SMUR"})
    for _ in range(3):
        assert_problem(await rival.post(f"{theirs}/acceptance", {}), 409, "demand_closed")
    assert len(rules.asked) == 2


@pytest.mark.parametrize("late", [False, True])
async def test_rule_091_amended_terms_are_confirmed_by_the_engine_even_late(
    samu: Caller, regulator: Caller, rules: RuleEngine, late: bool
) -> None:
    path = await _post(samu)
    won = (await regulator.post(f"{await _first(regulator)}/acceptance", {})).json()
    await samu.send("PATCH", path, {"max_delay_minutes": 60})
    again = await _first(regulator)
    if late:
        running = rules.demands[rules.starts[0].demand_id]
        running.pass_time(datetime.now(UTC) + timedelta(minutes=1))
        await rules.record(running)
        assert await _asked(regulator) == []
    for _ in range(2):  # the second time it is written down
        assert (await regulator.post(f"{again}/acceptance", {})).json() == won
    mission = rules.demands[rules.starts[0].demand_id].case.mission
    assert mission is not None
    assert mission.reconfirmation == UUID(again.rpartition("/")[2])
    reconfirmed = rules.demands[rules.starts[0].demand_id].case.book.get(mission.reconfirmation)
    assert reconfirmed is not None
    assert reconfirmed.state is SolicitationState.ACCEPTED
    assert len(rules.asked) == 3


async def test_rule_007_a_refusal_without_end_does_not_use_the_engine_up(
    samu: Caller, regulator: Caller, rules: RuleEngine
) -> None:
    await _post(samu)
    path = await _first(regulator)
    for _ in range(2 * ANSWERS_A_MINUTE):
        assert (await regulator.post(f"{path}/refusal", {})).json()["outcome"] == "RECORDED"
    assert len(rules.asked) == REPEATS_ASKED
    assert (await regulator.post(f"{path}/acceptance", {})).json()["outcome"] == "CONFIRMED"


async def test_rule_007_a_change_of_mind_reaches_the_engine(
    samu: Caller, regulator: Caller, rules: RuleEngine
) -> None:
    await _post(samu)
    path = await _first(regulator)
    for _ in range(REPEATS_ASKED):
        await regulator.post(f"{path}/refusal", {})
    for minutes in (40, 40, 45):
        await regulator.post(f"{path}/counter-proposal", {"delay_minutes": minutes})
    assert len(rules.asked) == REPEATS_ASKED + 2
    [asked] = (await regulator.get("/v1/solicitations", state="COUNTERED")).json()["items"]
    assert asked["counter_delay_minutes"] == 45


async def test_rule_007_whoever_changes_without_end_waits_and_the_others_do_not(
    samu: Caller, regulator: Caller, rival: Caller, rules: RuleEngine
) -> None:
    await _post(samu)
    path, other = await _first(regulator), await _first(rival)
    for number in range(ANSWERS_A_MINUTE):
        body = {"delay_minutes": 40 + number % 2}
        assert (await regulator.post(f"{path}/counter-proposal", body)).status_code == 200
    slow = await regulator.post(f"{path}/refusal", {})
    assert_problem(slow, 429, "too_many_requests")
    assert 0 < int(slow.headers["retry-after"]) <= 60
    assert len(rules.asked) == ANSWERS_A_MINUTE
    assert (await rival.post(f"{other}/acceptance", {})).json()["outcome"] == "CONFIRMED"


async def test_rule_097_repeating_during_an_outage_is_not_held_against_anybody(
    samu: Caller, regulator: Caller, rules: RuleEngine
) -> None:
    await _post(samu)
    path = await _first(regulator)
    rules.away = True
    for _ in range(ANSWERS_A_MINUTE + 5):
        assert_problem(await regulator.post(f"{path}/acceptance", {}), 503, "engine_unavailable")
    rules.away = False
    assert (await regulator.post(f"{path}/acceptance", {})).json()["outcome"] == "CONFIRMED"


async def test_a_demand_that_takes_no_more_answers_says_so(
    samu: Caller, regulator: Caller, rules: RuleEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await _post(samu)
    asked = await _first(regulator)

    async def full(*_: Any) -> None:
        raise TooManyAnswersError

    with monkeypatch.context() as patched:
        patched.setattr(rules, "ask", full)
        refused = await regulator.post(f"{asked}/refusal", {}, Idempotency_Key="k1")
    assert_problem(refused, 429, "too_many_requests")
    assert refused.headers["retry-after"]
    assert (await samu.post(f"{path}/cancellation", {"reason": "x"})).json()["outcome"] == "RECORDED"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (RPCStatusCode.NOT_FOUND, DemandEndedError),
        (RPCStatusCode.FAILED_PRECONDITION, EngineAwayError),
        (RPCStatusCode.RESOURCE_EXHAUSTED, EngineAwayError),
        (RPCStatusCode.UNAVAILABLE, EngineAwayError),
    ],
)
def test_only_a_demand_that_is_not_there_has_ended(status: RPCStatusCode, kind: type[Exception]) -> None:
    assert type(engine._outage(RPCError("limit of updates", status, b""))) is kind


async def test_rule_097_an_answer_given_in_time_while_the_engine_was_away_counts(
    samu: Caller, regulator: Caller, rules: RuleEngine
) -> None:
    await _post(samu)
    path = await _first(regulator)
    rules.away = True
    first = await regulator.post(f"{path}/acceptance", {}, Idempotency_Key="k1")
    assert_problem(first, 503, "engine_unavailable")
    asked = rules.demands[rules.starts[0].demand_id].case.book.get(UUID(path.rpartition("/")[2]))
    assert asked is not None
    asked.answer_before = datetime.now(UTC)  # the time to answer ends during the outage
    rules.away = False
    late = await regulator.post(f"{path}/acceptance", {}, Idempotency_Key="k2")
    assert_problem(late, 409, "too_late")
    again = await regulator.post(f"{path}/acceptance", {}, Idempotency_Key="k1")
    assert again.json()["outcome"] == "CONFIRMED"


async def test_scope_a_rivals_promise_is_not_told(
    samu: Caller, regulator: Caller, rival: Caller, rules: RuleEngine, api: Api
) -> None:
    path = await _post(samu)
    posted = (await samu.get(path)).json()
    await rival.post(f"{await _first(rival)}/counter-proposal", {"delay_minutes": 57})
    await rules.close_tier(rules.starts[0].demand_id)
    taken = await samu.post(f"{path}/arbitration", {"decision": "ACCEPT"})
    assert taken.json()["outcome"] == "RECORDED"
    promised = (await samu.get(path)).json()["deadline"]
    assert promised > posted["deadline"]

    async def told(caller: Caller) -> set[str]:
        listed = (await caller.get("/v1/solicitations")).json()["items"]
        return {(await caller.get(path)).json()["deadline"], *(each["demand"]["deadline"] for each in listed)}

    assert await told(regulator) == {posted["deadline"]}
    assert await told(rival) == {promised}
    body = {"vehicle_id": str(api.world.minervois.vehicles[0].id)}
    assert (await rival.post(f"{await _first(rival)}/acceptance", body)).json()["outcome"] == "CONFIRMED"
    assert await told(regulator) == {posted["deadline"]}
    assert await told(rival) == {promised}


async def test_rule_037_a_promise_is_not_accepted_blindly(
    samu: Caller, regulator: Caller, rules: RuleEngine, api: Api
) -> None:
    path = await _post(samu)
    await regulator.post(f"{await _first(regulator)}/counter-proposal", {"delay_minutes": 50})
    await rules.close_tier(UUID(path.rpartition("/")[2]))
    site = f"/v1/regulation/sites/{api.world.cathare.site_id}"
    (
        await regulator.http.delete(site, headers=regulator.headers, params={"confirm": "true"})
    ).raise_for_status()
    [promise] = (await samu.get(path)).json()["counter_proposals"]
    assert promise["regulated"] is False
    accepted = {"decision": "ACCEPT"}
    assert_problem(await samu.post(f"{path}/arbitration", accepted), 409, "company_not_regulated")
    assert (await samu.get(path)).json()["status"] == "ARBITRATION"
    told = await samu.post(f"{path}/arbitration", accepted | {"confirm": True})
    assert told.json()["outcome"] == "RECORDED"
    assert (await samu.get(path)).json()["status"] == "SOLICITING_FREE_CHOICE"


async def test_rule_010_a_promise_that_was_kept_does_not_stand_again_after_a_breakdown(
    samu: Caller, regulator: Caller, rules: RuleEngine, api: Api
) -> None:
    path = await _post(samu)
    demand_id = UUID(path.rpartition("/")[2])
    await regulator.post(f"{await _first(regulator)}/counter-proposal", {"delay_minutes": 70})
    await rules.close_tier(demand_id)
    await samu.post(f"{path}/arbitration", {"decision": "ACCEPT"})
    assert (await samu.get(path)).json()["counter_proposals"] == []
    body = {"vehicle_id": str(api.world.cathare.vehicles[0].id)}
    told = (await regulator.post(f"{await _first(regulator)}/acceptance", body)).json()
    await regulator.post(f"/v1/missions/{told['mission_id']}/breakdown", {"reason": "moteur"})
    await rules.close_tier(demand_id)
    shown = (await samu.get(path)).json()
    assert (shown["status"], shown["counter_proposals"]) == ("ARBITRATION", [])
