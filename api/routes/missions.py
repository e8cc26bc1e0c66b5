"""Missions: the sheet, the steps in their order, and the legal exits (rule 44)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.cursors import Paged, next_cursor
from api.destinations import destination_given, destination_standing, facility_named
from api.documents import READS, WRITES
from api.engine import Update
from api.idempotent import IdempotentRoute, TakesKey, UpdateId
from api.mission_reading import Reader, find_to_act, mission_line, read_sheet
from api.receipts import receive
from api.resources import resources_of
from api.schemas.common import DestinationShown, Recorded
from api.schemas.demands import DestinationGiven, ReasonGiven
from api.schemas.missions import (
    MissionPage,
    MissionShown,
    Openness,
    ReceiptGiven,
    ReceiptShown,
    ReliefGiven,
    StepAnswer,
    StepGiven,
)
from api.security import (
    AnyCaller,
    CompanyActor,
    CompanyCaller,
    DeviceHeader,
    ReceivedAt,
    own_device,
)
from api.steps import KEPT, pass_step
from api.updates import ask, limited
from domain.messages import Destination, FromOutside, MissionExit, ReceiptReport, Relief, StepReport, StepUndo
from storage import views
from storage.views import MissionView

router = APIRouter(prefix="/v1/missions", tags=["company"], route_class=IdempotentRoute)

KEPT_ANSWER = {"description": "Kept; it is applied as soon as the engine gets to it.", "model": StepAnswer}


@router.get("", summary="List missions", responses=READS)
async def list_missions(
    request: Request,
    caller: AnyCaller,
    page: Paged,
    state: Annotated[Openness | None, Query(description="Those that run, or those that are over")] = None,
) -> MissionPage:
    """Newest first, without the patients."""
    ended = None if state is None else state is Openness.ENDED
    async with resources_of(request).reading.connect() as connection:
        found = await views.list_missions(connection, caller.scope, page, ended=ended)
    cursor = next_cursor(page, found, lambda each: (each.assigned_at, each.id))
    return MissionPage(items=[mission_line(each) for each in found], next_cursor=cursor)


@router.get("/{mission_id}", summary='Read a mission\'s sheet ("Intervention en cours")', responses=READS)
async def get_mission(
    request: Request, caller: AnyCaller, at: ReceivedAt, mission_id: UUID, x_device_id: DeviceHeader = None
) -> MissionShown:
    """The patient is shown, while the mission runs, to its company's regulators, and to a crew on the device
    (`X-Device-Id`) that is in the vehicle, regulates its site or is its guard's phone; to its SAMU always. For everybody
    else `patient` is null. Each reading is written down (rule 32). A device that is given must be open.
    """
    if x_device_id is not None:
        await own_device(request, caller, x_device_id)
    reader = Reader(caller=caller, device_id=x_device_id, at=at)
    return await read_sheet(resources_of(request), reader, mission_id)


async def acting(
    request: Request, caller: CompanyCaller, actor: CompanyActor, at: ReceivedAt, mission_id: UUID
) -> MissionView:
    """The mission that is acted on. Raises Problem 404, or 409 `not_in_this_vehicle` for a crew that it does not
    concern (rule 34).
    """
    reader = Reader(caller=caller, device_id=actor.device_id, at=at)
    return await find_to_act(resources_of(request), reader, mission_id)


ActedOn = Annotated[MissionView, Depends(acting)]


@router.post(
    "/{mission_id}/steps",
    summary="Pass a step",
    responses={202: KEPT_ANSWER, **WRITES},
    dependencies=[TakesKey],
)
async def post_step(
    request: Request,
    response: Response,
    mission: ActedOn,
    actor: CompanyActor,
    at: ReceivedAt,
    mission_id: UUID,
    given: StepGiven,
) -> StepAnswer:
    """In order. The same `step_id` may be sent again. A time in the future is held to ours (rule 96); a regulator's
    lies at most 30 minutes back (rule 43), a crew's phone may have been without network for longer. A crew passes the
    steps on a device in the mission's vehicle, or on the one that regulates its site.
    """
    resources = resources_of(request)
    report = StepReport(
        received_at=at,
        by=actor,
        mission_id=mission_id,
        step_id=given.step_id,
        step=given.step,
        occurred_at=given.occurred_at,
        reason=given.reason,
    )
    told = await pass_step(resources, mission, report)
    if told.status == KEPT:
        response.status_code = 202
    return told


@router.post(
    "/{mission_id}/receipt",
    status_code=202,
    summary="A device has the mission, or it was read",
    responses={200: {"description": "It was known.", "model": ReceiptShown}, **WRITES},
    dependencies=[TakesKey],
)
async def post_receipt(
    request: Request,
    response: Response,
    mission: ActedOn,
    actor: CompanyActor,
    at: ReceivedAt,
    mission_id: UUID,
    given: ReceiptGiven,
) -> ReceiptShown:
    """202 when it was passed on, 200 when it is written down already (rule 30). The acknowledgement is a step."""
    resources = resources_of(request)
    report = ReceiptReport(received_at=at, by=actor, mission_id=mission_id, receipt=given.receipt)
    if not await receive(resources, mission, report):
        response.status_code = 200
    return ReceiptShown(mission_id=mission_id, delivered_at=mission.delivered_at, opened_at=mission.opened_at)


async def _ask(
    request: Request, mission: MissionView, update: Update, message: FromOutside, update_id: str
) -> Recorded:
    resources = resources_of(request)
    limited(resources, f"{message.by.person_id} {mission.id} {update}")
    reply = await ask(resources, mission.demand_id, update, message, update_id)
    return Recorded(
        outcome=reply.outcome.name,
        mission_id=reply.mission_id or mission.id,
        expected_step=reply.expected_step,
    )


@router.put("/{mission_id}/destination", summary="Give the destination as it was told", responses=WRITES)
async def give_destination(
    request: Request,
    mission: ActedOn,
    actor: CompanyActor,
    at: ReceivedAt,
    update_id: UpdateId,
    given: DestinationGiven,
) -> DestinationShown:
    """The facility that the SAMU told at the bilan (rule 36), from `GET /v1/facilities`: from LIEU_INTERVENTION on, until
    the mission ends. What the SAMU itself has given is changed by the SAMU only: 409 `destination_given_by_samu`.
    """
    resources = resources_of(request)
    facility = await facility_named(resources, given.facility_id)
    limited(resources, f"{actor.person_id} {mission.id} {Update.SET_DESTINATION}")
    message = Destination(
        received_at=at, by=actor, facility_id=facility.id, name=facility.name, mission_id=mission.id
    )
    await ask(resources, mission.demand_id, Update.SET_DESTINATION, message, update_id)
    if facility.id == mission.facility_id:
        return await destination_standing(resources, mission)
    return destination_given(facility, actor.role)


@router.delete("/{mission_id}/steps/{step_id}", summary="Take the last step back", responses=WRITES)
async def undo_step(
    request: Request,
    mission: ActedOn,
    actor: CompanyActor,
    at: ReceivedAt,
    update_id: UpdateId,
    mission_id: UUID,
    step_id: UUID,
) -> Recorded:
    """Within 60 s; both facts stay in the journal."""
    message = StepUndo(received_at=at, by=actor, mission_id=mission_id, step_id=step_id)
    return await _ask(request, mission, Update.UNDO_STEP, message, update_id)


@router.post(
    "/{mission_id}/breakdown", summary="The vehicle broke down", responses=WRITES, dependencies=[TakesKey]
)
async def break_down(
    request: Request,
    mission: ActedOn,
    actor: CompanyActor,
    at: ReceivedAt,
    update_id: UpdateId,
    mission_id: UUID,
    given: ReasonGiven,
) -> Recorded:
    """Another vehicle is searched at once; the deadline stays (rule 92)."""
    message = MissionExit(received_at=at, by=actor, mission_id=mission_id, reason=given.reason)
    return await _ask(request, mission, Update.BREAK_DOWN, message, update_id)


@router.post(
    "/{mission_id}/no-transport", summary="Nobody is carried", responses=WRITES, dependencies=[TakesKey]
)
async def end_without_transport(
    request: Request,
    mission: ActedOn,
    actor: CompanyActor,
    at: ReceivedAt,
    update_id: UpdateId,
    mission_id: UUID,
    given: ReasonGiven,
) -> Recorded:
    """Right after the bilan, with the legal reason."""
    message = MissionExit(received_at=at, by=actor, mission_id=mission_id, reason=given.reason)
    return await _ask(request, mission, Update.END_WITHOUT_TRANSPORT, message, update_id)


@router.post(
    "/{mission_id}/relief",
    summary="Another vehicle takes over",
    responses=WRITES,
    dependencies=[TakesKey],
)
async def relieve(
    request: Request,
    mission: ActedOn,
    actor: CompanyActor,
    at: ReceivedAt,
    update_id: UpdateId,
    mission_id: UUID,
    given: ReliefGiven,
) -> Recorded:
    """A vehicle of the same company (rules 27 and 44)."""
    message = Relief(
        received_at=at,
        by=actor,
        mission_id=mission_id,
        vehicle_id=given.vehicle_id,
        reason=given.reason,
    )
    return await _ask(request, mission, Update.RELIEVE, message, update_id)
