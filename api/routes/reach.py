"""Who could be there: asked while a demand is being written. Nothing is posted, nobody is solicited."""

from fastapi import APIRouter, Request

from api.documents import WRITES
from api.idempotent import CheckedRoute
from api.problems import Problem
from api.reach_reading import read_reach
from api.resources import resources_of
from api.schemas.places import ReachAsked, ReachShown
from api.security import ReceivedAt, SamuCaller

router = APIRouter(prefix="/v1", tags=["demands"], route_class=CheckedRoute)


@router.post("/reach", summary="Count who could be there", responses=WRITES)
async def reach(request: Request, caller: SamuCaller, at: ReceivedAt, asked: ReachAsked) -> ReachShown:
    """How many guard vehicles, vehicles and sites would be solicited if the demand were sent now.

    The place is in the body, as a patient's place belongs in no address. It takes no `Idempotency-Key`: it changes nothing.
    """
    if caller.samu_id is None:
        raise Problem("not_found")
    return await read_reach(resources_of(request), caller.samu_id, asked, at)
