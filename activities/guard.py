"""What the watch of a guard period asks of the world: how it stands, an alarm, the end of a shift."""

import asyncio
from collections.abc import Callable
from uuid import uuid5

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from activities.limits import DECIDE_SECONDS
from domain.alarm_facts import AlarmClosed, AlarmRaised
from domain.duty_facts import of_guard
from domain.guard_messages import GuardAlarm, GuardClosing, GuardLook, GuardStanding
from domain.vocabulary import AlarmKind, ShiftEnd
from storage import alarms, duty, guard
from storage.engine import transaction


class GuardActivities:
    """Looks at guard periods, and writes what follows. Each can be repeated."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    def all(self) -> list[Callable[..., object]]:
        """What the worker registers."""
        return [self.look, self.tell_alarm, self.close_shift]

    @activity.defn(name="look_at_guard")
    async def look(self, asked: GuardLook) -> GuardStanding:
        """How a period stands; one that was withdrawn or refused does not exist any more.

        A crew that waits for the SAMU's approval is there: that it is not reached is another alarm (rule 59). One whose
        phone is gone would not hear of a demand, and is not.
        """
        async with asyncio.timeout(DECIDE_SECONDS), transaction(self._engine) as connection:
            found = await guard.period_standing(connection, asked.period_id)
        if found is None or found.period.withdrawn_at is not None:
            return GuardStanding(exists=False)
        manned = found.shift is not None and (found.covered or found.period.waits_for_approval)
        return GuardStanding(
            covered=manned,
            busy=found.busy,
            shift_id=found.shift.id if found.shift else None,
            left_at=None if manned else found.left_at,
            ends_at=found.period.ends_at,
        )

    @activity.defn(name="tell_guard_alarm")
    async def tell_alarm(self, alarm: GuardAlarm) -> None:
        """Warn the SAMU, its coordinator and the company that nobody is on guard, or that it is over."""
        async with asyncio.timeout(DECIDE_SECONDS), transaction(self._engine) as connection:
            period = alarm.period
            await duty.lock(connection, period.period_id)
            standing = [each.id for each in await alarms.open_of(connection, subject_id=period.period_id)]
            alarm_id = uuid5(period.period_id, "not-opened")
            if (alarm_id in standing) is alarm.raised:
                return  # told by an attempt before this one
            kind = AlarmKind.GUARD_NOT_OPENED
            raised = AlarmRaised(alarm=kind, alarm_id=alarm_id, company_id=period.company_id)
            body = raised if alarm.raised else AlarmClosed(alarm_id=alarm_id, alarm=kind)
            fact = of_guard(period.period_id, period.samu_id, period.company_id, body, alarm.at)
            await duty.tell(connection, [fact])

    @activity.defn(name="close_guard_shift")
    async def close_shift(self, closing: GuardClosing) -> None:
        """Close the shift of a period that is over, unless its crew was given a mission a moment ago."""
        async with asyncio.timeout(DECIDE_SECONDS), transaction(self._engine) as connection:
            found = await guard.period_standing(connection, closing.period_id)
            if found is None or found.busy or found.shift is None or found.shift.id != closing.shift_id:
                return
            facts = await guard.close_shift(
                connection, closing.shift_id, closing.at, ShiftEnd.PERIOD_OVER, None
            )
            await duty.tell(connection, facts)
