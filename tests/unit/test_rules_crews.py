"""Crews in vehicles: which phone is where, and which is the primary one (rules 25, 31, 38 and 57)."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from domain import boarding
from domain.boarding import Changes, Crew, Declaration, Known
from domain.duty_facts import (
    CrewBound,
    CrewMember,
    CrewPromoted,
    CrewUnbound,
)
from domain.lease import Post
from domain.outcomes import Outcome
from domain.vocabulary import CrewLeft
from tests.unit.regulation_stories import COMPANY, LOOSE, NOW, VEHICLE, kinds, phone, post

ANNA, BORIS = CrewMember(name="Anna"), CrewMember(name="Boris")


def said(by: Post, vehicle_id: UUID = VEHICLE, *, primary: bool | None = None) -> Declaration:
    return Declaration(
        crew_id=uuid4(),
        company_id=COMPANY,
        vehicle_id=vehicle_id,
        post=by,
        members=(ANNA,),
        primary=primary,
    )


def aboard(by: Post, known: Known | None = None, *, primary: bool = False) -> tuple[Crew, Changes]:
    declared = boarding.declare(said(by, primary=primary or None), known or Known(), NOW)
    assert not isinstance(declared, Outcome)
    return declared


def test_rule_025_the_first_phone_is_the_primary_one_and_the_others_follow() -> None:
    first, changes = aboard(phone())
    assert first.is_primary
    [fact] = changes.facts
    assert isinstance(fact.body, CrewBound)
    assert fact.body.members == (ANNA,)
    second, _ = aboard(phone(), Known(aboard=[first]))
    assert not second.is_primary


def test_rule_025_a_phone_may_say_that_it_is_the_primary_one() -> None:
    first, _ = aboard(phone())
    second, changes = aboard(phone(), Known(aboard=[first]), primary=True)
    assert second.is_primary
    assert changes.demoted == (first.id,)


def test_rule_025_a_phone_that_follows_becomes_the_primary_one_without_naming_anybody_again() -> None:
    who = phone()
    first, _ = aboard(phone())
    second, _ = aboard(who, Known(aboard=[first]))
    same, changes = aboard(who, Known(aboard=[first, second], own=second), primary=True)
    assert (same.id, same.is_primary, changes.demoted) == (second.id, True, (first.id,))
    assert [type(fact.body) for fact in changes.facts] == [CrewPromoted]


def test_rule_025_saying_the_same_again_changes_nothing() -> None:
    who = phone()
    crew, _ = aboard(who)
    assert aboard(who, Known(aboard=[crew], own=crew)) == (crew, Changes())


def test_rule_025_other_members_are_written_down_under_the_same_binding() -> None:
    who = phone()
    crew, _ = aboard(who)
    declared = boarding.declare(
        replace(said(who), members=(ANNA, BORIS)), Known(aboard=[crew], own=crew), NOW
    )
    assert not isinstance(declared, Outcome)
    assert (declared[0].id, declared[0].members) == (crew.id, (ANNA, BORIS))
    assert kinds(declared[1]) == ["crew_bound"]


def test_rule_025_a_phone_is_in_one_vehicle_and_the_oldest_left_behind_takes_its_place() -> None:
    who = phone()
    own, _ = aboard(who)
    younger = replace(aboard(phone())[0], is_primary=False, bound_at=NOW + timedelta(seconds=2))
    older = replace(aboard(phone())[0], is_primary=False, bound_at=NOW + timedelta(seconds=1))
    declared = boarding.declare(said(who, LOOSE), Known(own=own, left_behind=[younger, older]), NOW)
    assert not isinstance(declared, Outcome)
    crew, changes = declared
    assert (crew.vehicle_id, crew.id == own.id) == (LOOSE, False)
    assert changes.left == ((own.id, CrewLeft.MOVED),)
    assert changes.promoted == (older.id,)
    assert [type(fact.body) for fact in changes.facts] == [CrewUnbound, CrewPromoted, CrewBound]


def test_rule_031_the_binding_names_the_mission_that_runs_already() -> None:
    mission_id = uuid4()
    _, changes = aboard(phone(), Known(mission_id=mission_id))
    assert isinstance(changes.facts[0].body, CrewBound)
    assert changes.facts[0].body.mission_id == mission_id


def test_rule_025_only_a_phone_is_in_a_vehicle() -> None:
    assert boarding.declare(said(post()), Known(), NOW) is Outcome.PHONE_REQUIRED


def test_rule_025_a_follower_leaves_without_a_change_of_the_primary_phone() -> None:
    first, _ = aboard(phone())
    second, _ = aboard(phone(), Known(aboard=[first]))
    gone = boarding.leave(second, [first], CrewLeft.LEFT, post().by, NOW)
    assert (gone.promoted, kinds(gone)) == ((), ["crew_unbound"])
    assert boarding.leave(None, [first], CrewLeft.LEFT, post().by, NOW) == Changes()


def test_rule_038_a_guard_is_left_without_a_phone_only_when_that_is_confirmed() -> None:
    who, known = phone(), Known(guards_left=1)
    assert boarding.declare(said(who), known, NOW) is Outcome.CONFIRMATION_REQUIRED
    assert not isinstance(boarding.declare(replace(said(who), confirmed=True), known, NOW), Outcome)


def test_rule_057_who_regulates_does_not_get_into_a_vehicle_on_guard() -> None:
    assert boarding.declare(said(phone()), Known(on_guard=True, regulates=True), NOW) is Outcome.LEASE_HELD
    for known in (Known(on_guard=True), Known(regulates=True)):
        assert not isinstance(boarding.declare(said(phone()), known, NOW), Outcome)


def test_rule_025_a_phone_that_takes_anothers_place_is_primary_as_that_one_was() -> None:
    old, _ = aboard(phone())
    new, mission_id = said(phone()), uuid4()
    changes = boarding.replace_phone(old, new, mission_id, NOW)
    assert changes.left == ((old.id, CrewLeft.DEVICE_CLOSED),)
    assert changes.bound is not None
    assert (changes.bound.id, changes.bound.is_primary) == (new.crew_id, True)
    assert changes.bound.members == old.members
    bound = changes.facts[-1].body
    assert isinstance(bound, CrewBound)
    assert bound.mission_id == mission_id
