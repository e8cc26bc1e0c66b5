"""Crews: a phone declares itself in a vehicle, and leaves it (rules 25, 31, 45, 47, 51, 53)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from api.boarding import Leaving, declare, leave, read_crews
from api.documents import READS, WRITES
from api.idempotent import IdempotentRoute
from api.problems import Problem
from api.resources import resources_of
from api.schemas.regulation import CrewAnswer, CrewGiven, CrewsShown
from api.security import (
    AnyCaller,
    CompanyCaller,
    DeviceHeader,
    ReceivedAt,
    own_device,
    post_of,
)
from domain.people import Role

router = APIRouter(prefix="/v1/vehicles/{vehicle_id}/crew", tags=["company"], route_class=IdempotentRoute)

OtherDevice = Annotated[UUID | None, Query(description="A regulator may take any phone of the company out")]

Confirmed = Annotated[bool, Query(description="Yes, although the guard has no other phone")]


@router.put("", summary="Declare a crew in a vehicle", responses=WRITES)
async def put_crew(
    request: Request, caller: CompanyCaller, at: ReceivedAt, vehicle_id: UUID, given: CrewGiven
) -> CrewAnswer:
    """On one's own phone. The first in the vehicle is the primary one, the others follow. A phone is in one vehicle:
    it leaves the one that it was in: with `confirm` when it is the only phone of an open guard there. A phone that
    regulates does not get into a vehicle on guard. The mission that runs already is in the answer (rule 31).
    """
    post = post_of(caller, await own_device(request, caller, given.device_id))
    return await declare(resources_of(request), caller, post, vehicle_id, given, at)


@router.delete("", status_code=204, summary="Leave a vehicle", responses=WRITES)
async def delete_crew(
    request: Request,
    caller: CompanyCaller,
    at: ReceivedAt,
    vehicle_id: UUID,
    device_id: OtherDevice = None,
    confirm: Confirmed = False,
    x_device_id: DeviceHeader = None,
) -> None:
    """The phone that calls leaves; the oldest of the others becomes the primary one. Leaving again changes nothing. The
    only phone of an open guard asks first.
    """
    if device_id is not None and caller.role is not Role.REGULATOR and device_id != x_device_id:
        raise Problem("not_found")
    if x_device_id is not None:
        await own_device(request, caller, x_device_id)
    phone = device_id or x_device_id
    if phone is None:
        raise Problem("device_required")
    leaving = Leaving(vehicle_id=vehicle_id, device_id=phone, at=at, confirmed=confirm)
    await leave(resources_of(request), caller, leaving)


@router.get("", summary="Who is in a vehicle", responses=READS)
async def get_crew(request: Request, caller: AnyCaller, vehicle_id: UUID) -> CrewsShown:
    """Its own company reads the names, a SAMU how many they are and whether a phone is there."""
    return await read_crews(resources_of(request), caller, vehicle_id)
