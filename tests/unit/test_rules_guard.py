"""The guard's rules 12, 39 and 54-66, 101, 102, as pure functions: who may open, how long was served, how it stands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.duty_facts import Teammate
from domain.fleet import Category
from domain.guard import (
    NEARLY_OVER,
    OPENS_BEFORE,
    OnGuard,
    Opening,
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
from domain.local_time import TimeFault, at_wall, read_instant
from domain.outcomes import Outcome
from domain.vocabulary import DeviceKind, ShiftEnd

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 11, 22, 19, tzinfo=UTC)
END = START + timedelta(hours=12)
MINUTE = timedelta(minutes=1)
VEHICLE, PHONE, COMPANY = uuid4(), uuid4(), uuid4()


def a_period(starts_at: datetime = START, ends_at: datetime = END, **more: object) -> Period:
    known: dict[str, object] = {
        "id": uuid4(),
        "samu_id": uuid4(),
        "sector_id": uuid4(),
        "company_id": COMPANY,
        "rank": 1,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "provisional": False,
        "phone": None,
        "asked_at": None,
        "approved_at": starts_at - timedelta(days=30),
        "withdrawn_at": None,
    }
    return Period(**known | more)  # type: ignore[arg-type]  # a test names what it changes


PERIOD = a_period()
PROVISIONAL = a_period(provisional=True, approved_at=None, asked_at=START, phone="0468000000")


def an_opening(at: datetime = START, period: Period = PERIOD, **more: object) -> Opening:
    known: dict[str, object] = {
        "at": at,
        "period": period,
        "device_id": PHONE,
        "device_kind": DeviceKind.MOBILE,
        "vehicle_id": VEHICLE,
        "category": Category.C,
        "engaged": False,
        "lease_site": None,
        "on_guard": (),
    }
    return Opening(**known | more)  # type: ignore[arg-type]  # a test names what it changes


def on_guard(
    period: Period, *, vehicle_id: UUID = VEHICLE, device_id: UUID = PHONE, shift_id: UUID | None = None
) -> OnGuard:
    return OnGuard(
        shift_id=shift_id or uuid4(),
        period_id=period.id,
        vehicle_id=vehicle_id,
        device_id=device_id,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
    )


def a_shift(period: Period = PERIOD, opened_at: datetime = START, **more: object) -> Shift:
    known: dict[str, object] = {
        "id": uuid4(),
        "period_id": period.id,
        "company_id": COMPANY,
        "vehicle_id": VEHICLE,
        "device_id": PHONE,
        "opened_at": opened_at,
        "late_s": late_s(period.starts_at, opened_at),
        "teammate": Teammate(name="Fable Exemple"),
    }
    return Shift(**known | more)  # type: ignore[arg-type]  # a test names what it changes


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


# -- the nights when clocks change -------------------------------------------------------------------------------------


MOMENTS = st.datetimes(datetime(2026, 10, 20), datetime(2027, 4, 5), timezones=st.sampled_from([PARIS, UTC]))  # noqa: DTZ001 - zones follow


@given(MOMENTS, MOMENTS, MOMENTS, st.none() | MOMENTS, st.booleans())
def test_rule_102_whoever_closes_a_shift_and_in_whatever_zone_its_time_is_elapsed_time(
    start: datetime, opened_at: datetime, closed_at: datetime, mission: datetime | None, chained: bool
) -> None:
    period = a_period(start.astimezone(UTC), start.astimezone(UTC) + timedelta(hours=12))
    served = hours(period, opened_at, worked_until(period, closed_at, mission, chained=chained))
    in_utc = worked_until(
        period, closed_at.astimezone(UTC), mission and mission.astimezone(UTC), chained=chained
    )
    assert served == hours(period, opened_at.astimezone(UTC), in_utc)
    assert served.served_s >= 0
    assert served.overtime_s >= 0
    if chained or mission is None:
        assert served.overtime_s == 0
    if opened_at <= closed_at:
        assert (
            served.served_s <= max(timedelta(0), closed_at.astimezone(UTC) - period.starts_at).total_seconds()
        )


@pytest.mark.parametrize(
    ("evening", "morning", "elapsed_hours"),
    [
        ("2026-10-24T20:00", "2026-10-25T08:00", 13),
        ("2027-03-27T20:00", "2027-03-28T08:00", 11),
        ("2026-11-22T20:00", "2026-11-23T08:00", 12),
    ],
)
def test_rule_102_a_night_of_twelve_hours_by_the_clock_lasts_as_long_as_it_lasts(
    evening: str, morning: str, elapsed_hours: int
) -> None:
    start, end = read_instant(evening, PARIS), read_instant(morning, PARIS)
    assert isinstance(start, datetime)
    assert isinstance(end, datetime)
    assert hours(a_period(start, end), start, end).served_s == elapsed_hours * 3600
    local = a_period(start.astimezone(PARIS), end.astimezone(PARIS))
    served = hours(local, start.astimezone(PARIS), end.astimezone(PARIS))
    assert served.served_s == elapsed_hours * 3600, "although Python subtracts the clocks of one zone"


def test_rule_102_late_and_overtime_across_the_change_are_elapsed_time() -> None:
    start = datetime(2026, 10, 25, 1, 30, tzinfo=PARIS)
    opened = datetime(2026, 10, 25, 3, 30, tzinfo=PARIS)
    assert late_s(start, opened) == 3 * 3600
    period = a_period(start - timedelta(hours=4), start)
    assert hours(period, period.starts_at, opened).overtime_s == 3 * 3600


def test_rule_101_local_time_that_is_not_there_or_there_twice() -> None:
    assert read_instant("2027-03-28T02:30", PARIS) is TimeFault.NO_SUCH_TIME
    assert read_instant("25/10/2026 02:30", PARIS) is TimeFault.TWICE
    assert read_instant("2026-10-25T02:30:00+02:00", PARIS) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert read_instant("2026-10-25T02:30:00+01:00", PARIS) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    reunion = ZoneInfo("Indian/Reunion")
    assert read_instant("2027-03-28T02:30", reunion) == datetime(2027, 3, 27, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T20:00",
        "2026-11-22 20:00",
        "22/11/2026 20:00",
        "2026-11-22T20:00:00",
        "2026-11-22T20:00:00+01:00",
        "2026-11-22T19:00:00Z",
        "2026-11-22T19:00:00.000000Z",
    ],
)
def test_rule_101_instants_as_people_write_them(text: str) -> None:
    assert read_instant(text, PARIS) == START


@pytest.mark.parametrize(
    "text",
    [
        "",
        "demain",
        "2026-13-01T00:00",
        "2026-02-30T00:00",
        "2026-11-22",
        "2026-11-22T25:00",
        "1999-01-01T00:00",
        "2026-11-22T20:00+15:00",
        "2026-11-22T20:00+01:60",
        "0001-01-01T00:00+14:00",
        "٢٠٢٦-11-22T20:00",
    ],
)
def test_rule_101_what_is_no_instant(text: str) -> None:
    assert read_instant(text, PARIS) is TimeFault.BAD_INSTANT


@given(st.datetimes(datetime(2000, 1, 2), datetime(2199, 12, 30)))  # noqa: DTZ001 - what a clock shows
def test_rule_101_every_time_on_a_clock_is_one_instant_or_is_said_not_to_be(shown: datetime) -> None:
    found = at_wall(shown, PARIS)
    if isinstance(found, datetime):
        assert found.tzinfo is UTC
        assert found.astimezone(PARIS).replace(tzinfo=None, fold=0) == shown.replace(fold=0)


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
