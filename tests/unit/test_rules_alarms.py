"""Alarms are facts with a state and a person: raised, seen, closed."""

from datetime import timedelta

from domain.edition import Edition
from domain.messages import AlarmSight, Decision
from domain.outcomes import Outcome
from domain.people import Role
from domain.policy import Policy
from domain.vocabulary import AlarmKind, Receipt, Step
from tests.unit.stories import START, Story, regulator, uid, vehicle

NEW_KINDS = {"alarm_seen", "alarm_closed", "mission_received"}


def assigned(**options: object) -> Story:
    story = Story(vehicle("A1"), vehicle("B1"), **options)  # type: ignore[arg-type]  # options of a story
    assert story.accept("A1").outcome is Outcome.CONFIRMED
    return story


def raised(story: Story) -> list[AlarmKind]:
    return [b.alarm for b in story.bodies("alarm_raised")]


def closed(story: Story) -> list[AlarmKind]:
    return [b.alarm for b in story.bodies("alarm_closed")]


def test_rule_028_no_device_reached_within_60_seconds_raises_an_alarm() -> None:
    story = assigned()
    story.wait(59)
    assert raised(story) == []
    story.wait(1)
    assert raised(story) == [AlarmKind.DEVICE_UNREACHED]
    assert story.demand.needs_attention
    assert story.last("alarm_raised").company_id == uid("A")


def test_rule_030_delivered_opened_and_acknowledged_are_three_facts() -> None:
    story = assigned()
    for _ in range(2):
        assert story.receive(Receipt.DELIVERED) is Outcome.RECORDED
    assert story.receive(Receipt.OPENED) is Outcome.RECORDED
    assert story.step(Step.ACQUITTE) is Outcome.RECORDED
    assert [b.receipt for b in story.bodies("mission_received")] == [Receipt.DELIVERED, Receipt.OPENED]
    assert story.last("step_passed").step is Step.ACQUITTE
    story.wait(600)
    assert raised(story) == []


def test_rule_030_what_was_read_has_arrived() -> None:
    story = assigned()
    story.receive(Receipt.OPENED)
    assert [b.receipt for b in story.bodies("mission_received")] == [Receipt.DELIVERED, Receipt.OPENED]


def test_rule_028_a_device_that_is_reached_after_all_closes_the_alarm() -> None:
    story = assigned()
    story.wait(60)
    story.receive(Receipt.DELIVERED)
    assert closed(story) == [AlarmKind.DEVICE_UNREACHED]
    assert story.last("alarm_closed").alarm_id == story.last("alarm_raised").alarm_id
    assert not story.demand.needs_attention


def test_rule_028_an_acknowledgement_closes_what_waited_for_it() -> None:
    story = assigned()
    story.wait(120)
    assert raised(story) == [AlarmKind.DEVICE_UNREACHED, AlarmKind.ACKNOWLEDGEMENT_LATE]
    story.step(Step.ACQUITTE)
    assert set(closed(story)) == set(raised(story))


def test_rule_044_an_acknowledgement_taken_back_warns_again() -> None:
    story = assigned()
    story.receive(Receipt.DELIVERED)
    story.wait(120)
    story.step(Step.ACQUITTE, "ack")
    story.wait(5)
    story.undo("ack")
    story.tick()
    assert raised(story) == [AlarmKind.ACKNOWLEDGEMENT_LATE] * 2


def test_rule_065_a_mission_without_a_step_for_45_minutes_is_flagged_until_the_next_step() -> None:
    story = assigned()
    story.receive(Receipt.DELIVERED)
    story.steps_until(Step.LIEU_DESTINATION)
    story.wait(2700)
    assert raised(story) == [AlarmKind.MISSION_STUCK]
    story.step(Step.DISPONIBLE)
    assert closed(story) == [AlarmKind.MISSION_STUCK]
    assert story.kinds()[-1] == "demand_completed"


def test_rule_010_a_waiting_arbitration_rings_louder_and_is_closed_by_the_decision() -> None:
    story = Story(vehicle("A1"))
    story.counter("A1", 60)
    story.wait(60)
    first = story.last("alarm_raised")
    assert (first.alarm, first.level) == (AlarmKind.ARBITRATION_WAITING, 1)
    assert story.see(first.alarm_id).outcome is Outcome.RECORDED
    story.wait(60)
    second = story.last("alarm_raised")
    assert (second.alarm_id, second.level) == (first.alarm_id, 2)
    assert story.see(second.alarm_id).outcome is Outcome.RECORDED  # louder, it must be seen again
    assert len(story.bodies("alarm_seen")) == 2
    story.arbitrate(Decision.ACCEPT)
    assert closed(story) == [AlarmKind.ARBITRATION_WAITING]


def test_an_alarm_is_seen_by_one_person_once() -> None:
    story = assigned()
    story.wait(60)
    alarm_id = story.last("alarm_raised").alarm_id
    for _ in range(2):
        assert story.see(alarm_id).outcome is Outcome.RECORDED
    [seen] = story.bodies("alarm_seen")
    assert seen.by.name == "arm.un"
    story.receive(Receipt.DELIVERED)
    assert story.see(alarm_id).outcome is Outcome.ALARM_CLOSED
    assert story.see(uid("no alarm")).outcome is Outcome.ALARM_CLOSED


def test_rule_028_what_the_company_says_leaves_the_alarm_ringing_at_the_samu() -> None:
    story = assigned()
    story.wait(60)
    alarm_id = story.last("alarm_raised").alarm_id
    by_company = AlarmSight(alarm_id=alarm_id, received_at=story.clock, by=regulator("A"))
    for _ in range(2):
        assert story.demand.samu.see_alarm(by_company).outcome is Outcome.RECORDED
    [alarm] = story.demand.case.alarms.standing.values()
    assert (alarm.company_seen, alarm.seen) == (True, False)
    assert story.see(alarm_id).outcome is Outcome.RECORDED
    assert [each.by.role for each in story.bodies("alarm_seen")] == [Role.REGULATOR, Role.SAMU]
    assert (alarm.company_seen, alarm.seen) == (True, True)


def test_rule_010_an_alarm_that_rings_louder_is_seen_by_nobody() -> None:
    story = Story(vehicle("A1"))
    story.counter("A1", 60)
    story.wait(60)
    alarm_id = story.last("alarm_raised").alarm_id
    [alarm] = story.demand.case.alarms.standing.values()
    by_company = AlarmSight(alarm_id=alarm_id, received_at=story.clock, by=regulator("A"))
    story.demand.samu.see_alarm(by_company)
    story.see(alarm_id)
    story.wait(60)
    assert (alarm.level, alarm.company_seen, alarm.seen) == (2, False, False)


def test_the_end_of_a_demand_closes_every_alarm_before_the_last_fact() -> None:
    story = assigned()
    story.wait(130)
    story.cancel()
    assert set(closed(story)) == set(raised(story))
    assert story.kinds()[-1] == "demand_cancelled"
    assert story.see(story.last("alarm_raised").alarm_id).outcome is Outcome.ALARM_CLOSED


def test_a_demand_that_began_under_older_code_writes_what_that_code_wrote() -> None:
    """Its facts are numbered where it runs: one fact more, and nothing that follows could be recorded."""
    story = assigned(edition=Edition.FIRST)
    story.wait(125)
    assert raised(story) == [AlarmKind.ACKNOWLEDGEMENT_LATE]
    assert story.last("alarm_raised").alarm_id is None
    story.steps_until(Step.LIEU_DESTINATION)
    story.wait(2700)
    story.step(Step.DISPONIBLE)
    assert not NEW_KINDS & set(story.kinds())


def test_rule_037_the_patients_company_is_not_asked_blindly() -> None:
    story = Story(vehicle("B1"), chosen_company_id=uid("A"), regulated=False)
    assert story.kinds()[:2] == ["tier_skipped", "tier_skipped"]
    assert story.open() == {uid("B1")}


def test_the_alarms_timings_are_the_policys() -> None:
    story = assigned(policy=Policy(unreached_alarm_s=10))
    story.wait(10)
    assert story.facts[-1].at == START + timedelta(seconds=10)
    assert raised(story) == [AlarmKind.DEVICE_UNREACHED]


def test_rule_028_a_company_that_has_answered_was_reached_even_if_it_takes_the_step_back() -> None:
    story = assigned()
    story.wait(30)
    story.step(Step.ACQUITTE, "ack")
    story.undo("ack")
    story.wait(60)
    assert AlarmKind.DEVICE_UNREACHED not in raised(story)
