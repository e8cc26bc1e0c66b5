"""A demand's timeline: every fact, and every verdict, in order."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from api.cursors import Cursor, bad_cursor, decode, encode
from api.documents import READS
from api.problems import Problem
from api.resources import resources_of
from api.schemas.demands import FactPage, FactShown, VerdictPage, VerdictShown
from api.security import AnyCaller, Caller, WatcherCaller
from api.telling import told_to
from domain.vocabulary import Tier
from storage import timeline, views
from storage.timeline import JournalLine, VerdictLine, VerdictMark

router = APIRouter(prefix="/v1/demands/{demand_id}", tags=["demands"])

Limit = Annotated[int, Query(ge=1, le=2000, description="At most so many lines")]
LARGEST = 2**31 - 1


@router.get("/journal", summary="Read the journal", responses=READS)
async def get_journal(
    request: Request, caller: AnyCaller, demand_id: UUID, cursor: Cursor = None, limit: Limit = 1000
) -> FactPage:
    """Every fact that the caller may see, in order: all for the SAMU, its own for a company."""
    after = _number(decode(cursor, 1)[0]) if cursor else 0
    async with resources_of(request).database.connect() as connection:
        if await views.read_demand(connection, caller.scope, demand_id) is None:
            raise Problem("not_found")
        found = await timeline.facts_of(connection, caller.scope, demand_id, after, limit)
    more = encode(found[-1].seq) if len(found) == limit else None
    return FactPage(items=[_fact(caller, each) for each in found], next_cursor=more)


def _fact(caller: Caller, found: JournalLine) -> FactShown:
    return FactShown.model_validate(replace(found, data=told_to(caller.scope, found.data)))


@router.get("/verdicts", summary="Read the verdicts", responses=READS)
async def get_verdicts(
    request: Request, caller: WatcherCaller, demand_id: UUID, cursor: Cursor = None, limit: Limit = 1000
) -> VerdictPage:
    """Every known vehicle and site, and why it was or was not solicited."""
    mark = _mark(cursor) if cursor else None
    async with resources_of(request).database.connect() as connection:
        if await views.read_demand(connection, caller.scope, demand_id) is None:
            raise Problem("not_found")
        found = await timeline.verdicts_of(connection, demand_id, mark, limit)
    last = found[-1] if len(found) == limit else None
    more = encode(last.round, last.tier, str(last.target_id), last.survey) if last else None
    return VerdictPage(items=[_verdict(each) for each in found], next_cursor=more)


def _verdict(found: VerdictLine) -> VerdictShown:
    """A site is judged in its own tier, a vehicle in all others."""
    is_site = found.tier == Tier.SITE
    kind = {"site_id" if is_site else "vehicle_id": found.target_id}
    return VerdictShown.model_validate(found).model_copy(update=kind)


def _mark(cursor: str) -> VerdictMark:
    round_, tier, target, survey = decode(cursor, 4)
    try:
        return _number(round_), tier, UUID(target), _number(survey)
    except ValueError as error:
        raise bad_cursor() from error


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > len(str(LARGEST)) or int(text) > LARGEST:
        raise bad_cursor()
    return int(text)
