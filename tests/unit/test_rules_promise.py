"""A company is asked for one thing at a time, and what it is asked is told whole (rules 10, 11, 88 and 91)."""

from datetime import timedelta

import pytest

from domain import facts
from domain.edition import Edition
from domain.messages import Decision, Intervention
from domain.outcomes import Outcome
from domain.people import Actor, Role
from domain.policy import Policy
from domain.solicitation import Solicitation
from domain.vocabulary import DemandStatus, OperatorAct, Tier
from storage.projection.draft import Draft
from storage.projection.fold import fold
from tests.unit.stories import START, Story, uid, vehicle

OPERATOR = Actor(role=Role.ADMIN, name="astreinte")


def _rings_on(edition: Edition = Edition.REVIEW, policy: Policy | None = None) -> Story:
    """The patient's own company rings in free choice, promises 70 minutes for its A1, and the SAMU takes that."""
    story = Story(vehicle("A1"), chosen_company_id=uid("A"), edition=edition, policy=policy)
    story.wait(20)
    next_tier = Intervention(act=OperatorAct.NEXT_TIER, received_at=story.clock, by=OPERATOR)
    assert story.demand.operators.act(next_tier).outcome is Outcome.RECORDED
    story.settle()
    story.counter("A1", 70)
    assert story.status() is DemandStatus.ARBITRATION
    story.wait(10)
    story.arbitrate(Decision.ACCEPT)
    return story


def _free(story: Story) -> list[Solicitation]:
    return [each for each in story.demand.case.book if each.tier is Tier.FREE_CHOICE]


def test_rule_011_a_company_that_rings_in_free_choice_already_is_not_asked_beside_it() -> None:
    story = _rings_on()
    [asked] = _free(story)
    revised = story.last("solicitation_revised")
    assert (revised.solicitation_id, revised.eta_minutes) == (asked.id, 70)
    assert revised.answer_before == asked.answer_before == story.clock + timedelta(seconds=45)
    assert story.status() is DemandStatus.SOLICITING_FREE_CHOICE
    promised = story.demand.case.deadline
    assert promised == story.clock + timedelta(minutes=70)
    story.wait(40)
    assert story.accept("A", named="A9").outcome is Outcome.CONFIRMED
    assert story.last("mission_assigned").deadline == story.last("mission_assigned").promised_at == promised


def test_rule_011_a_countdown_that_runs_longer_is_not_shortened() -> None:
    story = _rings_on(policy=Policy(newcomer_window_s=100))
    [asked] = _free(story)
    assert asked.answer_before == START + timedelta(seconds=100)


def test_rule_011_a_yes_on_its_way_to_what_became_the_promise_binds_the_company_to_its_promise() -> None:
    story = _rings_on()
    assert story.accept("A", named="A9", late=5).outcome is Outcome.CONFIRMED
    assert story.last("mission_assigned").deadline == story.last("counter_proposal_accepted").deadline


@pytest.mark.parametrize("how", ["refuse", "silence"])
def test_rule_011_what_became_the_promise_can_be_withdrawn(how: str) -> None:
    story = _rings_on()
    if how == "refuse":
        story.refuse("A")
    else:
        story.wait(45)
    assert story.status() is DemandStatus.ARBITRATION
    assert story.kinds().count("promise_withdrawn") == 1
    assert not story.demand.case.book.counter_proposals()


def test_rule_088_amended_then_the_patients_own_company_is_asked_again() -> None:
    story = _rings_on()
    story.amend(max_delay_minutes=60)
    [before, asked] = _free(story)
    assert not before.is_open
    assert asked.is_open
    assert (asked.round, asked.promise, asked.candidate.eta_minutes) == (2, None, None)


def test_rule_011_in_older_editions_both_ring() -> None:
    story = _rings_on(Edition.OPERATORS)
    assert [each.is_open for each in _free(story)] == [True, True]
    assert "solicitation_revised" not in story.kinds()


# -- told whole ----------------------------------------------------------------------------------------------------


def _revised(edition: Edition) -> facts.SolicitationRevised:
    """A1 is exactly what was demanded, and on the new terms it is not any more, and its crew must confirm."""
    story = Story(vehicle("A1"), edition=edition)
    story.wait(10)
    story.fleet = [vehicle("A1", exact=False).model_copy(update={"to_confirm": True})]
    story.amend(max_delay_minutes=60)
    body = story.last("solicitation_revised")
    assert isinstance(body, facts.SolicitationRevised)
    return body


def test_rule_091_a_revised_solicitation_says_what_the_domain_goes_by() -> None:
    body = _revised(Edition.REVIEW)
    assert (body.round, body.exact_volume, body.to_confirm) == (2, False, True)
    assert _folded(body)["exact_volume"] is False
    assert _folded(body)["to_confirm"] is True
    assert "round" not in _folded(body), (
        "by the round in which it was first asked verdicts know whom they asked"
    )


def test_rule_091_what_older_editions_did_not_say_is_left_as_it_was() -> None:
    body = _revised(Edition.OPERATORS)
    assert (body.round, body.exact_volume, body.to_confirm) == (None, None, None)
    assert not {"round", "exact_volume", "to_confirm"} & set(_folded(body))


def _folded(body: facts.SolicitationRevised) -> dict[str, object]:
    draft = Draft(uid("demand"), uid("samu"))
    fold(body, START, draft)
    return dict(draft.solicitations.changed[(body.solicitation_id,)])
