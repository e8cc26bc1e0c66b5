"""Communes: to be found by name as somebody types, and to be written on a map."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.documents import READS
from api.naming import area_of, gazetteer_of
from api.problems import Problem
from api.resources import resources_of
from api.schemas.places import CommuneList, CommuneShown
from api.security import AnyCaller

router = APIRouter(prefix="/v1", tags=["reference"])

MOST_FOUND = 50

Text = Annotated[
    str | None, Query(max_length=100, description="The beginning of the name, or of a word of it")
]
Limit = Annotated[int, Query(ge=1, le=MOST_FOUND)]
WholeArea = Annotated[bool, Query(description="All communes of the caller's SAMU, for a map")]
LeastPopulation = Annotated[int, Query(ge=0)]


@router.get("/communes", summary="Find communes", responses=READS)
async def list_communes(
    request: Request,
    caller: AnyCaller,
    q: Text = None,
    limit: Limit = 10,
    area: WholeArea = False,
    least_population: LeastPopulation = 0,
) -> CommuneList:
    """By name (`q`): those of the caller's own area first, then the most populous. Or a whole area (`area=true`)."""
    resources = resources_of(request)
    known = await gazetteer_of(resources)
    here = await area_of(resources, caller)
    if area and here:
        found = [one for one in known.places if one.population >= least_population and one.insee in here]
    elif q is not None:
        found = known.find(q, limit, here)
    else:
        fault = {"parameter": "q", "code": "missing", "detail": "q or area=true is needed"}
        raise Problem("invalid_request", "Give q, or area=true as a caller with an area.", errors=[{**fault}])
    return CommuneList(items=[CommuneShown.model_validate(one) for one in found])
