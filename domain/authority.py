"""Who may answer a solicitation, and whom a mission concerns (rules 14, 32, 34, 37, 39, 55)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from domain.messages import LeaseStamp
from domain.outcomes import Outcome
from domain.vocabulary import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a solicitation asks for."""

    tier: Tier
    site_id: UUID | None = None
    vehicle_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What one device has in its hands at a moment."""

    leases: Mapping[UUID, int] = field(default_factory=dict)
    """The sites that it regulates, with the epoch of each."""
    site_of: Mapping[UUID, UUID | None] = field(default_factory=dict)
    """The site of each of the company's vehicles."""
    guards: frozenset[UUID] = frozenset()
    """The vehicles on guard whose phone it is."""
    aboard: UUID | None = None
    """The vehicle that it is in."""


@dataclass(frozen=True, slots=True)
class Right:
    """The right to answer; ``lease`` is the regulation that it comes from, null for a guard phone."""

    lease: LeaseStamp | None = None


def right_to_answer(hands: Hands, asked: Asked, epoch: int | None = None) -> Right | Outcome:
    """The right to answer, or why there is none. An ``epoch`` that is given must be that of the lease.

    A vehicle or a site is answered for by who regulates its site; what belongs to no site, and the company's free
    choice, by whoever regulates any of the company's sites.
    """
    if asked.tier is Tier.GUARD:
        return Right() if asked.vehicle_id in hands.guards else Outcome.NOT_THE_GUARD_PHONE
    site_id = _site(hands, asked)
    sites = sorted(hands.leases) if site_id is None else [site_id]
    for each in sites:
        held = hands.leases.get(each)
        if held is not None and epoch in {None, held}:
            return Right(LeaseStamp(site_id=each, epoch=held))
    return Outcome.LEASE_LOST


def is_concerned(hands: Hands, vehicle_id: UUID) -> bool:
    """Whether a crew's device has to do with the mission of this vehicle (rules 32 and 34).

    It is in the vehicle, is its guard's phone, or regulates its site (Master); any site, for a vehicle of none.
    """
    if vehicle_id == hands.aboard or vehicle_id in hands.guards:
        return True
    site_id = hands.site_of.get(vehicle_id)
    return bool(hands.leases) if site_id is None else site_id in hands.leases


def _site(hands: Hands, asked: Asked) -> UUID | None:
    if asked.tier is Tier.SITE:
        return asked.site_id
    return hands.site_of.get(asked.vehicle_id) if asked.vehicle_id else None
