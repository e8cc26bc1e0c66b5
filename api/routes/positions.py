"""Positions: one, or a company's telematics at once. They never pass through the engine."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request

from api.documents import WRITES
from api.idempotent import IdempotentRoute, TakesKey
from api.problems import Problem
from api.resources import Resources, resources_of
from api.schemas.fleet import (
    PositionBatch,
    PositionGiven,
    PositionsTaken,
    PositionTaken,
    VehiclePositionGiven,
)
from api.security import CompanyCaller, ReceivedAt
from geo.cells import COVER_RESOLUTION, STORED_RESOLUTION, cell_of
from storage import means, positions
from storage.positions import Fix

router = APIRouter(prefix="/v1", tags=["company"], route_class=IdempotentRoute)


@router.put("/vehicles/{vehicle_id}/position", summary="Tell where a vehicle is", responses=WRITES)
async def put_position(
    request: Request, caller: CompanyCaller, at: ReceivedAt, vehicle_id: UUID, given: PositionGiven
) -> PositionTaken:
    """An older fix never replaces a newer one: then `accepted` is false."""
    fix = _fix(vehicle_id, given, at)
    written, known = await _write(resources_of(request), caller.company_id, [fix])
    if vehicle_id not in known:
        raise Problem("not_found")
    return PositionTaken(accepted=vehicle_id in written)


@router.post("/positions", summary="Tell where many vehicles are", responses=WRITES, dependencies=[TakesKey])
async def post_positions(
    request: Request, caller: CompanyCaller, at: ReceivedAt, batch: PositionBatch
) -> PositionsTaken:
    """Up to 1,000 at once. Vehicles that are not the company's are named in `unknown`, the others are taken."""
    fixes = [_fix(each.vehicle_id, each, at) for each in batch.positions]
    written, known = await _write(resources_of(request), caller.company_id, fixes)
    own = [fix for fix in fixes if fix.vehicle_id in known]
    unknown = dict.fromkeys(fix.vehicle_id for fix in fixes if fix.vehicle_id not in known)
    return PositionsTaken(accepted=len(written), stale=len(own) - len(written), unknown=list(unknown))


async def _write(
    resources: Resources, company_id: UUID | None, fixes: Sequence[Fix]
) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Keep the fixes of the company's own vehicles; those written, and those that are its own."""
    assert company_id is not None  # noqa: S101 - checked with the role
    asked = {fix.vehicle_id for fix in fixes}
    async with resources.database.begin() as connection:
        known = await means.own_vehicles(connection, company_id, asked)
        written = await positions.upsert(connection, [fix for fix in fixes if fix.vehicle_id in known])
    return written, known


def _fix(vehicle_id: UUID, given: PositionGiven | VehiclePositionGiven, at: datetime) -> Fix:
    return Fix(
        vehicle_id=vehicle_id,
        lat=given.lat,
        lon=given.lon,
        cell=cell_of(given.lat, given.lon, STORED_RESOLUTION),
        cover_cell=cell_of(given.lat, given.lon, COVER_RESOLUTION),
        recorded_at=given.recorded_at,
        received_at=at,
        accuracy_m=given.accuracy_m,
        speed_kmh=given.speed_kmh,
        heading=given.heading,
    )
