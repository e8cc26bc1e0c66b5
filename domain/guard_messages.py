"""What crosses a Temporal boundary for the watch of a guard period. Frozen and append-only, as `domain.messages`."""

from datetime import datetime
from uuid import UUID

from domain.messages import Message
from domain.policy import GuardPolicy


class GuardPeriod(Message):
    """What the watch of one guard period is started with."""

    period_id: UUID
    samu_id: UUID
    company_id: UUID
    sector: str
    starts_at: datetime
    ends_at: datetime
    policy: GuardPolicy = GuardPolicy()


class GuardLook(Message):
    """Ask how a guard period stands."""

    period_id: UUID
    at: datetime


class GuardStanding(Message):
    """How a guard period stands: whether it counts, whether a crew is on guard, whether that crew is busy."""

    exists: bool = True
    covered: bool = False
    busy: bool = False
    shift_id: UUID | None = None
    left_at: datetime | None = None
    """When the last crew left, if one did and none is there."""
    ends_at: datetime | None = None
    """When the period ends, as it is known now: the end of a provisional one may be corrected."""


class GuardAlarm(Message):
    """Raise, or close, the alarm that a period has begun and nobody is on guard."""

    period: GuardPeriod
    at: datetime
    raised: bool


class GuardClosing(Message):
    """Close the shift of a period whose end has come."""

    period_id: UUID
    shift_id: UUID
    at: datetime


class GuardEnd(Message):
    """How the watch of a guard period ended: its result."""

    period_id: UUID
    covered: bool
    alarms: int
