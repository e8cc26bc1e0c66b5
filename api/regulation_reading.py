"""The readiness of a device: what it will receive, or what is missing (rules 23, 24, 25, 49)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.problems import Problem
from api.resources import Resources
from api.schemas.regulation import (
    AboardShown,
    GuardAboard,
    HeldShown,
    MissingShown,
    NotReceivedShown,
    OfferShown,
    ReadinessShown,
    ReceivedShown,
    ReceivesShown,
)
from api.security import Caller
from api.sentences import KEPT_WORDS, WORDS, crew_sentence, own_vehicle_sentence, post_sentence
from domain.eligibility import available_at
from domain.people import Role
from domain.readiness import (
    Aboard,
    Hand,
    Means,
    Missing,
    Readiness,
    Signs,
    SiteHand,
    VehicleHand,
    mode_of,
    of_crew,
    of_post,
)
from domain.vocabulary import DeviceKind, LeaseState, Mode
from storage import means, readiness
from storage.means import SiteCard
from storage.readiness import Beat, Seat, VehicleNow


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A company as it is, seen from one of its devices."""

    beat: Beat
    role: Role
    signs: Signs
    sites: Sequence[SiteCard]
    vehicles: Sequence[VehicleNow]
    seat: Seat | None

    @property
    def held(self) -> list[SiteCard]:
        """The sites that the device regulates."""
        return [each for each in self.sites if each.lease.is_held_by(self.beat.device_id, self.signs.at)]

    @property
    def aboard(self) -> VehicleNow | None:
        """The vehicle that the device is in."""
        return next((each for each in self.vehicles if self.beat.device_id in each.phones), None)

    @property
    def regulates(self) -> bool:
        """Whether it is to be judged as a post: it holds a site, or is neither in a vehicle nor a crew's phone."""
        if self.held:
            return True
        is_phone = self.beat.kind == DeviceKind.MOBILE
        return not is_phone or (self.role is Role.REGULATOR and self.aboard is None)


async def beat(resources: Resources, caller: Caller, device_id: UUID, at: datetime) -> ReadinessShown:
    """Note a heartbeat and tell the readiness. Raises Problem 404 or 409 for a device that may not be used."""
    assert caller.company_id is not None  # noqa: S101 - checked with the role
    async with resources.database.begin() as connection:
        heard = await readiness.beat(connection, caller.id, device_id, at)
        if heard is None:
            raise Problem("not_found", "This device is not registered, or not yours.")
        if heard.closed_at is not None:
            raise Problem("device_closed")
        sites = await means.sites_of_company(connection, caller.company_id)
        vehicles = await readiness.vehicles_now(connection, caller.company_id)
        seat = None
        if any(device_id in each.phones for each in vehicles):
            seat = await readiness.seat_of(connection, device_id)
    signs = Signs(at=at, probed_at=resources.probed_at(), heard_at=heard.heard_at)
    now = Situation(beat=heard, role=caller.role, signs=signs, sites=sites, vehicles=vehicles, seat=seat)
    return _shown(now)


def _shown(now: Situation) -> ReadinessShown:
    found = _readiness(now)
    missing = [MissingShown(code=each, detail=_words(now, each)) for each in found.missing]
    return ReadinessShown(
        colour=found.colour,
        sentence=_sentence(now, found, [each.detail for each in missing]),
        missing=missing,
        receives=ReceivesShown(
            sites=[ReceivedShown(id=each.id, name=each.name) for each in found.sites],
            vehicles=[ReceivedShown(id=each.id, name=each.name) for each in found.vehicles],
        ),
        not_received=[
            NotReceivedShown(id=each.id, name=each.name, code=why, detail=KEPT_WORDS[why])
            for each, why in found.kept
        ],
        mode=_mode(now),
        leases=[HeldShown(site_id=e.id, epoch=e.lease.epoch, state=LeaseState.HELD) for e in now.held],
        offers=_offers(now),
        aboard=_seat(now.seat) if now.seat is not None else None,
    )


def _seat(seat: Seat) -> AboardShown:
    return AboardShown(
        vehicle_id=seat.vehicle_id,
        vehicle_name=seat.vehicle_name,
        crew_id=seat.crew_id,
        is_primary=seat.is_primary,
        mission_id=seat.mission_id,
        guard=GuardAboard.model_validate(seat) if seat.shift_id is not None else None,
    )


def _readiness(now: Situation) -> Readiness:
    if now.regulates:
        device_id, at = now.beat.device_id, now.signs.at
        sites = [site_hand(each, device_id, at) for each in now.sites]
        return of_post(now.signs, Means(sites=sites, vehicles=[vehicle_hand(e, at) for e in now.vehicles]))
    return of_crew(now.signs, _aboard(now))


def _aboard(now: Situation) -> Aboard | None:
    vehicle = now.aboard
    if vehicle is None:
        return None
    return Aboard(
        vehicle=vehicle_hand(vehicle, now.signs.at),
        hand=_hand_of_vehicle(now, vehicle),
        is_primary=vehicle.phones[0] == now.beat.device_id,
        approved=vehicle.approved,
    )


def _hand_of_vehicle(now: Situation, vehicle: VehicleNow) -> Hand:
    """Who regulates its site; any of the company's when it has none."""
    at, device_id = now.signs.at, now.beat.device_id
    own = [e for e in now.sites if vehicle.site_id in {None, e.id}]
    hands = {hand_of(each, device_id, at) for each in own}
    order = (Hand.MINE, Hand.ELSEWHERE, Hand.SUSPENDED)
    return next((each for each in order if each in hands), Hand.FREE)


def hand_of(site: SiteCard, device_id: UUID, at: datetime) -> Hand:
    """Who regulates a site, seen from a device. Silent for too long is suspended, before anybody wrote it down."""
    if site.lease.is_live(at):
        return Hand.MINE if site.device_id == device_id else Hand.ELSEWHERE
    return Hand.FREE if site.lease.state is LeaseState.FREE else Hand.SUSPENDED


def site_hand(site: SiteCard, device_id: UUID, at: datetime) -> SiteHand:
    """A site seen from a device."""
    ticked = available_at(site.available, site.available_until, at)
    return SiteHand(id=site.id, name=site.name, hand=hand_of(site, device_id, at), ticked=ticked)


def vehicle_hand(vehicle: VehicleNow, at: datetime) -> VehicleHand:
    """A vehicle as the rules of readiness see it."""
    return VehicleHand(
        id=vehicle.id,
        name=vehicle.name,
        site_id=vehicle.site_id,
        ticked=available_at(vehicle.available, vehicle.available_until, at),
        engaged=vehicle.engaged,
        on_guard=vehicle.on_guard,
    )


def _mode(now: Situation) -> Mode | None:
    device_id, at = now.beat.device_id, now.signs.at
    if now.held:
        mine = {each.id for each in now.held}
        bound = {p for v in now.vehicles if v.site_id in mine or v.site_id is None for p in v.phones}
        bound |= {device_id} if now.aboard else set()
        return mode_of(DeviceKind(now.beat.kind), bound, device_id, on_guard=False)
    if now.aboard is None:
        return None
    vehicle = now.aboard
    return vehicle_mode(vehicle.site_id, vehicle.phones, now.sites, at, on_guard=vehicle.on_guard)


def vehicle_mode(
    site_id: UUID | None, phones: Sequence[UUID], sites: Sequence[SiteCard], at: datetime, *, on_guard: bool
) -> Mode | None:
    """The mode that a vehicle works in, by who regulates its site; the latest to take one when it has none.

    ``sites`` are those of its company, ``phones`` those in the vehicle.
    """
    live = [each for each in sites if site_id in {None, each.id} and each.lease.is_live(at)]
    latest = max(live, key=lambda each: (each.taken_at or at, each.id), default=None)
    kind = DeviceKind(latest.device_kind) if latest and latest.device_kind else None
    return mode_of(kind, phones, latest.device_id if latest else None, on_guard=on_guard)


def _offers(now: Situation) -> list[OfferShown]:
    offered = [each for each in now.sites if each.offered_to == now.beat.device_id]
    return [OfferShown(site_id=e.id, site_name=e.name, from_device=e.device_name) for e in offered]


def _words(now: Situation, missing: Missing) -> str:
    if missing is not Missing.HELD_ELSEWHERE:
        return WORDS[missing]
    held = [each for each in now.sites if each.lease.is_live(now.signs.at)]
    return " ; ".join(f"{each.device_name} tient la régulation de {each.name}" for each in held)


def _sentence(now: Situation, found: Readiness, words: Sequence[str]) -> str:
    aboard = _aboard(now)
    if not now.regulates:
        return crew_sentence(found, words, aboard)
    own = own_vehicle_sentence(aboard.vehicle) if aboard is not None and now.held else ""
    return post_sentence(found, words) + own
