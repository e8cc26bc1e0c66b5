"""What `rescousse demand show` takes for wrong, and what it says to do about it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.vocabulary import DemandStatus, Step
from ops.demand_advice import judge, waits_for
from ops.demand_engine import Doing, EngineState, Task
from ops.demand_rows import DemandTerms
from ops.demand_state import Asked, DemandState, FactLine, OnMission

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def state(status: DemandStatus = DemandStatus.SOLICITING_VEHICLES, **more: Any) -> DemandState:
    """A demand that was received a minute ago, and that the engine has."""
    demand = DemandTerms(
        id=uuid4(),
        samu_id=uuid4(),
        samu="SAMU 11",
        timezone="Europe/Paris",
        reference="DR11-7",
        status=status,
        received_at=AT - MINUTE,
        max_delay_minutes=40,
        volume="AMBULANCE",
        lat=43.2,
        lon=2.3,
        revision=1,
        ended_at=AT - MINUTE if status.has_ended else None,
    )
    given: dict[str, Any] = {
        "deadline": AT + 39 * MINUTE,
        "tier_deadline": None,
        "carence_proposed": False,
        "end_reason": None,
        "started_at": AT - MINUTE,
        "engaged_vehicle": None,
        "asked": [],
        "mission": None,
        "alarms": [],
        "facts": [],
    }
    return DemandState(demand=demand, **{**given, **more})


def mission(step: Step = Step.AFFECTE, ago: timedelta = 5 * MINUTE, **more: Any) -> OnMission:
    """A vehicle that was given the mission a while ago."""
    given: dict[str, Any] = {
        "vehicle": "ASSU 1",
        "company": "Ambulances de l'Aude",
        "company_phone": "+33468000000",
        "deadline": AT + 30 * MINUTE,
        "phone_bound": True,
        "delivered_at": None,
        "opened_at": None,
        "ended_at": None,
        "end_reason": None,
        "end_detail": None,
    }
    return OnMission(
        id=uuid4(),
        vehicle_id=uuid4(),
        assigned_at=AT - ago,
        promised_at=AT,
        step=step,
        **{**given, **more},
    )


def engine(**more: Any) -> EngineState:
    """A workflow that runs, with a worker."""
    return EngineState(workflow_id="demand-x", **{"status": "RUNNING", "workers": ("1@here",), **more})


def said(known: DemandState | None, told: EngineState | None) -> str:
    return "\n".join(f"{one.sentence} {one.action}" for one in judge(known, told, AT))


def test_nothing_is_wrong_with_a_demand_that_goes_its_way() -> None:
    assert said(state(), engine()) == ""
    assert said(state(DemandStatus.ASSIGNED, mission=mission(ago=MINUTE / 2)), engine()) == ""
    assert said(state(DemandStatus.COMPLETED), engine(status="COMPLETED")) == ""


def test_whatever_does_not_answer_is_said_first() -> None:
    assert "database does not answer" in said(None, engine())
    assert "Temporal does not answer" in said(state(), None)
    assert "No worker asks for work" in said(state(), engine(workers=()))


@pytest.mark.parametrize("status", ["UNKNOWN", "TERMINATED"])
def test_a_demand_that_the_engine_lost_is_said(status: str) -> None:
    assert "nothing moves it any more" in said(state(), engine(status=status))


def test_a_demand_that_waits_for_the_engine_is_kept() -> None:
    assert "was not given it yet" in said(state(started_at=None), engine(status="UNKNOWN"))


def test_a_failing_workflow_task_is_a_fault_of_the_code() -> None:
    task = Task(attempt=4, since=AT - MINUTE, taken=False, failure="KeyError: 'x'")
    assert "roll it back" in said(state(), engine(task=task))
    waiting = Task(attempt=1, since=AT - MINUTE, taken=False, failure=None)
    assert "waits since 60 s, although workers are there" in said(state(), engine(task=waiting))
    fresh = Task(attempt=1, since=AT, taken=False, failure=None)
    assert said(state(), engine(task=fresh)) == ""


def test_an_activity_that_is_tried_again_and_again_is_named_by_what_it_does() -> None:
    doing = Doing(
        name="record",
        attempt=3,
        state="SCHEDULED",
        since=AT - MINUTE,
        next_try_at=AT,
        worker=None,
        failure="ProgrammingError: permission denied for table journal",
    )
    told = said(state(), engine(activities=(doing,)))
    assert "Writing facts to the journal was tried 3 times" in told
    assert "permission denied for table journal" in told
    assert said(state(), engine(activities=(doing.model_copy(update={"attempt": 2}),))) == ""


def test_a_crew_that_does_not_acknowledge_is_rung_then_called_then_replaced() -> None:
    told = said(state(DemandStatus.ASSIGNED, mission=mission(phone_bound=False)), engine())
    assert "Nobody acknowledged it for 5 min: ASSU 1 was not reached, and no phone is in the vehicle" in told
    assert "rescousse demand ring DR11-7" in told
    assert "+33468000000" in told
    assert "rescousse demand reassign DR11-7" in told


def test_a_late_or_stuck_mission_is_said() -> None:
    late = mission(Step.EN_APPROCHE, ago=MINUTE, deadline=AT - 3 * MINUTE)
    assert "passed 3 min ago, and nobody is there" in said(
        state(DemandStatus.ASSIGNED, mission=late), engine()
    )
    there = mission(Step.LIEU_INTERVENTION, ago=MINUTE, deadline=AT - 3 * MINUTE)
    assert said(state(DemandStatus.ASSIGNED, mission=there), engine()) == ""
    stuck = mission(Step.EN_CHARGE, ago=61 * MINUTE)
    assert "No step for 1 h 01 since EN_CHARGE" in said(state(DemandStatus.ASSIGNED, mission=stuck), engine())


def test_an_arbitration_that_nobody_decides_and_a_tier_that_does_not_end_are_said() -> None:
    opened = FactLine(seq=9, at=AT - 2 * MINUTE, kind="arbitration_opened", who=None, told={}, by=None)
    told = said(state(DemandStatus.ARBITRATION, facts=[opened]), engine())
    assert "The SAMU has not decided for 2 min; 0 counter-proposals stand." in told
    assert "next-tier" in said(state(tier_deadline=AT - MINUTE), engine())
    assert "no vehicle goes" in said(state(deadline=AT - MINUTE), engine())


def test_what_it_waits_for_is_said_with_names() -> None:
    asked = Asked(
        id=uuid4(),
        round=1,
        tier="VEHICLE",
        state="OPEN",
        company="A",
        company_phone=None,
        vehicle="ASSU 1",
        site=None,
        opened_at=AT,
        rung_at=None,
        answer_before=AT + MINUTE,
        answered_at=None,
        counter_delay_minutes=None,
        counter_refused=False,
        reason=None,
    )
    assert waits_for(state(asked=[asked])) == ("1 solicitations to be answered", AT + MINUTE)
    assert waits_for(state()) == ("a survey of the fleet", None)
    on_way = state(DemandStatus.ASSIGNED, mission=mission())
    assert waits_for(on_way)[0] == "ASSU 1 of Ambulances de l'Aude to pass ACQUITTE"
    assert waits_for(state(DemandStatus.ARBITRATION, asked=[asked]))[0].startswith("SAMU 11 to decide")
    assert waits_for(state(DemandStatus.SOLICITING_FREE_CHOICE))[0].startswith("the company that promised")
    assert waits_for(state(DemandStatus.CANCELLED, end_reason="doublon"))[0] == "nothing: CANCELLED, doublon"
