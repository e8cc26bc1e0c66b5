"""Where a patient is taken to: the SAMU says it, or whom it told it to writes it down (rule 36)."""

from uuid import UUID

from domain.messages import Destination, Reply
from domain.outcomes import Outcome
from domain.people import Actor, Role
from domain.vocabulary import Step
from tests.unit.stories import SAMU, Story, uid, vehicle

CREW = Actor(role=Role.CREW, name="equipage.A", company_id=uid("A"))


def give(story: Story, facility: str, by: Actor = CREW, mission_id: UUID | None = None) -> Reply:
    """Somebody gives a facility; a crew for the mission that runs, if no other is named."""
    running = story.demand.case.mission
    of_mission = mission_id or (running.id if running and by is not SAMU else None)
    order = Destination(
        facility_id=facility, name=f"CH {facility}", received_at=story.clock, by=by, mission_id=of_mission
    )
    return story.demand.samu.set_destination(order)


def on_mission(until: Step = Step.LIEU_INTERVENTION) -> Story:
    story = Story(vehicle("A1"), vehicle("B1"))
    story.accept("A1")
    story.steps_until(until)
    return story


def test_rule_036_the_crew_gives_the_destination_and_the_fact_says_that_it_was_the_crew() -> None:
    story = on_mission()
    assert give(story, "1").outcome is Outcome.RECORDED
    told = story.last("destination_set")
    assert (told.facility_id, told.by.role) == ("1", Role.CREW)
    [fact] = [each for each in story.facts if each.body is told]
    assert fact.audience == (uid("A"),)


def test_rule_036_nobody_was_told_a_destination_before_the_bilan() -> None:
    story = on_mission(Step.EN_APPROCHE)
    early = give(story, "1")
    assert (early.outcome, early.expected_step) == (Outcome.DESTINATION_TOO_EARLY, Step.LIEU_INTERVENTION)
    assert give(story, "1", SAMU).outcome is Outcome.RECORDED  # who decides may know it from the call


def test_rule_036_the_crew_corrects_itself_and_the_same_twice_is_one_fact() -> None:
    story = on_mission()
    give(story, "1")
    assert give(story, "1").outcome is Outcome.RECORDED
    assert give(story, "2").outcome is Outcome.RECORDED
    assert [each.facility_id for each in story.bodies("destination_set")] == ["1", "2"]


def test_rule_036_what_the_samu_gave_stands_above_what_a_crew_gives() -> None:
    story = on_mission()
    give(story, "1")
    assert give(story, "2", SAMU).outcome is Outcome.RECORDED
    assert give(story, "1").outcome is Outcome.DESTINATION_GIVEN_BY_SAMU
    assert give(story, "2").outcome is Outcome.RECORDED
    assert [each.by.role for each in story.bodies("destination_set")] == [Role.CREW, Role.SAMU]


def test_rule_036_a_company_gives_the_destination_of_the_mission_that_it_has() -> None:
    story = Story(vehicle("A1"), vehicle("B1"))
    assert give(story, "1").outcome is Outcome.MISSION_UNKNOWN
    story.accept("A1")
    story.steps_until(Step.LIEU_INTERVENTION)
    mission = story.demand.case.mission
    assert mission is not None
    story.break_down()
    story.accept("B1")
    story.steps_until(Step.LIEU_INTERVENTION)
    assert give(story, "1", mission_id=mission.id).outcome is Outcome.MISSION_ENDED
    assert give(story, "1", mission_id=uid("none")).outcome is Outcome.MISSION_ENDED
    assert story.bodies("destination_set") == []
    story.steps_until(Step.DISPONIBLE)
    assert give(story, "1").outcome is Outcome.DEMAND_CLOSED


def test_rule_036_a_companys_word_ends_with_its_mission_and_the_samus_stays() -> None:
    story = on_mission()
    give(story, "1")
    story.break_down()
    assert [each.facility_id for each in story.bodies("destination_dropped")] == ["1"]
    story.accept("B1")
    story.steps_until(Step.LIEU_INTERVENTION)
    assert give(story, "1").outcome is Outcome.RECORDED
    assert len(story.bodies("destination_set")) == 2  # the next crew's own word

    other = on_mission()
    give(other, "1", SAMU)
    other.break_down()
    assert other.bodies("destination_dropped") == []
