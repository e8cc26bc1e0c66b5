"""Instants as people write them: with an offset, or as the clock on the wall of their SAMU shows them (rule 101)."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

_DAY = (
    r"(?:(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})|(?P<d2>[0-9]{2})/(?P<m2>[0-9]{2})/(?P<y2>[0-9]{4}))"
)
_CLOCK = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]{1,9})?)?"
_OFFSET = r"(?P<zulu>[Zz])|(?P<sign>[+-])(?P<oh>[0-9]{2}):(?P<om>[0-9]{2})"
_WRITTEN = re.compile(rf"{_DAY}[Tt ]{_CLOCK}(?P<offset>{_OFFSET})?")


class TimeFault(StrEnum):
    """Why a text is no instant."""

    BAD_INSTANT = "bad_instant"
    NO_SUCH_TIME = "time_does_not_exist"
    """On a spring night the clocks jump over it."""
    TWICE = "time_exists_twice"
    """On an autumn night the clocks show it twice."""


def read_instant(text: str, zone: tzinfo) -> datetime | TimeFault:
    """The instant in UTC, to the second; a text without an offset is what clocks show in ``zone``."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        return TimeFault.BAD_INSTANT
    part = found.groupdict()
    day = (part["y"] or part["y2"], part["m"] or part["m2"], part["d"] or part["d2"])
    clock = (part["hour"], part["minute"], part["second"] or "0")
    try:
        shown = datetime(*map(int, (*day, *clock)))  # type: ignore[arg-type]  # noqa: DTZ001 - zone follows
        instant = _with_offset(shown, part) if part["offset"] else at_wall(shown, zone)
    except (ValueError, OverflowError):
        return TimeFault.BAD_INSTANT
    if isinstance(instant, datetime) and not EARLIEST <= instant < LATEST:
        return TimeFault.BAD_INSTANT
    return instant


def at_wall(shown: datetime, zone: tzinfo) -> datetime | TimeFault:
    """The instant at which clocks in ``zone`` show this time, in UTC: there may be none, or two."""
    candidates = {shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    true = [each for each in candidates if each.astimezone(zone).replace(tzinfo=None, fold=0) == shown]
    if not true:
        return TimeFault.NO_SUCH_TIME
    return true[0] if len(true) == 1 else TimeFault.TWICE


def _with_offset(shown: datetime, part: dict[str, str | None]) -> datetime:
    """Raises ValueError for an offset that no place on earth has."""
    if part["zulu"]:
        return shown.replace(tzinfo=UTC)
    offset = timedelta(hours=int(part["oh"] or 0), minutes=int(part["om"] or 0))
    if offset > timedelta(hours=14) or int(part["om"] or 0) >= 60:  # noqa: PLR2004 - minutes of an hour
        raise ValueError("no such offset")
    return (shown - offset if part["sign"] == "+" else shown + offset).replace(tzinfo=UTC)
