"""The guard's rules 12, 39 and 54-66, 101, 102, as pure functions: who may open, how long was served, how it stands."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from domain.fleet import Category
from domain.guard import (
    NEARLY_OVER,
    OPENS_BEFORE,
    Period,
    PeriodState,
    Shift,
    hours,
    late_s,
    may_ask,
    may_close,
    may_correct,
    may_open,
    may_settle,
    state_of,
    worked_until,
)
from domain.outcomes import Outcome
from domain.vocabulary import DeviceKind, ShiftEnd
from tests.unit.guard_stories import (
    END,
    MINUTE,
    PERIOD,
    PROVISIONAL,
    START,
    a_period,
    a_shift,
    an_opening,
    on_guard,
)

# -- opening ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        (START - OPENS_BEFORE - timedelta(seconds=1), Outcome.GUARD_NOT_YET_OPEN),
        (START - OPENS_BEFORE, Outcome.RECORDED),
        (START, Outcome.RECORDED),
        (END - timedelta(seconds=1), Outcome.RECORDED),
        (END, Outcome.GUARD_PERIOD_OVER),
    ],
)
def test_rule_056_a_guard_opens_from_15_minutes_before_until_its_end(at: datetime, outcome: Outcome) -> None:
    assert may_open(an_opening(at)) is outcome


def test_rule_056_a_late_start_is_recorded_in_seconds() -> None:
    assert late_s(START, START - MINUTE) == 0
    assert late_s(START, START) == 0
    assert late_s(START, START + timedelta(minutes=7, seconds=3.9)) == 423


@pytest.mark.parametrize("category", list(Category))
def test_rule_056_only_a_vehicle_of_category_a_or_c_of_the_company(category: Category) -> None:
    assert may_open(an_opening(category=category)) is Outcome.RECORDED
    assert may_open(an_opening(category=None)) is Outcome.VEHICLE_UNKNOWN
    assert may_open(an_opening(category="D")) is Outcome.VEHICLE_CATEGORY_REFUSED


def test_rule_039_guard_is_refused_unless_the_period_is_in_the_roster() -> None:
    withdrawn = replace(PERIOD, withdrawn_at=START - MINUTE)
    assert may_open(an_opening(period=withdrawn)) is Outcome.GUARD_NOT_ROSTERED
    refused = replace(PROVISIONAL, withdrawn_at=START + MINUTE)
    assert may_open(an_opening(period=refused)) is Outcome.GUARD_NOT_ROSTERED


@pytest.mark.parametrize("kind", [DeviceKind.PLUGIN, DeviceKind.WEB])
def test_rule_055_guard_is_kept_on_a_phone(kind: DeviceKind) -> None:
    assert may_open(an_opening(device_kind=kind)) is Outcome.PHONE_REQUIRED


def test_rule_055_a_vehicle_on_a_mission_off_guard_does_not_open() -> None:
    assert may_open(an_opening(engaged=True)) is Outcome.VEHICLE_ENGAGED


def test_rule_057_a_phone_that_regulates_gives_it_up_first() -> None:
    assert may_open(an_opening(lease_site="Narbonne")) is Outcome.LEASE_HELD


def test_rule_056_one_crew_a_period_one_guard_a_vehicle_one_vehicle_a_phone() -> None:
    other = a_period(START, END)
    taken = [on_guard(PERIOD, vehicle_id=uuid4(), device_id=uuid4())]
    assert may_open(an_opening(on_guard=taken)) is Outcome.GUARD_ALREADY_OPEN
    taken = [on_guard(other, device_id=uuid4())]
    assert may_open(an_opening(on_guard=taken)) is Outcome.GUARD_VEHICLE_TAKEN
    taken = [on_guard(other, vehicle_id=uuid4())]
    assert may_open(an_opening(on_guard=taken)) is Outcome.GUARD_PHONE_TAKEN


def test_opening_again_is_known_by_period_vehicle_and_phone() -> None:
    mine = on_guard(PERIOD)
    assert an_opening(on_guard=[mine]).repeats is mine
    assert an_opening(on_guard=[on_guard(PERIOD, device_id=uuid4())]).repeats is None
    assert an_opening(on_guard=[on_guard(a_period())]).repeats is None


def test_rule_066_consecutive_periods_chain_as_soon_as_the_first_is_open() -> None:
    following = a_period(END, END + timedelta(hours=12))
    chained = an_opening(START, following, on_guard=[on_guard(PERIOD)], engaged=True)
    assert chained.chained
    assert may_open(chained) is Outcome.RECORDED, "hours before, and although its guard mission runs"
    third = a_period(following.ends_at, following.ends_at + timedelta(hours=1))
    both = [on_guard(PERIOD), on_guard(following)]
    assert may_open(an_opening(START, third, on_guard=both)) is Outcome.RECORDED


def test_rule_066_only_periods_without_a_gap_chain() -> None:
    later = a_period(END + MINUTE, END + timedelta(hours=12))
    assert may_open(an_opening(START, later, on_guard=[on_guard(PERIOD)])) is Outcome.GUARD_NOT_YET_OPEN
    soon = an_opening(END, later, on_guard=[on_guard(PERIOD)])
    assert may_open(soon) is Outcome.GUARD_VEHICLE_TAKEN
    overlapping = a_period(END - MINUTE, END + timedelta(hours=12))
    assert not an_opening(END, overlapping, on_guard=[on_guard(PERIOD)]).chained


# -- closing, and what was served --------------------------------------------------------------------------------------


def test_rule_066_a_busy_crew_does_not_leave_and_an_early_one_confirms() -> None:
    middle = START + timedelta(hours=3)
    assert may_close(PERIOD, middle, busy=True, confirmed=True) is Outcome.SHIFT_BUSY
    assert may_close(PERIOD, middle, busy=False, confirmed=False) is Outcome.CONFIRMATION_REQUIRED
    assert may_close(PERIOD, middle, busy=False, confirmed=True) is Outcome.RECORDED
    assert may_close(PERIOD, END - NEARLY_OVER, busy=False, confirmed=False) is Outcome.RECORDED
    assert may_close(PROVISIONAL, middle, busy=False, confirmed=False) is Outcome.RECORDED


def test_rule_066_overtime_is_what_a_running_mission_lasts_beyond_the_end() -> None:
    mission = END + timedelta(minutes=40)
    closed = END + timedelta(minutes=50)
    until = worked_until(PERIOD, closed, mission, chained=False)
    assert hours(PERIOD, START, until).overtime_s == 40 * 60
    assert hours(PERIOD, START, until).served_s == (12 * 60 + 40) * 60


def test_rule_066_a_watch_that_comes_late_makes_no_overtime() -> None:
    closed = END + timedelta(hours=2)
    for last_mission in (None, END - timedelta(hours=1)):
        until = worked_until(PERIOD, closed, last_mission, chained=False)
        assert hours(PERIOD, START, until) == hours(PERIOD, START, END)
        assert hours(PERIOD, START, until).overtime_s == 0


def test_rule_066_time_of_a_chained_shift_is_not_counted_twice() -> None:
    mission = END + timedelta(minutes=40)
    first = hours(PERIOD, START, worked_until(PERIOD, mission, mission, chained=True))
    following = a_period(END, END + timedelta(hours=12))
    second = hours(following, START, following.ends_at)
    assert first.served_s + second.served_s == 24 * 3600
    assert first.overtime_s == 0


def test_rule_056_hours_count_from_the_later_of_start_and_opening() -> None:
    assert hours(PERIOD, START - 10 * MINUTE, END).served_s == 12 * 3600
    assert hours(PERIOD, START + 10 * MINUTE, END).served_s == 12 * 3600 - 600
    assert hours(PERIOD, START - 10 * MINUTE, START - 5 * MINUTE).served_s == 0


# -- provisional guard -------------------------------------------------------------------------------------------------


def test_rule_059_a_missing_period_is_asked_for_now_not_for_another_day() -> None:
    assert may_ask(START, END, START) is Outcome.RECORDED
    assert may_ask(START, END, START - OPENS_BEFORE) is Outcome.RECORDED
    assert may_ask(START, END, START - OPENS_BEFORE - MINUTE) is Outcome.GUARD_NOT_YET_OPEN
    assert may_ask(START, END, END) is Outcome.GUARD_PERIOD_OVER
    assert may_ask(START, START + timedelta(hours=27), START) is Outcome.GUARD_PERIOD_INVALID
    assert may_ask(END, START, START - MINUTE) is Outcome.GUARD_NOT_YET_OPEN
    assert may_ask(START + MINUTE, START + MINUTE, START) is Outcome.GUARD_PERIOD_INVALID


def test_rule_059_the_samu_says_yes_or_no_once() -> None:
    approved = replace(PROVISIONAL, approved_at=START)
    refused = replace(PROVISIONAL, withdrawn_at=START)
    assert may_settle(PROVISIONAL, OPEN, approve=True) is Outcome.RECORDED
    assert may_settle(PROVISIONAL, OPEN, approve=False) is Outcome.RECORDED
    assert may_settle(approved, OPEN, approve=True) is Outcome.RECORDED
    assert may_settle(approved, OPEN, approve=False) is Outcome.GUARD_ALREADY_SETTLED
    assert may_settle(refused, None, approve=False) is Outcome.RECORDED
    assert may_settle(refused, None, approve=True) is Outcome.GUARD_ALREADY_SETTLED
    withdrawn = replace(PERIOD, withdrawn_at=START)
    assert may_settle(withdrawn, None, approve=False) is Outcome.GUARD_ALREADY_SETTLED


def test_rule_059_without_its_crew_nothing_is_left_to_approve() -> None:
    gone = replace(PROVISIONAL, withdrawn_at=START)
    for period, shift in ((PROVISIONAL, None), (PROVISIONAL, SERVED), (gone, LEFT_BY_ITS_CREW)):
        assert may_settle(period, shift, approve=True) is Outcome.GUARD_ENDED
    assert may_settle(PROVISIONAL, LEFT_BY_ITS_CREW, approve=False) is Outcome.RECORDED
    assert state_of(gone, LEFT_BY_ITS_CREW, START) is PeriodState.WITHDRAWN
    assert state_of(gone, REFUSED_BY_THE_SAMU, START) is PeriodState.REFUSED


def test_rule_059_the_end_of_a_provisional_period_is_corrected_until_it_is_approved() -> None:
    later = END + timedelta(hours=1)
    assert may_correct(PROVISIONAL, later, START) is Outcome.RECORDED
    assert may_correct(PROVISIONAL, START - MINUTE, START) is Outcome.GUARD_PERIOD_OVER
    assert may_correct(PROVISIONAL, END + timedelta(hours=20), START) is Outcome.GUARD_PERIOD_INVALID
    approved = replace(PROVISIONAL, approved_at=START)
    assert may_correct(approved, later, START) is Outcome.GUARD_ALREADY_SETTLED
    assert may_correct(approved, END, START) is Outcome.RECORDED


def test_rule_059_a_provisional_guard_counts_once_it_is_approved() -> None:
    assert not PROVISIONAL.counts
    assert replace(PROVISIONAL, approved_at=START).counts
    assert not replace(PERIOD, withdrawn_at=START).counts
    assert may_open(an_opening(period=PROVISIONAL)) is Outcome.RECORDED, "its crew is on guard by telephone"


# -- how a period stands -----------------------------------------------------------------------------------------------

OPEN = a_shift()
LEFT_EARLY = a_shift(closed_at=START + timedelta(hours=1))
SERVED = a_shift(closed_at=END)
LEFT_BY_ITS_CREW = a_shift(closed_at=START, close_reason=ShiftEnd.CLOSED_BY_CREW)
REFUSED_BY_THE_SAMU = a_shift(closed_at=START, close_reason=ShiftEnd.REFUSED)


@pytest.mark.parametrize(
    ("period", "shift", "at", "state"),
    [
        (PERIOD, None, START - timedelta(hours=1), PeriodState.PLANNED),
        (PERIOD, None, START - OPENS_BEFORE, PeriodState.OPENABLE),
        (PERIOD, None, START, PeriodState.LATE),
        (PERIOD, OPEN, START - MINUTE, PeriodState.OPEN),
        (PERIOD, OPEN, END + MINUTE, PeriodState.OPEN),
        (PERIOD, LEFT_EARLY, START + timedelta(hours=2), PeriodState.LATE),
        (PERIOD, LEFT_EARLY, END, PeriodState.CLOSED),
        (PERIOD, SERVED, END, PeriodState.CLOSED),
        (PERIOD, a_shift(closed_at=END - MINUTE), END - MINUTE, PeriodState.CLOSED),
        (PERIOD, None, END, PeriodState.MISSED),
        (PROVISIONAL, OPEN, START + MINUTE, PeriodState.ASKED),
        (replace(PROVISIONAL, approved_at=START), OPEN, START + MINUTE, PeriodState.OPEN),
        (replace(PROVISIONAL, withdrawn_at=START), OPEN, START + MINUTE, PeriodState.REFUSED),
        (replace(PERIOD, withdrawn_at=START), None, START, PeriodState.WITHDRAWN),
        (PROVISIONAL, SERVED, END, PeriodState.CLOSED),
    ],
)
def test_rule_056_how_a_period_stands(
    period: Period, shift: Shift | None, at: datetime, state: PeriodState
) -> None:
    assert state_of(period, shift, at) is state
