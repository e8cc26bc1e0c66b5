"""Who is in which vehicle: a phone is in at most one, a vehicle has one primary phone (rules 25, 31, 39, 47, 57)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.duty_facts import (
    AnyDutyBody,
    CrewBound,
    CrewMember,
    CrewPromoted,
    CrewUnbound,
    DutyFact,
    of_company,
)
from domain.lease import Post
from domain.outcomes import Outcome
from domain.people import Actor
from domain.vocabulary import CrewLeft, DeviceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """A phone in a vehicle, with the crew that declared itself on it."""

    id: UUID
    company_id: UUID
    vehicle_id: UUID
    device_id: UUID
    person_id: UUID
    is_primary: bool
    members: tuple[CrewMember, ...]
    bound_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What to write, in this order: who left, who is primary no more, who is now, who is bound; then the facts."""

    left: tuple[tuple[UUID, CrewLeft], ...] = ()
    demoted: tuple[UUID, ...] = ()
    promoted: tuple[UUID, ...] = ()
    bound: Crew | None = None
    facts: tuple[DutyFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A phone says: we are in this vehicle. ``crew_id`` is used when that is new."""

    crew_id: UUID
    company_id: UUID
    vehicle_id: UUID
    post: Post
    members: tuple[CrewMember, ...]
    primary: bool | None = None
    """True makes it the primary phone; otherwise the first phone in the vehicle is."""
    confirmed: bool = False
    """Yes, although a guard is left without a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Who is where: the crews of the vehicle, this phone's, and the others of the vehicle that it leaves."""

    aboard: Sequence[Crew] = ()
    own: Crew | None = None
    left_behind: Sequence[Crew] = ()
    mission_id: UUID | None = None
    """The mission that this vehicle runs already: it is delivered at once (rule 31)."""
    on_guard: bool = False
    """The vehicle's guard is open, approved or not."""
    regulates: bool = False
    """This phone regulates a site now."""
    guards_left: int = 0
    """The open guard shifts elsewhere that have no other phone than this one."""


def declare(said: Declaration, known: Known, at: datetime) -> tuple[Crew, Changes] | Outcome:
    """Bind a phone to a vehicle; it leaves the one that it was in. Saying the same again changes nothing.

    A phone that regulates is not on guard (rule 57), and no guard is left without a phone unless that is confirmed.
    """
    refusal = _refusal(said, known)
    if refusal is not None:
        return refusal
    others = [each for each in known.aboard if each.device_id != said.post.device_id]
    stays = known.own is not None and known.own.vehicle_id == said.vehicle_id
    crew = _crew(said, known, stays=stays, first=not any(each.is_primary for each in others), at=at)
    if crew == known.own:
        return crew, Changes()
    moved = leave(known.own, known.left_behind, CrewLeft.MOVED, said.post.by, at) if not stays else Changes()
    demoted = tuple(each.id for each in others if each.is_primary and crew.is_primary)
    facts = (*moved.facts, *_told(crew, known, said.post.by, at, stays=stays))
    return crew, replace(moved, demoted=demoted, bound=crew, facts=facts)


def replace_phone(crew: Crew, said: Declaration, mission_id: UUID | None, at: datetime) -> Changes:
    """Another phone of the same person takes the place of one, in the same breath: the vehicle is never without."""
    bound = replace(crew, id=said.crew_id, device_id=said.post.device_id, bound_at=at)
    left = leave(crew, (), CrewLeft.DEVICE_CLOSED, said.post.by, at)
    told = _told(bound, Known(mission_id=mission_id), said.post.by, at, stays=False)
    return replace(left, bound=bound, facts=(*left.facts, *told))


def leave(crew: Crew | None, others: Sequence[Crew], reason: CrewLeft, by: Actor, at: datetime) -> Changes:
    """Take a phone out of its vehicle. When the primary one leaves, the oldest of the others takes its place."""
    if crew is None:
        return Changes()
    bodies: list[AnyDutyBody] = [
        CrewUnbound(
            crew_id=crew.id, vehicle_id=crew.vehicle_id, device_id=crew.device_id, reason=reason, by=by
        )
    ]
    heir = min(others, key=lambda each: (each.bound_at, each.id), default=None) if crew.is_primary else None
    if heir is not None:
        bodies.append(_promoted(heir))
    return Changes(
        left=((crew.id, reason),),
        promoted=(heir.id,) if heir else (),
        facts=tuple(of_company(crew.company_id, body, at) for body in bodies),
    )


def _refusal(said: Declaration, known: Known) -> Outcome | None:
    if said.post.kind is not DeviceKind.MOBILE:
        return Outcome.PHONE_REQUIRED
    if known.on_guard and known.regulates:
        return Outcome.LEASE_HELD
    return Outcome.CONFIRMATION_REQUIRED if known.guards_left and not said.confirmed else None


def _crew(said: Declaration, known: Known, *, stays: bool, first: bool, at: datetime) -> Crew:
    own = known.own if stays else None
    return Crew(
        id=own.id if own else said.crew_id,
        company_id=said.company_id,
        vehicle_id=said.vehicle_id,
        device_id=said.post.device_id,
        person_id=said.post.by.person_id or said.post.device_id,
        is_primary=bool(said.primary) or first or (own is not None and own.is_primary),
        members=said.members,
        bound_at=own.bound_at if own else at,
    )


def _told(crew: Crew, known: Known, by: Actor, at: datetime, *, stays: bool) -> list[DutyFact]:
    """A phone that only becomes the primary one says so, and names nobody again."""
    body: AnyDutyBody = _promoted(crew)
    if not (stays and known.own is not None and known.own.members == crew.members):
        body = CrewBound(
            crew_id=crew.id,
            vehicle_id=crew.vehicle_id,
            device_id=crew.device_id,
            is_primary=crew.is_primary,
            members=crew.members,
            mission_id=known.mission_id,
            by=by,
        )
    return [of_company(crew.company_id, body, at)]


def _promoted(crew: Crew) -> CrewPromoted:
    return CrewPromoted(crew_id=crew.id, vehicle_id=crew.vehicle_id, device_id=crew.device_id)
