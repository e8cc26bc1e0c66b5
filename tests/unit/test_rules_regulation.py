"""Who regulates: the lease and its epoch, the right to answer (rules 14, 32, 37 to 39)."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from domain import lease as rules
from domain.alarm_facts import AlarmClosed, AlarmRaised
from domain.authority import Asked, Hands, Right, is_concerned, right_to_answer
from domain.duty_facts import (
    HandoverOffered,
    HandoverWithdrawn,
    RegulationGivenUp,
    RegulationHandedOver,
    RegulationSuspended,
    RegulationTaken,
)
from domain.lease import SILENCE, Change, OpenAlarm
from domain.messages import LeaseStamp
from domain.outcomes import Outcome
from domain.people import Role
from domain.vocabulary import AlarmKind, DeviceKind, LeaseState, Tier
from tests.unit.regulation_stories import (
    COMPANY,
    FREE,
    LOOSE,
    NOW,
    OTHER_SITE,
    SITE,
    VEHICLE,
    changed,
    held,
    kinds,
    phone,
    post,
)

# -- the lease -------------------------------------------------------------------------------------------------------


def test_rule_037_a_free_site_is_taken_and_the_epoch_grows() -> None:
    first = post()
    change = changed(rules.take(FREE, first, NOW))
    assert (change.lease.state, change.lease.epoch) == (LeaseState.HELD, 1)
    assert change.lease.is_held_by(first.device_id, NOW)
    [fact] = change.facts
    assert fact.body == RegulationTaken(
        site_id=SITE, device_id=first.device_id, device_kind=first.kind, epoch=1, by=first.by
    )
    assert fact.audience == (COMPANY,)


def test_rule_037_taking_again_keeps_the_epoch_and_tells_nothing() -> None:
    first = post()
    again = changed(rules.take(held(first), first, NOW + timedelta(seconds=9)))
    assert (again.lease.epoch, again.facts) == (1, ())
    assert again.lease.heartbeat_at == NOW + timedelta(seconds=9)
    assert again.lease.taken_at == NOW


def test_rule_037_one_device_at_a_time_unless_a_regulator_takes_over() -> None:
    first, second = post(), post()
    lease = held(first)
    assert rules.take(lease, second, NOW) is Outcome.LEASE_HELD_ELSEWHERE
    over = changed(rules.take(lease, second, NOW, take_over=True))
    assert over.lease.epoch == 2
    [body] = [fact.body for fact in over.facts]
    assert isinstance(body, RegulationTaken)
    assert body.previous_device_id == first.device_id
    assert not over.lease.is_held_by(first.device_id, NOW)


def test_rule_039_a_crew_goes_master_only_on_a_phone_and_never_takes_over() -> None:
    crew = post(Role.CREW, DeviceKind.MOBILE)
    assert rules.take(FREE, post(Role.CREW, DeviceKind.PLUGIN), NOW) is Outcome.PHONE_REQUIRED
    assert rules.take(held(post()), crew, NOW, take_over=True) is Outcome.LEASE_HELD_ELSEWHERE
    assert changed(rules.take(FREE, crew, NOW)).lease.is_held_by(crew.device_id, NOW)


def test_rule_039_a_phone_on_guard_regulates_nothing() -> None:
    assert rules.take(FREE, phone(), NOW, on_guard=True) is Outcome.PHONE_ON_GUARD


def test_rule_037_silence_ends_it_before_anybody_looks_and_a_heartbeat_brings_nothing_back() -> None:
    first = post()
    lease, late = held(first), NOW + SILENCE
    assert lease.is_live(late - timedelta(milliseconds=1))
    assert not lease.is_live(late)
    assert rules.heartbeat(lease, first.device_id, late) == lease
    kept = rules.heartbeat(lease, first.device_id, NOW + timedelta(seconds=29))
    assert kept.is_live(NOW + timedelta(seconds=58))
    again = changed(rules.take(lease, first, late))
    assert again.lease.epoch == 2


def test_rule_037_a_heartbeat_never_goes_back_in_time() -> None:
    first = post()
    ahead = rules.heartbeat(held(first), first.device_id, NOW + timedelta(seconds=9))
    assert rules.heartbeat(ahead, first.device_id, NOW + timedelta(seconds=5)) == ahead


def test_rule_037_a_silent_holder_is_suspended_with_an_alarm_for_each_samu_that_waits() -> None:
    first, samus = post(), {uuid4(): 2, uuid4(): 1}
    lease = held(first)
    assert rules.suspend(lease, NOW + timedelta(seconds=29), samus) is None
    lost = changed(rules.suspend(lease, NOW + SILENCE, samus))
    assert (lost.lease.state, lost.lease.epoch) == (LeaseState.SUSPENDED, 2)
    suspended = lost.facts[0].body
    assert isinstance(suspended, RegulationSuspended)
    assert (suspended.open_solicitations, suspended.silent_since) == (3, NOW)
    alarms = lost.facts[1:]
    assert {fact.samu_id for fact in alarms} == set(samus)
    assert all(isinstance(f.body, AlarmRaised) and f.body.alarm is AlarmKind.LEASE_LOST for f in alarms)
    assert len({f.body.alarm_id for f in alarms if isinstance(f.body, AlarmRaised)}) == 2
    assert rules.suspend(lost.lease, NOW + 2 * SILENCE, {}) is None


def test_rule_037_where_nobody_waits_the_alarm_is_the_companys_alone() -> None:
    lost = changed(rules.suspend(held(post()), NOW + SILENCE, {}))
    assert kinds(lost) == ["regulation_suspended", "alarm_raised"]
    assert lost.facts[1].samu_id is None
    assert lost.facts[1].audience == (lost.lease.company_id,)


def test_rule_037_the_alarms_of_a_loss_are_closed_when_the_site_is_taken_again() -> None:
    samu_id = uuid4()
    alarms = [
        OpenAlarm(uuid4(), AlarmKind.LEASE_LOST, samu_id),
        OpenAlarm(uuid4(), AlarmKind.MISSION_STUCK, samu_id),
    ]
    [fact] = rules.close_alarms(FREE, alarms, NOW)
    assert fact.body == AlarmClosed(alarm_id=alarms[0].id, alarm=AlarmKind.LEASE_LOST)
    assert fact.samu_id == samu_id


def test_rule_037_who_lost_a_site_may_take_it_again_and_another_is_told_of() -> None:
    first, second = post(), post(Role.CREW, DeviceKind.MOBILE)
    lost = changed(rules.suspend(held(first), NOW + SILENCE, {})).lease
    for who, previous in ((first, None), (second, first.device_id)):
        [body] = [f.body for f in changed(rules.take(lost, who, NOW + SILENCE)).facts]
        assert isinstance(body, RegulationTaken)
        assert (body.epoch, body.previous_device_id) == (3, previous)


def test_rule_038_giving_up_frees_the_site_and_ends_the_epoch() -> None:
    first, second = post(), post()
    lease = held(first)
    gone = changed(rules.give_up(lease, first.device_id, first.by, NOW))
    assert (gone.lease.state, gone.lease.epoch, gone.lease.device_id) == (LeaseState.FREE, 2, None)
    assert isinstance(gone.facts[0].body, RegulationGivenUp)
    assert rules.give_up(lease, second.device_id, second.by, NOW) is Outcome.LEASE_HELD_ELSEWHERE
    assert changed(rules.give_up(gone.lease, first.device_id, first.by, NOW)) == Change(gone.lease)


def test_rule_038_a_hand_over_leaves_no_moment_without_anybody() -> None:
    first, second = post(), post()
    offered = changed(rules.offer(held(first), first, second.device_id, NOW))
    assert isinstance(offered.facts[0].body, HandoverOffered)
    assert offered.lease.is_held_by(first.device_id, NOW)
    taken = changed(rules.accept(offered.lease, second, NOW, 10))
    assert taken.lease.is_held_by(second.device_id, NOW)
    assert (taken.lease.epoch, taken.lease.offered_to) == (2, None)
    [body] = [fact.body for fact in taken.facts]
    assert isinstance(body, RegulationHandedOver)
    assert (body.previous_device_id, body.open_solicitations) == (first.device_id, 10)
    assert changed(rules.accept(taken.lease, second, NOW, 10)) == Change(taken.lease)


def test_rule_038_only_whom_it_was_offered_may_accept_and_only_the_holder_offers() -> None:
    first, second, third = post(), post(), post()
    offered = changed(rules.offer(held(first), first, second.device_id, NOW)).lease
    assert rules.accept(offered, third, NOW, 0) is Outcome.HANDOVER_UNKNOWN
    assert rules.accept(held(first), second, NOW, 0) is Outcome.HANDOVER_UNKNOWN
    assert rules.offer(offered, second, third.device_id, NOW) is Outcome.LEASE_LOST
    assert rules.withdraw(offered, second, NOW) is Outcome.LEASE_LOST
    pc = replace(post(Role.CREW), device_id=second.device_id)
    assert rules.accept(offered, pc, NOW, 0) is Outcome.PHONE_REQUIRED


def test_rule_038_an_offer_is_taken_back_or_replaced_and_repeated_without_effect() -> None:
    first, second, third = post(), post(), post()
    offered = changed(rules.offer(held(first), first, second.device_id, NOW)).lease
    assert changed(rules.offer(offered, first, second.device_id, NOW)) == Change(offered)
    assert changed(rules.offer(held(first), first, first.device_id, NOW)).facts == ()
    other = changed(rules.offer(offered, first, third.device_id, NOW))
    assert kinds(other) == ["handover_withdrawn", "handover_offered"]
    back = changed(rules.withdraw(offered, first, NOW))
    assert (kinds(back), back.lease.offered_to) == (["handover_withdrawn"], None)
    assert changed(rules.withdraw(back.lease, first, NOW)).facts == ()


def test_rule_038_an_offer_ends_when_the_site_goes_otherwise_or_its_device_is_closed() -> None:
    first, second, third = post(), post(), post()
    offered = changed(rules.offer(held(first), first, second.device_id, NOW)).lease
    over = changed(rules.take(offered, third, NOW, take_over=True))
    assert isinstance(over.facts[0].body, HandoverWithdrawn)
    assert over.lease.offered_to is None
    gone = changed(rules.give_up(offered, first.device_id, first.by, NOW))
    assert kinds(gone) == ["handover_withdrawn", "regulation_given_up"]
    closed = rules.decline(offered, second.device_id, second.by, NOW)
    assert (kinds(closed), closed.lease.offered_to) == (["handover_withdrawn"], None)
    assert rules.decline(offered, third.device_id, third.by, NOW) == Change(offered)


def test_rule_038_what_a_holder_offered_before_it_fell_silent_may_still_be_accepted() -> None:
    first, second = post(), post()
    offered = changed(rules.offer(held(first), first, second.device_id, NOW)).lease
    lost = changed(rules.suspend(offered, NOW + SILENCE, {})).lease
    taken = changed(rules.accept(lost, second, NOW + SILENCE, 0)).lease
    assert (taken.epoch, taken.is_held_by(second.device_id, NOW + SILENCE)) == (3, True)


# -- the right to answer ---------------------------------------------------------------------------------------------


HANDS = Hands(leases={SITE: 7}, site_of={VEHICLE: SITE, LOOSE: None}, guards=frozenset())


@pytest.mark.parametrize(
    "asked",
    [
        Asked(tier=Tier.VEHICLE, vehicle_id=VEHICLE),
        Asked(tier=Tier.VEHICLE, vehicle_id=LOOSE),
        Asked(tier=Tier.SITE, site_id=SITE),
        Asked(tier=Tier.FREE_CHOICE),
    ],
)
def test_rule_037_who_regulates_answers_under_its_epoch(asked: Asked) -> None:
    right = Right(LeaseStamp(site_id=SITE, epoch=7))
    assert right_to_answer(HANDS, asked) == right
    assert right_to_answer(HANDS, asked, 7) == right
    assert right_to_answer(HANDS, asked, 6) is Outcome.LEASE_LOST
    assert right_to_answer(Hands(site_of=HANDS.site_of), asked) is Outcome.LEASE_LOST


def test_rule_014_a_site_is_answered_for_by_who_regulates_that_site() -> None:
    assert right_to_answer(HANDS, Asked(tier=Tier.SITE, site_id=OTHER_SITE)) is Outcome.LEASE_LOST
    elsewhere = replace(HANDS, site_of={VEHICLE: OTHER_SITE})
    assert right_to_answer(elsewhere, Asked(tier=Tier.VEHICLE, vehicle_id=VEHICLE)) is Outcome.LEASE_LOST


def test_rule_014_the_epoch_chooses_among_several_sites() -> None:
    both = replace(HANDS, leases={SITE: 7, OTHER_SITE: 3})
    right = right_to_answer(both, Asked(tier=Tier.FREE_CHOICE), 3)
    assert right == Right(LeaseStamp(site_id=OTHER_SITE, epoch=3))


def test_rule_039_a_guard_vehicle_is_answered_for_by_its_own_phone_only() -> None:
    asked = Asked(tier=Tier.GUARD, vehicle_id=VEHICLE)
    assert right_to_answer(HANDS, asked) is Outcome.NOT_THE_GUARD_PHONE
    assert right_to_answer(Hands(guards=frozenset({VEHICLE})), asked) == Right()


@pytest.mark.parametrize(
    ("hands", "concerned"),
    [
        (Hands(site_of={VEHICLE: SITE}, aboard=VEHICLE), True),
        (Hands(site_of={VEHICLE: SITE}, aboard=LOOSE), False),
        (Hands(site_of={VEHICLE: SITE}, guards=frozenset({VEHICLE})), True),
        (Hands(site_of={VEHICLE: SITE}, leases={SITE: 1}), True),
        (Hands(site_of={VEHICLE: SITE}, leases={OTHER_SITE: 1}), False),
        (Hands(site_of={VEHICLE: None}, leases={OTHER_SITE: 1}), True),
        (Hands(site_of={VEHICLE: None}), False),
    ],
)
def test_rule_032_a_mission_concerns_who_is_there_on_guard_or_regulates(
    hands: Hands, concerned: bool
) -> None:
    assert is_concerned(hands, VEHICLE) is concerned


def test_rule_037_the_device_that_takes_the_holders_place_goes_on_under_a_new_epoch() -> None:
    old, new = post(), post()
    lease = replace(held(old), offered_to=uuid4(), offered_at=NOW)
    change = rules.pass_on(lease, new, NOW)
    assert (change.lease.device_id, change.lease.epoch) == (new.device_id, lease.epoch + 1)
    assert kinds(change) == ["handover_withdrawn", "regulation_taken"]
    taken = change.facts[-1].body
    assert isinstance(taken, RegulationTaken)
    assert taken.previous_device_id == old.device_id
