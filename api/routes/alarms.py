"""Alarms: what somebody must look at, until somebody does, and until it is over."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from api.alarm_reading import alarm_shown, is_seen
from api.cursors import Paged, next_cursor
from api.documents import READS, WRITES
from api.engine import Update
from api.idempotent import IdempotentRoute, TakesKey, UpdateId
from api.problems import Problem
from api.resources import Resources, resources_of
from api.schemas.alarms import AlarmOpenness, AlarmPage, AlarmShown
from api.security import AnyCaller, Caller, ReceivedAt, allow
from api.updates import ask
from api.waiting import wait_for
from domain.alarm_facts import AlarmSeen
from domain.duty_facts import DutyFact
from domain.messages import AlarmSight
from domain.outcomes import Outcome
from domain.people import Role
from domain.vocabulary import AlarmKind, Subject
from storage import alarms, duty
from storage.alarms import AlarmLine

RECORDING_SECONDS = 2.0
"""How long the fact of an acknowledgement is waited for."""

AlarmedCaller = Annotated[Caller, Depends(allow(Role.SAMU, Role.COORDINATOR, Role.REGULATOR, Role.CREW))]
"""Whom alarms warn; the platform's administrator only reads them."""

router = APIRouter(prefix="/v1/alarms", tags=["live"], route_class=IdempotentRoute)


@router.get("", summary="List alarms", responses=READS)
async def list_alarms(
    request: Request,
    caller: AnyCaller,
    page: Paged,
    state: Annotated[
        AlarmOpenness | None, Query(description="Those that stand, or those that are over")
    ] = None,
) -> AlarmPage:
    """Newest first: a SAMU's own, or those that concern a company."""
    is_open = None if state is None else state is AlarmOpenness.OPEN
    async with resources_of(request).database.connect() as connection:
        found = await alarms.list_alarms(connection, caller.scope, page, is_open=is_open)
    cursor = next_cursor(page, found, lambda each: (each.raised_at, each.id))
    return AlarmPage(items=[alarm_shown(each, caller) for each in found], next_cursor=cursor)


@router.get("/{alarm_id}", summary="Read an alarm", responses=READS)
async def get_alarm(request: Request, caller: AnyCaller, alarm_id: UUID) -> AlarmShown:
    """One alarm that the caller may see, over or not."""
    return alarm_shown(await _read(resources_of(request), caller, alarm_id), caller)


@router.post(
    "/{alarm_id}/acknowledgement", summary="Look after an alarm", responses=WRITES, dependencies=[TakesKey]
)
async def acknowledge(
    request: Request, caller: AlarmedCaller, at: ReceivedAt, update_id: UpdateId, alarm_id: UUID
) -> AlarmShown:
    """It rings no more where it was heard. Whoever comes second learns who was first; a closed one is refused.

    An alarm of the SAMU that its company has seen rings there all the same: `company_seen_at` tells of it.
    """
    resources = resources_of(request)
    found = await _read(resources, caller, alarm_id)
    if found.closed_at is not None:
        raise Problem(Outcome.ALARM_CLOSED)
    if not is_seen(found, caller):
        sight = AlarmSight(received_at=at, by=caller.actor(None), alarm_id=alarm_id)
        if found.subject == Subject.DEMAND:
            await ask(resources, found.subject_id, Update.SEE_ALARM, sight, update_id)
        else:
            await _see(resources, caller, found, sight)
        found = await _seen(resources, caller, alarm_id)
    return alarm_shown(found, caller)


async def _read(resources: Resources, caller: Caller, alarm_id: UUID) -> AlarmLine:
    async with resources.database.connect() as connection:
        found = await alarms.read_alarm(connection, caller.scope, alarm_id)
    if found is None:
        raise Problem("not_found")
    return found


async def _see(resources: Resources, caller: Caller, found: AlarmLine, sight: AlarmSight) -> None:
    """Write the fact to the company's, the guard period's or the SAMU's journal, once."""
    async with resources.database.begin() as connection:
        await duty.lock(connection, found.subject_id)  # whoever closes it holds this lock as well
        now = await alarms.read_alarm(connection, caller.scope, found.id)
        if now is None or now.closed_at is not None:
            raise Problem(Outcome.ALARM_CLOSED)
        if not is_seen(now, caller):
            await duty.tell(connection, [_fact(now, sight)])


def _fact(found: AlarmLine, sight: AlarmSight) -> DutyFact:
    return DutyFact(
        subject=Subject(found.subject),
        subject_id=found.subject_id,
        at=sight.received_at,
        body=AlarmSeen(alarm_id=found.id, alarm=AlarmKind(found.kind), by=sight.by),
        samu_id=found.samu_id,
        audience=(found.company_id,) if found.company_id else (),
    )


async def _seen(resources: Resources, caller: Caller, alarm_id: UUID) -> AlarmLine:
    """The alarm once somebody's acknowledgement is recorded; as it stands, if that takes long."""

    async def look() -> AlarmLine | None:
        found = await _read(resources, caller, alarm_id)
        return found if is_seen(found, caller) or found.closed_at is not None else None

    found = await wait_for(resources.feed, look, RECORDING_SECONDS)
    return found or await _read(resources, caller, alarm_id)
