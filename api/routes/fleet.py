"""A company's means: who they are, and the tick-boxes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request

from api.documents import READS, WRITES
from api.idempotent import IdempotentRoute
from api.problems import Problem
from api.resources import resources_of
from api.schemas.fleet import (
    AvailabilityGiven,
    AvailabilityShown,
    CompanyShown,
    FacilityList,
    FacilityShown,
    FleetShown,
    PositionShown,
    SiteShown,
    VehicleShown,
)
from api.security import AnyCaller, CompanyCaller, ReceivedAt, RegulatorCaller
from domain.fleet import Category
from storage import means
from storage.means import SiteCard, VehicleLine

router = APIRouter(prefix="/v1", tags=["company"], route_class=IdempotentRoute)


@router.get("/fleet", summary="Read the fleet", responses=READS)
async def get_fleet(request: Request, caller: AnyCaller, at: ReceivedAt) -> FleetShown:
    """A company reads its own means; a SAMU those of the companies that it may solicit."""
    async with resources_of(request).database.connect() as connection:
        companies = await means.companies_of(connection, caller.scope)
        sites = await means.sites_of(connection, caller.scope)
        vehicles = await means.vehicles_of(connection, caller.scope)
    shown = [
        _company(
            company_id,
            name,
            [_site(each, at) for each in sites if each.company_id == company_id],
            [_vehicle(each, at) for each in vehicles if each.company_id == company_id],
        )
        for company_id, name in companies.items()
    ]
    return FleetShown(companies=shown)


def _company(
    company_id: UUID, name: str, sites: list[SiteShown], vehicles: list[VehicleShown]
) -> CompanyShown:
    sentence = readiness(
        [each.name for each in sites if each.available],
        [each.name for each in vehicles if each.available and each.mission_id is None],
    )
    return CompanyShown(id=company_id, name=name, readiness=sentence, sites=sites, vehicles=vehicles)


def readiness(sites: Sequence[str], vehicles: Sequence[str]) -> str:
    """In one sentence what the company will receive, or what is missing (rule 23)."""
    if not sites and not vehicles:
        return "You receive nothing: no site and no vehicle is ticked."
    parts = [
        f"{word}{'s' if len(names) > 1 else ''} {', '.join(names)}"
        for word, names in (("site", sites), ("vehicle", vehicles))
        if names
    ]
    return f"You receive: {' · '.join(parts)}."


def _ticked(available: bool, until: datetime | None, at: datetime) -> bool:
    return available and (until is None or until > at)


def _site(found: SiteCard, at: datetime) -> SiteShown:
    return SiteShown(
        id=found.id,
        company_id=found.company_id,
        name=found.name,
        lat=found.lat,
        lon=found.lon,
        available=_ticked(found.available, found.available_until, at),
        until=found.available_until,
    )


def _vehicle(found: VehicleLine, at: datetime) -> VehicleShown:
    return VehicleShown(
        id=found.id,
        company_id=found.company_id,
        site_id=found.site_id,
        name=found.name,
        registration=found.registration,
        category=found.category,
        volume=Category(found.category).volume,
        available=_ticked(found.available, found.available_until, at),
        until=found.available_until,
        position=PositionShown.model_validate(found) if found.recorded_at is not None else None,
        mission_id=found.mission_id,
    )


@router.put("/sites/{site_id}/availability", summary="Tick a site", responses=WRITES)
async def tick_site(
    request: Request, caller: RegulatorCaller, at: ReceivedAt, site_id: UUID, given: AvailabilityGiven
) -> AvailabilityShown:
    """A ticked site within the delay is solicited when no vehicle accepted (rule 8)."""
    return await _tick(request, caller.company_id, at, site_id, given, is_site=True)


@router.put("/vehicles/{vehicle_id}/availability", summary="Tick a vehicle", responses=WRITES)
async def tick_vehicle(
    request: Request, caller: CompanyCaller, at: ReceivedAt, vehicle_id: UUID, given: AvailabilityGiven
) -> AvailabilityShown:
    """A ticked vehicle with a position within the delay is solicited (rule 6)."""
    return await _tick(request, caller.company_id, at, vehicle_id, given, is_site=False)


async def _tick(
    request: Request,
    company_id: UUID | None,
    at: datetime,
    target_id: UUID,
    given: AvailabilityGiven,
    *,
    is_site: bool,
) -> AvailabilityShown:
    assert company_id is not None  # noqa: S101 - checked with the role
    if given.until is not None and given.until <= at:
        raise Problem("until_in_the_past")
    tick = means.tick_site if is_site else means.tick_vehicle
    async with resources_of(request).database.begin() as connection:
        known = await tick(connection, company_id, target_id, available=given.available, until=given.until)
    if not known:
        raise Problem("not_found")
    return AvailabilityShown(id=target_id, available=given.available, until=given.until)


@router.get("/facilities", tags=["reference"], summary="List the facilities", responses=READS)
async def list_facilities(request: Request, caller: AnyCaller) -> FacilityList:
    """Where patients are taken to, for the destination (rule 36)."""
    del caller  # anybody who is logged in
    async with resources_of(request).database.connect() as connection:
        found = await means.list_facilities(connection)
    return FacilityList(items=[FacilityShown.model_validate(each) for each in found])
