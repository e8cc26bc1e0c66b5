"""A task queue as the engine tells of it: partition by partition.

Each poll of a worker waits at one of the partitions, for up to a minute if nothing comes. Asked for the queue alone, the
engine tells of the first partition only, and a worker that is there may not be named.
"""

import asyncio
from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    ListTaskQueuePartitionsRequest,
)
from temporalio.client import Client

WORKFLOWS = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW


async def partitions_told(
    client: Client, name: str, limit: timedelta, kind: TaskQueueType.ValueType = WORKFLOWS
) -> list[DescribeTaskQueueResponse]:
    """What the engine tells of each partition; `limit` is for each call. Raises RPCError."""
    service, namespace = client.workflow_service, client.namespace
    listing = ListTaskQueuePartitionsRequest(namespace=namespace, task_queue=TaskQueue(name=name))
    listed = await service.list_task_queue_partitions(listing, timeout=limit)
    partitions = (
        listed.workflow_task_queue_partitions if kind == WORKFLOWS else listed.activity_task_queue_partitions
    )
    asking = (
        service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=namespace,
                task_queue=TaskQueue(name=partition.key),
                task_queue_type=kind,
                report_stats=partition.key == name,  # the first tells them for all; the others refuse
            ),
            timeout=limit,
        )
        for partition in partitions
    )
    return list(await asyncio.gather(*asking))


async def pollers_of(
    client: Client, name: str, limit: timedelta, kind: TaskQueueType.ValueType = WORKFLOWS
) -> dict[str, PollerInfo]:
    """Who waits for the queue's work, by identity: the latest that is known of each. Raises RPCError."""
    return latest_of(await partitions_told(client, name, limit, kind))


def latest_of(told: list[DescribeTaskQueueResponse]) -> dict[str, PollerInfo]:
    """The workers of all partitions, each once."""
    found: dict[str, PollerInfo] = {}
    for one in (poller for each in told for poller in each.pollers):
        known = found.get(one.identity)
        if known is None or _seen(known) < _seen(one):
            found[one.identity] = one
    return found


def _seen(poller: PollerInfo) -> float:
    at = poller.last_access_time
    return at.seconds + at.nanos / 1e9
