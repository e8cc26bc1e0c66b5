"""The guard is asked first: one vehicle after the other, and always before anybody else (rules 12, 13 and 60)."""

from datetime import timedelta

import pytest

from domain.eligibility import GuardDuty, Judgement, Terms, VehicleState, judge_vehicle
from domain.fleet import VehicleCard, Volume
from domain.messages import Acceptance, Candidate
from domain.outcomes import Outcome
from domain.policy import Policy
from domain.ranking import candidates
from domain.vocabulary import DemandStatus, SolicitationState, Tier, VehicleVerdict, WithdrawalReason
from tests.unit.stories import START, Story, arriving, guard, regulator, site, uid, vehicle

ON_GUARD = VehicleState(
    vehicle_id=uid("G1"),
    company_id=uid("G"),
    site_id=uid("Gs"),
    volume=Volume.AMBULANCE,
    available=False,
    engaged=False,
    on_guard=True,
    arrival=arriving(600.0),
    guard=GuardDuty(reach=0),
)


def judged(state: VehicleState, policy: Policy | None = None) -> Judgement:
    return judge_vehicle(state, Terms(Volume.AMBULANCE, 20, START, policy or Policy()))


def test_rule_012_the_guard_of_the_sector_is_solicited_without_a_tick_or_a_position() -> None:
    verdict = judged(ON_GUARD)
    assert (verdict.verdict, verdict.tier) == (VehicleVerdict.SOLICITED, Tier.GUARD)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"guard": GuardDuty(reach=None)}, VehicleVerdict.OTHER_SECTOR),
        ({"engaged": True}, VehicleVerdict.ENGAGED),
        ({"guard": GuardDuty(reach=0, phone=False)}, VehicleVerdict.NO_GUARD_PHONE),
        ({"arrival": arriving(1201.0)}, VehicleVerdict.TOO_FAR),
        ({"arrival": None}, VehicleVerdict.TOO_FAR),
        ({"guard": None}, VehicleVerdict.ON_GUARD),
    ],
)
def test_rule_012_a_guard_vehicle_that_is_not_asked_has_its_reason(
    change: dict[str, object], verdict: VehicleVerdict
) -> None:
    assert judged(ON_GUARD._replace(**change)).verdict is verdict  # type: ignore[arg-type]  # fields by name


def test_rule_012_a_samu_may_ask_its_guard_beyond_the_delay() -> None:
    late = ON_GUARD._replace(arrival=arriving(2000.0))
    assert judged(late, Policy(guard_beyond_delay=True)).verdict is VehicleVerdict.SOLICITED


def test_rule_004_a_small_guard_vehicle_does_not_serve_a_large_demand() -> None:
    assert (
        judge_vehicle(ON_GUARD, Terms(Volume.ASSU, 20, START, Policy())).verdict is VehicleVerdict.TOO_SMALL
    )


def test_rule_012_own_sector_then_nearest_then_fewest_missions() -> None:
    def one(name: str, travel_s: float, reach: int, missions: int) -> Judgement:
        duty = GuardDuty(reach=reach, missions=missions)
        return judged(ON_GUARD._replace(vehicle_id=uid(name), arrival=arriving(travel_s), guard=duty))

    asked = candidates(
        [one("neighbour", 60, 1, 0), one("busy", 590, 0, 3), one("rested", 595, 0, 1), one("near", 300, 0, 9)]
    )
    assert [c.vehicle_id for c in asked] == [uid("near"), uid("rested"), uid("busy"), uid("neighbour")]


def test_rule_055_a_vehicle_on_guard_is_never_judged_for_anything_else() -> None:
    ticked = ON_GUARD._replace(available=True, fix_at=START)
    assert judged(ticked).tier is Tier.GUARD
    assert judged(ticked._replace(guard=None)).verdict is VehicleVerdict.ON_GUARD


def test_rule_012_the_guard_is_asked_alone_and_first() -> None:
    story = Story(guard("G1"), guard("H1"), vehicle("A1"), site("As"))
    assert story.status() is DemandStatus.SOLICITING_GUARD
    assert story.open() == {uid("G1")}


def test_rule_013_unavailable_with_its_reason_brings_the_next_guard_vehicle_at_once() -> None:
    story = Story(guard("G1"), guard("H1"), vehicle("A1"))
    story.wait(5)
    assert story.unavailable("G1", "mission en cours").outcome is Outcome.RECORDED
    assert story.last("solicitation_unavailable").reason == "mission en cours"
    assert story.open() == {uid("H1")}
    story.unavailable("H1")
    assert story.status() is DemandStatus.SOLICITING_VEHICLES
    assert story.open() == {uid("A1")}


def test_rule_013_no_answer_in_45_seconds_rings_again_and_asks_the_next_one_too() -> None:
    story = Story(guard("G1"), guard("H1"), vehicle("A1"))
    story.wait(44)
    assert story.open() == {uid("G1")}
    story.wait(1)
    assert story.last("solicitations_rung").solicitation_ids == (story.asked("G1").id,)
    assert story.open() == {uid("G1"), uid("H1")}
    story.wait(29)
    assert story.status() is DemandStatus.SOLICITING_GUARD
    story.wait(1)
    assert story.asked("G1").state is SolicitationState.EXPIRED
    assert story.status() is DemandStatus.SOLICITING_VEHICLES


def test_rule_013_a_demand_of_20_minutes_leaves_the_guard_60_seconds() -> None:
    story = Story(guard("G1"), vehicle("A1"), delay=20)
    assert story.asked("G1").answer_before == START + timedelta(seconds=60)
    story.wait(60)
    assert story.status() is DemandStatus.SOLICITING_VEHICLES


def test_rule_012_guard_vehicles_that_there_was_no_time_to_ask_alone_are_asked_with_the_others() -> None:
    story = Story(guard("G1"), guard("H1"), guard("I1"), vehicle("A1"))
    story.wait(75)
    assert {uid("H1"), uid("I1"), uid("A1")} <= story.open()


def test_rule_012_the_guard_and_the_whole_search_stay_within_the_machines_time() -> None:
    story = Story(guard("G1"), vehicle("A1"), site("As"))
    story.wait(240)
    assert story.status() is DemandStatus.ARBITRATION
    assert "carence_proposed" in story.kinds()


def test_rule_060_the_guard_crew_accepts_and_nobody_else_is_asked() -> None:
    story = Story(guard("G1"), vehicle("A1"))
    assert story.accept("G1").outcome is Outcome.CONFIRMED
    assert [b.tier for b in story.bodies("solicitation_opened")] == [Tier.GUARD]
    assert story.last("mission_assigned").vehicle_id == uid("G1")


def test_rule_055_a_guard_vehicle_is_engaged_as_one() -> None:
    story = Story(guard("G1"), vehicle("A1"))
    assert story.demand.companies.engagement(acceptance(story, "G1")).on_guard
    story.unavailable("G1")
    assert not story.demand.companies.engagement(acceptance(story, "A1")).on_guard


def test_rule_066_a_guard_that_has_ended_meanwhile_gives_the_demand_back() -> None:
    story = Story(guard("G1"), vehicle("A1"))
    answer = acceptance(story, "G1")
    companies = story.demand.companies
    assert companies.claim(answer).outcome is Outcome.CLAIM_ALLOWED
    companies.engagement_refused(answer, companies.engagement(answer), Outcome.GUARD_ENDED)
    assert story.asked("G1").withdrawn_for is WithdrawalReason.GUARD_ENDED
    story.settle()
    assert story.status() is DemandStatus.SOLICITING_VEHICLES


def test_rule_037_an_answer_under_a_lost_lease_leaves_the_solicitation_to_the_new_holder() -> None:
    story = Story(vehicle("A1"))
    answer = acceptance(story, "A1")
    companies = story.demand.companies
    assert companies.claim(answer).outcome is Outcome.CLAIM_ALLOWED
    told = companies.engagement_refused(answer, companies.engagement(answer), Outcome.LEASE_LOST)
    assert told.outcome is Outcome.LEASE_LOST
    assert story.open() == {uid("A1")}
    assert story.last("answer_turned_away").outcome == "lease_lost"
    assert story.accept("A1").outcome is Outcome.CONFIRMED


def test_rule_031_the_assignment_says_whether_a_phone_is_in_the_vehicle() -> None:
    for phone in (True, False):
        story = Story(vehicle("A1"))
        answer = acceptance(story, "A1")
        companies = story.demand.companies
        wanted = companies.engagement(answer)
        card = VehicleCard(
            vehicle_id=wanted.vehicle_id,
            company_id=wanted.company_id,
            volume=Volume.ASSU,
            phone_bound=phone,
        )
        companies.confirm(answer, wanted, card)
        assert story.last("mission_assigned").phone_bound is phone


def acceptance(story: Story, name: str) -> Acceptance:
    asked = story.asked(name)
    return Acceptance(solicitation_id=asked.id, received_at=story.clock, by=regulator(name[0]))


def test_rule_010_no_carence_is_proposed_while_a_guard_crew_still_rings() -> None:
    """At night the guard is often the last tier: its crews ring on when the SAMU is awaited already."""
    story = Story(guard("G1"), guard("H1"))
    story.wait(40)
    story.unavailable("G1")
    story.wait(40)
    assert story.status() is DemandStatus.ARBITRATION
    assert story.open() == {uid("H1")}
    assert "carence_proposed" not in story.kinds()
    story.unavailable("H1")
    assert "carence_proposed" in story.kinds()


def test_rule_010_silence_of_the_last_guard_crew_proposes_the_carence() -> None:
    story = Story(guard("G1"), guard("H1"), delay=20)
    story.wait(104)
    assert "carence_proposed" not in story.kinds()
    story.wait(1)
    assert story.asked("H1").state is SolicitationState.EXPIRED
    assert story.bodies("carence_proposed")


def test_rule_055_a_vehicle_that_goes_on_guard_while_it_is_asked_is_asked_as_guard_only() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.fleet = [replace_tier(vehicle("A1")), vehicle("B1")]
    story.wait(16)
    assert [b.reason for b in story.bodies("solicitation_withdrawn")] == [WithdrawalReason.VEHICLE_ON_GUARD]
    still_open = [(s.tier, s.candidate.vehicle_id) for s in story.demand.case.book.still_open()]
    assert sorted(still_open) == sorted([(Tier.GUARD, uid("A1")), (Tier.VEHICLE, uid("B1"))])
    assert story.accept("A1").outcome is Outcome.CONFIRMED


def replace_tier(candidate: Candidate) -> Candidate:
    return candidate.model_copy(update={"tier": Tier.GUARD})
