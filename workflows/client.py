"""The typed way into the engine: one data converter, how a demand is started, how it is spoken to."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypedDict
from uuid import UUID

from temporalio.client import Client, Interceptor, WorkflowHandle
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.runtime import Runtime
from temporalio.service import GrpcCompression, RPCError, RPCStatusCode, TLSConfig

from domain.guard_messages import GuardEnd, GuardPeriod
from domain.messages import DemandEnd, DemandStart
from workflows import search_attributes
from workflows.codec import EncryptingCodec, Sealing
from workflows.demand import DemandWorkflow
from workflows.guard_watch import GuardWatchWorkflow
from workflows.ids import PROBE_ID, guard_watch_id, workflow_id
from workflows.probe import ProbeWorkflow

DATA_CONVERTER = replace(
    pydantic_data_converter, failure_converter_class=DefaultFailureConverterWithEncodedAttributes
)
"""Every client, worker and replayer uses this one, sealed with its keys (:func:`data_converter`).

The message and the stack trace of a failure travel as a payload does: they may hold what a payload holds.
"""

START_TIMEOUT = timedelta(seconds=2)
PROBE_TIMEOUT = timedelta(seconds=2)


class Once(TypedDict):
    """How a workflow is started that must run once, whoever repeats the start."""

    id_reuse_policy: WorkflowIDReusePolicy
    id_conflict_policy: WorkflowIDConflictPolicy
    rpc_timeout: timedelta


ONCE: Once = {
    "id_reuse_policy": WorkflowIDReusePolicy.REJECT_DUPLICATE,
    "id_conflict_policy": WorkflowIDConflictPolicy.USE_EXISTING,
    "rpc_timeout": START_TIMEOUT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAccess:
    """How the engine is reached, and what is sealed before it goes there."""

    address: str
    """host:port."""
    namespace: str
    sealing: Sealing | None = field(repr=False)
    """The keys of payloads. None leaves them plain: for tests, and for who only asks the engine about itself."""
    tls: TLSConfig | None = field(default=None, repr=False)
    """None speaks without TLS."""
    api_key: str | None = field(default=None, repr=False)
    """Sent with each call as `Authorization: Bearer …`."""


def data_converter(sealing: Sealing | None) -> DataConverter:
    """The converter of our models, with every payload sealed by these keys."""
    if sealing is None:
        return DATA_CONVERTER
    return replace(DATA_CONVERTER, payload_codec=EncryptingCodec(sealing))


async def connect(
    access: EngineAccess,
    *,
    lazy: bool = False,
    interceptors: Sequence[Interceptor] = (),
    runtime: Runtime | None = None,
) -> Client:
    """Connect to the engine; ``lazy`` waits for the first call, so that a process starts while it is away.

    Headers, which carry a trace's id and nothing of ours, are not sealed. Raises ``RuntimeError`` when a connection
    that is not lazy cannot be made.
    """
    return await Client.connect(
        access.address,
        namespace=access.namespace,
        tls=access.tls if access.tls is not None else False,
        api_key=access.api_key,
        data_converter=data_converter(access.sealing),
        lazy=lazy,
        interceptors=interceptors,
        runtime=runtime,
        # What is sealed does not become smaller, and the engine is near: packing cost it 6 % of its processor.
        grpc_compression=GrpcCompression.NONE,
    )


def demand_handle(client: Client, demand_id: UUID) -> WorkflowHandle[DemandWorkflow, DemandEnd]:
    """The handle of a demand, for updates and signals."""
    return client.get_workflow_handle_for(DemandWorkflow.run, workflow_id(demand_id))


async def start_demand(client: Client, start: DemandStart, task_queue: str) -> None:
    """Start a demand's workflow; repeatable, even after it has ended (temporal paper, finding 4).

    Raises ``RPCError`` when the engine does not answer within the time limit.
    """
    starting = client.start_workflow(
        DemandWorkflow.run,
        start,
        id=workflow_id(start.demand_id),
        task_queue=task_queue,
        static_summary=f"{start.volume} within {start.max_delay_minutes} min, {start.reference}",
        search_attributes=TypedSearchAttributes(
            [SearchAttributePair(search_attributes.SAMU, str(start.samu_id))]
        ),
        **ONCE,
    )
    with suppress(WorkflowAlreadyStartedError):
        await starting


def guard_watch_handle(client: Client, period_id: UUID) -> WorkflowHandle[GuardWatchWorkflow, GuardEnd]:
    """The handle of a guard period's watch, for its signal."""
    return client.get_workflow_handle_for(GuardWatchWorkflow.run, guard_watch_id(period_id))


async def start_guard_watch(client: Client, period: GuardPeriod, task_queue: str) -> None:
    """Start the watch of a guard period; repeatable, even after it has ended. Raises as `start_demand`."""
    starting = client.start_workflow(
        GuardWatchWorkflow.run,
        period,
        id=guard_watch_id(period.period_id),
        task_queue=task_queue,
        static_summary=f"Guard of {period.sector}, {period.starts_at:%Y-%m-%d %H:%M} UTC",
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(search_attributes.SAMU, str(period.samu_id)),
                SearchAttributePair(search_attributes.COMPANY, [str(period.company_id)]),
            ]
        ),
        **ONCE,
    )
    with suppress(WorkflowAlreadyStartedError):
        await starting


async def probe(client: Client, task_queue: str) -> None:
    """Ask engine and worker for a sign of life. Raises ``RPCError`` or a query failure when there is none."""
    handle = client.get_workflow_handle(PROBE_ID)
    try:
        await handle.query(ProbeWorkflow.answers, rpc_timeout=PROBE_TIMEOUT)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        await client.start_workflow(
            ProbeWorkflow.run,
            id=PROBE_ID,
            task_queue=task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary="Answers the end-to-end probe: always running",
            rpc_timeout=START_TIMEOUT,
        )
        await handle.query(ProbeWorkflow.answers, rpc_timeout=PROBE_TIMEOUT)
