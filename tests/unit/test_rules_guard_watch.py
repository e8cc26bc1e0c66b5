"""The watch of a guard period, decided: when it looks, when it warns, when it sends the crew home."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from domain.guard_messages import GuardPeriod, GuardStanding
from domain.guard_watch import Watch, WatchAct

START = datetime(2026, 11, 22, 19, tzinfo=UTC)
END = START + timedelta(hours=12)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
THERE = GuardStanding(covered=True, shift_id=uuid4())
BUSY = GuardStanding(covered=True, busy=True, shift_id=uuid4())
NOBODY = GuardStanding()


def watch() -> Watch:
    period = GuardPeriod(
        period_id=uuid4(),
        samu_id=uuid4(),
        company_id=uuid4(),
        sector="Narbonne",
        starts_at=START,
        ends_at=END,
    )
    return Watch(period)


def test_rule_066_a_mission_that_nobody_ends_does_not_fill_the_engines_history() -> None:
    """Each look is eleven events, and the engine ends a workflow of 51,200."""
    watched, at, looks = watch(), END, 0
    while at < END + 72 * HOUR:
        assert watched.judge(BUSY, at) is None
        at, looks = watched.next_look(at), looks + 1
    assert looks < 500
    assert watched.judge(THERE, at) is WatchAct.SEND_HOME


def test_rule_066_a_mission_that_ends_soon_after_its_guard_is_noticed_soon() -> None:
    watched = watch()
    assert watched.next_look(END) - END == timedelta(seconds=15)
    assert watched.next_look(END + 20 * MINUTE) - (END + 20 * MINUTE) == 2 * MINUTE


def test_rule_059_a_crew_that_left_is_missed_from_when_it_left() -> None:
    watched = watch()
    assert watched.judge(THERE, START + HOUR) is None
    left = GuardStanding(left_at=START + HOUR + MINUTE)
    assert watched.judge(left, START + HOUR + 5 * MINUTE) is None
    assert watched.next_look(START + HOUR + 5 * MINUTE) == START + HOUR + 6 * MINUTE
    assert watched.judge(left, START + HOUR + 6 * MINUTE) is WatchAct.WARN


def test_rule_059_a_crew_that_left_before_the_start_is_missed_from_the_start() -> None:
    watched = watch()
    left = GuardStanding(left_at=START - 5 * MINUTE)
    assert watched.judge(left, START) is None
    assert watched.judge(left, START + 5 * MINUTE) is WatchAct.WARN


def test_rule_059_the_watch_goes_by_the_end_that_is_known_now() -> None:
    watched, later = watch(), END + 2 * HOUR
    there = THERE.model_copy(update={"ends_at": later})
    assert watched.judge(there, END) is None
    assert watched.next_look(later - MINUTE) == later
    assert watched.judge(there, later) is WatchAct.SEND_HOME
