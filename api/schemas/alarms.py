"""Alarms as they are read and answered."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from api.fields import Answer
from domain.fleet import Volume
from domain.vocabulary import AlarmKind


class AlarmState(StrEnum):
    """Raised: it rings. Seen: somebody looks after it. Closed: its cause is over."""

    RAISED = "RAISED"
    SEEN = "SEEN"
    CLOSED = "CLOSED"


class AlarmOpenness(StrEnum):
    """Which alarms a list is about."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class AlarmShown(Answer):
    """One alarm. ``sentence`` tells the caller what it is about, and what to do.

    ``seen_*`` is the SAMU's word, or its coordinator's, about an alarm of theirs; the company's is ``company_seen_*``.
    Who said so is named to their own people only. ``company_phone`` is where the company is called.

    Of lost coverage: for which ``volume``, and while it stands how many communes and people are not covered again.
    """

    id: UUID
    kind: AlarmKind
    state: AlarmState
    level: int
    sentence: str
    demand_id: UUID | None
    mission_id: UUID | None
    site_id: UUID | None
    site_name: str | None
    period_id: UUID | None
    sector_name: str | None
    vehicle_name: str | None
    company_id: UUID | None
    company_name: str | None
    company_phone: str | None
    volume: Volume | None
    commune_count: int | None
    population: int | None
    raised_at: datetime
    seen_at: datetime | None
    seen_by: str | None
    seen_by_role: str | None
    company_seen_at: datetime | None
    company_seen_by: str | None
    closed_at: datetime | None


class AlarmPage(Answer):
    """A page of alarms, newest first."""

    items: list[AlarmShown]
    next_cursor: str | None
