"""Counts what happens during a run, and knows when something last moved."""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from simulation.client import Reply
from simulation.wire import ENDED, Demand


@dataclass(slots=True)
class DemandRecord:
    """What the SAMU's file says of one demand. ``confirmed_after`` is in seconds of the server's time.

    ``mission_id`` is that of the first mission.
    """

    id: str
    status: str
    confirmed_after: float | None = None
    mission_id: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ENDED


@dataclass(slots=True)
class AlarmRecord:
    """What the SAMU's stream said of one alarm, and whether the SAMU looked after it."""

    kind: str
    seen: bool = False
    closed: bool = False


@dataclass(slots=True)
class Ledger:
    """The counters of one run. Not persistent: the journal of the server is the truth.

    ``duty`` counts what happens to desks and crews, ``guard`` what happens to the guard; ``modes`` tells in which mode
    a vehicle was when it got a mission.
    """

    demands: dict[str, DemandRecord] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    samu: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    duty: Counter[str] = field(default_factory=Counter)
    guard: Counter[str] = field(default_factory=Counter)
    alarms: dict[str, AlarmRecord] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    moved_at: float = field(default_factory=time.monotonic)

    def moved(self) -> None:
        """Note that the world made progress."""
        self.moved_at = time.monotonic()

    def quiet_for(self) -> float:
        """Return the real seconds since anything last moved."""
        return time.monotonic() - self.moved_at

    def saw(self, demand: Demand) -> None:
        """Fold a view of a demand in; the first confirmation seen counts."""
        record = self.demands.setdefault(demand.id, DemandRecord(demand.id, ""))
        if record.status != demand.status:
            record.status = demand.status
            self.moved()
        if record.confirmed_after is None:
            record.confirmed_after = confirmation_seconds(demand)
            record.mission_id = demand.mission.id if demand.mission else None

    def note_call(self, kind: str) -> None:
        """Count a repetition (``retried``) or a call given up (``unreachable``)."""
        self.calls[kind] += 1

    def judge(self, what: str, reply: Reply) -> bool:
        """Sort a reply: taken (True), refused by a rule (409: ordinary life), or an error."""
        if reply.ok:
            return True
        code = reply.problem.code
        if reply.status == HTTPStatus.CONFLICT:
            self.refusals[code] += 1
        else:
            self.errors[f"{reply.status or 'no answer'} {code if reply.status else ''} ({what})"] += 1
        return False

    @property
    def open(self) -> int:
        """How many demands have not ended."""
        return sum(not record.ended for record in self.demands.values())

    def by_status(self) -> Counter[str]:
        """Count the demands by status."""
        return Counter(record.status for record in self.demands.values())


def confirmation_seconds(demand: Demand) -> float | None:
    """Return the server's own seconds from reception to the record of AFFECTE; ``None`` if not assigned."""
    if demand.mission is None or demand.received_at is None:
        return None
    assigned = [step for step in demand.mission.steps if step.step == "AFFECTE"]
    recorded = [_moment(step.recorded_at, step.occurred_at) for step in assigned]
    known = [moment for moment in recorded if moment is not None]
    return (known[0] - demand.received_at).total_seconds() if known else None


def _moment(recorded: datetime | None, occurred: datetime | None) -> datetime | None:
    """Prefer the server's own time to the device's (rule 96)."""
    return recorded or occurred
