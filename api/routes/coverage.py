"""Coverage: how soon a free vehicle could be there, everywhere in a SAMU's area."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.coverage_memory import Wanted
from api.coverage_reading import COARSEST, FINEST, USUAL, coverage_of, samu_asked
from api.documents import READS, Responses
from api.resources import resources_of
from api.schemas.coverage import CompactCoverage, CoverageFormat, CoverageMap
from api.security import ReceivedAt, WatcherCaller
from domain.fleet import Volume

GEOJSON = "application/geo+json"
JSON = "application/json"

router = APIRouter(prefix="/v1/coverage", tags=["live"])

FORMATS: Responses = {
    200: {
        "model": CompactCoverage | CoverageMap,  # one alone would not be in the document's components
        "content": {GEOJSON: {"schema": {"$ref": "#/components/schemas/CoverageMap"}}},
        "description": "By `format`",
    }
}


@router.get("", summary="Read the coverage", responses=FORMATS | READS, response_class=Response)
async def get_coverage(
    request: Request,
    caller: WatcherCaller,
    at: ReceivedAt,
    volume: Annotated[Volume, Query(description="A vehicle of which volume is needed")],
    resolution: Annotated[
        int, Query(ge=COARSEST, le=FINEST, description="Of the H3 cells: edges of 10 km to 0.2 km")
    ] = USUAL,
    format_: Annotated[CoverageFormat, Query(alias="format")] = CoverageFormat.GEOJSON,
    samu_id: Annotated[UUID | None, Query(description="Whose; needed by who belongs to no SAMU")] = None,
) -> Response:
    """For each H3 cell the minutes until the nearest free vehicle could be there: the earliest arrival, mobilisation
    included. A few seconds old at most.

    Free is who would be asked if near enough: ticked or on guard, not on a mission, regulated, its position known.
    A vehicle on guard counts in its own sector, and in the neighbours' if the SAMU's policy asks it there.
    """
    wanted = Wanted(
        samu_asked(caller.samu_id, samu_id), volume, resolution, format_ is CoverageFormat.GEOJSON
    )
    content = await coverage_of(resources_of(request), wanted, at)
    return Response(content, media_type=GEOJSON if wanted.as_map else JSON)
