"""Arbitration, promises and amendments, rule by rule."""

from datetime import timedelta

import pytest

from domain.messages import Amendment, Decision
from domain.outcomes import Outcome
from domain.policy import Policy, Windows
from domain.vocabulary import AlarmKind, DemandStatus, SolicitationState, Step, Tier, WithdrawalReason
from tests.unit.stories import SAMU, START, Story, guard, site, uid, vehicle

State = SolicitationState


def test_rule_010_best_is_shortest_then_exact_volume_then_earliest() -> None:
    story = Story(vehicle("A1"), vehicle("B1", exact=False), vehicle("C1"), vehicle("D1"))
    story.counter("B1", 50)
    story.clock += timedelta(seconds=1)
    story.counter("C1", 50)
    story.clock += timedelta(seconds=1)
    story.counter("D1", 50)
    story.clock += timedelta(seconds=1)
    story.counter("A1", 70)
    order = [s.company_id for s in story.demand.case.book.counter_proposals()]
    assert order == [uid("C"), uid("D"), uid("B"), uid("A")]
    assert story.last("arbitration_opened").best == story.asked("C1").id


def test_rule_010_another_than_the_best_needs_a_reason() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.counter("A1", 50)
    story.counter("B1", 70)
    assert story.arbitrate(Decision.ACCEPT, "B1").outcome is Outcome.REASON_REQUIRED
    assert story.arbitrate(Decision.ACCEPT, "B1", "équipage connu").outcome is Outcome.RECORDED


def test_rule_010_the_samu_is_alarmed_and_nothing_is_decided_for_it() -> None:
    story = Story(vehicle("A1"))
    story.counter("A1", 50)
    story.wait(3600)
    alarms = [b.level for b in story.bodies("alarm_raised") if b.alarm is AlarmKind.ARBITRATION_WAITING]
    assert alarms == [1, 2]
    assert story.status() is DemandStatus.ARBITRATION


def test_rule_010_arbitration_waits_for_its_turn() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.counter("A1", 50)
    assert story.arbitrate(Decision.ACCEPT).outcome is Outcome.NOT_IN_ARBITRATION


def test_rule_010_the_machine_search_shows_everything_after_240_seconds() -> None:
    slow = Policy(standard=Windows(guard_s=200, vehicles_s=200, sites_s=200))
    story = Story(guard("G1"), vehicle("A1"), site("Bs"), policy=slow)
    story.wait(240)
    assert story.status() is DemandStatus.ARBITRATION
    assert "carence_proposed" in story.kinds()


def test_rule_011_an_accepted_counter_delay_goes_back_in_free_choice_with_its_own_deadline() -> None:
    story = Story(vehicle("A1"))
    story.counter("A1", 70)
    story.clock += timedelta(seconds=30)
    story.arbitrate(Decision.ACCEPT)
    assert story.status() is DemandStatus.SOLICITING_FREE_CHOICE
    assert story.demand.case.deadline == story.clock + timedelta(minutes=70)
    promised = story.demand.case.deadline
    free_choice = story.asked("A")
    assert free_choice.tier is Tier.FREE_CHOICE
    assert free_choice.answer_before == story.clock + timedelta(seconds=45)
    story.clock += timedelta(seconds=20)
    assert story.accept("A", named="A9").outcome is Outcome.CONFIRMED
    assert story.last("mission_assigned").promised_at == promised
    assert story.demand.case.deadline == promised


@pytest.mark.parametrize("how", ["refuse", "silence"])
def test_rule_011_a_withdrawn_promise_brings_the_next_counter_proposal(how: str) -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.counter("A1", 50)
    story.counter("B1", 70)
    story.arbitrate(Decision.ACCEPT)
    if how == "refuse":
        story.refuse("A")
    else:
        story.wait(45)
    assert story.status() is DemandStatus.ARBITRATION
    assert story.demand.case.deadline == START + timedelta(minutes=40)
    assert [s.company_id for s in story.demand.case.book.counter_proposals()] == [uid("B")]
    assert story.last("promise_withdrawn").company_id == uid("A")


def test_rule_091_an_amendment_keeps_who_still_fits_and_withdraws_the_others() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.wait(20)
    story.fleet = [vehicle("A1", eta=5), vehicle("C1")]
    assert story.amend(max_delay_minutes=20).outcome is Outcome.RECORDED
    assert story.open() == {uid("A1"), uid("C1")}
    assert story.asked("B1").withdrawn_for is WithdrawalReason.DEMAND_AMENDED
    assert story.last("solicitation_revised").eta_minutes == 5
    assert story.demand.case.deadline == START + timedelta(minutes=20)
    assert story.accept("A1").outcome is Outcome.CONFIRMED


def test_rule_091_refusals_of_the_old_terms_do_not_bind_on_the_new_ones() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.refuse("A1")
    story.amend(max_delay_minutes=60)
    assert story.open() == {uid("A1"), uid("B1")}


def test_rule_091_an_amendment_in_arbitration_searches_again() -> None:
    story = Story(vehicle("A1"))
    story.refuse("A1")
    assert story.status() is DemandStatus.ARBITRATION
    story.amend(max_delay_minutes=60)
    assert story.status() is DemandStatus.SOLICITING_VEHICLES


def test_a_waiting_arbitration_looks_at_the_fleet_ever_more_rarely() -> None:
    story = Story()
    before = story.demand.case.search.mark
    surveys = 0
    for _ in range(24 * 3600 // 60):
        due = story.demand.case.search.survey_at
        story.wait(60)
        surveys += due != story.demand.case.search.survey_at
    assert 288 < surveys < 400
    assert story.demand.case.search.mark == before


def test_rule_091_a_promised_free_choice_ends_with_the_terms_it_was_made_on() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.counter("A1", 50)
    story.counter("B1", 70)
    story.arbitrate(Decision.ACCEPT)
    promised = story.asked("A")
    story.amend(max_delay_minutes=60)
    assert promised.withdrawn_for is WithdrawalReason.DEMAND_AMENDED
    assert not story.demand.case.book.counter_proposals()
    assert {b.reason for b in story.bodies("counter_proposal_lapsed")} == {WithdrawalReason.DEMAND_AMENDED}
    assert story.status() is DemandStatus.SOLICITING_VEHICLES


def test_rule_091_the_patients_company_is_asked_again_on_the_new_terms() -> None:
    story = Story(vehicle("B1"), chosen_company_id=uid("A"))
    story.amend(max_delay_minutes=60)
    assert story.status() is DemandStatus.SOLICITING_FREE_CHOICE
    assert story.accept("A", named="A3").outcome is Outcome.CONFIRMED


def test_rule_091_a_refusal_between_the_amendment_and_the_survey_counts() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    order = Amendment(received_at=story.clock, by=SAMU, max_delay_minutes=60)
    story.demand.samu.amend(order)
    assert story.demand.is_reevaluating
    assert story.demand.companies.refuse(story.refusal("A1")).outcome is Outcome.RECORDED
    story.settle()
    assert uid("B1") in story.open()


def test_rule_010_a_broken_promise_alarms_the_samu_anew() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.counter("A1", 50)
    story.counter("B1", 70)
    story.wait(300)
    story.arbitrate(Decision.ACCEPT)
    story.wait(45)
    before = len(story.bodies("alarm_raised"))
    story.wait(130)
    assert len(story.bodies("alarm_raised")) == before + 2


@pytest.mark.parametrize("how", ["assigned", "cancelled", "carence"])
def test_rule_090_who_promised_is_told_that_it_is_over(how: str) -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.counter("A1", 50)
    if how == "assigned":
        story.accept("B1")
    else:
        story.refuse("B1")
        story.cancel() if how == "cancelled" else story.declare_carence()
    told = [f for f in story.facts if f.body.kind == "counter_proposal_lapsed"]
    assert [f.audience for f in told] == [(uid("A"),)]


def test_rule_011_the_promise_that_won_does_not_lapse() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.counter("A1", 50)
    story.counter("B1", 70)
    story.arbitrate(Decision.ACCEPT)
    story.accept("A", named="A9")
    assert [b.company_id for b in story.bodies("counter_proposal_lapsed")] == [uid("B")]


def test_rule_011_nor_does_it_when_the_mission_is_over() -> None:
    story = Story(vehicle("A1"))
    story.counter("A1", 50)
    story.arbitrate(Decision.ACCEPT)
    story.accept("A", named="A9")
    story.steps_until(Step.DISPONIBLE)
    assert not story.bodies("counter_proposal_lapsed")
