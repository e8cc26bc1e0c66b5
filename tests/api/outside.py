"""Where an operator stands: a watched API and a watched worker, whoever takes their traces, and their log lines."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError, WorkflowHistory
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from api.engine import TemporalEngine, Update
from domain.messages import FromOutside, Reply
from geo.straight import StraightTravel
from ops.embedded.ports import Wanted, find_free
from storage.engine import create_engine, in_use
from telemetry import logs
from telemetry.engine import ActivityFrame
from telemetry.process import Watched
from tests.api.caller import Json
from tests.fixtures.otlp import Collector, collecting
from tests.workflow.server import real_time
from worker import build_worker
from workflows.client import DATA_CONVERTER, demand_handle
from workflows.ids import workflow_id

WORDS = "Fable EXEMPLE said so"
"""The words of a failure."""
POOL = 5


@activity.defn(name="stumble")
async def stumble() -> None:
    logging.getLogger("rescousse.somewhere").warning("in an activity")
    if activity.info().attempt == 1:
        raise RuntimeError(WORDS)


@workflow.defn(name="Stumbling", sandboxed=False)
class Stumbling:
    """Fails in each way that an operator must hear of: an activity, a task, the whole."""

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(
            stumble,
            start_to_close_timeout=timedelta(seconds=5),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=10)),
        )
        workflow.logger.warning("in a workflow")
        if not STUMBLED:
            STUMBLED.append("once")
            raise RuntimeError(WORDS)
        raise ApplicationError(WORDS)


STUMBLED: list[str] = []
"""The task of the workflow fails when this is empty: it is tried again."""


class TalkingEngine(TemporalEngine):
    """Writes a line in the midst of a request, as anything may."""

    async def ask(self, demand_id: UUID, update: Update, message: FromOutside, update_id: str) -> Reply:
        logging.getLogger("rescousse.somewhere").warning("in a request")
        return await super().ask(demand_id, update, message, update_id)

    async def history(self, demand_id: UUID) -> WorkflowHistory:
        """What the engine keeps of a demand."""
        return await demand_handle(self._client, demand_id).fetch_history()


@dataclass(frozen=True, slots=True)
class Outside:
    """What is seen from there."""

    traces: Collector
    figures: str
    worker: Watched
    api: Watched
    written: io.StringIO = field(default_factory=io.StringIO)

    async def flush(self) -> None:
        """Have every trace sent."""
        for process in (self.worker, self.api):
            await asyncio.to_thread(process.close)

    async def page(self) -> str:
        """The worker's figures."""
        async with httpx.AsyncClient() as client:
            return (await client.get(self.figures)).text

    def lines(self, event: str) -> list[Json]:
        """The log lines that begin with this."""
        told = [json.loads(line) for line in self.written.getvalue().splitlines()]
        return [line for line in told if line["event"].startswith(event)]


@contextmanager
def standing_outside() -> Iterator[Outside]:
    [port] = find_free([Wanted(0, "figures", "")])
    address = f"127.0.0.1:{port}"
    with collecting() as traces:
        worker = Watched("rescousse-worker", metrics_address=address, traces_endpoint=traces.url)
        api = Watched("rescousse-api", traces_endpoint=traces.url)
        seen = Outside(traces, f"http://{address}/metrics", worker, api)
        handler = logs.handler(seen.written)
        logging.getLogger().addHandler(handler)
        try:
            yield seen
        finally:
            logging.getLogger().removeHandler(handler)


@asynccontextmanager
async def working(outside: Outside, database_url: str) -> AsyncIterator[tuple[AsyncEngine, TalkingEngine]]:
    """The server of the engine and a worker; what an API works with beside them."""
    own, api_pool = (
        process.database(create_engine(database_url, POOL)) for process in (outside.worker, outside.api)
    )
    queue, figures = f"seen-{uuid4()}", outside.worker.figures
    looking = asyncio.create_task(figures.look_for_ever(lambda: in_use(own), 0.1))
    try:
        async with real_time() as env:
            client, travel = await _client(env, outside.worker), StraightTravel(speed_kmh=70, detour=1.35)
            async with build_worker(client, own, travel, task_queue=queue, pool_size=POOL, figures=figures):
                await _stumble(client, outside)
                yield api_pool, TalkingEngine(await _client(env, outside.api), queue)
    finally:
        looking.cancel()
        for pool in (own, api_pool):
            await pool.dispose()


async def _client(env: WorkflowEnvironment, process: Watched) -> Client:
    return await Client.connect(
        env.client.service_client.config.target_host,
        data_converter=DATA_CONVERTER,
        interceptors=process.interceptors,
        runtime=process.runtime,
    )


async def _stumble(client: Client, outside: Outside) -> None:
    """Have everything fail that can, beside the demands, in a workflow with the id of a demand's."""
    queue, frame = f"stumbling-{uuid4()}", ActivityFrame(outside.worker.figures)
    STUMBLED.clear()
    async with Worker(
        client, task_queue=queue, workflows=[Stumbling], activities=[stumble], interceptors=[frame]
    ):
        with pytest.raises(WorkflowFailureError):
            await client.execute_workflow(Stumbling.run, id=workflow_id(UUID(int=7)), task_queue=queue)
