"""The nights when clocks change, and instants as people write them (rules 101 and 102)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.guard import (
    hours,
    late_s,
    worked_until,
)
from domain.local_time import TimeFault, at_wall, read_instant
from tests.unit.guard_stories import PARIS, START, a_period

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
