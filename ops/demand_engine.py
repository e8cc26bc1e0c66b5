"""What the engine says of one demand, for an operator: whether it runs, what it cannot get done, who works for it."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, PendingActivityState
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryReverseRequest,
)
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.converter import DataConverter
from temporalio.service import RPCError, RPCStatusCode

from ops.demand_state import Wire
from ops.task_queue import pollers_of
from workflows.client import demand_handle
from workflows.ids import workflow_id

CALL = timedelta(seconds=3)
ASK_WORKER = timedelta(seconds=2)
POLL = timedelta(seconds=75)
"""A worker that waits for work asks again every 60 s at the latest."""
LAST_EVENTS = 50
DETAILS = "__temporal_workflow_metadata"
"""The query by which a workflow tells its current details: the SDK's own."""
LONGEST_FAILURE = 300


class Doing(Wire):
    """An activity that is not done."""

    name: str
    attempt: int
    state: str
    """STARTED while a worker is at it, SCHEDULED while it waits."""
    since: datetime
    next_try_at: datetime | None
    worker: str | None
    failure: str | None
    """The first line of the last failure: never what was asked of the database."""


class Task(Wire):
    """A workflow task that is not done: the next thing that a worker must compute."""

    attempt: int
    since: datetime
    taken: bool
    """Whether a worker is at it."""
    failure: str | None


class EngineState(Wire):
    """One demand as the engine has it. ``status`` is UNKNOWN when it does not know it."""

    workflow_id: str
    status: str
    started_at: datetime | None = None
    closed_at: datetime | None = None
    events: int = 0
    task: Task | None = None
    activities: tuple[Doing, ...] = ()
    last_worker: str | None = None
    workers: tuple[str, ...] = ()
    """Those that asked for work in the last minute."""
    details: str | None = None
    """What the workflow itself says that it waits for; null when no worker answers."""


async def read_engine(client: Client, demand_id: UUID, task_queue: str) -> EngineState:
    """Everything that the engine says of one demand. Raises RPCError when the engine does not answer."""
    known, workers = await asyncio.gather(_described(client, demand_id), workers_of(client, task_queue))
    name = workflow_id(demand_id)
    if known is None:
        return EngineState(workflow_id=name, status="UNKNOWN", workers=tuple(workers))
    events = await _last_events(client, name, known.workflow_execution_info.execution.run_id)
    info, converter = known.workflow_execution_info, client.data_converter
    running = WorkflowExecutionStatus(info.status) is WorkflowExecutionStatus.RUNNING
    return EngineState(
        workflow_id=name,
        status=WorkflowExecutionStatus(info.status).name,
        started_at=_time(info.start_time),
        closed_at=_time(info.close_time) if info.HasField("close_time") else None,
        events=info.history_length,
        task=await _task(known, events, converter),
        activities=tuple([await _doing(each, converter) for each in known.pending_activities]),
        last_worker=_last_worker(events),
        workers=tuple(workers),
        details=await _details(client, demand_id) if running and workers else None,
    )


async def workers_of(client: Client, task_queue: str) -> list[str]:
    """The workers that asked for work in the last minute: of a dead one the engine learns only by its silence."""
    known = await pollers_of(client, task_queue, CALL)
    recent = datetime.now(UTC) - POLL
    return sorted(name for name, one in known.items() if _time(one.last_access_time) > recent)


async def _described(client: Client, demand_id: UUID) -> DescribeWorkflowExecutionResponse | None:
    try:
        return (await demand_handle(client, demand_id).describe(rpc_timeout=CALL)).raw_description
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


async def _last_events(client: Client, name: str, run_id: str) -> list[HistoryEvent]:
    """The newest first."""
    request = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=name, run_id=run_id),
        maximum_page_size=LAST_EVENTS,
    )
    told = await client.workflow_service.get_workflow_execution_history_reverse(request, timeout=CALL)
    return list(told.history.events)


async def _task(
    known: DescribeWorkflowExecutionResponse, events: list[HistoryEvent], converter: DataConverter
) -> Task | None:
    if not known.HasField("pending_workflow_task"):
        return None
    task = known.pending_workflow_task
    first = task.original_scheduled_time if task.attempt > 1 else task.scheduled_time
    return Task(
        attempt=task.attempt,
        since=_time(first),
        taken=task.HasField("started_time"),
        failure=await _task_failure(events, converter),
    )


async def _task_failure(events: list[HistoryEvent], converter: DataConverter) -> str | None:
    """Why the last workflow task failed, unless one succeeded since."""
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            return None
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            return await _in_one_line(event.workflow_task_failed_event_attributes.failure, converter)
    return None


async def _doing(activity: PendingActivityInfo, converter: DataConverter) -> Doing:
    failed = activity.HasField("last_failure")
    again = activity.HasField("next_attempt_schedule_time")
    return Doing(
        name=activity.activity_type.name,
        attempt=activity.attempt,
        state=PendingActivityState.Name(activity.state).removeprefix("PENDING_ACTIVITY_STATE_"),
        since=_time(activity.scheduled_time),
        next_try_at=_time(activity.next_attempt_schedule_time) if again else None,
        worker=activity.last_worker_identity or None,
        failure=await _in_one_line(activity.last_failure, converter) if failed else None,
    )


async def _in_one_line(failure: Failure, converter: DataConverter) -> str:
    """Its type and the first line of what it says: the lines after it may hold more than an operator must see."""
    kind = failure.application_failure_info.type or failure.WhichOneof("failure_info") or "failure"
    try:
        said = str(getattr(await converter.decode_failure(failure), "message", ""))
    except Exception as error:  # noqa: BLE001 - sealed with a key that is not here: its type is all there is
        said = f"not readable: {type(error).__name__}"
    first = said.strip().splitlines()[0] if said.strip() else ""
    return f"{kind}: {first}"[:LONGEST_FAILURE] if first else kind


def _last_worker(events: list[HistoryEvent]) -> str | None:
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            return str(event.workflow_task_completed_event_attributes.identity)
    return None


async def _details(client: Client, demand_id: UUID) -> str | None:
    """A worker must answer: one that cannot read the history does not, and says so elsewhere."""
    handle = client.get_workflow_handle(workflow_id(demand_id))
    try:
        async with asyncio.timeout(ASK_WORKER.total_seconds()):
            told = await handle.query(DETAILS, result_type=WorkflowMetadata, rpc_timeout=ASK_WORKER)
    except (TimeoutError, RPCError, WorkflowQueryFailedError):
        return None
    return str(told.current_details) or None


def _time(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)
