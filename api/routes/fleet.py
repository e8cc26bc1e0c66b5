"""A company's means: who they are, and the tick-boxes."""

from uuid import UUID

from fastapi import APIRouter, Request

from api.documents import READS, WRITES
from api.fleet_reading import read_fleet
from api.idempotent import IdempotentRoute
from api.resources import resources_of
from api.schemas.fleet import (
    AvailabilityGiven,
    AvailabilityShown,
    FacilityList,
    FacilityShown,
    FleetShown,
)
from api.security import AnyCaller, Caller, CompanyCaller, DeviceHeader, ReceivedAt
from api.ticking import Tick, tick_box
from storage import means

router = APIRouter(prefix="/v1", tags=["company"], route_class=IdempotentRoute)


@router.get("/fleet", summary="Read the fleet", responses=READS)
async def get_fleet(request: Request, caller: AnyCaller, at: ReceivedAt) -> FleetShown:
    """A company reads its own means; a SAMU those of the companies that it may solicit."""
    return await read_fleet(resources_of(request), caller, at)


@router.put("/sites/{site_id}/availability", summary="Tick a site", responses=WRITES)
async def tick_site(
    request: Request,
    caller: CompanyCaller,
    at: ReceivedAt,
    site_id: UUID,
    given: AvailabilityGiven,
    x_device_id: DeviceHeader = None,
) -> AvailabilityShown:
    """A ticked site within the delay is solicited when no vehicle accepted (rule 8). A crew ticks the site that its
    phone regulates (rule 46).
    """
    tick = Tick(company_id=_company(caller), target_id=site_id, given=given, at=at, is_site=True)
    return await tick_box(resources_of(request), caller, tick, x_device_id)


@router.put("/vehicles/{vehicle_id}/availability", summary="Tick a vehicle", responses=WRITES)
async def tick_vehicle(
    request: Request,
    caller: CompanyCaller,
    at: ReceivedAt,
    vehicle_id: UUID,
    given: AvailabilityGiven,
    x_device_id: DeviceHeader = None,
) -> AvailabilityShown:
    """A ticked vehicle with a position within the delay is solicited (rule 6)."""
    tick = Tick(company_id=_company(caller), target_id=vehicle_id, given=given, at=at, is_site=False)
    return await tick_box(resources_of(request), caller, tick, x_device_id)


def _company(caller: Caller) -> UUID:
    assert caller.company_id is not None  # noqa: S101 - checked with the role
    return caller.company_id


@router.get("/facilities", tags=["reference"], summary="List the facilities", responses=READS)
async def list_facilities(request: Request, caller: AnyCaller) -> FacilityList:
    """Where patients are taken to, for the destination (rule 36)."""
    del caller  # anybody who is logged in
    async with resources_of(request).database.connect() as connection:
        found = await means.list_facilities(connection)
    return FacilityList(items=[FacilityShown.model_validate(each) for each in found])
