"""Facts of alarms: raised, seen by somebody, closed. The same in every journal (demand, company, guard period, SAMU)."""

from typing import Literal
from uuid import UUID

from domain.fact_body import Body
from domain.fleet import Volume
from domain.people import Actor, Role
from domain.vocabulary import AlarmKind


class AlarmRaised(Body):
    """Somebody must look. ``level`` counts how often this alarm was raised for the same cause.

    Facts of the first version have no ``alarm_id``: nobody could answer them.
    """

    kind: Literal["alarm_raised"] = "alarm_raised"
    alarm: AlarmKind
    level: int = 1
    mission_id: UUID | None = None
    company_id: UUID | None = None
    alarm_id: UUID | None = None
    site_id: UUID | None = None
    volume: Volume | None = None
    """Of lost coverage."""
    reason: str | None = None
    by: Actor | None = None
    """An operator had it ring once more."""


class AlarmSeen(Body):
    """Somebody looks after it. Of an alarm of a SAMU, what its company says is noted, and silences it for nobody else."""

    kind: Literal["alarm_seen"] = "alarm_seen"
    alarm_id: UUID
    alarm: AlarmKind
    by: Actor


def is_of_company(by: Actor) -> bool:
    """Whether somebody speaks for a company: an alarm of a SAMU warns the SAMU about it."""
    return by.role in {Role.REGULATOR, Role.CREW}


class AlarmClosed(Body):
    """What it warned of is over."""

    kind: Literal["alarm_closed"] = "alarm_closed"
    alarm_id: UUID
    alarm: AlarmKind
