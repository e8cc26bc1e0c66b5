"""How long a site's crews need before they leave: what their company says, by the hour."""

from uuid import UUID

from fastapi import APIRouter, Request

from api.documents import WRITES
from api.idempotent import IdempotentRoute, TakesKey
from api.mobilising import Mobilising, set_times
from api.resources import resources_of
from api.schemas.fleet import MobilisationGiven, MobilisationSaid
from api.security import DeviceHeader, ReceivedAt, RegulatorCaller

router = APIRouter(prefix="/v1/sites", tags=["company"], route_class=IdempotentRoute)


@router.put(
    "/{site_id}/mobilisation",
    summary="Say how long a site's crews need before they leave",
    responses=WRITES,
    dependencies=[TakesKey],
)
async def put_mobilisation(
    request: Request,
    caller: RegulatorCaller,
    at: ReceivedAt,
    site_id: UUID,
    given: MobilisationGiven,
    x_device_id: DeviceHeader = None,
) -> MobilisationSaid:
    """It is added to the road time of the site, and of its vehicles that stand there. `by_hour_s` has 24 figures, by the
    hour that clocks of the SAMU show: at night, somebody picks a colleague up at home first. Null: `default_s` at
    every hour. Both are replaced.
    """
    asked = Mobilising(caller=caller, site_id=site_id, given=given, device_id=x_device_id, at=at)
    return await set_times(resources_of(request), asked)
