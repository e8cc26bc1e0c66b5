"""Why each vehicle and each site was, or was not, solicited."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.cursors import LARGEST, Cursor, bad_cursor, decode, number
from api.documents import READS
from api.problems import Problem
from api.resources import resources_of
from api.schemas.verdicts import VerdictPage
from api.security import AnyCaller
from api.verdict_reading import read_verdicts, written
from storage import views
from storage.verdict_news import VerdictMark
from storage.verdict_views import Wanted

router = APIRouter(prefix="/v1/demands/{demand_id}", tags=["demands"])

Limit = Annotated[int, Query(ge=1, le=2000, description="At most so many lines")]


def _wanted(
    vehicle_id: Annotated[UUID | None, Query(description="Of one vehicle")] = None,
    site_id: Annotated[UUID | None, Query(description="Of one site, not of its vehicles")] = None,
    company_id: Annotated[UUID | None, Query(description="Of one company")] = None,
    round: Annotated[int | None, Query(ge=1, le=LARGEST, description="Of one round")] = None,
) -> Wanted:
    return Wanted(vehicle_id=vehicle_id, site_id=site_id, company_id=company_id, round=round)


@router.get("/verdicts", summary="Read the verdicts", response_model=VerdictPage, responses=READS)
async def get_verdicts(
    request: Request,
    caller: AnyCaller,
    demand_id: UUID,
    wanted: Annotated[Wanted, Depends(_wanted)],
    cursor: Cursor = None,
    limit: Limit = 1000,
) -> Response:
    """Every known vehicle and site, why it was or was not solicited, and what would have made the difference.

    One line for each verdict that differs from the one before in its round. A company reads those on its own vehicles
    and sites, of demands that it was solicited for.
    """
    mark, resources = _mark(cursor) if cursor else None, resources_of(request)
    async with resources.verdict_pages:
        async with resources.database.connect() as connection:
            if await views.read_demand(connection, caller.scope, demand_id) is None:
                raise Problem("not_found")
            found = await read_verdicts(connection, caller, demand_id, wanted, mark, limit)
        return Response(await written(found), media_type="application/json")


def _mark(cursor: str) -> VerdictMark:
    round_, tier, target, survey = decode(cursor, 4)
    try:
        return number(round_), tier, UUID(target), number(survey)
    except ValueError as error:
        raise bad_cursor() from error
