"""The watch of a guard period: months, nights and clock changes pass in a moment on the server that skips time.

No update is sent here, so that server keeps its histories in order (docs/adr/0009).
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from domain.guard_messages import GuardEnd, GuardPeriod
from tests.workflow.guard_world import Crew, GuardWorld, period
from tests.workflow.server import time_skipping
from tests.workflow.story import PASSED_THROUGH
from workflows.client import guard_watch_handle, start_guard_watch
from workflows.guard_watch import GuardWatchWorkflow

PARIS = ZoneInfo("Europe/Paris")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
Handle = WorkflowHandle[GuardWatchWorkflow, GuardEnd]


@pytest.fixture
async def env() -> AsyncIterator[WorkflowEnvironment]:
    async with time_skipping() as started:
        yield started


class Night:
    """One period, its watch, and the world it looks at."""

    def __init__(self, env: WorkflowEnvironment, world: GuardWorld, watched: GuardPeriod) -> None:
        self.env, self.world, self.period = env, world, watched
        self.queue = f"test-{uuid4()}"

    async def watch(self) -> GuardEnd:
        async with self.worker():
            await start_guard_watch(self.env.client, self.period, self.queue)
            return await self.end()

    async def end(self) -> GuardEnd:
        """Skip to well after the period."""
        await self.env.sleep(self.period.ends_at + 2 * HOUR - await self.env.get_current_time())
        handle = guard_watch_handle(self.env.client, self.period.period_id)
        return await asyncio.wait_for(handle.result(), 10)

    def worker(self) -> Worker:
        restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
        return Worker(
            self.env.client,
            task_queue=self.queue,
            workflows=[GuardWatchWorkflow],
            activities=self.world.activities(),
            workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
        )


async def tonight(env: WorkflowEnvironment, *, lasts: timedelta = 12 * HOUR) -> tuple[datetime, datetime]:
    now = await env.get_current_time()
    starts = now.replace(microsecond=0) + HOUR
    return starts, starts + lasts


async def test_rule_066_a_guard_closes_itself_at_the_end_of_its_period(env: WorkflowEnvironment) -> None:
    starts, ends = await tonight(env)
    crew = Crew(starts - 10 * MINUTE)
    night = Night(env, GuardWorld(crew), period(starts, ends))
    ended = await night.watch()
    assert ended.covered
    assert night.world.alarms == []
    assert crew.sent_home is not None
    assert timedelta(0) <= crew.sent_home - ends < MINUTE


async def test_rule_066_a_running_mission_is_finished_first(env: WorkflowEnvironment) -> None:
    starts, ends = await tonight(env)
    crew = Crew(starts, busy_until=ends + 50 * MINUTE)
    night = Night(env, GuardWorld(crew), period(starts, ends))
    await night.watch()
    assert crew.sent_home is not None
    late = crew.sent_home - (ends + 50 * MINUTE)
    assert (
        timedelta(0) <= late <= 6 * MINUTE
    )  # a tenth of the time waited; the hours served end with the mission


async def test_rule_059_nobody_on_guard_five_minutes_after_the_start_raises_an_alarm_until_somebody_is(
    env: WorkflowEnvironment,
) -> None:
    starts, ends = await tonight(env)
    night = Night(env, GuardWorld(Crew(starts + 40 * MINUTE)), period(starts, ends))
    ended = await night.watch()
    [(first, raised), (second, cleared)] = night.world.alarms
    assert (first, second, ended.alarms) == (True, False, 1)
    assert timedelta(0) <= raised - (starts + 5 * MINUTE) < MINUTE
    assert starts + 40 * MINUTE <= cleared <= starts + 56 * MINUTE  # by itself; at once when the API says so


async def test_rule_059_a_guard_that_nobody_opens_ends_with_its_alarm(env: WorkflowEnvironment) -> None:
    starts, ends = await tonight(env)
    night = Night(env, GuardWorld(), period(starts, ends))
    ended = await night.watch()
    assert not ended.covered
    assert [raised for raised, _ in night.world.alarms] == [True, False]
    assert timedelta(0) <= night.world.alarms[1][1] - ends < MINUTE


async def test_a_crew_that_leaves_in_the_middle_leaves_an_alarm(env: WorkflowEnvironment) -> None:
    starts, ends = await tonight(env)
    night = Night(env, GuardWorld(Crew(starts, leaves=starts + 3 * HOUR)), period(starts, ends))
    await night.watch()
    [(first, raised), _] = night.world.alarms
    assert first
    assert starts + 3 * HOUR + 5 * MINUTE <= raised <= starts + 3 * HOUR + 21 * MINUTE


async def test_a_period_that_is_withdrawn_is_watched_no_more(env: WorkflowEnvironment) -> None:
    starts, ends = await tonight(env)
    night = Night(env, GuardWorld(), period(starts, ends))
    night.world.withdrawn_at = starts - 30 * MINUTE
    ended = await night.watch()
    assert (ended.covered, ended.alarms, night.world.alarms) == (False, 0, [])


async def test_a_crew_that_comes_is_seen_at_once_when_the_watch_is_told(env: WorkflowEnvironment) -> None:
    starts, ends = await tonight(env)
    world = GuardWorld()
    night = Night(env, world, period(starts, ends))
    async with night.worker():
        await start_guard_watch(env.client, night.period, night.queue)
        handle = guard_watch_handle(env.client, night.period.period_id)
        await env.sleep(HOUR + 10 * MINUTE)
        assert [raised for raised, _ in world.alarms] == [True]
        world.crews.append(Crew(await env.get_current_time()))
        looked = len(world.looks)
        await handle.signal(GuardWatchWorkflow.guard_changed)
        await env.sleep(timedelta(seconds=5))
        assert len(world.looks) > looked
        assert [raised for raised, _ in world.alarms] == [True, False]
        await night.end()


@pytest.mark.parametrize(
    ("evening", "hours"),
    [(datetime(2027, 3, 27, 20, tzinfo=PARIS), 11), (datetime(2027, 10, 30, 20, tzinfo=PARIS), 13)],
    ids=["spring: the night is an hour shorter", "autumn: the night is an hour longer"],
)
async def test_rule_102_a_night_on_which_the_clocks_change_lasts_as_long_as_it_lasts(
    env: WorkflowEnvironment, evening: datetime, hours: int
) -> None:
    """From eight in the evening to eight in the morning by the clock on the wall."""
    morning = (evening + timedelta(days=1)).replace(hour=8)
    starts, ends = evening.astimezone(UTC), morning.astimezone(UTC)
    assert ends - starts == hours * HOUR
    await env.sleep(starts - 20 * HOUR - await env.get_current_time())
    crew = Crew(starts)
    night = Night(env, GuardWorld(crew), period(starts, ends))
    await night.watch()
    assert night.world.alarms == []
    assert crew.sent_home is not None
    assert timedelta(0) <= crew.sent_home - starts - hours * HOUR < MINUTE
    assert crew.sent_home.astimezone(PARIS).hour == 8


async def test_rule_102_on_such_a_night_the_alarm_is_as_punctual_as_ever(env: WorkflowEnvironment) -> None:
    """A period that begins in the hour that the clock shows twice."""
    starts = datetime(2027, 10, 31, 2, 30, tzinfo=PARIS, fold=1).astimezone(UTC)
    await env.sleep(starts - 3 * HOUR - await env.get_current_time())
    night = Night(env, GuardWorld(), period(starts, starts + 2 * HOUR))
    await night.watch()
    [(first, raised), _] = night.world.alarms
    assert first
    assert timedelta(0) <= raised - starts - 5 * MINUTE < MINUTE
