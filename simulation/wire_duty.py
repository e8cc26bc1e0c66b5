"""What the simulation reads of regulation, crews, guard and alarms: only what it needs is required."""

from datetime import datetime

from pydantic import Field

from simulation.wire import Wire


class HeldLease(Wire):
    """A site that the device regulates; ``epoch`` goes back with every answer."""

    site_id: str
    epoch: int


class Offer(Wire):
    """A site that another device offers to this one."""

    site_id: str


class Readiness(Wire):
    """The answer to a heartbeat."""

    leases: list[HeldLease] = Field(default_factory=list)
    offers: list[Offer] = Field(default_factory=list)


class Member(Wire):
    """One of a company's staff."""

    id: str
    name: str
    diploma: str


class Sector(Wire):
    """A guard sector; ``communes`` are INSEE codes."""

    id: str
    name: str
    communes: list[str] = Field(default_factory=list)


class Named(Wire):
    """Something with its name."""

    id: str
    name: str = ""


class Shift(Wire):
    """A crew on guard."""

    id: str
    vehicle_id: str = ""
    late_s: int = 0
    closed_at: datetime | None = None


class GuardPeriod(Wire):
    """A line of the roster, or a provisional one."""

    id: str
    sector: Named
    company: Named
    rank: int = 1
    starts_at: datetime
    ends_at: datetime
    state: str = "PLANNED"
    provisional: bool = False
    shift: Shift | None = None


class RosterTaken(Wire):
    """What an import did."""

    planned: int = 0
    unchanged: int = 0


class Alarm(Wire):
    """An alarm as its SAMU sees it."""

    id: str
    kind: str
    state: str = "RAISED"
    period_id: str | None = None
