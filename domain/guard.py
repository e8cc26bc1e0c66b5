"""The guard: who may open a shift and when, how a period stands, and how long a crew has served.

All durations are elapsed time between instants, never the difference of two clock faces: on the nights when clocks
change, a guard from 20:00 to 08:00 lasts eleven or thirteen hours (rule 102).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from domain.duty_facts import Teammate
from domain.fleet import Category
from domain.outcomes import Outcome
from domain.vocabulary import DeviceKind, ShiftEnd

OPENS_BEFORE = timedelta(minutes=15)
"""A shift may be opened so long before its period (rule 56)."""
NEARLY_OVER = timedelta(minutes=5)
"""So near the end a crew leaves without being asked whether it means to: the sector loses nothing."""
SHORTEST_PERIOD = timedelta(minutes=1)
LONGEST_PERIOD = timedelta(hours=26)
MISSING_PERIOD = timedelta(hours=12)
"""How long a period that is missing from the roster lasts when its crew does not say (rule 59)."""
GUARD_CATEGORIES = frozenset({Category.A, Category.C})
"""R. 6312-21: a guard is kept with a vehicle of category A or C."""
LEFT_BY_CREW = frozenset({ShiftEnd.CLOSED_BY_CREW, ShiftEnd.BREAKDOWN})
"""Nobody else sent the crew home."""


class PeriodState(StrEnum):
    """How a guard period stands, for whoever looks at it now."""

    PLANNED = "PLANNED"
    OPENABLE = "OPENABLE"
    """About to begin: its crew may open it."""
    OPEN = "OPEN"
    LATE = "LATE"
    """It has begun and nobody is on guard."""
    CLOSED = "CLOSED"
    MISSED = "MISSED"
    """It is over and nobody ever was on guard."""
    ASKED = "ASKED"
    """Provisional, and not approved yet: demands come by telephone."""
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A line of the roster, or a provisional one that a crew asked for."""

    id: UUID
    samu_id: UUID
    sector_id: UUID
    company_id: UUID
    rank: int
    starts_at: datetime
    ends_at: datetime
    provisional: bool
    phone: str | None
    asked_at: datetime | None
    approved_at: datetime | None
    withdrawn_at: datetime | None

    @property
    def counts(self) -> bool:
        """Whether a shift of it puts its vehicle on guard."""
        return self.approved_at is not None and self.withdrawn_at is None

    @property
    def waits_for_approval(self) -> bool:
        """Whether the SAMU has still to say yes or no."""
        return self.approved_at is None and self.withdrawn_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A crew on guard, until ``closed_at``. ``served_s`` and ``overtime_s`` are known at the end, in seconds."""

    id: UUID
    period_id: UUID
    company_id: UUID
    vehicle_id: UUID
    device_id: UUID
    opened_at: datetime
    late_s: int
    teammate: Teammate
    closed_at: datetime | None = None
    close_reason: str | None = None
    served_s: int | None = None
    overtime_s: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether its crew is on guard."""
        return self.closed_at is None


# -- how a period stands ---------------------------------------------------------------------------------------------


def state_of(period: Period, shift: Shift | None, at: datetime) -> PeriodState:
    """How the period stands. ``shift`` is the one that is open, else the last one, if any was opened."""
    if period.withdrawn_at is not None:
        refused = period.provisional and not _crew_left(shift)
        return PeriodState.REFUSED if refused else PeriodState.WITHDRAWN
    if period.approved_at is None and at < period.ends_at:
        return PeriodState.ASKED
    if shift is not None and (shift.is_open or _saw_the_end(period, shift)):
        return PeriodState.OPEN if shift.is_open else PeriodState.CLOSED
    if at >= period.ends_at:
        return PeriodState.CLOSED if shift else PeriodState.MISSED
    if at >= period.starts_at:
        return PeriodState.LATE
    return PeriodState.OPENABLE if at >= period.starts_at - OPENS_BEFORE else PeriodState.PLANNED


def _crew_left(shift: Shift | None) -> bool:
    return shift is not None and shift.close_reason in LEFT_BY_CREW


def _saw_the_end(period: Period, shift: Shift) -> bool:
    """A shift that was closed long before leaves its period open for another crew."""
    return shift.closed_at is not None and shift.closed_at >= period.ends_at - NEARLY_OVER


def missing_alarm_id(period_id: UUID) -> UUID:
    """The alarm of a period that is missing from the roster: one for each provisional period."""
    return uuid5(period_id, "missing")


# -- opening ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OnGuard:
    """An open shift, as it matters to the next one: whose vehicle, on which phone, during which period."""

    shift_id: UUID
    period_id: UUID
    vehicle_id: UUID
    device_id: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A crew wants to open a shift, and what is known then.

    ``category`` is null when the vehicle is not one of the company's. ``lease_site`` is a site that the phone
    regulates. ``on_guard`` are the open shifts of the company.
    """

    at: datetime
    period: Period
    device_id: UUID
    device_kind: DeviceKind
    vehicle_id: UUID
    category: Category | None
    engaged: bool
    lease_site: str | None
    on_guard: Sequence[OnGuard]

    @property
    def repeats(self) -> OnGuard | None:
        """The open shift that this asks for again: the same period, vehicle and phone."""
        mine = (self.period.id, self.vehicle_id, self.device_id)
        return next((s for s in self.on_guard if (s.period_id, s.vehicle_id, s.device_id) == mine), None)

    @property
    def chained(self) -> bool:
        """Whether the vehicle goes on without a gap from a shift of its own (rule 66)."""
        others = self._of_the_vehicle()
        begins, ends = self.period.starts_at, self.period.ends_at
        apart = all(each.ends_at <= begins or ends <= each.starts_at for each in others)
        return apart and any(each.ends_at == begins for each in others)

    def _of_the_vehicle(self) -> list[OnGuard]:
        return [each for each in self.on_guard if each.vehicle_id == self.vehicle_id]


def may_open(opening: Opening) -> Outcome:
    """Whether the shift may be opened (rules 39, 55, 56, 57, 66); `RECORDED` if so."""
    return _period_allows(opening) or _phone_allows(opening) or _vehicle_allows(opening) or Outcome.RECORDED


def _period_allows(opening: Opening) -> Outcome | None:
    period = opening.period
    if period.withdrawn_at is not None:
        return Outcome.GUARD_NOT_ROSTERED
    if opening.at >= period.ends_at:
        return Outcome.GUARD_PERIOD_OVER
    if opening.at < period.starts_at - OPENS_BEFORE and not opening.chained:
        return Outcome.GUARD_NOT_YET_OPEN
    taken = any(each.period_id == period.id for each in opening.on_guard)
    return Outcome.GUARD_ALREADY_OPEN if taken else None


def _phone_allows(opening: Opening) -> Outcome | None:
    """Only the crew's phone is on guard (rule 55), it regulates nothing (57), and is in one vehicle (25)."""
    if opening.device_kind is not DeviceKind.MOBILE:
        return Outcome.PHONE_REQUIRED
    if opening.lease_site is not None:
        return Outcome.LEASE_HELD
    elsewhere = any(
        each.device_id == opening.device_id and each.vehicle_id != opening.vehicle_id
        for each in opening.on_guard
    )
    return Outcome.GUARD_PHONE_TAKEN if elsewhere else None


def _vehicle_allows(opening: Opening) -> Outcome | None:
    if opening.category is None:
        return Outcome.VEHICLE_UNKNOWN
    if opening.category not in GUARD_CATEGORIES:
        return Outcome.VEHICLE_CATEGORY_REFUSED
    if opening.chained:
        return None
    if any(each.vehicle_id == opening.vehicle_id for each in opening.on_guard):
        return Outcome.GUARD_VEHICLE_TAKEN
    return Outcome.VEHICLE_ENGAGED if opening.engaged else None


def late_s(starts_at: datetime, opened_at: datetime) -> int:
    """How long after the period's start its shift was opened, in whole seconds; 0 when in time (rule 56)."""
    return max(0, elapsed_s(starts_at, opened_at))


# -- a period that is missing from the roster --------------------------------------------------------------------------


def may_ask(starts_at: datetime, ends_at: datetime, at: datetime) -> Outcome:
    """Whether a crew may ask for a provisional period of these hours (rule 59)."""
    if ends_at <= at:
        return Outcome.GUARD_PERIOD_OVER
    if starts_at - OPENS_BEFORE > at:
        return Outcome.GUARD_NOT_YET_OPEN
    fits = SHORTEST_PERIOD <= elapsed(starts_at, ends_at) <= LONGEST_PERIOD
    return Outcome.RECORDED if fits else Outcome.GUARD_PERIOD_INVALID


def may_settle(period: Period, shift: Shift | None, *, approve: bool) -> Outcome:
    """Whether the SAMU may approve, or refuse, a provisional period; saying the same twice is one word.

    ``shift`` is the one that is open, else the last one: without its crew there is nothing to approve.
    """
    if approve and _asked_in_vain(period, shift):
        return Outcome.GUARD_ENDED
    if period.waits_for_approval:
        return Outcome.RECORDED
    said_yes = period.withdrawn_at is None
    said_no = period.withdrawn_at is not None and period.provisional
    again = said_yes if approve else said_no
    return Outcome.RECORDED if again else Outcome.GUARD_ALREADY_SETTLED


def _asked_in_vain(period: Period, shift: Shift | None) -> bool:
    if period.withdrawn_at is not None:
        return _crew_left(shift)
    return period.waits_for_approval and (shift is None or not shift.is_open)


def may_correct(period: Period, ends_at: datetime, at: datetime) -> Outcome:
    """Whether the end of a provisional period may be corrected; once the SAMU approved it, its hours are its word."""
    if ends_at == period.ends_at:
        return Outcome.RECORDED
    if not period.waits_for_approval:
        return Outcome.GUARD_ALREADY_SETTLED
    return may_ask(period.starts_at, ends_at, at)


# -- closing ---------------------------------------------------------------------------------------------------------


def may_close(period: Period, at: datetime, *, busy: bool, confirmed: bool) -> Outcome:
    """Whether a crew may end its shift now (rule 66). A provisional period that nobody approved is left freely."""
    if busy:
        return Outcome.SHIFT_BUSY
    leaves_a_gap = period.counts and at < period.ends_at - NEARLY_OVER
    return Outcome.CONFIRMATION_REQUIRED if leaves_a_gap and not confirmed else Outcome.RECORDED


@dataclass(frozen=True, slots=True)
class Hours:
    """What a crew is paid for: elapsed seconds in all, and those of them beyond the period's end."""

    served_s: int
    overtime_s: int


def hours(period: Period, opened_at: datetime, until: datetime) -> Hours:
    """Elapsed time, from the later of the period's start and the opening (rule 102); nothing for a shift unbegun."""
    began = max(opened_at, period.starts_at)
    return Hours(max(0, elapsed_s(began, until)), max(0, elapsed_s(period.ends_at, until)))


def worked_until(
    period: Period, closed_at: datetime, mission_ended_at: datetime | None, *, chained: bool
) -> datetime:
    """When the work of a shift ended: beyond the period's end only for a mission that ran over it (rule 66).

    Whoever closes it may come late. A chained shift takes the time over: nobody is paid for it twice.
    """
    if closed_at <= period.ends_at or chained:
        return min(closed_at, period.ends_at)
    return min(closed_at, max(period.ends_at, mission_ended_at or period.ends_at))


def elapsed(start: datetime, end: datetime) -> timedelta:
    """The time that passes between two instants. In one zone Python would subtract what the clocks show."""
    return end.astimezone(UTC) - start.astimezone(UTC)


def elapsed_s(start: datetime, end: datetime) -> int:
    """`elapsed`, in whole seconds."""
    return int(elapsed(start, end).total_seconds())
