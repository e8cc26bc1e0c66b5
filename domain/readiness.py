"""What a device will receive, and what is missing (rules 23, 24, 49); and the modes, which are seen, never set.

Decided here as colour, codes and lists; the API says it in a sentence.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.vocabulary import DeviceKind, Mode

PROBE_FRESH = timedelta(seconds=10)
"""The way to the engine and back was seen to work so lately: green (rule 24)."""
PROBE_LOST = timedelta(seconds=30)
"""After so long it is taken for broken: red."""
HEARTBEAT_FRESH = timedelta(seconds=15)
"""A device that beats every five seconds missed two."""


class Colour(StrEnum):
    """Green: it will ring. Amber: something is missing. Red: it will not ring."""

    GREEN = "GREEN"
    AMBER = "AMBER"
    RED = "RED"


class Missing(StrEnum):
    """What keeps a device from green: stable codes."""

    PROBE_LATE = "PROBE_LATE"
    PROBE_LOST = "PROBE_LOST"
    HEARTBEAT_LATE = "HEARTBEAT_LATE"
    NOBODY_REGULATES = "NOBODY_REGULATES"
    HELD_ELSEWHERE = "HELD_ELSEWHERE"
    REGULATION_SUSPENDED = "REGULATION_SUSPENDED"
    NOTHING_TICKED = "NOTHING_TICKED"
    NOTHING_FREE = "NOTHING_FREE"
    NO_VEHICLE = "NO_VEHICLE"
    GUARD_NOT_APPROVED = "GUARD_NOT_APPROVED"


FATAL = frozenset(
    {Missing.PROBE_LOST, Missing.NOBODY_REGULATES, Missing.REGULATION_SUSPENDED, Missing.NO_VEHICLE}
)
"""With one of these nothing is received at all."""


class Hand(StrEnum):
    """Who regulates a site, seen from one device."""

    MINE = "MINE"
    ELSEWHERE = "ELSEWHERE"
    SUSPENDED = "SUSPENDED"
    FREE = "FREE"


class Kept(StrEnum):
    """Why a site or a vehicle is not received."""

    NOT_TICKED = "NOT_TICKED"
    ON_MISSION = "ON_MISSION"
    ON_GUARD = "ON_GUARD"
    NOT_MINE = "NOT_MINE"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteHand:
    """A site of the company, seen from one device."""

    id: UUID
    name: str
    hand: Hand
    ticked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleHand:
    """A vehicle of the company, as it is now."""

    id: UUID
    name: str
    site_id: UUID | None
    ticked: bool
    engaged: bool
    on_guard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """The sites and vehicles of a company."""

    sites: Sequence[SiteHand] = ()
    vehicles: Sequence[VehicleHand] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The signs of life: when the engine last answered end to end, when this device was last heard of."""

    at: datetime
    probed_at: datetime | None
    heard_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aboard:
    """The vehicle that a phone is in. ``approved`` is null off guard, else whether its guard counts."""

    vehicle: VehicleHand
    hand: Hand
    is_primary: bool
    approved: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What a device receives, and what keeps it from green."""

    colour: Colour
    missing: tuple[Missing, ...] = ()
    sites: tuple[SiteHand, ...] = ()
    vehicles: tuple[VehicleHand, ...] = ()
    kept: tuple[tuple[SiteHand | VehicleHand, Kept], ...] = ()
    """What it would receive, but for one reason each (rule 23)."""


def of_post(signs: Signs, means: Means) -> Readiness:
    """The readiness of a device that regulates, or would (rules 23 and 24)."""
    mine = {site.id for site in means.sites if site.hand is Hand.MINE}
    if not mine:
        missing = (*_signs(signs), _no_lease(means.sites))
        return Readiness(colour=_colour(missing), missing=missing)
    judged: list[tuple[SiteHand | VehicleHand, Kept | None]] = [
        *((each, _site_kept(each)) for each in means.sites),
        *((each, _kept(each, mine)) for each in means.vehicles),
    ]
    sites = tuple(each for each, why in judged if why is None and isinstance(each, SiteHand))
    vehicles = tuple(each for each, why in judged if why is None and isinstance(each, VehicleHand))
    kept = tuple((each, why) for each, why in judged if why is not None and why is not Kept.NOT_MINE)
    missing = _signs(signs)
    if not sites and not vehicles:
        busy = any(each.ticked or why is Kept.ON_GUARD for each, why in kept)
        missing = (*missing, Missing.NOTHING_FREE if busy else Missing.NOTHING_TICKED)
    colour = _colour(missing)
    if colour is Colour.RED:
        sites, vehicles = (), ()
    return Readiness(colour=colour, missing=missing, sites=sites, vehicles=vehicles, kept=kept)


def of_crew(signs: Signs, aboard: Aboard | None) -> Readiness:
    """The readiness of a phone that does not regulate: of a crew, or of a guard (rules 25, 31, 55)."""
    if aboard is None:
        missing = (*_signs(signs), Missing.NO_VEHICLE)
        return Readiness(colour=_colour(missing), missing=missing)
    missing = (*_signs(signs), *_crew_misses(aboard))
    lost = not FATAL.isdisjoint(missing)
    vehicles = () if lost or aboard.approved is False else (aboard.vehicle,)
    return Readiness(colour=_colour(missing), missing=missing, vehicles=vehicles)


def mode_of(
    lease_kind: DeviceKind | None, bound: Collection[UUID], lease_device: UUID | None, *, on_guard: bool
) -> Mode | None:
    """The mode that a vehicle works in (rules 15 to 19).

    ``lease_kind`` and ``lease_device`` are those of who regulates its site now, ``bound`` the phones in the vehicle.
    """
    if on_guard:
        return Mode.G1
    if lease_kind is None or lease_device is None:
        return None
    if lease_kind is not DeviceKind.MOBILE:
        return Mode.R1 if bound else Mode.R2
    if lease_device in bound:
        return Mode.R4
    return Mode.R3 if bound else None


def _signs(signs: Signs) -> tuple[Missing, ...]:
    found = []
    silent = signs.at - signs.probed_at if signs.probed_at else PROBE_LOST
    if silent >= PROBE_FRESH:
        found.append(Missing.PROBE_LOST if silent >= PROBE_LOST else Missing.PROBE_LATE)
    if signs.heard_at is None or signs.at - signs.heard_at > HEARTBEAT_FRESH:
        found.append(Missing.HEARTBEAT_LATE)
    return tuple(found)


def _no_lease(sites: Sequence[SiteHand]) -> Missing:
    hands = {site.hand for site in sites}
    if Hand.ELSEWHERE in hands:
        return Missing.HELD_ELSEWHERE
    return Missing.REGULATION_SUSPENDED if Hand.SUSPENDED in hands else Missing.NOBODY_REGULATES


def _crew_misses(aboard: Aboard) -> tuple[Missing, ...]:
    if aboard.approved is not None:
        return () if aboard.approved else (Missing.GUARD_NOT_APPROVED,)
    if aboard.hand is Hand.SUSPENDED:
        return (Missing.REGULATION_SUSPENDED,)
    return (Missing.NOBODY_REGULATES,) if aboard.hand is Hand.FREE else ()


def _site_kept(site: SiteHand) -> Kept | None:
    if site.hand is not Hand.MINE:
        return Kept.NOT_MINE
    return None if site.ticked else Kept.NOT_TICKED


def _kept(vehicle: VehicleHand, mine: Collection[UUID]) -> Kept | None:
    """A vehicle of no site is answered for by whoever regulates any of the company's."""
    if vehicle.site_id is not None and vehicle.site_id not in mine:
        return Kept.NOT_MINE
    if vehicle.on_guard:
        return Kept.ON_GUARD
    if vehicle.engaged:
        return Kept.ON_MISSION
    return None if vehicle.ticked else Kept.NOT_TICKED


def _colour(missing: Collection[Missing]) -> Colour:
    if not missing:
        return Colour.GREEN
    return Colour.AMBER if FATAL.isdisjoint(missing) else Colour.RED
