"""A company's means as they stand: who regulates, which mode each vehicle works in, what is received (rules 15 to 24)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.regulation_reading import hand_of, vehicle_mode
from api.resources import Resources
from api.schemas.fleet import (
    CompanyShown,
    FleetShown,
    MobilisationShown,
    PhonesShown,
    PositionShown,
    RegulationShown,
    RegulatorShown,
    SiteShown,
    VehicleShown,
)
from api.security import Caller
from api.sentences import WORDS, WORDS_FOR_OTHERS, post_sentence
from domain.eligibility import available_at
from domain.fleet import Category
from domain.freshness import freshness_of
from domain.policy import Policy
from domain.readiness import Hand, Means, Signs, SiteHand, VehicleHand, of_post
from domain.vocabulary import DeviceKind, Freshness, LeaseState
from storage import crews, means
from storage.crews import Phone
from storage.means import CompanyCard, SiteCard, VehicleLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One company's means at a moment. ``own``: they are told to the company itself."""

    company: CompanyCard
    sites: Sequence[SiteCard]
    vehicles: Sequence[VehicleLine]
    phones: Sequence[Phone]
    at: datetime
    probed_at: datetime | None
    own: bool
    policies: Sequence[Policy]
    """Of the SAMUs by which its positions are judged."""


async def read_fleet(resources: Resources, caller: Caller, at: datetime) -> FleetShown:
    """The means that the caller may see, company by company."""
    async with resources.database.connect() as connection:
        companies = await means.companies_of(connection, caller.scope)
        sites = await means.sites_of(connection, caller.scope)
        vehicles = await means.vehicles_of(connection, caller.scope)
        phones = await crews.phones_of(connection, [each.id for each in companies])
        samus = await means.samus_of(connection, caller.scope)
    policies = await _policies(resources, {one for each in samus.values() for one in each})
    probed_at = resources.probed_at()
    seen = [
        Seen(
            company=company,
            sites=[each for each in sites if each.company_id == company.id],
            vehicles=[each for each in vehicles if each.company_id == company.id],
            phones=[each for each in phones if each.company_id == company.id],
            at=at,
            probed_at=probed_at,
            own=company.id == caller.company_id,
            policies=[policies[one] for one in samus.get(company.id, ())],
        )
        for company in companies
    ]
    return FleetShown(companies=[_company(each) for each in seen])


async def _policies(resources: Resources, samu_ids: Iterable[UUID]) -> dict[UUID, Policy]:
    found = {one: await resources.samu(one) for one in samu_ids}
    return {one: samu.profile.policy if samu else Policy() for one, samu in found.items()}


def _company(seen: Seen) -> CompanyShown:
    """Whoever regulates a site regulates it for the company: its own heartbeat is what counts here."""
    beats = [each.heartbeat_at for each in seen.sites if each.lease.is_live(seen.at) and each.heartbeat_at]
    signs = Signs(at=seen.at, probed_at=seen.probed_at, heard_at=max(beats, default=seen.at))
    found = of_post(signs, Means(sites=_site_hands(seen), vehicles=_vehicle_hands(seen)))
    return CompanyShown(
        id=seen.company.id,
        name=seen.company.name,
        phone=seen.company.phone,
        colour=found.colour,
        readiness=post_sentence(
            found, [(WORDS if seen.own else WORDS_FOR_OTHERS)[each] for each in found.missing], own=seen.own
        ),
        sites=[_site(seen, each) for each in seen.sites],
        vehicles=[_vehicle(seen, each) for each in seen.vehicles],
    )


def _site_hands(seen: Seen) -> list[SiteHand]:
    return [
        SiteHand(
            id=each.id,
            name=each.name,
            hand=hand_of(each, each.device_id, seen.at) if each.device_id else Hand.FREE,
            ticked=available_at(each.available, each.available_until, seen.at),
        )
        for each in seen.sites
    ]


def _vehicle_hands(seen: Seen) -> list[VehicleHand]:
    return [
        VehicleHand(
            id=each.id,
            name=each.name,
            site_id=each.site_id,
            ticked=available_at(each.available, each.available_until, seen.at),
            engaged=each.mission_id is not None,
            on_guard=each.on_guard,
        )
        for each in seen.vehicles
    ]


def _site(seen: Seen, found: SiteCard) -> SiteShown:
    return SiteShown(
        id=found.id,
        company_id=found.company_id,
        name=found.name,
        lat=found.lat,
        lon=found.lon,
        available=available_at(found.available, found.available_until, seen.at),
        until=_end_ahead(found.available_until, seen.at),
        mobilisation=_mobilisation(found),
        regulation=_regulation(seen, found),
    )


def _mobilisation(found: SiteCard) -> MobilisationShown:
    hours = found.mobilisation_by_hour_s
    return MobilisationShown(default_s=found.mobilisation_s, by_hour_s=None if hours is None else list(hours))


def _end_ahead(until: datetime | None, at: datetime) -> datetime | None:
    """The end of a tick; null once it has passed, and the box is not ticked any more."""
    return until if until is not None and until > at else None


def _regulation(seen: Seen, found: SiteCard) -> RegulationShown:
    """Silent for too long is shown as suspended, before anybody wrote it down."""
    lease = found.lease
    lost = lease.state is LeaseState.HELD and not lease.is_live(seen.at)
    state = LeaseState.SUSPENDED if lost else lease.state
    kind = DeviceKind(found.device_kind) if found.device_kind else None
    device = None
    if seen.own and kind is not None and found.device_id is not None:
        device = RegulatorShown(
            id=found.device_id, name=found.device_name or "", kind=kind, person=found.person or ""
        )
    return RegulationShown(
        state=state, epoch=lease.epoch, since=lease.taken_at, device_kind=kind, device=device
    )


def _vehicle(seen: Seen, found: VehicleLine) -> VehicleShown:
    phones = [each for each in seen.phones if each.vehicle_id == found.id]
    bound = [each.device_id for each in phones]
    return VehicleShown(
        id=found.id,
        company_id=found.company_id,
        site_id=found.site_id,
        name=found.name,
        registration=found.registration,
        category=found.category,
        volume=Category(found.category).volume,
        available=available_at(found.available, found.available_until, seen.at),
        until=_end_ahead(found.available_until, seen.at),
        position=PositionShown.model_validate(found) if found.recorded_at is not None else None,
        freshness=_freshness(found, seen),
        mission_id=found.mission_id,
        on_guard=found.on_guard,
        mode=vehicle_mode(found.site_id, bound, seen.sites, seen.at, on_guard=found.on_guard),
        phones=_phones(phones, own=seen.own),
    )


def _freshness(found: VehicleLine, seen: Seen) -> Freshness | None:
    """What its position is worth to a SAMU; to the strictest of those that may solicit it, when a company asks."""
    fix_at, speed, heard_at = found.recorded_at, found.speed_kmh, found.device_seen_at
    if fix_at is None:
        return None
    worth = [freshness_of(fix_at, speed, heard_at, seen.at, one) for one in seen.policies or (Policy(),)]
    return max(worth, key=list(Freshness).index)


def _phones(phones: Sequence[Phone], *, own: bool) -> PhonesShown:
    primary = next((each.device_id for each in phones if each.is_primary), None)
    heard = max((each.last_seen_at for each in phones if each.last_seen_at), default=None)
    return PhonesShown(count=len(phones), primary_device_id=primary if own else None, last_seen_at=heard)
