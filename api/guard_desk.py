"""What crews and the SAMU decide about the guard: each in one transaction, told to the engine afterwards."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import Problem, refused
from api.resources import Resources
from api.security import Caller
from domain.alarm_facts import AlarmClosed
from domain.duty_facts import AnyDutyBody, DutyFact, GuardApproved, GuardRefused, of_guard
from domain.guard import Period, Shift, may_close, may_settle, missing_alarm_id
from domain.outcomes import Outcome
from domain.people import Actor
from domain.vocabulary import AlarmKind, ShiftEnd
from storage import duty, guard, guard_shifts, guard_views
from storage.guard_views import PeriodLine
from storage.views import Scope

NOTHING_TO_APPROVE = "The crew that asked for this guard has left: nothing is left to approve. If a crew is there, let it report again."

# -- a crew ends its guard -------------------------------------------------------------------------------------------


async def close_shift(
    resources: Resources, company_id: UUID, by: Actor, shift_id: UUID, at: datetime, *, confirmed: bool
) -> PeriodLine:
    """End a shift (rule 66); one that has ended stays as it is. Raises Problem for what the rules refuse."""
    async with resources.database.begin() as connection:
        shift = await guard.read_shift(connection, shift_id)
        period = await _own_period_of(connection, company_id, shift) if shift else None
        shift = await guard.lock_shift(connection, shift_id)
        if shift is None or period is None:
            raise Problem("not_found")
        if shift.is_open:
            busy = await guard.is_busy(connection, shift, period)
            outcome = may_close(period, at, busy=busy, confirmed=confirmed)
            if not outcome.accepted:
                raise _still_needed(outcome)
        facts = await guard.close_shift(connection, shift_id, at, ShiftEnd.CLOSED_BY_CREW, by)
        line = await line_of(connection, period.id, shift_id)
        await duty.tell(connection, facts)
    await tell_engine(resources, period.id)
    return line


async def _own_period_of(connection: AsyncConnection, company_id: UUID, shift: Shift) -> Period | None:
    return await guard_shifts.own_period(connection, company_id, shift.period_id, shift.vehicle_id)


def _still_needed(outcome: Outcome) -> Problem:
    if outcome is Outcome.CONFIRMATION_REQUIRED:
        detail = (
            "The period is not over, its sector loses its guard: repeat with confirm=true if you mean it."
        )
        return Problem(outcome.value, detail)
    return refused(outcome)


# -- the SAMU's word on a provisional guard ----------------------------------------------------------------------------


async def approve(resources: Resources, caller: Caller, period_id: UUID, at: datetime) -> PeriodLine:
    """Approve a provisional guard: from now on demands come through the platform (rule 59). Once is enough."""
    by = caller.actor(None)
    async with resources.database.begin() as connection:
        period = await _to_settle(connection, caller, period_id, approve=True)
        if period.waits_for_approval:
            await guard_shifts.mark_approved(connection, period.id, at, by.name)
            facts = facts_of(period, at, GuardApproved(by=by), _settled(period))
            await duty.tell(connection, facts)
        line = await line_of(connection, period.id)
    await tell_engine(resources, period.id)
    return line


async def refuse(
    resources: Resources, caller: Caller, period_id: UUID, reason: str, at: datetime
) -> PeriodLine:
    """Do not approve a provisional guard: its shift is closed, its crew is told."""
    by = caller.actor(None)
    async with resources.database.begin() as connection:
        period = await _to_settle(connection, caller, period_id, approve=False)
        if period.waits_for_approval:
            await guard_shifts.mark_refused(connection, period.id, at, reason)
            facts = facts_of(period, at, GuardRefused(reason=reason, by=by))
            shift = await guard.open_shift_of(connection, period.id)
            if shift is not None:
                facts += await guard.close_shift(connection, shift.id, at, ShiftEnd.REFUSED, by)
            await duty.tell(connection, [*facts, *facts_of(period, at, _settled(period))])
        line = await line_of(connection, period.id)
    await tell_engine(resources, period.id)
    return line


async def _to_settle(
    connection: AsyncConnection, caller: Caller, period_id: UUID, *, approve: bool
) -> Period:
    there = await guard.open_shift_of(connection, period_id)
    period = await guard.lock_period(connection, period_id, there.vehicle_id if there else None)
    if period is None or period.samu_id != caller.samu_id:
        raise Problem("not_found")
    shift = (await line_of(connection, period_id)).shift
    outcome = may_settle(period, shift, approve=approve)
    if outcome is Outcome.GUARD_ENDED:
        raise Problem(outcome.value, NOTHING_TO_APPROVE)
    if not outcome.accepted:
        raise refused(outcome)
    return period


def _settled(period: Period) -> AlarmClosed:
    return AlarmClosed(alarm_id=missing_alarm_id(period.id), alarm=AlarmKind.GUARD_PERIOD_MISSING)


# -- all ---------------------------------------------------------------------------------------------------------------


async def tell_engine(resources: Resources, period_id: UUID) -> None:
    """Wake the watch of a period. It looks by itself, later, should it not hear."""
    await resources.engine.guard_changed(period_id)


def facts_of(period: Period, at: datetime, *bodies: AnyDutyBody) -> list[DutyFact]:
    """These bodies as facts of the period, which its SAMU and its company see."""
    return [of_guard(period.id, period.samu_id, period.company_id, body, at) for body in bodies]


async def line_of(connection: AsyncConnection, period_id: UUID, shift_id: UUID | None = None) -> PeriodLine:
    """The period as it stands now, in this transaction."""
    line = await guard_views.find_period(connection, Scope(everything=True), period_id, shift_id)
    assert line is not None  # noqa: S101 - it was just locked
    return line
