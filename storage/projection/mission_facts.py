"""Facts about missions: who has it, which step, which alarm, how it ended."""

from datetime import datetime

from domain import facts
from domain.vocabulary import STEPS, AlarmKind, MissionEndReason, Receipt, SolicitationState, Step
from storage.projection.demand_facts import find_vehicle, search_again
from storage.projection.draft import Draft
from storage.projection.fold import fold

SEARCHED_AGAIN = frozenset(
    {
        MissionEndReason.BREAKDOWN,
        MissionEndReason.NOT_RECONFIRMED,
        MissionEndReason.VEHICLE_TOO_SMALL,
        MissionEndReason.REASSIGNED,
    }
)
"""After these ends of a mission the demand needs another vehicle; after the others it ends itself."""


@fold.register
def _assigned(body: facts.MissionAssigned, at: datetime, draft: Draft) -> None:
    find_vehicle(draft, body.mission_id, body.deadline)
    draft.alarm, draft.acknowledged_late = None, False
    draft.missions.add(
        body.mission_id,
        demand_id=draft.demand_id,
        solicitation_id=body.solicitation_id,
        company_id=body.company_id,
        vehicle_id=body.vehicle_id,
        assigned_at=at,
        promised_at=body.promised_at,
        deadline=body.deadline,
        step=Step.AFFECTE,
        acknowledged_late=False,
        phone_bound=body.phone_bound,
    )


@fold.register
def _received(body: facts.MissionReceived, at: datetime, draft: Draft) -> None:
    column = "delivered_at" if body.receipt is Receipt.DELIVERED else "opened_at"
    draft.missions.set(body.mission_id, **{column: at})


@fold.register
def _reconfirmed(body: facts.MissionReconfirmed, at: datetime, draft: Draft) -> None:
    draft.solicitations.set(body.solicitation_id, state=SolicitationState.ACCEPTED, answered_at=at)
    if draft.alarm is AlarmKind.RECONFIRMATION_MISSING:
        draft.raise_alarm(body.mission_id, None)


@fold.register
def _relieved(body: facts.VehicleRelieved, _at: datetime, draft: Draft) -> None:
    """The vehicle was engaged before this was said; moving it here, later, could undo a second relief."""
    draft.missions.set(body.mission_id, vehicle_id=body.vehicle_id)


@fold.register
def _step_passed(body: facts.StepPassed, at: datetime, draft: Draft) -> None:
    draft.missions.set(body.mission_id, step=body.step)
    if draft.alarm not in {None, AlarmKind.RECONFIRMATION_MISSING}:
        draft.raise_alarm(body.mission_id, None)
    draft.steps.add(
        body.mission_id,
        body.step_id,
        step=body.step,
        rank=body.step.rank,
        occurred_at=body.occurred_at,
        recorded_at=at,
        device_time=body.device_time,
        by=body.by.name,
        by_role=body.by.role,
        reason=body.reason,
    )


@fold.register
def _step_undone(body: facts.StepUndone, at: datetime, draft: Draft) -> None:
    """The order is strict, so what is left is the step before, with the alarm that it had."""
    draft.missions.set(body.mission_id, step=STEPS[body.step.rank - 1])
    if body.step is Step.ACQUITTE and draft.acknowledged_late and draft.alarm is None:
        draft.raise_alarm(body.mission_id, AlarmKind.ACKNOWLEDGEMENT_LATE)
    draft.steps.set(body.mission_id, body.step_id, undone_at=at)


@fold.register
def _alarm_raised(body: facts.AlarmRaised, _at: datetime, draft: Draft) -> None:
    if body.mission_id is None:
        return
    draft.raise_alarm(body.mission_id, body.alarm)
    if body.alarm is AlarmKind.ACKNOWLEDGEMENT_LATE:
        draft.acknowledged_late = True
        draft.missions.set(body.mission_id, acknowledged_late=True)


@fold.register
def _alarm_closed(body: facts.AlarmClosed, _at: datetime, draft: Draft) -> None:
    if draft.mission_id is not None and draft.alarm is body.alarm:
        draft.raise_alarm(draft.mission_id, None)


@fold.register
def _ended(body: facts.MissionEnded, at: datetime, draft: Draft) -> None:
    draft.missions.set(
        body.mission_id, ended_at=at, end_reason=body.reason, end_detail=body.detail, alarm=None
    )
    draft.released.append(body.mission_id)
    draft.alarm = None
    draft.view["deadline"] = body.deadline
    if body.reason in SEARCHED_AGAIN:
        search_again(draft)
        draft.mission_id = None
