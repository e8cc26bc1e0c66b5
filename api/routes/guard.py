"""The guard: who must answer, where, when; and the crews that open and end their shifts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api import guard_desk, guard_opening
from api.cursors import Paged, next_cursor
from api.documents import READS, WRITES
from api.fields import Instant
from api.guard_reading import shown_period, shown_shift
from api.idempotent import IdempotentRoute, TakesKey
from api.problems import Problem
from api.resources import resources_of
from api.schemas.guard import (
    MissingPeriodPosted,
    PeriodPage,
    PeriodShown,
    RefusalGiven,
    SectorList,
    SectorShown,
    ShiftPosted,
    ShiftShown,
    StaffList,
    StaffShown,
)
from api.security import (
    AnyCaller,
    Caller,
    CompanyActor,
    CompanyCaller,
    CompanyPost,
    ReceivedAt,
    allow,
)
from domain.guard import LONGEST_PERIOD, PeriodState
from domain.people import Role
from storage import guard_views, staff
from storage.guard_views import Asked, PeriodLine
from storage.views import Scope

router = APIRouter(prefix="/v1/guard", tags=["guard"], route_class=IdempotentRoute)

SettlingCaller = Annotated[Caller, Depends(allow(Role.SAMU, Role.COORDINATOR))]
CREATED = 201


@router.get("/sectors", summary="List the guard sectors", responses=READS)
async def list_guard_sectors(request: Request, caller: AnyCaller) -> SectorList:
    """A SAMU's own; a company's are those of the SAMUs that may solicit it."""
    async with resources_of(request).database.connect() as connection:
        found = await guard_views.sectors_of(connection, caller.scope)
    return SectorList(items=[SectorShown.model_validate(each) for each in found])


@router.get("/periods", summary="List guard periods", responses=READS)
async def list_guard_periods(
    request: Request,
    caller: AnyCaller,
    at: ReceivedAt,
    page: Paged,
    since: Annotated[Instant | None, Query(alias="from", description="Still running then, or later")] = None,
    until: Annotated[Instant | None, Query(alias="to", description="Begun by then")] = None,
    sector_id: UUID | None = None,
    state: Annotated[list[PeriodState] | None, Query(max_length=20, description="Any of these")] = None,
) -> PeriodPage:
    """The newest last. Without `from`: whatever may have ended within the last 26 hours, and later."""
    asked = Asked(since or at - LONGEST_PERIOD, until, sector_id)
    async with resources_of(request).database.connect() as connection:
        found = await guard_views.list_periods(connection, caller.scope, page, asked)
    shown = [shown_period(each, caller.scope, at) for each in found]
    cursor = next_cursor(page, found, lambda each: (each.period.starts_at, each.period.id))
    return PeriodPage(items=[each for each in shown if not state or each.state in state], next_cursor=cursor)


@router.get("/periods/{period_id}", summary="Read a guard period", responses=READS)
async def get_guard_period(
    request: Request, caller: AnyCaller, at: ReceivedAt, period_id: UUID
) -> PeriodShown:
    """One period that the caller may see, with its open shift, else its last one."""
    async with resources_of(request).database.connect() as connection:
        found = await guard_views.find_period(connection, caller.scope, period_id)
    if found is None:
        raise Problem("not_found")
    return shown_period(found, caller.scope, at)


@router.get("/teammates", summary="List possible teammates", responses=READS)
async def list_teammates(request: Request, caller: CompanyCaller) -> StaffList:
    """The company's own staff (rule 56)."""
    async with resources_of(request).database.connect() as connection:
        found = await staff.staff_of(connection, _company(caller))
    return StaffList(items=[StaffShown.model_validate(each) for each in found])


@router.post(
    "/shifts",
    summary="Open a guard shift",
    status_code=CREATED,
    responses={**WRITES, 200: {"model": ShiftShown, "description": "It was open already"}},
    dependencies=[TakesKey],
)
async def open_guard_shift(
    request: Request,
    response: Response,
    caller: CompanyCaller,
    post: CompanyPost,
    at: ReceivedAt,
    posted: ShiftPosted,
) -> ShiftShown:
    """On the crew's phone, from 15 minutes before the period, at once after the vehicle's guard before (rules 56, 66)."""
    opened = await guard_opening.open_shift(resources_of(request), _company(caller), post, posted, at)
    response.status_code = CREATED if opened.new else 200
    return _shift_of(opened.line, caller.scope)


@router.delete("/shifts/{shift_id}", summary="End a guard shift", responses=WRITES, dependencies=[TakesKey])
async def end_guard_shift(
    request: Request,
    caller: CompanyCaller,
    actor: CompanyActor,
    at: ReceivedAt,
    shift_id: UUID,
    confirm: Annotated[bool, Query(description="Although the period is not over")] = False,
) -> ShiftShown:
    """Not while its vehicle is on a mission or solicited. Before the end of the period only with `confirm`."""
    line = await guard_desk.close_shift(
        resources_of(request), _company(caller), actor, shift_id, at, confirmed=confirm
    )
    return _shift_of(line, caller.scope)


@router.post(
    "/missing-period",
    summary="Report a period that is missing",
    status_code=CREATED,
    responses={**WRITES, 200: {"model": PeriodShown, "description": "It was reported already"}},
    dependencies=[TakesKey],
)
async def report_missing_period(
    request: Request,
    response: Response,
    caller: CompanyCaller,
    post: CompanyPost,
    at: ReceivedAt,
    posted: MissingPeriodPosted,
) -> PeriodShown:
    """Warns the SAMU that demands come by telephone, and opens a guard that it can approve (rule 59).

    Reported again for the same vehicle, on the same phone: its `phone`, `ends_at` and `teammate` are corrected; the
    end of a guard that was approved stays.
    """
    opened = await guard_opening.ask_for_period(resources_of(request), _company(caller), post, posted, at)
    response.status_code = CREATED if opened.new else 200
    return shown_period(opened.line, caller.scope, at)


@router.post(
    "/periods/{period_id}/approval",
    summary="Approve a provisional guard",
    responses=WRITES,
    dependencies=[TakesKey],
)
async def approve_guard(
    request: Request, caller: SettlingCaller, at: ReceivedAt, period_id: UUID
) -> PeriodShown:
    """From now on its vehicle is on guard, and demands come through the platform. Once or twice is the same."""
    line = await guard_desk.approve(resources_of(request), caller, period_id, at)
    return shown_period(line, caller.scope, at)


@router.post(
    "/periods/{period_id}/refusal",
    summary="Refuse a provisional guard",
    responses=WRITES,
    dependencies=[TakesKey],
)
async def refuse_guard(
    request: Request, caller: SettlingCaller, at: ReceivedAt, period_id: UUID, given: RefusalGiven
) -> PeriodShown:
    """Its shift is closed."""
    line = await guard_desk.refuse(resources_of(request), caller, period_id, given.reason, at)
    return shown_period(line, caller.scope, at)


def _company(caller: Caller) -> UUID:
    assert caller.company_id is not None  # noqa: S101 - checked with the role
    return caller.company_id


def _shift_of(line: PeriodLine, scope: Scope) -> ShiftShown:
    assert line.shift is not None  # noqa: S101 - it was just opened or closed
    return shown_shift(line.shift, line, scope)
