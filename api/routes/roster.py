"""The roster of the guard, as the ATSU's coordinator sends it."""

from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Query, Request

from api.documents import WRITES
from api.guard_roster import import_roster
from api.idempotent import JSON, IdempotentRoute, TakesKey, media_type_of
from api.problems import Problem
from api.resources import resources_of
from api.schemas.guard import RosterTaken
from api.security import Caller, ReceivedAt, WatcherCaller
from domain.people import Role
from domain.roster_text import read_csv, read_json

CSV = "text/csv"
_PERIOD: dict[str, Any] = {
    "type": "object",
    "required": ["sector", "company", "starts_at", "ends_at"],
    "additionalProperties": False,
    "properties": {
        **{name: {"type": "string"} for name in ("sector", "company", "starts_at", "ends_at")},
        "rank": {"type": "integer", "minimum": 1, "maximum": 99},
    },
}
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        CSV: {
            "schema": {"type": "string"},
            "example": "secteur;entreprise;debut;fin;rang\nNarbonne;Ambulances X;22/11/2026 20:00;23/11/2026 08:00;1\n",
        },
        JSON: {
            "schema": {
                "type": "object",
                "required": ["periods"],
                "additionalProperties": False,
                "properties": {"periods": {"type": "array", "minItems": 1, "items": _PERIOD}},
            }
        },
    },
}


class RosterRoute(IdempotentRoute):
    """Takes a table as well as JSON."""

    media_types: ClassVar[frozenset[str]] = frozenset({JSON, CSV})


router = APIRouter(prefix="/v1/guard", tags=["guard"], route_class=RosterRoute)

SamuQuery = Annotated[UUID | None, Query(description="Whose roster: an administrator must say it")]
Replace = Annotated[
    bool,
    Query(description="Withdraw what this roster leaves out: of its sectors, within its span, not begun yet"),
]
DryRun = Annotated[bool, Query(description="Judge everything, write nothing")]


@router.post(
    "/roster",
    summary="Import a roster",
    responses=WRITES,
    dependencies=[TakesKey],
    openapi_extra={"requestBody": _BODY},
)
async def import_guard_roster(
    request: Request,
    caller: WatcherCaller,
    at: ReceivedAt,
    samu_id: SamuQuery = None,
    replace: Replace = False,
    dry_run: DryRun = False,
) -> RosterTaken:
    """CSV (`sector,company,start,end[,rank]`, or `secteur;entreprise;debut;fin;rang`) or JSON; all of it or nothing.

    Sectors and companies by name or id. Instants with an offset, or in the local time of the SAMU (`22/11/2026 20:00`,
    `2026-11-22T20:00`); one that does not exist, or exists twice, on a night when clocks change needs its offset.
    422 `invalid_roster` names every bad line. The same roster again changes nothing. A body holds about 4,000 lines:
    send a longer roster in parts.
    """
    whose = _samu_of(caller, samu_id)
    body = await request.body()
    written = read_json(body) if media_type_of(request) == JSON else read_csv(body)
    return await import_roster(
        resources_of(request), whose, caller.actor(None), written, at, replace=replace, dry_run=dry_run
    )


def _samu_of(caller: Caller, asked: UUID | None) -> UUID:
    if caller.role is Role.ADMIN:
        if asked is None:
            raise Problem("samu_required")
        return asked
    assert caller.samu_id is not None  # noqa: S101 - checked with the role
    if asked not in {None, caller.samu_id}:
        raise Problem("not_found")
    return caller.samu_id
