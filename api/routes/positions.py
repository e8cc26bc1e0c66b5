"""Positions: one, or a company's telematics at once. They never pass through the engine."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.documents import WRITES
from api.idempotent import Handler, IdempotentRoute, TakesKey
from api.problems import Problem
from api.resources import resources_of
from api.schemas.fleet import (
    PositionBatch,
    PositionGiven,
    PositionsTaken,
    PositionTaken,
    VehiclePositionGiven,
)
from api.security import Caller, CompanyCaller, ReceivedAt
from api.unread import Unread, UnreadRequest
from geo.cells import COVER_RESOLUTION, STORED_RESOLUTION, cell_of
from storage.positions import Fix


class PositionRoute(IdempotentRoute):
    """A route that takes no more at once than the writer of positions has room for."""

    def get_route_handler(self) -> Handler:
        """Wrap the route's own handler."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            unread = UnreadRequest(request.scope, request.receive)
            size = len(await unread.body())
            async with resources_of(unread).positions.admitted(size):
                return await inner(unread)

        return handle


router = APIRouter(prefix="/v1", tags=["company"], route_class=PositionRoute)


@router.put("/vehicles/{vehicle_id}/position", summary="Tell where a vehicle is", responses=WRITES)
async def put_position(
    request: Request,
    caller: CompanyCaller,
    at: ReceivedAt,
    vehicle_id: UUID,
    given: Annotated[PositionGiven, Unread()],
) -> PositionTaken:
    """An older fix never replaces a newer one: then `accepted` is false. Answered once it is on disk."""
    fix = _fix(vehicle_id, given, at)
    taken = await resources_of(request).positions.write(_company_of(caller), [fix])
    if taken.unknown:
        raise Problem("not_found")
    return PositionTaken(accepted=taken.accepted == 1)


@router.post("/positions", summary="Tell where many vehicles are", responses=WRITES, dependencies=[TakesKey])
async def post_positions(
    request: Request, caller: CompanyCaller, at: ReceivedAt, batch: Annotated[PositionBatch, Unread()]
) -> PositionsTaken:
    """Up to 1,000 at once. Vehicles that are not the company's are named in `unknown`, the others are taken.

    Answered once all of them are on disk. It needs no Idempotency-Key: a repetition finds its positions `stale`.
    """
    fixes = [_fix(each.vehicle_id, each, at) for each in batch.positions]
    taken = await resources_of(request).positions.write(_company_of(caller), fixes)
    return PositionsTaken(accepted=taken.accepted, stale=taken.stale, unknown=list(taken.unknown))


def _company_of(caller: Caller) -> UUID:
    assert caller.company_id is not None  # noqa: S101 - checked with the role
    return caller.company_id


def _fix(vehicle_id: UUID, given: PositionGiven | VehiclePositionGiven, at: datetime) -> Fix:
    lat, lon = given.lat, given.lon
    return Fix(
        vehicle_id,
        lat,
        lon,
        cell_of(lat, lon, STORED_RESOLUTION),
        cell_of(lat, lon, COVER_RESOLUTION),
        given.recorded_at,
        at,
        given.accuracy_m,
        given.speed_kmh,
        given.heading,
    )
