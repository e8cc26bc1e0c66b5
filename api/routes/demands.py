"""Demands: posted, read, listed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.cursors import Paged, next_cursor
from api.demand_reading import demand_line, read_demand
from api.documents import READS, WRITES
from api.fields import Instant
from api.idempotent import IdempotentRoute, TakesKey
from api.posting import hand_over, keep
from api.problems import Problem
from api.resources import resources_of
from api.schemas.demands import DemandPage, DemandPosted, DemandShown
from api.security import AnyCaller, ReceivedAt, SamuActor, SamuCaller, WatcherCaller
from domain.vocabulary import DemandStatus
from storage import views

router = APIRouter(prefix="/v1/demands", tags=["demands"], route_class=IdempotentRoute)

KNOWN = {"description": "The same reference and content as before: the same demand.", "model": DemandShown}


@router.post(
    "",
    status_code=201,
    summary="Post a demand",
    responses={200: KNOWN, **WRITES},
    dependencies=[TakesKey],
)
async def post_demand(
    request: Request,
    response: Response,
    caller: SamuCaller,
    actor: SamuActor,
    at: ReceivedAt,
    posted: DemandPosted,
) -> DemandShown:
    """Kept for good once this answers. `search` is `DELAYED` when the engine is away: telephone meanwhile."""
    resources = resources_of(request)
    start, demand_id = await keep(resources, caller, actor, posted, at)
    if start is None:
        response.status_code = 200
    else:
        await hand_over(resources, start)
    async with resources.reading.connect() as connection:
        shown = await read_demand(
            connection, resources, caller, demand_id, with_patient=False, is_new=start is not None
        )
    if shown is None:
        raise Problem("not_found")
    return shown


@router.get("", summary="List demands", responses=READS)
async def list_demands(
    request: Request,
    caller: WatcherCaller,
    page: Paged,
    status: Annotated[list[DemandStatus] | None, Query(max_length=20, description="Any of these")] = None,
    since: Annotated[Instant | None, Query(description="Received at or after")] = None,
) -> DemandPage:
    """Newest first."""
    async with resources_of(request).reading.connect() as connection:
        found = await views.list_demands(connection, caller.scope, page, status or (), since)
    cursor = next_cursor(page, found, lambda each: (each.received_at, each.id))
    now = resources_of(request).clock()
    return DemandPage(items=[demand_line(each, now) for each in found], next_cursor=cursor)


@router.get("/{demand_id}", summary="Read a demand", responses=READS)
async def get_demand(
    request: Request,
    caller: AnyCaller,
    demand_id: UUID,
    patient: Annotated[bool, Query(description="Whether the patient is read as well")] = True,
) -> DemandShown:
    """The patient is shown to the demand's own SAMU, and each reading is written down: `patient=false` reads the rest
    only. A company sees what concerns it.
    """
    resources = resources_of(request)
    async with resources.database.begin() as connection:
        shown = await read_demand(connection, resources, caller, demand_id, with_patient=patient)
    if shown is None:
        raise Problem("not_found")
    return shown
