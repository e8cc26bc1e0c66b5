"""A guard period as its watch sees it: who is on guard from when to when, told beforehand; what was done, kept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from temporalio import activity

from domain.guard_messages import GuardAlarm, GuardClosing, GuardLook, GuardPeriod, GuardStanding


@dataclass
class Crew:
    """On guard from ``since`` until it leaves or is sent home; busy with a mission until ``busy_until``."""

    since: datetime
    leaves: datetime | None = None
    busy_until: datetime | None = None
    shift_id: UUID = field(default_factory=uuid4)
    sent_home: datetime | None = None

    def is_there(self, at: datetime) -> bool:
        gone = self.sent_home or self.leaves
        return self.since <= at and (gone is None or at < gone)

    def is_busy(self, at: datetime) -> bool:
        return self.busy_until is not None and at < self.busy_until


class GuardWorld:
    """Stands in for the guard's activities, under their real names."""

    def __init__(self, *crews: Crew) -> None:
        self.crews = list(crews)
        self.withdrawn_at: datetime | None = None
        self.alarms: list[tuple[bool, datetime]] = []
        self.looks: list[datetime] = []

    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.look, self.tell_alarm, self.close_shift]

    @activity.defn(name="look_at_guard")
    async def look(self, asked: GuardLook) -> GuardStanding:
        """Who is there at that moment."""
        self.looks.append(asked.at)
        if self.withdrawn_at is not None and asked.at >= self.withdrawn_at:
            return GuardStanding(exists=False)
        there = [crew for crew in self.crews if crew.is_there(asked.at)]
        if not there:
            return GuardStanding()
        busy = any(crew.is_busy(asked.at) for crew in there)
        return GuardStanding(covered=True, busy=busy, shift_id=there[0].shift_id)

    @activity.defn(name="tell_guard_alarm")
    async def tell_alarm(self, alarm: GuardAlarm) -> None:
        """Keep it."""
        self.alarms.append((alarm.raised, alarm.at))

    @activity.defn(name="close_guard_shift")
    async def close_shift(self, closing: GuardClosing) -> None:
        """Send the crew home."""
        for crew in self.crews:
            if crew.shift_id == closing.shift_id:
                crew.sent_home = closing.at


def period(starts_at: datetime, ends_at: datetime) -> GuardPeriod:
    """A line of the roster."""
    return GuardPeriod(
        period_id=uuid4(),
        samu_id=uuid4(),
        company_id=uuid4(),
        sector="Secteur de Narbonne",
        starts_at=starts_at,
        ends_at=ends_at,
    )
