"""Temporal itself: its namespace, what operators search by, who waits for work, how much work waits."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import PollerInfo
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
)
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from ops.doctor.findings import Finding, note, soon, span, wrong
from ops.doctor.looking import RUNBOOK, Opened
from ops.task_queue import latest_of, partitions_told
from workflows import search_attributes
from workflows.ids import PROBE_ID
from workflows.probe import ProbeWorkflow

PART = "engine"
CALL = timedelta(seconds=2)
NOBODY_WORKS = f"{RUNBOOK}#1-nobody-works"
SHORTEST_RETENTION = timedelta(days=1)
POLL = timedelta(seconds=75)
"""A worker that waits for work asks again every 60 s at the latest."""
CLOCKS_DIFFER = timedelta(seconds=2)
BACKLOG_SOON, BACKLOG_WRONG = timedelta(seconds=2), timedelta(seconds=30)
QUEUES = {
    "workflow tasks": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "activities": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}


@dataclass(frozen=True, slots=True)
class Namespace:
    """Where the demands live in the engine; no retention when there is no such namespace."""

    name: str
    retention: timedelta | None
    missing: tuple[str, ...] = ()
    """Search attributes that are not registered."""


@dataclass(frozen=True, slots=True)
class Poller:
    """A worker that waits for work, or did a while ago."""

    identity: str
    heard_at: datetime
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One of the two queues of a name."""

    what: str
    name: str
    pollers: Sequence[Poller]
    backlog: int
    age: timedelta


async def look(opened: Opened) -> Sequence[Finding]:
    """The namespace and its search attributes."""
    assert opened.engine is not None  # noqa: S101 - this look needs it
    return list(judge_namespace(await _namespace(opened.engine)))


async def look_at_workers(opened: Opened) -> Sequence[Finding]:
    """Who works, what waits, and whether a question is answered end to end."""
    assert opened.engine is not None  # noqa: S101 - this look needs it
    name = opened.place.settings.task_queue
    answered, queues = await asyncio.gather(
        _answered(opened.engine),
        asyncio.gather(*(_queue(opened.engine, name, what) for what in QUEUES)),
    )
    return list(judge_queues(queues, opened.at, answered=answered))


def judge_namespace(namespace: Namespace) -> Iterator[Finding]:
    """Whether demands can be found, and for how long."""
    if namespace.retention is None:
        yield wrong(
            PART,
            f"Temporal has no namespace {namespace.name!r}: nothing can be started.",
            "rescousse register",
        )
        return
    if namespace.missing:
        names = ", ".join(namespace.missing)
        yield wrong(
            PART,
            f"Search attributes are not registered ({names}): every demand fails at its first step.",
            "rescousse register",
        )
    if namespace.retention < SHORTEST_RETENTION:
        yield soon(
            PART,
            f"Demands that ended stay in the engine for {span(namespace.retention)} only.",
            "rescousse register",
        )


def judge_queues(queues: Sequence[Queue], at: datetime, *, answered: bool | None) -> Iterator[Finding]:
    """Whether somebody works, and keeps up. ``answered``: the probe; null when it never ran."""
    for queue in queues:
        yield from _judge_backlog(queue)
    awake = [one for queue in queues for one in queue.pollers if at - one.heard_at < POLL]
    name = queues[0].name
    if not awake:
        yield wrong(
            "workers",
            f"No worker waits for the work of the queue {name!r}: no demand moves, and no answer is confirmed.",
            f"Start a worker (python worker.py), or look into its log; then read {NOBODY_WORKS}.",
        )
    elif answered is False:
        yield wrong(
            "workers",
            "No worker answers a question that goes through the engine: the workers are frozen, overloaded or gone.",
            "Look at the workers' processor time and logs; restart one that hangs: nothing is lost by it.",
        )
    ahead = max((one.heard_at - at for one in awake), default=timedelta())
    if ahead > CLOCKS_DIFFER:
        yield wrong(
            "clock",
            f"The clock of Temporal is {span(ahead)} ahead of this machine's: deadlines are judged by clocks.",
            "Synchronise the clocks of all machines (chrony, systemd-timesyncd).",
        )
    if awake:
        yield note("workers", _who_works(awake))


def _who_works(pollers: Sequence[Poller]) -> str:
    known = {one.identity: one.version for one in pollers}
    named = ", ".join(
        f"{identity} ({version})" if version else identity for identity, version in sorted(known.items())
    )
    return f"Workers that wait for work: {len(known)} ({named})."


def _judge_backlog(queue: Queue) -> Iterator[Finding]:
    if queue.age < BACKLOG_SOON or not queue.backlog:
        return
    tell = wrong if queue.age >= BACKLOG_WRONG else soon
    yield tell(
        "workers",
        f"{queue.backlog} {queue.what} wait for a worker, the oldest for {span(queue.age)}.",
        "Start another worker, or look why those that run do not keep up (processor, database).",
    )


async def _namespace(client: Client) -> Namespace:
    try:
        described = await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace), timeout=CALL
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return Namespace(client.namespace, None)
        raise
    retention = described.config.workflow_execution_retention_ttl.ToTimedelta()
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace), timeout=CALL
    )
    wanted = (key.name for key in search_attributes.ALL)
    return Namespace(
        client.namespace, retention, tuple(name for name in wanted if name not in known.custom_attributes)
    )


async def _queue(client: Client, name: str, what: str) -> Queue:
    told = await partitions_told(client, name, CALL, QUEUES[what])
    waiting = [each.stats for each in told]
    return Queue(
        what=what,
        name=name,
        pollers=[_poller(one) for one in latest_of(told).values()],
        backlog=sum(each.approximate_backlog_count for each in waiting),
        age=max((each.approximate_backlog_age.ToTimedelta() for each in waiting), default=timedelta(0)),
    )


def _poller(told: PollerInfo) -> Poller:
    deployed = told.deployment_options
    version = f"{deployed.deployment_name}.{deployed.build_id}" if deployed.build_id else ""
    return Poller(told.identity, told.last_access_time.ToDatetime(tzinfo=UTC), version)


async def _answered(client: Client) -> bool | None:
    """Whether a worker answers the probe; null when no API has started it yet."""
    try:
        await client.get_workflow_handle(PROBE_ID).query(ProbeWorkflow.answers, rpc_timeout=CALL)
    except RPCError as error:
        return None if error.status is RPCStatusCode.NOT_FOUND else False
    except WorkflowQueryFailedError:
        return False
    return True
