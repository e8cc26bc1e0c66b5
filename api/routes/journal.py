"""A demand's timeline: every fact, in order."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from api.cursors import Cursor, decode, encode, number
from api.documents import READS
from api.problems import Problem
from api.resources import resources_of
from api.schemas.demands import FactPage, FactShown, TimelineFact, TimelinePage
from api.security import AnyCaller, Caller
from api.telling import told_to
from domain.vocabulary import Subject
from storage import timeline, views
from storage.timeline import About, JournalLine

router = APIRouter(prefix="/v1/demands/{demand_id}", tags=["demands"])
whole = APIRouter(prefix="/v1/journal", tags=["live"])

Limit = Annotated[int, Query(ge=1, le=2000, description="At most so many lines")]
LARGEST_POSITION = 2**63 - 1


@router.get("/journal", summary="Read the journal", responses=READS)
async def get_journal(
    request: Request, caller: AnyCaller, demand_id: UUID, cursor: Cursor = None, limit: Limit = 1000
) -> FactPage:
    """Every fact that the caller may see, in order: all for the SAMU, its own for a company."""
    after = number(decode(cursor, 1)[0]) if cursor else 0
    async with resources_of(request).database.connect() as connection:
        if await views.read_demand(connection, caller.scope, demand_id) is None:
            raise Problem("not_found")
        found = await timeline.facts_of(connection, caller.scope, demand_id, after, limit)
    more = encode(found[-1].seq) if len(found) == limit else None
    return FactPage(items=[_fact(caller, each) for each in found], next_cursor=more)


def _fact(caller: Caller, found: JournalLine) -> FactShown:
    return FactShown.model_validate(replace(found, data=told_to(caller, found.data)))


@whole.get("", summary="Read every journal", responses=READS)
async def get_every_journal(
    request: Request,
    caller: AnyCaller,
    cursor: Cursor = None,
    limit: Limit = 1000,
    subject: Annotated[
        Subject | None, Query(description="Demands', companies', guard periods' or SAMUs' only")
    ] = None,
    subject_id: Annotated[
        UUID | None, Query(description="Of one demand, company, guard period or SAMU")
    ] = None,
) -> TimelinePage:
    """What the stream tells, for whoever reads instead of listening: every fact that the caller may see, in order.

    `next_cursor` is always there: read on from it later for what has happened since.
    """
    after = number(decode(cursor, 1)[0], LARGEST_POSITION) if cursor else 0
    about = About(subject, subject_id)
    async with resources_of(request).database.connect() as connection:
        found, position = await timeline.facts_after(connection, caller.scope, after, limit, about)
    return TimelinePage(items=[_line(caller, each) for each in found], next_cursor=encode(position))


def _line(caller: Caller, found: JournalLine) -> TimelineFact:
    return TimelineFact.model_validate(replace(found, data=told_to(caller, found.data)))
