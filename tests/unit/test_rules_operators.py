"""What operators may do to a demand that is stuck, and what they may not (docs/runbook.md)."""

from datetime import timedelta
from typing import Any

import pytest

from domain.edition import Edition
from domain.messages import Decision, Intervention, Reply
from domain.outcomes import Outcome
from domain.people import Actor, Role
from domain.vocabulary import (
    AlarmKind,
    DemandStatus,
    MissionEndReason,
    OperatorAct,
    Receipt,
    Step,
    Tier,
)
from tests.unit.stories import Story, guard, site, uid, vehicle

OPERATOR = Actor(role=Role.ADMIN, name="astreinte")
WHY = "téléphone éteint"


def act(story: Story, what: OperatorAct, reason: str | None = WHY, **more: Any) -> Reply:
    """An operator does something."""
    order = Intervention(act=what, reason=reason, received_at=story.clock, by=OPERATOR, **more)
    reply = story.demand.operators.act(order)
    story.settle()
    return reply


def on_mission(*more: Any) -> Story:
    """A1 has the mission; the others were asked, too."""
    story = Story(vehicle("A1"), vehicle("B1"), *more)
    assert story.accept("A1").outcome is Outcome.CONFIRMED
    return story


# -- ring ----------------------------------------------------------------------------------------------------------


def test_whoever_is_asked_is_rung_again_with_the_operators_name_and_reason() -> None:
    story = Story(vehicle("A1"), vehicle("A2"), vehicle("B1"))
    story.refuse("B1")
    assert act(story, OperatorAct.RING).outcome is Outcome.RECORDED
    [rung] = story.bodies("solicitations_rung")
    assert rung.company_id == uid("A")
    assert set(rung.solicitation_ids) == {story.asked("A1").id, story.asked("A2").id}
    assert (rung.by, rung.reason) == (OPERATOR, WHY)


def test_an_operators_ring_does_not_take_the_place_of_the_second_ring() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    act(story, OperatorAct.RING)
    story.wait(45)
    assert [body.by for body in story.bodies("solicitations_rung")] == [OPERATOR, OPERATOR, None, None]


def test_rings_leave_time_to_answer() -> None:
    story = Story(vehicle("A1"))
    assert act(story, OperatorAct.RING).outcome is Outcome.RECORDED
    story.clock += timedelta(seconds=14)
    assert act(story, OperatorAct.RING).outcome is Outcome.RUNG_JUST_NOW
    story.clock += timedelta(seconds=1)
    assert act(story, OperatorAct.RING).outcome is Outcome.RECORDED


def test_a_crew_that_has_not_acknowledged_is_told_again_and_only_then() -> None:
    story = on_mission()
    story.receive(Receipt.OPENED)  # read is not acknowledged
    assert act(story, OperatorAct.RING).outcome is Outcome.RECORDED
    [rung] = [fact for fact in story.facts if fact.body.kind == "mission_rung"]
    assert rung.audience == (uid("A"),)
    assert story.last("mission_rung").vehicle_id == uid("A1")
    story.steps_until(Step.ACQUITTE)
    assert act(story, OperatorAct.RING).outcome is Outcome.NOTHING_TO_RING


def test_the_samu_that_arbitrates_is_alarmed_again() -> None:
    story = Story(vehicle("A1"))
    story.counter("A1", 70)
    assert story.status() is DemandStatus.ARBITRATION
    assert act(story, OperatorAct.RING).outcome is Outcome.RECORDED
    raised = story.last("alarm_raised")
    assert (raised.alarm, raised.by, raised.reason) == (AlarmKind.ARBITRATION_WAITING, OPERATOR, WHY)
    story.arbitrate(Decision.ACCEPT)
    story.clock += timedelta(seconds=20)
    assert act(story, OperatorAct.RING).outcome is Outcome.RECORDED  # the company that promised
    assert story.last("solicitations_rung").solicitation_ids == (story.asked("A").id,)


# -- next tier -----------------------------------------------------------------------------------------------------


def test_the_next_tier_is_asked_now_and_whoever_rings_may_still_win() -> None:
    story = Story(guard("G1"), vehicle("A1"), site("Cs"))
    assert act(story, OperatorAct.NEXT_TIER).outcome is Outcome.RECORDED
    assert story.status() is DemandStatus.SOLICITING_VEHICLES
    closed = story.last("tier_closed")
    assert (closed.tier, closed.by, closed.reason) == (Tier.GUARD, OPERATOR, WHY)
    assert story.open() == {uid("G1"), uid("A1")}
    assert story.accept("G1").outcome is Outcome.CONFIRMED


def test_after_the_last_tier_the_samu_arbitrates_and_carence_waits_for_whoever_rings() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    act(story, OperatorAct.NEXT_TIER)
    assert story.status() is DemandStatus.ARBITRATION
    assert "carence_proposed" not in story.kinds()
    story.refuse("A1")
    story.refuse("B1")
    assert "carence_proposed" in story.kinds()


def test_only_the_tier_that_was_looked_at_is_left() -> None:
    story = Story(guard("G1"), vehicle("A1"), site("Cs"))
    act(story, OperatorAct.NEXT_TIER, tier=Tier.GUARD)
    assert act(story, OperatorAct.NEXT_TIER, tier=Tier.GUARD).outcome is Outcome.NO_TIER_RUNNING
    assert story.status() is DemandStatus.SOLICITING_VEHICLES


def test_no_tier_is_left_in_arbitration_nor_on_a_mission() -> None:
    story = Story(vehicle("A1"))
    story.counter("A1", 70)
    facts = len(story.facts)
    assert act(story, OperatorAct.NEXT_TIER).outcome is Outcome.NO_TIER_RUNNING
    assert len(story.facts) == facts
    assert act(on_mission(), OperatorAct.NEXT_TIER).outcome is Outcome.ALREADY_ASSIGNED


# -- reassign ------------------------------------------------------------------------------------------------------


def test_a_mission_is_taken_from_its_vehicle_and_searched_again_without_it() -> None:
    story = on_mission()
    mission, deadline = story.demand.case.mission, story.demand.case.deadline
    assert mission is not None
    assert act(story, OperatorAct.REASSIGN).mission_id == mission.id
    ended = story.last("mission_ended")
    assert (ended.reason, ended.detail, ended.by) == (MissionEndReason.REASSIGNED, WHY, OPERATOR)
    assert ended.vehicle_id == uid("A1")
    assert story.demand.case.deadline == deadline
    assert story.open() == {uid("B1")}
    assert story.accept("B1").outcome is Outcome.CONFIRMED


def test_a_company_whose_mission_was_taken_cannot_take_it_back_by_repeating_its_acceptance() -> None:
    story = on_mission()
    act(story, OperatorAct.REASSIGN)
    assert story.accept("A1").outcome is Outcome.SOLICITATION_CLOSED


@pytest.mark.parametrize("step", [Step.EN_CHARGE, Step.LIEU_DESTINATION])
def test_rule_044_no_mission_is_taken_with_the_patient_on_board(step: Step) -> None:
    story = on_mission()
    story.steps_until(step)
    reply = act(story, OperatorAct.REASSIGN)
    assert (reply.outcome, reply.expected_step) == (Outcome.TOO_LATE_TO_REASSIGN, step.next)
    assert story.status() is DemandStatus.ASSIGNED


def test_there_must_be_a_mission_and_it_must_be_the_one_that_was_looked_at() -> None:
    assert act(Story(vehicle("A1")), OperatorAct.REASSIGN).outcome is Outcome.MISSION_UNKNOWN
    story = on_mission()
    looked_at = story.demand.case.mission
    assert looked_at is not None
    story.break_down()
    assert act(story, OperatorAct.REASSIGN).outcome is Outcome.MISSION_ENDED
    story.accept("B1")
    assert act(story, OperatorAct.REASSIGN, mission_id=looked_at.id).outcome is Outcome.MISSION_ENDED
    assert story.status() is DemandStatus.ASSIGNED


# -- close ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [None, Step.AFFECTE, Step.EN_CHARGE])
def test_a_demand_is_closed_at_any_step_and_everybody_learns_who_did_it(step: Step | None) -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    if step is not None:
        story.accept("A1")
        story.steps_until(step)
    assert act(story, OperatorAct.CLOSE).outcome is Outcome.RECORDED
    assert story.status() is DemandStatus.CANCELLED
    cancelled = story.facts[-1]
    assert (cancelled.body.by, cancelled.body.reason) == (OPERATOR, WHY)  # type: ignore[union-attr] # it is the last kind
    if step is None:
        assert story.kinds().count("solicitation_withdrawn") == 2
    else:
        assert story.last("mission_ended").reason is MissionEndReason.CLOSED
        assert cancelled.audience == (uid("A"),)
    assert act(story, OperatorAct.CLOSE).outcome is Outcome.DEMAND_CLOSED


@pytest.mark.parametrize("what", [OperatorAct.REASSIGN, OperatorAct.CLOSE])
@pytest.mark.parametrize("reason", [None, "", "  "])
def test_what_takes_something_from_somebody_needs_a_reason(what: OperatorAct, reason: str | None) -> None:
    story = on_mission()
    facts = len(story.facts)
    assert act(story, what, reason).outcome is Outcome.REASON_REQUIRED
    assert len(story.facts) == facts


# -- who must look -------------------------------------------------------------------------------------------------


def wants_eyes(story: Story) -> bool:
    """Whether somebody must look; a call, so that a type checker does not believe it constant."""
    return story.demand.needs_attention


def test_a_mission_wants_eyes_when_nobody_is_there_in_time_until_somebody_is() -> None:
    story = on_mission()
    story.steps_until(Step.EN_APPROCHE)
    assert not wants_eyes(story)
    deadline = story.demand.case.deadline
    story.wait((deadline - story.clock).total_seconds() - 1)
    assert not wants_eyes(story)
    assert story.demand.next_moment() == deadline  # somebody wakes up for it
    story.wait(1)
    assert wants_eyes(story)
    story.step(Step.LIEU_INTERVENTION)
    assert not wants_eyes(story)


def test_new_terms_give_new_time() -> None:
    story = on_mission()
    story.steps_until(Step.EN_APPROCHE)
    story.wait(2400)
    assert wants_eyes(story)
    story.amend(max_delay_minutes=300)
    story.accept("A1")
    story.tick()
    assert not wants_eyes(story)


def test_a_mission_that_is_not_reconfirmed_wants_eyes() -> None:
    story = on_mission()
    story.steps_until(Step.ACQUITTE)
    story.amend(max_delay_minutes=60)
    assert not wants_eyes(story)
    story.wait(45)
    assert story.last("alarm_raised").alarm is AlarmKind.RECONFIRMATION_MISSING
    assert wants_eyes(story)


def test_a_demand_of_an_older_edition_wakes_up_for_nothing_new() -> None:
    story = Story(vehicle("A1"), edition=Edition.REGULATION)
    story.accept("A1")
    story.steps_until(Step.EN_APPROCHE)
    moment = story.demand.next_moment()
    assert moment is not None
    assert moment > story.demand.case.deadline
    story.wait(2400)
    assert not wants_eyes(story)
