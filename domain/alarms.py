"""The alarms of one demand: raised, seen by somebody, closed when their cause is over."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from domain import facts
from domain.alarm_facts import is_of_company
from domain.edition import LATEST, Edition
from domain.ledger import Ledger
from domain.messages import AlarmSight
from domain.outcomes import Outcome
from domain.people import Actor
from domain.vocabulary import AlarmKind


@dataclass(slots=True)
class StandingAlarm:
    """An alarm that is not closed."""

    id: UUID
    kind: AlarmKind
    mission_id: UUID | None
    company_id: UUID | None
    level: int = 0
    seen: bool = False
    """By the SAMU or its coordinator, whom it warns."""
    company_seen: bool = False
    """By the company that it is about."""


@dataclass(slots=True)
class AlarmBoard:
    """What stands. There is at most one alarm of a kind: raised again, its level grows and it rings again."""

    demand_id: UUID
    ledger: Ledger
    edition: Edition = LATEST
    standing: dict[AlarmKind, StandingAlarm] = field(default_factory=dict)
    raised: int = 0

    def sound(
        self,
        kind: AlarmKind,
        at: datetime,
        *,
        mission_id: UUID | None = None,
        company_id: UUID | None = None,
        by: Actor | None = None,
        reason: str | None = None,
    ) -> None:
        """Raise an alarm; the company, when one is named, is told as well as the SAMU."""
        alarm = self._standing(kind, mission_id, company_id)
        alarm.level += 1
        alarm.seen = alarm.company_seen = False
        body = facts.AlarmRaised(
            alarm=kind,
            level=alarm.level,
            mission_id=mission_id,
            company_id=company_id,
            alarm_id=alarm.id if self.edition >= Edition.REGULATION else None,
            reason=reason,
            by=by,
        )
        self.ledger.add(body, at, *_audience(alarm))

    def see(self, sight: AlarmSight) -> Outcome:
        """Somebody looks after it. Who comes second is told that it is seen; a closed one needs nobody.

        What the company says is noted, and leaves it ringing at the SAMU.
        """
        alarm = next((each for each in self.standing.values() if each.id == sight.alarm_id), None)
        if alarm is None:
            return Outcome.ALARM_CLOSED
        by_company = is_of_company(sight.by)
        if not (alarm.company_seen if by_company else alarm.seen):
            alarm.company_seen |= by_company
            alarm.seen |= not by_company
            body = facts.AlarmSeen(alarm_id=alarm.id, alarm=alarm.kind, by=sight.by)
            self.ledger.add(body, sight.received_at, *_audience(alarm))
        return Outcome.RECORDED

    def close(self, at: datetime, *kinds: AlarmKind) -> None:
        """Close the alarms of these kinds that stand: their cause is over."""
        for kind in kinds:
            alarm = self.standing.pop(kind, None)
            if alarm is not None and self.edition >= Edition.REGULATION:
                body = facts.AlarmClosed(alarm_id=alarm.id, alarm=kind)
                self.ledger.add(body, at, *_audience(alarm))

    def close_all(self, at: datetime) -> None:
        """Close whatever stands: the mission, or the demand, is over."""
        self.close(at, *list(self.standing))

    def _standing(self, kind: AlarmKind, mission_id: UUID | None, company_id: UUID | None) -> StandingAlarm:
        alarm = self.standing.get(kind)
        if alarm is None:
            self.raised += 1
            name = f"alarm:{self.raised}:{kind}"
            alarm = StandingAlarm(uuid5(self.demand_id, name), kind, mission_id, company_id)
            self.standing[kind] = alarm
        return alarm


def _audience(alarm: StandingAlarm) -> tuple[UUID, ...]:
    return (alarm.company_id,) if alarm.company_id else ()
