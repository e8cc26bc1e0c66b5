"""What happens while the procedure waits for something else. Both were found by random stories (`tests.walk`)."""

from domain.edition import Edition
from domain.messages import Amendment, CounterProposal
from domain.outcomes import Outcome
from domain.vocabulary import AlarmKind, Step
from tests.unit.stories import SAMU, Story, regulator, vehicle


def _stuck(edition: Edition) -> Story:
    story = Story(vehicle("A1"), edition=edition)
    story.accept("A1")
    story.steps_until(Step.LIEU_INTERVENTION)
    story.wait(45 * 60)
    assert story.last("alarm_raised").alarm is AlarmKind.MISSION_STUCK
    assert story.demand.next_moment() is None, "nothing is due: the workflow sleeps without a timer"
    return story


def test_a_step_after_the_stuck_alarm_wakes_the_procedure_so_that_the_next_alarm_can_fall_due() -> None:
    story = _stuck(Edition.OPERATORS)
    mark = story.demand.mark
    story.step(Step.BILAN_REALISE)
    assert story.demand.next_moment() is not None
    assert story.demand.mark != mark


def test_demands_of_older_editions_sleep_on_as_their_histories_say() -> None:
    story = _stuck(Edition.REGULATION)
    mark = story.demand.mark
    story.step(Step.BILAN_REALISE)
    assert story.demand.mark == mark


def _promised_meanwhile(edition: Edition) -> Story:
    """The SAMU amends, and before the fleet was held against the new terms a company promises on the old ones."""
    story = Story(vehicle("A1"), vehicle("B1"), edition=edition)
    demand, promised = story.demand, story.asked("A1")
    demand.samu.amend(Amendment(max_delay_minutes=60, received_at=story.clock, by=SAMU))
    answer = CounterProposal(
        solicitation_id=promised.id, delay_minutes=90, received_at=story.clock, by=regulator("A")
    )
    assert demand.companies.propose_delay(answer).outcome is Outcome.RECORDED
    story.proceed()
    return story


def test_rule_091_a_promise_made_while_the_new_terms_are_looked_at_lapses_and_its_company_is_asked_anew() -> (
    None
):
    story = _promised_meanwhile(Edition.OPERATORS)
    assert story.kinds().count("counter_proposal_lapsed") == 1
    assert not story.demand.case.book.counter_proposals()
    assert story.asked("A1").is_open
    assert story.asked("A1").round == 2


def test_rule_091_in_older_editions_it_stands() -> None:
    story = _promised_meanwhile(Edition.REGULATION)
    assert "counter_proposal_lapsed" not in story.kinds()
    assert len(story.demand.case.book.counter_proposals()) == 1
