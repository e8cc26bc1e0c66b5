"""Which keys the engine's histories are sealed with: every one that it still has is read, nothing is opened."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowExecution, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from workflows.codec import KEY_ID, is_sealed, payloads_in
from workflows.probe import ProbeWorkflow

AT_ONCE = 8
CALL = timedelta(seconds=10)
FOR_EVER = ProbeWorkflow.__name__.removesuffix("Workflow")
"""The probe never ends. All that is sealed of it is one fixed sentence that a screen shows: no key is kept for it."""


@dataclass(frozen=True, slots=True)
class Need:
    """Who still needs a key: workflows that run, and histories of ended ones until the engine forgets the last."""

    running: int = 0
    ended: int = 0
    until: datetime | None = None
    """When the engine forgets the last of the ended ones."""


async def needs(client: Client) -> dict[str, Need]:
    """Who needs which key, by its id. Raises temporalio's RPCError."""
    keeps = await _retention(client)
    found: dict[str, Need] = {}
    gate = asyncio.Semaphore(AT_ONCE)

    async def look(one: WorkflowExecution) -> None:
        async with gate:
            for kid in await _key_ids(client, one):
                found[kid] = _with(found.get(kid, Need()), one, keeps)

    await asyncio.gather(*[look(one) async for one in _workflows(client)])
    return found


def _with(need: Need, one: WorkflowExecution, keeps: timedelta) -> Need:
    if one.close_time is None:
        return Need(need.running + 1, need.ended, need.until)
    forgotten = one.close_time + keeps
    return Need(need.running, need.ended + 1, max(forgotten, need.until or forgotten))


async def _workflows(client: Client) -> AsyncIterator[WorkflowExecution]:
    async for one in client.list_workflows(rpc_timeout=CALL):
        if one.workflow_type != FOR_EVER:
            yield one


async def _key_ids(client: Client, one: WorkflowExecution) -> set[str]:
    try:
        return await _found_in(client.get_workflow_handle(one.id, run_id=one.run_id))
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return set()  # forgotten since it was listed


async def _found_in(handle: WorkflowHandle[object, object]) -> set[str]:
    return {
        payload.metadata[KEY_ID].decode(errors="replace")
        async for event in handle.fetch_history_events(rpc_timeout=CALL)
        for payload in payloads_in(event)
        if is_sealed(payload)
    }


async def _retention(client: Client) -> timedelta:
    request = DescribeNamespaceRequest(namespace=client.namespace)
    described = await client.workflow_service.describe_namespace(request, timeout=CALL)
    return timedelta(seconds=described.config.workflow_execution_retention_ttl.seconds)
