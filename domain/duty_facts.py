"""Facts that are not a demand's: who regulates, who is in which vehicle, what is ticked, who is on guard, who is covered.

A company's are in its own journal, a guard period's in the period's, coverage is in the SAMU's. No patient is ever named; crew members are staff,
and are named to their own company only. The kinds are the event names of the public stream: append-only.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from domain.alarm_facts import AlarmClosed, AlarmRaised, AlarmSeen
from domain.fact_body import Body
from domain.fleet import Volume
from domain.people import Actor
from domain.vocabulary import CrewLeft, DeviceKind, Diploma, ShiftEnd, Subject


class DeviceClosed(Body):
    """A device was logged out, or replaced: nothing is sent to it any more."""

    kind: Literal["device_closed"] = "device_closed"
    device_id: UUID
    device_kind: DeviceKind
    reason: str
    by: Actor


class RegulationTaken(Body):
    """A device regulates a site from now on. ``previous_device_id`` had it before, and is told by this fact."""

    kind: Literal["regulation_taken"] = "regulation_taken"
    site_id: UUID
    device_id: UUID
    device_kind: DeviceKind
    epoch: int
    previous_device_id: UUID | None = None
    by: Actor


class RegulationGivenUp(Body):
    """Nobody regulates the site any more."""

    kind: Literal["regulation_given_up"] = "regulation_given_up"
    site_id: UUID
    device_id: UUID
    epoch: int
    by: Actor


class HandoverOffered(Body):
    """The holder offers a site to another device, and keeps it until that one accepts (rule 38)."""

    kind: Literal["handover_offered"] = "handover_offered"
    site_id: UUID
    device_id: UUID
    to_device_id: UUID
    by: Actor


class HandoverWithdrawn(Body):
    """The offer stands no more: its holder took it back, or the regulation changed hands otherwise."""

    kind: Literal["handover_withdrawn"] = "handover_withdrawn"
    site_id: UUID
    to_device_id: UUID
    by: Actor


class RegulationHandedOver(Body):
    """The offered device has accepted: it regulates, without a gap (rule 38)."""

    kind: Literal["regulation_handed_over"] = "regulation_handed_over"
    site_id: UUID
    device_id: UUID
    device_kind: DeviceKind
    previous_device_id: UUID
    epoch: int
    open_solicitations: int
    by: Actor


class RegulationSuspended(Body):
    """The holder is silent for too long: the site is not solicited blindly (rule 37)."""

    kind: Literal["regulation_suspended"] = "regulation_suspended"
    site_id: UUID
    device_id: UUID
    epoch: int
    silent_since: datetime
    open_solicitations: int


class CrewMember(BaseModel):
    """One of the staff in a vehicle."""

    model_config = ConfigDict(frozen=True)

    name: str
    diploma: Diploma | None = None


class CrewBound(Body):
    """A phone declared itself in a vehicle (rule 25). ``mission_id`` runs already, and is for this crew (rule 31)."""

    kind: Literal["crew_bound"] = "crew_bound"
    crew_id: UUID
    vehicle_id: UUID
    device_id: UUID
    is_primary: bool
    members: tuple[CrewMember, ...]
    mission_id: UUID | None = None
    by: Actor


class CrewPromoted(Body):
    """This phone is the vehicle's primary one now."""

    kind: Literal["crew_promoted"] = "crew_promoted"
    crew_id: UUID
    vehicle_id: UUID
    device_id: UUID


class CrewUnbound(Body):
    """A phone is in its vehicle no more."""

    kind: Literal["crew_unbound"] = "crew_unbound"
    crew_id: UUID
    vehicle_id: UUID
    device_id: UUID
    reason: CrewLeft
    by: Actor


class AvailabilitySet(Body):
    """A tick-box, of a site or of a vehicle; ``until`` is its optional end."""

    kind: Literal["availability_set"] = "availability_set"
    site_id: UUID | None = None
    vehicle_id: UUID | None = None
    available: bool
    until: datetime | None = None
    by: Actor


class MobilisationSet(Body):
    """How long a site's crews need before they leave, in seconds; ``by_hour_s`` are 24, by the SAMU's clocks."""

    kind: Literal["mobilisation_set"] = "mobilisation_set"
    site_id: UUID
    default_s: int
    by_hour_s: tuple[int, ...] | None = None
    by: Actor


class Teammate(BaseModel):
    """The second of a guard crew: from the company's list, or entered freely and flagged (rule 58)."""

    model_config = ConfigDict(frozen=True)

    name: str
    diploma: Diploma | None = None
    diploma_number: str | None = None
    staff_id: UUID | None = None
    free_entry: bool = False


class GuardPlanned(Body):
    """A line of the roster: a company owes a vehicle to a sector, from when to when."""

    kind: Literal["guard_planned"] = "guard_planned"
    sector_id: UUID
    company_id: UUID
    starts_at: datetime
    ends_at: datetime
    rank: int = 1
    by: Actor


class GuardWithdrawn(Body):
    """The roster does not have this line any more."""

    kind: Literal["guard_withdrawn"] = "guard_withdrawn"
    reason: str
    by: Actor


class GuardAsked(Body):
    """A crew's period is missing from the roster: provisional until the SAMU approves, by telephone meanwhile."""

    kind: Literal["guard_asked"] = "guard_asked"
    sector_id: UUID
    company_id: UUID
    vehicle_id: UUID
    starts_at: datetime
    ends_at: datetime
    by: Actor


class GuardCorrected(Body):
    """A crew said again what is missing, with another number, end or teammate: what is told here is what holds now."""

    kind: Literal["guard_corrected"] = "guard_corrected"
    company_id: UUID
    ends_at: datetime
    phone: str | None
    teammate: Teammate
    by: Actor


class GuardApproved(Body):
    """The SAMU approved a provisional guard: demands come through the platform."""

    kind: Literal["guard_approved"] = "guard_approved"
    by: Actor


class GuardRefused(Body):
    """The SAMU did not approve a provisional guard."""

    kind: Literal["guard_refused"] = "guard_refused"
    reason: str | None = None
    by: Actor


class ShiftOpened(Body):
    """A crew is on guard. ``late_s`` after the period's start; ``chained`` follows its own shift without a gap."""

    kind: Literal["shift_opened"] = "shift_opened"
    shift_id: UUID
    company_id: UUID
    vehicle_id: UUID
    device_id: UUID
    teammate: Teammate
    late_s: int = 0
    chained: bool = False
    by: Actor


class ShiftClosed(Body):
    """A crew is on guard no more. Elapsed seconds: a night of twelve hours by the clock may last eleven or thirteen."""

    kind: Literal["shift_closed"] = "shift_closed"
    shift_id: UUID
    company_id: UUID
    vehicle_id: UUID
    reason: ShiftEnd
    served_s: int
    overtime_s: int = 0
    by: Actor | None = None


class CommuneBeyond(BaseModel):
    """A commune, and the minutes from the nearest free vehicle; null when nobody can come."""

    model_config = ConfigDict(frozen=True)

    insee: str
    name: str
    population: int
    minutes: int | None = None


class CoverageLost(Body):
    """Communes that a free vehicle could reach within the threshold, and now none can.

    The most populous are named, all are counted. ``uncovered_…`` counts those that fell before as well.
    """

    kind: Literal["coverage_lost"] = "coverage_lost"
    volume: Volume
    threshold_minutes: int
    communes: tuple[CommuneBeyond, ...]
    commune_count: int
    population: int
    uncovered_communes: int
    uncovered_population: int


class CoverageRestored(Body):
    """Every commune that fell is covered again, or is watched no more; no threshold: nobody wants to be warned."""

    kind: Literal["coverage_restored"] = "coverage_restored"
    volume: Volume
    threshold_minutes: int | None = None


AnyDutyBody = (
    DeviceClosed
    | RegulationTaken
    | RegulationGivenUp
    | HandoverOffered
    | HandoverWithdrawn
    | RegulationHandedOver
    | RegulationSuspended
    | CrewBound
    | CrewPromoted
    | CrewUnbound
    | AvailabilitySet
    | MobilisationSet
    | GuardPlanned
    | GuardWithdrawn
    | GuardAsked
    | GuardCorrected
    | GuardApproved
    | GuardRefused
    | ShiftOpened
    | ShiftClosed
    | CoverageLost
    | CoverageRestored
    | AlarmRaised
    | AlarmSeen
    | AlarmClosed
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyFact:
    """A fact of a company's, a guard period's or a SAMU's journal, before it gets its number.

    ``samu_id`` sees it as well as the companies of ``audience``; null for what concerns the company only.
    """

    subject: Subject
    subject_id: UUID
    at: datetime
    body: AnyDutyBody
    samu_id: UUID | None = None
    audience: tuple[UUID, ...] = ()


def of_company(company_id: UUID, body: AnyDutyBody, at: datetime, *, samu_id: UUID | None = None) -> DutyFact:
    """A fact of a company, which it sees; a SAMU sees it when it is named."""
    return DutyFact(
        subject=Subject.COMPANY,
        subject_id=company_id,
        at=at,
        body=body,
        samu_id=samu_id,
        audience=(company_id,),
    )


def of_guard(period_id: UUID, samu_id: UUID, company_id: UUID, body: AnyDutyBody, at: datetime) -> DutyFact:
    """A fact of a guard period, which its SAMU and its company see."""
    return DutyFact(
        subject=Subject.GUARD,
        subject_id=period_id,
        at=at,
        body=body,
        samu_id=samu_id,
        audience=(company_id,),
    )


def of_samu(samu_id: UUID, body: AnyDutyBody, at: datetime) -> DutyFact:
    """A fact of a SAMU as a whole, which no company sees."""
    return DutyFact(subject=Subject.SAMU, subject_id=samu_id, at=at, body=body, samu_id=samu_id)
