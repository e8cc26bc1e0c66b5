"""What the engine keeps of a demand is sealed: whoever reads its database sees ids and states, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest, QueryWorkflowRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from domain.outcomes import Outcome
from domain.vocabulary import DemandStatus, Step
from storage.keyring import Keyring, UnreadableError
from tests.unit.stories import CARCASSONNE, vehicle
from tests.workflow.story import Dispatch, Handle, demand_id
from tests.workflow.world import World
from workflows import search_attributes
from workflows.client import data_converter, demand_handle
from workflows.codec import KEY_ID, EncryptingCodec, payloads_in

OLD, NEW = {"old": b"o" * 32}, {"new": b"n" * 32}
A1, B1 = vehicle("A1"), vehicle("B1")
SUMMARY, FAILURE, DETAILS = "engage the vehicle", "the database is away", "Waits for the crew"
"""An activity's summary, an activity's failure, and what the current details say of a mission."""
ENGINES_OWN = ("BuildIds", "Temporal")
"""How the engine's own search attributes begin: builds of workers, patches."""


def sealed_by(env: WorkflowEnvironment, keys: dict[str, bytes] | None) -> Client:
    converter = data_converter(Keyring(keys) if keys else None)
    return Client(env.client.service_client, namespace=env.client.namespace, data_converter=converter)


@pytest.fixture
async def sealed(env: WorkflowEnvironment) -> AsyncIterator[Dispatch]:
    """A worker and callers that seal what they tell the engine."""
    world = World(A1, B1)
    world.failures = 1
    told = Dispatch(WorkflowEnvironment.from_client(sealed_by(env, OLD)), world)
    async with told.worker():
        yield told


async def test_a_life_from_end_to_end_leaves_nothing_to_read(sealed: Dispatch) -> None:
    handle = await sealed.post()
    asked = str(await sealed.solicitation(handle, A1))
    reply = await sealed.accept(handle, A1)
    assert reply.outcome is Outcome.CONFIRMED
    kept = [*await _history(handle), await _description(sealed, handle), await _details(sealed, handle)]
    await sealed.all_steps(handle, reply.mission_id)
    assert (await handle.result()).status == "COMPLETED"
    kept += await _history(handle)
    needles = [
        f"DRM-{demand_id(handle)}",
        str(CARCASSONNE.lat),
        asked,
        SUMMARY,
        FAILURE,
        DETAILS,
    ]
    raw = b"".join(each.SerializeToString() for each in kept)
    assert [needle for needle in needles if needle.encode() in raw] == []
    seen = await _in_clear(sealed.env.client, kept)
    assert [needle for needle in needles if needle.encode() not in seen] == []  # the control: it is all there


async def test_only_ids_and_states_are_left_to_search_by(sealed: Dispatch) -> None:
    """The engine indexes search attributes, so that they are never sealed."""
    handle = await sealed.post()
    assert (await sealed.accept(handle, A1)).outcome is Outcome.CONFIRMED
    await sealed.written(handle, "mission_assigned")
    attributes = (await handle.describe()).typed_search_attributes
    told = {pair.key.name: pair.value for pair in attributes if not pair.key.name.startswith(ENGINES_OWN)}
    free = {"DemandStatus", "Step", "NeedsAttention"}
    assert free <= set(told) <= {key.name for key in search_attributes.ALL}
    for name in set(told) - free:
        each = told[name]
        assert all(str(UUID(one)) == one for one in ([each] if isinstance(each, str) else each)), name
    assert told["DemandStatus"] in set(DemandStatus)
    assert told["Step"] in set(Step)
    await sealed.cancel(handle)
    await handle.result()


async def test_what_runs_since_before_goes_on_plain_and_sealed(env: WorkflowEnvironment) -> None:
    """The first deployment with keys: the history began in plain. Then a new key: the old one still opens."""
    world = World(A1, B1)
    before, after, rotated = (
        Dispatch(WorkflowEnvironment.from_client(sealed_by(env, keys)), world)
        for keys in (None, OLD, {**NEW, **OLD})
    )
    after.task_queue = rotated.task_queue = before.task_queue
    async with before.worker(cached=0):
        handle = await before.post()
        asked = await before.solicitation(handle, A1)
        await _nothing_under_way(handle)
    async with after.worker(cached=0):
        same = demand_handle(after.env.client, demand_id(handle))
        assert (await after.refuse(same, B1)).outcome is Outcome.RECORDED
        assert await after.solicitation(same, A1) == asked
        await _nothing_under_way(handle)
    async with rotated.worker(cached=0):
        last = demand_handle(rotated.env.client, demand_id(handle))
        assert (await rotated.accept(last, A1)).outcome is Outcome.CONFIRMED
        await rotated.cancel(last)
        await last.result()
    kept = [payload for event in await _history(last) for payload in payloads_in(event)]
    assert {payload.metadata.get(KEY_ID, b"plain") for payload in kept} == {b"plain", b"old", b"new"}


async def test_a_missing_key_is_named_and_nothing_else_is(env: WorkflowEnvironment) -> None:
    payload = Payload(metadata={"encoding": b"json/plain"}, data=b'"secret"')
    [made] = await EncryptingCodec(Keyring(OLD)).encode([payload])
    with pytest.raises(UnreadableError, match="'old' is not on the ring") as refused:
        await EncryptingCodec(Keyring(NEW)).decode([made])
    assert "secret" not in str(refused.value)
    moved = Payload(
        metadata=made.metadata, data=Keyring(OLD).seal_bytes(payload.SerializeToString(), "patients/x")
    )
    with pytest.raises(UnreadableError, match="changed or moved"):
        await EncryptingCodec(Keyring(OLD)).decode([moved])


async def _nothing_under_way(handle: Handle) -> None:
    """A worker that stops in the middle of a task would be waited for until the task's time is over."""
    async with asyncio.timeout(10):
        while True:
            described = (await handle.describe()).raw_description
            if not described.HasField("pending_workflow_task") and not described.pending_activities:
                return
            await asyncio.sleep(0.02)


async def _history(handle: Handle) -> list[Message]:
    return [event async for event in handle.fetch_history_events()]


async def _description(sealed: Dispatch, handle: Handle) -> Message:
    """Without the search attributes, of which the next test speaks."""
    request = DescribeWorkflowExecutionRequest(namespace=sealed.env.client.namespace)
    request.execution.workflow_id = handle.id
    described = await sealed.env.client.workflow_service.describe_workflow_execution(request)
    described.workflow_execution_info.ClearField("search_attributes")
    return described


async def _details(sealed: Dispatch, handle: Handle) -> Message:
    """What the Temporal UI asks for to show the current details."""
    query = WorkflowQuery(query_type="__temporal_workflow_metadata")
    request = QueryWorkflowRequest(namespace=sealed.env.client.namespace, query=query)
    request.execution.workflow_id = handle.id
    return await sealed.env.client.workflow_service.query_workflow(request)


async def _in_clear(client: Client, kept: list[Message]) -> bytes:
    """The content of every payload, opened."""
    codec = client.data_converter.payload_codec
    assert codec is not None
    opened = await codec.decode([payload for each in kept for payload in payloads_in(each)])
    return b"\n".join(payload.data for payload in opened)
