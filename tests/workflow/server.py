"""Temporal servers for tests, from the binaries that the locked packages ship."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.testing import WorkflowEnvironment

from ops.embedded.temporal import DYNAMIC_CONFIG
from workflows import search_attributes
from workflows.client import DATA_CONVERTER

BIN = Path(sys.executable).parent
"""Where the locked packages put their binaries."""

KEYWORD, KEYWORD_LIST, BOOL = (
    IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
)


@asynccontextmanager
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """The server that skips time, to record long stories. One a story: its clock is global.

    Not for tests: an update that meets a time skip sometimes breaks its history ("invalid history builder state").
    """
    async with await WorkflowEnvironment.start_time_skipping(
        data_converter=DATA_CONVERTER, test_server_existing_path=str(BIN / "temporal-test-server")
    ) as env:
        types = {"Company": KEYWORD_LIST, "NeedsAttention": BOOL}
        await env.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                search_attributes={key.name: types.get(key.name, KEYWORD) for key in search_attributes.ALL},
                namespace=env.client.namespace,
            )
        )
        yield env


@asynccontextmanager
async def real_time() -> AsyncIterator[WorkflowEnvironment]:
    """Temporal's own server, set as in production."""
    async with await WorkflowEnvironment.start_local(
        data_converter=DATA_CONVERTER,
        dev_server_existing_path=str(BIN / "temporal"),
        search_attributes=search_attributes.ALL,
        dev_server_extra_args=[
            part
            for key, value in DYNAMIC_CONFIG.items()
            for part in ("--dynamic-config-value", f"{key}={value}")
        ],
    ) as env:
        yield env
