"""The way to the engine: start a demand, ask it something, tell it a step. Every call has its time limit."""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from domain.guard_messages import GuardPeriod
from domain.messages import DemandStart, FromOutside, ReceiptReport, Reply, StepReport
from workflows.client import demand_handle, guard_watch_handle, probe, start_demand, start_guard_watch
from workflows.demand import DemandWorkflow
from workflows.guard_watch import GuardWatchWorkflow

START_SECONDS = 2.0
UPDATE_SECONDS = 5.0
SIGNAL_SECONDS = 2.0
HEALTH_SECONDS = 2.0
PROBE_SECONDS = 3.0


class Update(StrEnum):
    """What a demand can be asked."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    PROPOSE_DELAY = "propose_delay"
    DECLARE_UNAVAILABLE = "declare_unavailable"
    ARBITRATE = "arbitrate"
    CANCEL = "cancel"
    DECLARE_CARENCE = "declare_carence"
    AMEND = "amend"
    SET_DESTINATION = "set_destination"
    UNDO_STEP = "undo_step"
    BREAK_DOWN = "break_down"
    END_WITHOUT_TRANSPORT = "end_without_transport"
    RELIEVE = "relieve"
    SEE_ALARM = "see_alarm"


class EngineAwayError(Exception):
    """The engine did not answer in time. Asking again with the same id is safe."""


class DemandEndedError(Exception):
    """The engine has no such demand running: it has ended, or was never started."""


class TooManyAnswersError(Exception):
    """The demand takes no more answers from companies: what is left is the SAMU's."""


class StartRefusedError(Exception):
    """The engine is there and does not take this demand; it may take the next one."""


class MessageRefusedError(Exception):
    """The engine refused the message itself. ``kind`` is the error's stable type."""

    def __init__(self, kind: str) -> None:
        """Keep the type of the refusal."""
        super().__init__(kind)
        self.kind = kind


class Engine(Protocol):
    """What the API asks of the engine."""

    async def start(self, start: DemandStart) -> None:
        """Start a demand; repeatable. Raises EngineAwayError, or StartRefusedError for this demand only."""

    async def ask(self, demand_id: UUID, update: Update, message: FromOutside, update_id: str) -> Reply:
        """Send an update and wait for the verdict; the same id gives the same verdict.

        Raises EngineAwayError, DemandEndedError, TooManyAnswersError or MessageRefusedError.
        """

    async def tell(self, demand_id: UUID, report: StepReport) -> None:
        """Send a step; it is kept even when no worker is up. Raises EngineAwayError or DemandEndedError."""

    async def receive(self, demand_id: UUID, report: ReceiptReport) -> None:
        """Say that a device has the mission, or that it was read. Raises EngineAwayError or DemandEndedError."""

    async def start_watch(self, period: GuardPeriod) -> None:
        """Start the watch of a guard period; repeatable. Raises EngineAwayError, or StartRefusedError."""

    async def guard_changed(self, period_id: UUID) -> None:
        """Have the watch of a guard period look now. At best: it looks by itself, later, and nothing is raised."""

    async def probe(self) -> bool:
        """Whether the engine and a worker answer, end to end."""

    async def answers(self) -> bool:
        """Whether the engine is there."""


OUTAGES = (TimeoutError, RPCError, RPCTimeoutOrCancelledError, RuntimeError)
"""What a call to the engine raises when it does not come through."""
AWAY = frozenset({RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED})
TOO_MANY_ANSWERS = "too_many_answers"
"""The type of the workflow's own refusal."""
ENDED_MEANWHILE = "AcceptedUpdateCompletedWorkflow"
"""The type of the engine's failure of an update whose workflow ended before it was answered."""
UPDATES: Mapping[Update, Any] = {update: getattr(DemandWorkflow, update.value) for update in Update}
"""The workflow's own handlers: a name that it does not have fails at import, not at night."""


class TemporalEngine:
    """The engine behind a Temporal client, which may be lazy: the API starts without it."""

    def __init__(self, client: Client, task_queue: str) -> None:
        """Start demands on ``task_queue``."""
        self._client = client
        self._task_queue = task_queue

    async def start(self, start: DemandStart) -> None:
        """Start a demand within two seconds."""
        await _started(start_demand(self._client, start, self._task_queue))

    async def start_watch(self, period: GuardPeriod) -> None:
        """Start a watch within two seconds."""
        await _started(start_guard_watch(self._client, period, self._task_queue))

    async def ask(self, demand_id: UUID, update: Update, message: FromOutside, update_id: str) -> Reply:
        """Send an update within five seconds."""
        handle = demand_handle(self._client, demand_id)
        try:
            async with asyncio.timeout(UPDATE_SECONDS):
                reply: Reply = await handle.execute_update(
                    UPDATES[update],
                    message,
                    id=update_id,
                    result_type=Reply,
                    rpc_timeout=timedelta(seconds=UPDATE_SECONDS),
                )
        except WorkflowUpdateFailedError as error:
            raise _refusal(error.cause) from error
        except OUTAGES as error:
            raise _outage(error) from error
        return reply

    async def tell(self, demand_id: UUID, report: StepReport) -> None:
        """Send a step within two seconds."""
        await self._signal(demand_id, DemandWorkflow.step_reported, report)

    async def receive(self, demand_id: UUID, report: ReceiptReport) -> None:
        """Send a receipt within two seconds."""
        await self._signal(demand_id, DemandWorkflow.mission_received, report)

    async def _signal(self, demand_id: UUID, signal: Any, report: FromOutside) -> None:
        handle = demand_handle(self._client, demand_id)
        try:
            async with asyncio.timeout(SIGNAL_SECONDS):
                await handle.signal(signal, report, rpc_timeout=timedelta(seconds=SIGNAL_SECONDS))
        except OUTAGES as error:
            raise _outage(error) from error

    async def guard_changed(self, period_id: UUID) -> None:
        """Signal the watch within two seconds; one that does not run yet looks when it starts."""
        with suppress(*OUTAGES):
            async with asyncio.timeout(SIGNAL_SECONDS):
                await guard_watch_handle(self._client, period_id).signal(
                    GuardWatchWorkflow.guard_changed, rpc_timeout=timedelta(seconds=SIGNAL_SECONDS)
                )

    async def probe(self) -> bool:
        """Ask within three seconds."""
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await probe(self._client, self._task_queue)
        except (*OUTAGES, WorkflowQueryFailedError):
            return False
        return True

    async def answers(self) -> bool:
        """Ask the engine's own health service."""
        try:
            async with asyncio.timeout(HEALTH_SECONDS):
                return await self._client.service_client.check_health()
        except OUTAGES:
            return False


async def _started(starting: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(START_SECONDS):
            await starting
    except OUTAGES as error:
        raise (EngineAwayError if is_away(error) else StartRefusedError) from error


def is_away(error: Exception) -> bool:
    """Whether the engine cannot be reached, or does not answer in time. Anything else it has said itself."""
    return not isinstance(error, RPCError) or error.status in AWAY


def _refusal(cause: BaseException | None) -> Exception:
    kind = cause.type if isinstance(cause, ApplicationError) else None
    if kind == TOO_MANY_ANSWERS:
        return TooManyAnswersError()
    return (
        DemandEndedError() if kind == ENDED_MEANWHILE else MessageRefusedError(kind or type(cause).__name__)
    )


def _outage(error: Exception) -> Exception:
    """No such workflow is an end; whatever else goes wrong on the way is an outage, and may be repeated.

    The engine's limit of updates for one workflow (FAILED_PRECONDITION, RESOURCE_EXHAUSTED) is not an end.
    """
    if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
        return DemandEndedError()
    return EngineAwayError()
