"""Answers, assignment, steps and ends, rule by rule."""

from datetime import timedelta

import pytest

from domain.fleet import Volume, serves
from domain.messages import Decision
from domain.outcomes import Outcome
from domain.vocabulary import (
    STEPS,
    AlarmKind,
    DemandStatus,
    MissionEndReason,
    Receipt,
    Step,
    WithdrawalReason,
)
from tests.unit.stories import START, Story, site, uid, vehicle


def assigned(**start: object) -> Story:
    story = Story(vehicle("A1"), vehicle("A2"), vehicle("B1"), **start)  # type: ignore[arg-type]  # forwarded keywords
    assert story.accept("A1").outcome is Outcome.CONFIRMED
    return story


def test_rule_004_a_large_vehicle_serves_a_small_demand_never_the_reverse() -> None:
    assert serves(Volume.ASSU, Volume.AMBULANCE)
    assert serves(Volume.AMBULANCE, Volume.AMBULANCE)
    assert not serves(Volume.AMBULANCE, Volume.ASSU)


def test_rule_027_a_vehicles_own_solicitation_may_not_name_another() -> None:
    story = Story(vehicle("A1"))
    assert story.accept("A1", named="A2").outcome is Outcome.VEHICLE_NOT_SOLICITED
    assert story.accept("A1", named="A1").outcome is Outcome.CONFIRMED


def test_rule_028_the_first_claim_wins_and_the_other_is_already_assigned() -> None:
    story = assigned()
    assert story.accept("B1").outcome is Outcome.ALREADY_ASSIGNED
    assert len(story.bodies("mission_assigned")) == 1


def test_rule_028_the_winner_that_repeats_itself_is_confirmed_again() -> None:
    story = assigned()
    again = story.accept("A1")
    assert (again.outcome, again.mission_id) == (Outcome.CONFIRMED, story.last("mission_assigned").mission_id)
    assert len(story.bodies("mission_assigned")) == 1


def test_rule_028_an_answer_received_in_time_counts_although_it_is_learnt_late() -> None:
    story = Story(vehicle("A1"))
    story.wait(110)
    assert story.status() is DemandStatus.ARBITRATION
    assert story.accept("A1", late=5.1).outcome is Outcome.CONFIRMED


@pytest.mark.parametrize(("late", "outcome"), [(5, Outcome.CONFIRMED), (4.999, Outcome.TOO_LATE)])
def test_rule_028_a_late_answer_never_wins(late: float, outcome: Outcome) -> None:
    story = Story(vehicle("A1"))
    story.wait(110)
    assert story.accept("A1", late=late).outcome is outcome


def test_rule_028_a_late_answer_is_kept_for_the_proof() -> None:
    story = Story(vehicle("A1"))
    story.wait(110)
    story.accept("A1")
    assert story.last("answer_turned_away").outcome == "too_late"


def test_rule_028_nobody_acknowledges_within_120_seconds_raises_an_alarm_once() -> None:
    story = assigned()
    story.receive(Receipt.DELIVERED)
    story.wait(600)
    alarms = [b.alarm for b in story.bodies("alarm_raised")]
    assert alarms == [AlarmKind.ACKNOWLEDGEMENT_LATE]
    assert story.demand.needs_attention


def test_rule_028_an_acknowledged_mission_raises_no_alarm() -> None:
    story = assigned()
    story.step(Step.ACQUITTE)
    story.wait(600)
    assert not story.bodies("alarm_raised")


def test_rule_029_the_first_acceptance_closes_all_other_solicitations() -> None:
    story = Story(vehicle("A1"), vehicle("A2"), vehicle("B1"))
    story.refuse("A2")
    story.accept("A1")
    assert not story.open()
    withdrawn = story.bodies("solicitation_withdrawn")
    assert [b.reason for b in withdrawn] == [WithdrawalReason.ALREADY_ASSIGNED]
    assert withdrawn[0].solicitation_id == story.asked("B1").id


def test_rule_029_answers_of_one_company_are_independent() -> None:
    story = Story(vehicle("A1"), vehicle("A2"))
    story.refuse("A1")
    assert story.accept("A2").outcome is Outcome.CONFIRMED


def test_rule_044_steps_pass_in_the_strict_order_only() -> None:
    story = assigned()
    assert story.step(Step.EN_APPROCHE) is Outcome.WRONG_STEP
    assert story.last("step_turned_away").expected_step is Step.ACQUITTE
    for step in STEPS[1:]:
        assert story.step(step) is Outcome.RECORDED
    assert [b.step for b in story.bodies("step_passed")] == list(STEPS)
    assert story.status() is DemandStatus.COMPLETED
    assert story.kinds()[-1] == "demand_completed"


def test_rule_044_a_repeated_report_changes_nothing() -> None:
    story = assigned()
    story.step(Step.ACQUITTE, "once")
    before = len(story.facts)
    assert story.step(Step.ACQUITTE, "once") is Outcome.RECORDED
    assert len(story.facts) == before


def test_rule_044_a_step_is_undone_within_60_seconds_and_both_facts_stay() -> None:
    story = assigned()
    story.step(Step.ACQUITTE, "tap")
    story.wait(60)
    assert story.undo("tap").outcome is Outcome.RECORDED
    assert story.kinds()[-2:] == ["step_passed", "step_undone"]
    assert story.undo("tap").outcome is Outcome.RECORDED
    assert story.step(Step.ACQUITTE, "tap again") is Outcome.RECORDED


def test_rule_044_a_step_is_not_undone_after_60_seconds_nor_if_it_is_not_the_last() -> None:
    story = assigned()
    story.step(Step.ACQUITTE, "one")
    story.step(Step.EN_APPROCHE, "two")
    assert story.undo("one").outcome is Outcome.STEP_NOT_LAST
    story.wait(61)
    assert story.undo("two").outcome is Outcome.UNDO_TOO_LATE


def test_rule_044_no_transport_after_the_bilan_only() -> None:
    story = assigned()
    assert story.demand.crew.end_without_transport(story.exit()).outcome is Outcome.NO_TRANSPORT_NOT_ALLOWED
    story.steps_until(Step.BILAN_REALISE)
    assert story.demand.crew.end_without_transport(story.exit()).outcome is Outcome.RECORDED
    assert story.status() is DemandStatus.COMPLETED
    assert story.last("mission_ended").reason is MissionEndReason.NO_TRANSPORT
    assert not story.last("demand_completed").transported


def test_rule_044_a_mission_without_a_step_for_45_minutes_is_flagged_once_per_step() -> None:
    story = assigned()
    story.steps_until(Step.EN_APPROCHE)
    story.wait(4 * 3600)
    stuck = [b for b in story.bodies("alarm_raised") if b.alarm is AlarmKind.MISSION_STUCK]
    assert len(stuck) == 1


@pytest.mark.parametrize("step", STEPS[: Step.EN_CHARGE.rank])
def test_rule_090_the_samu_cancels_before_the_patient_is_on_board_and_who_was_en_route_is_noted(
    step: Step,
) -> None:
    story = assigned()
    story.steps_until(step)
    assert story.cancel().outcome is Outcome.RECORDED
    assert story.status() is DemandStatus.CANCELLED
    ended = story.last("mission_ended")
    assert (ended.vehicle_id, ended.last_step, ended.reason) == (uid("A1"), step, MissionEndReason.CANCELLED)


def test_rule_090_too_late_to_cancel_once_the_patient_is_on_board() -> None:
    story = assigned()
    story.steps_until(Step.EN_CHARGE)
    assert story.cancel().outcome is Outcome.TOO_LATE_TO_CANCEL


def test_rule_090_a_cancelled_search_stops_every_device() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.cancel()
    assert not story.open()
    assert story.accept("A1").outcome is Outcome.DEMAND_CLOSED
    assert story.cancel().outcome is Outcome.RECORDED
    assert story.kinds()[-1] == "demand_cancelled"


def test_rule_091_a_mission_must_be_reconfirmed_on_amended_terms() -> None:
    story = assigned()
    story.amend(max_delay_minutes=20)
    assert story.status() is DemandStatus.ASSIGNED
    assert story.accept("A1").outcome is Outcome.CONFIRMED
    assert story.last("mission_reconfirmed").by.name == "regulation.A"


def test_rule_091_refusing_the_amended_terms_searches_again() -> None:
    story = assigned()
    story.fleet = [vehicle("B1")]
    story.amend(max_delay_minutes=20)
    story.refuse("A1")
    assert story.last("mission_ended").reason is MissionEndReason.NOT_RECONFIRMED
    assert story.open() == {uid("B1")}


def test_rule_091_silence_on_amended_terms_raises_an_alarm_and_takes_nobody_away() -> None:
    story = assigned()
    story.step(Step.ACQUITTE)
    story.amend(max_delay_minutes=20)
    story.wait(60)
    assert [b.alarm for b in story.bodies("alarm_raised")] == [AlarmKind.RECONFIRMATION_MISSING]
    assert story.status() is DemandStatus.ASSIGNED


def test_rule_091_a_vehicle_too_small_for_the_amended_volume_is_replaced() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.accept("A1", volume=Volume.AMBULANCE)
    story.fleet = [vehicle("B1")]
    story.amend(volume=Volume.ASSU)
    assert story.last("mission_ended").reason is MissionEndReason.VEHICLE_TOO_SMALL
    assert story.open() == {uid("B1")}


def test_rule_091_nothing_is_amended_with_the_patient_on_board_or_after_the_end() -> None:
    story = assigned()
    story.steps_until(Step.EN_CHARGE)
    assert story.amend(max_delay_minutes=20).outcome is Outcome.TOO_LATE_TO_AMEND
    story.steps_until(Step.DISPONIBLE)
    assert story.amend(max_delay_minutes=20).outcome is Outcome.DEMAND_CLOSED


def test_rule_096_server_time_bounds_the_devices_and_the_device_time_is_kept() -> None:
    story = assigned()
    story.wait(100)
    story.step(Step.ACQUITTE, occurred=-3600)
    fast = story.last("step_passed")
    assert fast.occurred_at == story.clock
    assert fast.device_time == story.clock + timedelta(hours=1)
    story.step(Step.EN_APPROCHE, occurred=7200)
    assert story.last("step_passed").occurred_at == fast.occurred_at


def test_rule_043_a_step_may_be_told_with_the_time_at_which_it_happened() -> None:
    story = assigned()
    story.wait(900)
    story.step(Step.ACQUITTE, occurred=600)
    assert story.last("step_passed").occurred_at == story.clock - timedelta(minutes=10)


def test_only_the_samu_declares_carence_and_only_when_it_is_its_turn() -> None:
    story = Story(vehicle("A1"))
    assert story.declare_carence().outcome is Outcome.CARENCE_NOT_PROPOSED
    story.refuse("A1")
    assert story.status() is DemandStatus.ARBITRATION
    assert story.declare_carence().outcome is Outcome.RECORDED
    assert story.status() is DemandStatus.UNFULFILLED
    assert story.kinds()[-1] == "demand_unfulfilled"


def test_refusing_every_counter_proposal_proposes_carence() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.counter("A1", 50)
    story.counter("B1", 60)
    assert "carence_proposed" not in story.kinds()
    assert story.arbitrate(Decision.REFUSE).outcome is Outcome.RECORDED
    assert story.arbitrate(Decision.ACCEPT).outcome is Outcome.COUNTER_PROPOSAL_UNKNOWN
    assert story.kinds()[-1] == "carence_proposed"


def test_the_promise_is_the_acceptance_plus_the_travel_time() -> None:
    story = Story(vehicle("A1", eta=12))
    story.clock += timedelta(seconds=30)
    story.accept("A1")
    assert story.last("mission_assigned").promised_at == START + timedelta(seconds=30, minutes=12)


def test_companies_see_their_own_facts_only() -> None:
    story = Story(vehicle("A1"), vehicle("B1"), site("Cs"))
    story.accept("A1")
    for fact in story.facts:
        company = getattr(fact.body, "company_id", None)
        assert company is None or fact.audience == (company,)
    assert all(len(fact.audience) <= 1 for fact in story.facts)


def test_facts_are_numbered_without_a_hole() -> None:
    story = assigned()
    story.steps_until(Step.DISPONIBLE)
    assert [fact.seq for fact in story.facts] == list(range(2, 2 + len(story.facts)))


@pytest.mark.parametrize("reconfirmed", [True, False])
def test_rule_091_a_late_refusal_of_new_terms_takes_nobody_from_a_patient(reconfirmed: bool) -> None:
    story = assigned()
    story.amend(max_delay_minutes=20)
    if reconfirmed:
        story.accept("A1")
    story.steps_until(Step.EN_CHARGE)
    assert story.refuse("A1").outcome is Outcome.ALREADY_ASSIGNED
    assert story.demand.is_on_mission


def test_rule_092_a_vehicle_that_broke_down_is_not_asked_again_for_this_demand() -> None:
    story = assigned()
    story.break_down()
    assert story.open() == {uid("A2"), uid("B1")}
    story.wait(40)
    assert uid("A1") not in story.open()


def test_an_operator_may_end_a_demand_at_any_step() -> None:
    story = assigned()
    story.steps_until(Step.LIEU_DESTINATION)
    story.demand.samu.abandon(story.cancellation())
    assert story.status() is DemandStatus.CANCELLED
    assert story.last("mission_ended").last_step is Step.LIEU_DESTINATION


def test_rule_091_new_terms_are_not_refused_once_the_patient_is_on_board_even_in_time() -> None:
    story = assigned()
    story.steps_until(Step.BILAN_REALISE)
    story.amend(max_delay_minutes=20)
    assert story.step(Step.EN_CHARGE) is Outcome.RECORDED
    assert story.refuse("A1").outcome is Outcome.ALREADY_ASSIGNED
    assert story.demand.is_on_mission
