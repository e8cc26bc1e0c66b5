"""The embedded engine, for real: what it was started with, and that it comes back when it is killed."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from ops.at_engine import RefusedError
from ops.embedded import temporal
from ops.embedded.datadir import hold
from ops.embedded.ports import HOST, Wanted, find_free
from ops.embedded.supervisor import Keeper, Supervisor, wait_until
from ops.register import registered
from tests.ops.support import eventually

DEPLOYED = Path(__file__).parents[2] / "deploy" / "temporal" / "dynamicconfig.yaml"


class Engine:
    """A server that is kept alive, and the client that saw it last."""

    def __init__(self, address: str, keeper: Keeper) -> None:
        self.address = address
        self.keeper = keeper
        self.client: Client | None = None

    async def answers(self) -> bool:
        self.client = await temporal.connect(self.address)
        return self.client is not None

    async def wait(self) -> Client:
        await wait_until(self.answers, [self.keeper], 30, "Temporal")
        assert self.client is not None
        return self.client


@asynccontextmanager
async def running(root: Path) -> AsyncIterator[Engine]:
    with hold(root) as data:
        port, ui_port = find_free([Wanted(0, "Temporal", "-"), Wanted(0, "UI", "-")])
        supervisor = Supervisor(lambda _: None, lambda: None)
        [keeper] = supervisor.start([temporal.server(data, port, ui_port)])
        try:
            yield Engine(f"{HOST}:{port}", keeper)
        finally:
            await supervisor.stop()


async def test_operators_can_search_and_demands_are_kept_a_week(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        client = await engine.wait()
        await temporal.set_retention(client)
        first = engine.keeper.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert await eventually(lambda: engine.keeper.pid != first) < 1
        await _is_ours(await engine.wait())
    async with running(tmp_path) as engine:
        await _is_ours(await engine.wait())
        assert await temporal.workers_polling(await engine.wait(), "nobody") == 0


async def _is_ours(client: Client) -> None:
    described = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace="default")
    )
    retention = described.config.workflow_execution_retention_ttl
    assert timedelta(seconds=retention.seconds) == temporal.RETENTION
    request = ListSearchAttributesRequest(namespace="default")
    registered = (await client.operator_service.list_search_attributes(request)).custom_attributes
    assert set(temporal.SEARCH_ATTRIBUTES) <= set(registered)


def test_a_deployed_engine_is_set_as_the_embedded_one() -> None:
    deployed = yaml.safe_load(DEPLOYED.read_text())
    assert {key: str(only["value"]) for key, [only] in deployed.items()} == temporal.DYNAMIC_CONFIG


async def test_an_engine_that_is_not_there_does_not_answer() -> None:
    [port] = find_free([Wanted(0, "nobody", "-")])
    assert await temporal.connect(f"{HOST}:{port}") is None


def test_a_missing_program_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from ops.embedded.errors import StartError

    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StartError, match="Temporal is not installed"):
        temporal.find_binary()


async def test_a_deployed_engine_is_made_ready_and_again_nothing_changes(tmp_path: Path) -> None:
    """`rescousse register`, as the compose file runs it: a namespace of its own, three days, what operators search by."""
    kept, limit = timedelta(days=3), timedelta(seconds=90)
    async with running(tmp_path) as engine:
        client = await engine.wait()
        with pytest.raises(RefusedError, match="no namespace 'apart'"):
            await registered(client, "apart", None, timedelta(seconds=0.1))
        first = await registered(client, "apart", kept, limit)
        again = await registered(client, "apart", kept, limit)
        longer = await registered(client, "apart", 2 * kept, limit)
    assert first[0] == "namespace apart: made"
    assert {line.rsplit(" ", 1)[1] for line in first} == {"made"}
    assert {line.rsplit(" ", 1)[1] for line in again} == {"there"}
    assert longer[0] == "namespace apart: keeps what ended for 6 days now"
