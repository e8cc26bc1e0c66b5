"""`rescousse register`: makes the engine ready for our workflows: namespace, retention, search attributes. Repeatable."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

import typer
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.common import SearchAttributeIndexedValueType
from temporalio.service import RPCError, RPCStatusCode

from ops.at_engine import CALL, RefusedError, obey, reach, read_settings, until
from workflows import search_attributes

RETENTION_DAYS = 7
"""How long a demand that ended can be read in the engine, and its id cannot be used again. As in the embedded stack."""
WITHIN_SECONDS = 120
"""A namespace that was just made is known to every part of a server after ten seconds or so."""

WANTED: Mapping[str, SearchAttributeIndexedValueType] = {
    key.name: key.indexed_value_type for key in search_attributes.ALL
}


def register_command(
    retention_days: Annotated[int, typer.Option(min=1, max=366, help="Ended workflows are kept so long.")] = (
        RETENTION_DAYS
    ),
    existing_namespace: Annotated[
        bool, typer.Option("--existing-namespace", help="The namespace is another's affair: leave it alone.")
    ] = False,
    within: Annotated[int, typer.Option(min=1, help="Seconds to wait for the engine.")] = WITHIN_SECONDS,
) -> None:
    """Make the namespace of the settings, and what operators search demands by, in the engine of the settings.

    Does nothing where everything is there; nothing that is there is taken away.
    """
    limit = timedelta(seconds=within)

    async def register() -> None:
        settings = read_settings()
        client = await reach(settings, limit)
        retention = None if existing_namespace else timedelta(days=retention_days)
        for line in await registered(client, settings.temporal_namespace, retention, limit):
            typer.echo(line)

    obey(register)


async def registered(
    client: Client, namespace: str, retention: timedelta | None, within: timedelta
) -> list[str]:
    """Make what is missing and wait until it can be used; say what was made, in lines. Raises RefusedError.

    Without a retention the namespace must be there and is left as it is.
    """
    made = [] if retention is None else await _namespace(client, namespace, retention)
    await until(
        lambda: _describe(client, namespace), bool, within, f"Temporal has no namespace {namespace!r}."
    )
    return [*made, *await _attributes(client, namespace, within)]


async def _namespace(client: Client, namespace: str, retention: timedelta) -> list[str]:
    wanted = Duration(seconds=int(retention.total_seconds()))
    try:
        found = await _describe(client, namespace)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return await _new_namespace(client, namespace, wanted)
    if found.config.workflow_execution_retention_ttl == wanted:
        return [f"namespace {namespace}: there"]
    config = NamespaceConfig(workflow_execution_retention_ttl=wanted)
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(namespace=namespace, config=config), timeout=CALL
    )
    return [f"namespace {namespace}: keeps what ended for {retention.days} days now"]


async def _new_namespace(client: Client, namespace: str, retention: Duration) -> list[str]:
    request = RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=retention)
    try:
        await client.workflow_service.register_namespace(request, timeout=CALL)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
    return [f"namespace {namespace}: made"]


async def _describe(client: Client, namespace: str) -> DescribeNamespaceResponse:
    request = DescribeNamespaceRequest(namespace=namespace)
    return await client.workflow_service.describe_namespace(request, timeout=CALL)


async def _attributes(client: Client, namespace: str, within: timedelta) -> list[str]:
    """Register what is missing, then wait until the engine takes a question with each of them."""
    sentence = "Temporal does not know all search attributes yet: repeat the command."
    known = await until(lambda: _known(client, namespace), lambda _: True, within, sentence)
    _refuse_other_types(known, namespace)
    missing = {name: kind for name, kind in WANTED.items() if name not in known}
    if missing:
        request = AddSearchAttributesRequest(
            namespace=namespace, search_attributes={name: _wire(kind) for name, kind in missing.items()}
        )
        await client.operator_service.add_search_attributes(request, timeout=CALL)
    await until(
        lambda: _known(client, namespace), lambda found: found.keys() >= WANTED.keys(), within, sentence
    )
    await until(lambda: _asked(client, namespace), bool, within, sentence)
    return [f"search attribute {name}: {'made' if name in missing else 'there'}" for name in WANTED]


def _wire(kind: SearchAttributeIndexedValueType) -> "IndexedValueType.ValueType":
    return IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{kind.name}")


async def _known(client: Client, namespace: str) -> dict[str, int]:
    request = ListSearchAttributesRequest(namespace=namespace)
    listed = await client.operator_service.list_search_attributes(request, timeout=CALL)
    return dict(listed.custom_attributes)


async def _asked(client: Client, namespace: str) -> bool:
    """Whether a question with every attribute is understood: workers would fail at one that is not."""
    query = " OR ".join(f"{name} IS NULL" for name in WANTED)
    request = CountWorkflowExecutionsRequest(namespace=namespace, query=query)
    await client.workflow_service.count_workflow_executions(request, timeout=CALL)
    return True


def _refuse_other_types(known: Mapping[str, int], namespace: str) -> None:
    wrong = [
        f"{name} is {SearchAttributeIndexedValueType(known[name]).name}, {kind.name} is needed"
        for name, kind in WANTED.items()
        if name in known and known[name] != kind
    ]
    if wrong:
        told = "; ".join(wrong)
        raise RefusedError(
            f"Search attributes of the namespace {namespace!r} are of another type ({told}): "
            "give Rescousse a namespace of its own"
        )
