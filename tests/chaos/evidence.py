"""What a run leaves behind, as plain data: `checks*.py` judge it, and know nothing of where it comes from."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

Json = dict[str, Any]
DEMAND = "DEMAND"
SLOW = ("503 engine_unavailable", "503 database_unavailable", "409 idempotency_in_progress", "ReadTimeout")
ENDS = {
    "demand_completed": "COMPLETED",
    "demand_unfulfilled": "UNFULFILLED",
    "demand_cancelled": "CANCELLED",
}
"""The last fact of a demand, and what it has become."""


class Phase(StrEnum):
    """What is done to the stack while a call is made."""

    CALM = "calm"
    TORMENT = "torment"
    ROLLING = "rolling restart"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the journal."""

    position: int
    subject: str
    subject_id: str
    seq: int
    kind: str
    at: datetime
    recorded_at: datetime
    data: Json
    samu_id: str | None = None
    audience: frozenset[str] = frozenset()


@dataclass(slots=True)
class Intent:
    """What a client wanted, however often it was sent, and the last answer. ``status`` 0: none. Times in seconds."""

    caller: str
    method: str
    path: str
    body: Json = field(default_factory=dict)
    began: float = 0.0
    ended: float = 0.0
    attempts: int = 0
    status: int = 0
    answer: Json = field(default_factory=dict)

    @property
    def taken(self) -> bool:
        """Whether it was answered with a success."""
        return 200 <= self.status < 300

    @property
    def words(self) -> list[str]:
        """The address, without `/v1`: `solicitations`, an id, `acceptance`."""
        return self.path.strip("/").split("/")[1:]

    @property
    def what(self) -> str:
        """The kind of call: `PATCH demands`, `POST solicitations/acceptance`."""
        return f"{self.method} {'/'.join(self.words[::2])}"

    @property
    def verdict(self) -> str:
        """The outcome of a success, or the code of a problem."""
        told = (
            self.answer.get("outcome") or self.answer.get("status") if self.taken else self.answer.get("code")
        )
        return str(told if told is not None else self.status or "no answer")


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that was not answered, or with an outage."""

    phase: Phase
    caller: str
    what: str
    why: str

    @property
    def waited(self) -> bool:
        """Whether somebody was there and took too long: on a machine that does more than it can, everybody does."""
        return self.why.startswith(SLOW)


@dataclass(frozen=True, slots=True)
class Heard:
    """An event of a stream."""

    position: int
    subject_id: str
    seq: int
    kind: str


@dataclass(slots=True)
class Ear:
    """What one client heard, in its order, since the beginning of the journal, as far as ``until``: what was written
    later it need not have heard. ``connections`` counts them.
    """

    name: str
    samu_id: str | None = None
    company_id: str | None = None
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0
    until: int = sys.maxsize

    def may_hear(self, line: Line) -> bool:
        """A SAMU hears all of its own, a company what it is in the audience of."""
        if self.company_id is not None:
            return self.company_id in line.audience
        return self.samu_id is not None and line.samu_id == self.samu_id


@dataclass(frozen=True, slots=True)
class Engagement:
    """A row of the table that gives a vehicle to a mission."""

    vehicle_id: str
    demand_id: str
    mission_id: str


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow as the engine has it: ``answers`` whether it answered a question, ``waits_for`` what it shows."""

    status: str
    attempt: int = 0
    answers: bool = False
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that the journal, folded again, does not give."""

    demand_id: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Blow:
    """What was done to one process, and for how long it was away; none: it did not come back. Seconds."""

    process: str
    deed: str
    away_s: float | None


@dataclass
class Evidence:
    """All of it."""

    journal: Sequence[Line] = ()
    intents: Sequence[Intent] = ()
    ears: Sequence[Ear] = ()
    engagements: Sequence[Engagement] = ()
    workflows: Mapping[str, Workflow] = field(default_factory=dict)
    others: Mapping[str, Workflow] = field(default_factory=dict)
    differences: Sequence[Difference] = ()
    folded_rows: int = 0
    failures: Sequence[Failure] = ()
    calls: Mapping[Phase, int] = field(default_factory=dict)
    reconnects: Mapping[Phase, int] = field(default_factory=dict)
    blows: Sequence[Blow] = ()

    @cached_property
    def book(self) -> "Book":
        """The journal by what it is about."""
        return Book.of(self.journal)


@dataclass(frozen=True, slots=True)
class Assigned:
    """A mission as the journal gave it."""

    demand_id: str
    company_id: str
    vehicle_id: str
    solicitation_id: str


@dataclass(slots=True)
class Book:
    """The journal of the demands, each in the order of its numbers; missions and solicitations by their ids."""

    demands: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    missions: dict[str, Assigned] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    """The demand of each solicitation."""

    @classmethod
    def of(cls, journal: Iterable[Line]) -> "Book":
        """Read it."""
        book = cls()
        for line in journal:
            if line.subject == DEMAND:
                book.demands[line.subject_id].append(line)
        for demand_id, lines in book.demands.items():
            lines.sort(key=lambda line: line.seq)
            for line in lines:
                book._note(demand_id, line)
        return book

    def _note(self, demand_id: str, line: Line) -> None:
        if line.kind == "solicitation_opened":
            self.asked[line.data["solicitation_id"]] = demand_id
        elif line.kind == "mission_assigned":
            told = line.data
            self.missions[told["mission_id"]] = Assigned(
                demand_id, told["company_id"], told["vehicle_id"], told["solicitation_id"]
            )

    def end_of(self, demand_id: str) -> str | None:
        """What a demand has become; none while it is open."""
        return next((ENDS[line.kind] for line in self.demands[demand_id] if line.kind in ENDS), None)

    def told(self, demand_id: str, kind: str, **wanted: object) -> list[Line]:
        """The facts of a demand of this kind that say this; what is wanted as none is not looked at."""
        return [
            line
            for line in self.demands.get(demand_id, [])
            if line.kind == kind
            and all(line.data.get(name) == value for name, value in wanted.items() if value is not None)
        ]
