"""One guard period, one durable watch: it warns when nobody is on guard, and sends the crew home at the end."""

from contextlib import suppress

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.guard import GuardActivities
    from domain.guard_messages import (
        GuardAlarm,
        GuardClosing,
        GuardEnd,
        GuardLook,
        GuardPeriod,
        GuardStanding,
    )
    from domain.guard_watch import Watch, WatchAct
    from workflows import search_attributes as attributes
    from workflows.options import WATCH


@workflow.defn(name="GuardWatch")
class GuardWatchWorkflow:
    """Looks at a period of the roster until its last shift is closed (rules 59, 65 and 66)."""

    @workflow.init
    def __init__(self, period: GuardPeriod) -> None:
        """Signals may come before the first line of :meth:`run`."""
        self._watch = Watch(period)
        self._standing = GuardStanding()
        self._news = 0
        self._attention: bool | None = None

    @workflow.run
    async def run(self, period: GuardPeriod) -> GuardEnd:
        """Look, do what is due, sleep until the next moment or until a crew comes or goes."""
        while not self._watch.over:
            heard = self._news
            await self._look()
            while (act := self._watch.judge(self._standing, workflow.now())) is not None:
                await self._do(act)
            self._show()
            if not self._watch.over:
                await self._sleep(heard)
        return GuardEnd(
            period_id=period.period_id, covered=self._watch.ever_covered, alarms=self._watch.alarms
        )

    @workflow.signal(name="guard_changed")
    def guard_changed(self) -> None:
        """A shift was opened or closed, or the period was approved or withdrawn: look now."""
        self._news += 1

    async def _look(self) -> None:
        self._standing = await workflow.execute_activity_method(
            GuardActivities.look,
            GuardLook(period_id=self._watch.period.period_id, at=workflow.now()),
            summary="look at the guard",
            **WATCH,
        )

    async def _do(self, act: WatchAct) -> None:
        if act in {WatchAct.WARN, WatchAct.ALL_CLEAR}:
            await self._tell(raised=act is WatchAct.WARN)
        elif act is WatchAct.SEND_HOME:
            await self._send_home()
        self._watch.done(act)

    async def _tell(self, *, raised: bool) -> None:
        alarm = GuardAlarm(period=self._watch.period, at=workflow.now(), raised=raised)
        await workflow.execute_activity_method(
            GuardActivities.tell_alarm,
            alarm,
            summary="nobody is on guard" if raised else "no alarm any more",
            **WATCH,
        )

    async def _send_home(self) -> None:
        """The period is over, and no mission runs: the shift closes itself. Look again: a crew may have come."""
        shift_id = self._standing.shift_id
        assert shift_id is not None  # noqa: S101 - only an open shift is sent home
        closing = GuardClosing(period_id=self._watch.period.period_id, shift_id=shift_id, at=workflow.now())
        await workflow.execute_activity_method(
            GuardActivities.close_shift, closing, summary="the period is over", **WATCH
        )
        await self._look()

    async def _sleep(self, heard: int) -> None:
        pause = self._watch.next_look(workflow.now()) - workflow.now()
        with suppress(TimeoutError):  # what matters is how the guard stands now, not what woke us
            await workflow.wait_condition(
                lambda: self._news != heard, timeout=pause, timeout_summary="look at the guard"
            )

    def _show(self) -> None:
        """What an operator reads in the Temporal UI."""
        period = self._watch.period
        state = "somebody is on guard" if self._standing.covered else "**nobody is on guard**"
        ends = f"{period.starts_at:%Y-%m-%d %H:%M} to {period.ends_at:%Y-%m-%d %H:%M} UTC"
        next_look = self._watch.next_look(workflow.now())
        looks = "over" if self._watch.over else f"Next look: {next_look:%Y-%m-%d %H:%M:%S} UTC"
        workflow.set_current_details(f"Guard of {period.sector}, {ends}\n\n{state}\n\n{looks}")
        if self._attention != self._watch.alarmed:
            self._attention = self._watch.alarmed
            workflow.upsert_search_attributes([attributes.NEEDS_ATTENTION.value_set(self._watch.alarmed)])
