"""The way of a mission's vehicle, on the map and turn by turn."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from api.documents import READS, problems
from api.mission_reading import Reader
from api.resources import resources_of
from api.route_reading import read_way
from api.schemas.routes import Goal, RouteShown
from api.security import AnyCaller, DeviceHeader, ReceivedAt, own_device

router = APIRouter(prefix="/v1/missions", tags=["company"])


@router.get(
    "/{mission_id}/route", summary="Read the way of a mission's vehicle", responses=READS | problems(409)
)
async def get_route(
    request: Request,
    caller: AnyCaller,
    at: ReceivedAt,
    mission_id: UUID,
    to: Annotated[
        Goal | None,
        Query(description="By default the pick-up until EN_CHARGE was passed, the destination from then on"),
    ] = None,
    x_device_id: DeviceHeader = None,
) -> RouteShown:
    """From the vehicle's last position, while the mission runs: for its SAMU and its company's regulators, and for a crew
    on a device (`X-Device-Id`) that is in the vehicle, regulates its site or is its guard's phone. 409 `no_position`
    or `no_destination` when an end of it is not known. The best of three answers in time: a Valhalla server's, with
    `maneuvers` in French; the road graph's; a straight estimate, never to be shown as a road. `notice` says so.
    """
    if x_device_id is not None:
        await own_device(request, caller, x_device_id)
    reader = Reader(caller=caller, device_id=x_device_id, at=at)
    return await read_way(resources_of(request), reader, mission_id, to)
