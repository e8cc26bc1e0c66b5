"""Speaking to demands through a real Temporal client, as the API does."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from domain.fleet import Volume
from domain.messages import (
    Acceptance,
    Arbitration,
    Cancellation,
    Candidate,
    Carence,
    CounterProposal,
    Decision,
    DemandEnd,
    DemandStart,
    Refusal,
    Reply,
    StepReport,
)
from domain.policy import Policy, Windows
from domain.vocabulary import STEPS, Step, Tier
from tests.unit.stories import CARCASSONNE, SAMU, regulator
from tests.workflow.world import World
from workflows.client import demand_handle, start_demand
from workflows.demand import DemandWorkflow

PASSED_THROUGH = ("domain", "activities", "storage", "geo", "workflows", "sqlalchemy", "psycopg", "h3")
QUICK = Windows(guard_s=3, vehicles_s=3, sites_s=3)
QUICK_POLICY = Policy(standard=QUICK, short=QUICK, free_choice_s=3, resurvey_s=1, newcomer_window_s=2)
"""Short windows, for stories in which one must pass."""
Handle = WorkflowHandle[DemandWorkflow, DemandEnd]


class Dispatch:
    """One SAMU, its demands, and whoever answers them."""

    def __init__(self, env: WorkflowEnvironment, world: World) -> None:
        self.env = env
        self.world = world
        self.task_queue = f"test-{uuid4()}"

    def worker(self, *, cached: int = 100) -> Worker:
        """A worker of the real workflow with the world's activities."""
        return Worker(
            self.env.client,
            task_queue=self.task_queue,
            workflows=[DemandWorkflow],
            activities=self.world.activities(),
            max_cached_workflows=cached,
            workflow_runner=SandboxedWorkflowRunner(
                restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
            ),
        )

    async def now(self) -> datetime:
        """The server's clock."""
        return await self.env.get_current_time()

    async def post(self, *, delay: int = 40, **more: Any) -> Handle:
        """A SAMU posts a demand."""
        demand_id = uuid4()
        start = DemandStart(
            demand_id=demand_id,
            samu_id=uuid4(),
            reference=f"DRM-{demand_id}",
            max_delay_minutes=delay,
            place=CARCASSONNE,
            **{"volume": Volume.AMBULANCE, "received_at": await self.now(), **more},
        )
        await start_demand(self.env.client, start, self.task_queue)
        return demand_handle(self.env.client, demand_id)

    async def solicitation(self, handle: Handle, candidate: Candidate) -> UUID:
        """The solicitation of a candidate, as soon as it is in the journal."""
        found: list[Any] = []

        def asked() -> bool:
            target = candidate.vehicle_id or candidate.site_id
            opened = self.world.bodies(demand_id(handle), "solicitation_opened")
            found[:] = [b for b in opened if target in (b.vehicle_id, b.site_id) and b.tier is candidate.tier]
            return bool(found)

        await eventually(asked)
        return UUID(str(found[-1].solicitation_id))

    async def free_choice(self, handle: Handle) -> UUID:
        """The solicitation that an accepted promise opened."""
        await eventually(lambda: self._last_opened(handle).tier is Tier.FREE_CHOICE)
        return UUID(str(self._last_opened(handle).solicitation_id))

    def _last_opened(self, handle: Handle) -> Any:
        return self.world.bodies(demand_id(handle), "solicitation_opened")[-1]

    async def accept(
        self,
        handle: Handle,
        candidate: Candidate,
        *,
        received: datetime | None = None,
        named: UUID | None = None,
    ) -> Reply:
        """A company accepts; ``received`` is when the API got it."""
        answer = Acceptance(
            solicitation_id=await self.solicitation(handle, candidate),
            vehicle_id=named,
            received_at=received or await self.now(),
            by=regulator("A"),
        )
        sent = str(uuid4())
        return await _with_patience(lambda: handle.execute_update(DemandWorkflow.accept, answer, id=sent))

    async def refuse(self, handle: Handle, candidate: Candidate) -> Reply:
        """A company refuses."""
        asked = await self.solicitation(handle, candidate)
        answer = Refusal(solicitation_id=asked, received_at=await self.now(), by=regulator("A"))
        sent = str(uuid4())
        return await _with_patience(lambda: handle.execute_update(DemandWorkflow.refuse, answer, id=sent))

    async def counter(self, handle: Handle, candidate: Candidate, minutes: int) -> Reply:
        """A company promises a longer delay."""
        answer = CounterProposal(
            solicitation_id=await self.solicitation(handle, candidate),
            delay_minutes=minutes,
            received_at=await self.now(),
            by=regulator("A"),
        )
        return await handle.execute_update(DemandWorkflow.propose_delay, answer)

    async def arbitrate(self, handle: Handle, decision: Decision) -> Reply:
        """The SAMU decides on the best counter-proposal."""
        order = Arbitration(decision=decision, received_at=await self.now(), by=SAMU)
        return await handle.execute_update(DemandWorkflow.arbitrate, order)

    async def cancel(self, handle: Handle) -> Reply:
        """The SAMU cancels."""
        order = Cancellation(reason="plus besoin", received_at=await self.now(), by=SAMU)
        return await handle.execute_update(DemandWorkflow.cancel, order)

    async def declare_carence(self, handle: Handle) -> Reply:
        """The SAMU declares that nobody could come."""
        order = Carence(received_at=await self.now(), by=SAMU)
        return await handle.execute_update(DemandWorkflow.declare_carence, order)

    async def report(self, handle: Handle, mission_id: UUID, step: Step) -> None:
        """A crew passes a step."""
        report = StepReport(
            mission_id=mission_id, step_id=uuid4(), step=step, received_at=await self.now(), by=regulator("A")
        )
        await handle.signal(DemandWorkflow.step_reported, report)
        await eventually(
            lambda: step in [b.step for b in self.world.bodies(demand_id(handle), "step_passed")]
        )

    async def all_steps(self, handle: Handle, mission_id: UUID | None) -> None:
        """The crew passes every step that is left."""
        assert mission_id is not None
        for step in STEPS[1:]:
            await self.report(handle, mission_id, step)

    async def sleep(self, seconds: float) -> None:
        """Let the server's time pass."""
        await self.env.sleep(timedelta(seconds=seconds))

    async def cut_off(self, handle: Handle) -> None:
        """An operator cancels the workflow in the Temporal UI; returns once the workflow knows."""
        await handle.cancel()
        for _ in range(200):
            if await _knows_that_it_was_cancelled(handle):
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the workflow never learnt that it was cancelled")

    async def written(self, handle: Handle, kind: str) -> None:
        """Wait until a fact of a kind is in the journal."""
        await eventually(lambda: kind in self.world.kinds(demand_id(handle)))


async def _knows_that_it_was_cancelled(handle: Handle) -> bool:
    kinds = [event.event_type async for event in handle.fetch_history_events()]
    asked = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED
    return asked in kinds and EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED in kinds[kinds.index(asked) :]


def demand_id(handle: Handle) -> UUID:
    """The demand of a handle."""
    return UUID(handle.id.removeprefix("demand-"))


async def eventually(holds: Callable[[], bool], *, within: float = 10) -> None:
    """Wait until something holds; fails when it does not in time."""
    until = time.monotonic() + within
    while not holds():
        assert time.monotonic() < until, "it never came to hold"
        await asyncio.sleep(0.01)


async def _with_patience(send: Callable[[], Awaitable[Reply]]) -> Reply:
    """Send an answer again, under its own id, while ten others are under way: the SDK gives up after some seconds.

    So does the API (`api.engine`): the engine's limit is not an end.
    """
    async with asyncio.timeout(60):
        while True:
            try:
                return await send()
            except RPCError as error:
                if error.status is not RPCStatusCode.RESOURCE_EXHAUSTED:
                    raise
