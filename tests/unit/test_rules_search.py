"""The search, rule by rule: who is asked, until when, in which order."""

from datetime import timedelta

import pytest

from domain.outcomes import Outcome
from domain.policy import Policy
from domain.vocabulary import DemandStatus, SolicitationState, Tier
from tests.unit.stories import START, Story, guard, site, uid, vehicle

State = SolicitationState


def test_rule_003_deadline_is_reception_plus_delay_and_is_never_restarted() -> None:
    story = Story(vehicle("A1"), site("Bs"), delay=20)
    story.wait(90)
    assert story.demand.case.deadline == START + timedelta(minutes=20)


@pytest.mark.parametrize(("delay", "window"), [(20, 75), (21, 105), (40, 105), (60, 105)])
def test_rule_003_a_twenty_minute_demand_uses_the_short_windows(delay: int, window: int) -> None:
    story = Story(vehicle("A1"), delay=delay)
    assert story.asked("A1").answer_before == START + timedelta(seconds=window)


def test_rule_006_every_candidate_vehicle_is_asked_at_once() -> None:
    story = Story(vehicle("A1"), vehicle("A2"), vehicle("B1"))
    assert story.status() is DemandStatus.SOLICITING_VEHICLES
    assert story.open() == {uid("A1"), uid("A2"), uid("B1")}
    assert {s.opened_at for s in story.demand.case.book} == {START}


def test_rule_006_a_newcomer_is_asked_while_the_tier_is_open_and_gets_a_fair_window() -> None:
    story = Story(vehicle("A1"))
    story.wait(80)
    story.fleet.append(vehicle("B1"))
    story.wait(15)
    newcomer = story.asked("B1")
    assert newcomer.is_open
    assert newcomer.answer_before - newcomer.opened_at >= timedelta(seconds=Policy().newcomer_window_s)


def test_rule_006_a_newcomer_is_asked_in_later_tiers_and_in_arbitration_too() -> None:
    story = Story(site("As"))
    assert story.status() is DemandStatus.SOLICITING_SITES
    story.fleet.append(vehicle("B1"))
    story.wait(16)
    assert story.asked("B1").is_open
    story.wait(300)
    assert story.status() is DemandStatus.ARBITRATION
    story.fleet.append(vehicle("C1"))
    story.wait(40)
    assert story.accept("C1").outcome is Outcome.CONFIRMED


def test_rule_006_nobody_is_asked_twice_in_one_round() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.wait(100)
    assert len(story.bodies("solicitation_opened")) == 2


def test_rule_006_waves_ask_the_nearest_first_and_the_others_later() -> None:
    fleet = [vehicle(f"A{n}", eta=n) for n in range(1, 6)]
    story = Story(*fleet, policy=Policy(wave_size=2, wave_every_s=30))
    assert story.open() == {uid("A1"), uid("A2")}
    story.wait(30)
    assert len(story.open()) == 4
    story.wait(30)
    assert len(story.open()) == 5


def test_rule_006_a_wave_that_all_refuse_brings_the_next_one_at_once() -> None:
    story = Story(vehicle("A1"), vehicle("B1"), policy=Policy(wave_size=1))
    story.refuse("A1")
    story.tick()
    assert story.open() == {uid("B1")}
    assert story.status() is DemandStatus.SOLICITING_VEHICLES


def test_rule_007_silence_is_counted_apart_from_a_refusal() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.refuse("A1")
    story.wait(105)
    assert story.asked("A1").state is State.REFUSED
    assert story.asked("B1").state is State.EXPIRED


def test_rule_007_a_refusal_may_become_an_acceptance_while_the_search_is_open() -> None:
    story = Story(vehicle("A1"), site("Bs"))
    story.refuse("A1")
    assert story.status() is DemandStatus.SOLICITING_SITES
    assert story.accept("A1").outcome is Outcome.CONFIRMED


@pytest.mark.parametrize(
    ("minutes", "outcome"),
    [
        (39, Outcome.COUNTER_DELAY_NOT_LONGER),
        (40, Outcome.COUNTER_DELAY_NOT_LONGER),
        (41, Outcome.RECORDED),
        (240, Outcome.RECORDED),
        (241, Outcome.COUNTER_DELAY_TOO_LONG),
    ],
)
def test_rule_007_a_counter_delay_is_longer_than_the_demand_and_at_most_240(
    minutes: int, outcome: Outcome
) -> None:
    assert Story(vehicle("A1"), delay=40).counter("A1", minutes).outcome is outcome


def test_rule_026_a_second_ring_once_and_only_for_those_who_are_silent() -> None:
    story = Story(vehicle("A1"), vehicle("B1"), vehicle("B2"))
    story.refuse("A1")
    story.wait(60)
    rings = story.bodies("solicitations_rung")
    assert [r.company_id for r in rings] == [uid("B")]
    assert len(rings[0].solicitation_ids) == 2


def test_rule_008_sites_follow_as_soon_as_every_vehicle_has_answered() -> None:
    story = Story(vehicle("A1"), vehicle("B1"), site("Cs"))
    story.refuse("A1")
    assert story.status() is DemandStatus.SOLICITING_VEHICLES
    story.counter("B1", 60)
    assert story.status() is DemandStatus.SOLICITING_SITES
    assert story.clock == START


def test_rule_008_sites_follow_at_the_deadline_of_the_vehicles_at_the_latest() -> None:
    story = Story(vehicle("A1"), site("Cs"))
    story.wait(104.9)
    assert story.status() is DemandStatus.SOLICITING_VEHICLES
    story.wait(0.1)
    assert story.status() is DemandStatus.SOLICITING_SITES


def test_rule_008_a_tier_with_no_candidate_takes_no_time() -> None:
    story = Story(site("As"))
    assert story.status() is DemandStatus.SOLICITING_SITES
    assert [b.tier for b in story.bodies("tier_skipped")] == [Tier.GUARD, Tier.VEHICLE]
    assert story.clock == START


def test_rule_008_nobody_at_all_leads_straight_to_the_samu_with_carence_proposed() -> None:
    story = Story()
    assert story.status() is DemandStatus.ARBITRATION
    assert "carence_proposed" in story.kinds()


def test_rule_009_a_site_acceptance_must_name_a_vehicle() -> None:
    story = Story(site("As"))
    assert story.accept("As").outcome is Outcome.VEHICLE_REQUIRED
    assert story.accept("As", named="A7").outcome is Outcome.CONFIRMED
    assert story.last("mission_assigned").vehicle_id == uid("A7")


def test_rule_013_a_guard_crew_may_not_refuse() -> None:
    story = Story(guard("G1"), vehicle("A1"))
    assert story.status() is DemandStatus.SOLICITING_GUARD
    assert story.refuse("G1").outcome is Outcome.GUARD_MUST_ACCEPT
    story.wait(75)
    assert story.status() is DemandStatus.SOLICITING_VEHICLES


def test_rule_088_the_patients_company_is_asked_first_then_everybody() -> None:
    story = Story(vehicle("B1"), chosen_company_id=uid("A"))
    assert story.status() is DemandStatus.SOLICITING_FREE_CHOICE
    assert story.open() == {uid("A")}
    assert story.asked("A").answer_before == START + timedelta(seconds=45)
    story.refuse("A")
    assert story.status() is DemandStatus.SOLICITING_VEHICLES
    assert story.open() == {uid("B1")}


def test_rule_088_the_patients_company_takes_it_with_any_vehicle_and_the_demands_own_deadline() -> None:
    story = Story(vehicle("B1"), chosen_company_id=uid("A"))
    assert story.accept("A", named="A3").outcome is Outcome.CONFIRMED
    assert story.demand.case.deadline == START + timedelta(minutes=40)


def test_rule_092_a_breakdown_searches_again_with_the_original_deadline() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.accept("A1")
    story.wait(300)
    assert story.break_down().outcome is Outcome.RECORDED
    assert story.status() is DemandStatus.SOLICITING_VEHICLES
    assert story.open() == {uid("B1")}
    assert story.demand.case.deadline == START + timedelta(minutes=40)
    first = story.last("mission_assigned").mission_id
    assert story.accept("B1").outcome is Outcome.CONFIRMED
    assert story.last("mission_assigned").mission_id != first


def test_rule_094_a_vehicle_taken_elsewhere_closes_its_solicitation_and_may_come_back() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    assert story.accept_engaged("A1").outcome is Outcome.VEHICLE_ENGAGED
    assert story.open() == {uid("B1")}
    assert story.accept("A1").outcome is Outcome.VEHICLE_ENGAGED
    story.wait(16)
    assert story.open() == {uid("A1"), uid("B1")}


def test_rule_094_a_site_whose_vehicle_is_engaged_may_name_another() -> None:
    story = Story(site("As"))
    assert story.accept_engaged("As", named="A1").outcome is Outcome.VEHICLE_ENGAGED
    assert story.accept("As", named="A2").outcome is Outcome.CONFIRMED


def test_rule_097_a_search_that_begins_late_has_its_whole_time() -> None:
    story = Story(vehicle("A1"), site("Bs"), begun_after=600)
    assert story.asked("A1").answer_before == START + timedelta(seconds=600 + 105)
    assert story.demand.case.deadline == START + timedelta(minutes=40)


def test_rule_013_a_guard_crew_may_not_bargain_either() -> None:
    story = Story(guard("G1"), vehicle("A1"))
    assert story.counter("G1", 60).outcome is Outcome.GUARD_MUST_ACCEPT


def test_rule_008_a_wave_after_which_nobody_is_left_ends_the_tier_at_once() -> None:
    story = Story(vehicle("A1"), vehicle("B1"), site("Cs"), policy=Policy(wave_size=1))
    story.fleet = [site("Cs")]
    story.refuse("A1")
    story.tick()
    assert story.status() is DemandStatus.SOLICITING_SITES
