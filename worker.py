"""The worker process: builds the resources, registers workflows and activities, works until it is told to stop."""

import argparse
import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.common import MetricMeter
from temporalio.service import RPCError
from temporalio.worker import (
    PollerBehaviorAutoscaling,
    UnsandboxedWorkflowRunner,
    Worker,
    WorkerDeploymentConfig,
)

import processes
from activities.engagement import EngagementActivities
from activities.guard import GuardActivities
from activities.recording import RecordingActivities
from activities.search import SearchActivities
from connecting import engine_access
from geo.engines import make_travel
from geo.travel_time import Travel
from settings import Settings
from storage.engine import create_engine, in_use
from telemetry import logs
from telemetry.engine import ActivityFrame
from telemetry.figures import WorkerFigures
from telemetry.process import Watched
from workflows.client import EngineAccess, connect
from workflows.versioning import deployed_as, workflows_of

CACHED_WORKFLOWS = 2_000
"""Running demands kept in memory; beyond, a demand's history is replayed when something happens to it."""

STICKY_TIMEOUT = timedelta(seconds=3)
"""How long a demand waits for the worker that it was on, when that one has died (the SDK's default is 10 s)."""

GRACE = timedelta(seconds=20)
"""How long activities may take to end once the worker is told to stop."""

TRY_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 2.0

UNCOUNTED = WorkerFigures(MetricMeter.noop)
"""Of a worker that nobody watches."""

LOOK_SECONDS = 2.0
"""How old the gauges may be."""

Answer = TypeVar("Answer")

log: structlog.stdlib.BoundLogger = structlog.get_logger("rescousse.worker")


def build_worker(
    client: Client,
    engine: AsyncEngine,
    travel: Travel,
    *,
    task_queue: str,
    pool_size: int,
    deployment: WorkerDeploymentConfig | None = None,
    figures: WorkerFigures = UNCOUNTED,
) -> Worker:
    """A worker for every workflow and activity. `pool_size` is the number of the engine's connections.

    Twice as many activities as connections run at once: while one half waits for the database the other decodes,
    judges and answers.
    """
    return Worker(
        client,
        task_queue=task_queue,
        workflows=workflows_of(deployment),
        activities=[
            *SearchActivities(engine, travel).all(),
            *EngagementActivities(engine, travel).all(),
            *RecordingActivities(engine, figures).all(),
            *GuardActivities(engine).all(),
        ],
        # The sandbox loads workflows/ anew for each demand. What it can find is found by tests, which run in it (ADR 38).
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=CACHED_WORKFLOWS,
        max_concurrent_activities=2 * pool_size,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=GRACE,
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        deployment_config=deployment,
        interceptors=[ActivityFrame(figures)],
    )


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Wait for the database and for Temporal, work until `stop` is set, end what is being done, return."""
    travel = _travel(settings)
    watched = _watched(settings)
    engine = create_engine(settings.database_url, settings.database_pool_size, "rescousse worker")
    watched.database(engine)
    looking = asyncio.create_task(watched.figures.look_for_ever(lambda: in_use(engine), LOOK_SECONDS))
    try:
        worker = await _unless_stopped(_worker_when_ready(settings, engine, travel, watched), stop)
        if worker is None:
            return
        processes.spare_what_stays()
        async with worker, processes.beating(settings.worker_heartbeat_file):
            log.info("working", task_queue=settings.task_queue)
            await stop.wait()
            log.info("stopping")
    finally:
        looking.cancel()
        await engine.dispose()
        await asyncio.to_thread(watched.close)  # it may wait for whoever takes the traces


def _watched(settings: Settings) -> Watched:
    return Watched(
        "rescousse-worker",
        metrics_address=settings.metrics_address,
        traces_endpoint=settings.traces_endpoint,
        traces_ratio=settings.traces_ratio,
    )


def _travel(settings: Settings) -> Travel:
    """The engine of travel times. Raises SystemExit, with a sentence in the log, for files that cannot be used."""
    try:
        return make_travel(settings.travel_choice)
    except (ValueError, OSError) as error:  # BadGraphError, BadSpeedsError, a file that is not there
        log.error("no engine of travel times", why=str(error))
        raise SystemExit(1) from error


def _access(settings: Settings) -> EngineAccess:
    """The way to the engine. Raises SystemExit, with a sentence in the log, for certificates that cannot be used."""
    try:
        return engine_access(settings)
    except ValueError as error:
        log.error("no way to the engine", why=str(error))
        raise SystemExit(1) from error


async def _worker_when_ready(
    settings: Settings, engine: AsyncEngine, travel: Travel, watched: Watched
) -> Worker:
    await _until_it_answers("database", lambda: _ping(engine))
    access = _access(settings)
    client = await _until_it_answers(
        "Temporal", lambda: connect(access, interceptors=watched.interceptors, runtime=watched.runtime)
    )
    return build_worker(
        client,
        engine,
        travel,
        task_queue=settings.task_queue,
        pool_size=settings.database_pool_size,
        deployment=deployed_as(settings.worker_deployment, settings.worker_build_id),
        figures=watched.figures,
    )


async def _unless_stopped(doing: Coroutine[None, None, Answer], stop: asyncio.Event) -> Answer | None:
    """What it returns; None, and it is given up, when `stop` is set before."""
    task, stopped = asyncio.create_task(doing), asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if task.done():
        return task.result()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return None


async def _until_it_answers(what: str, attempt: Callable[[], Awaitable[Answer]]) -> Answer:
    """Try until it succeeds, with a pause that doubles up to LONGEST_PAUSE_SECONDS. Cancel it to give up."""
    pause = 0.1
    while True:
        try:
            async with asyncio.timeout(TRY_SECONDS):
                return await attempt()
        except (OSError, RuntimeError, RPCError, SQLAlchemyError) as error:
            log.warning("waiting", what=what, error=type(error).__name__, again_in_s=pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


async def _ping(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(sa.select(1))


async def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(settings, stop)


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python worker.py", description=__doc__).parse_args()
    the_settings = Settings()
    logs.configure(the_settings.log_level)
    processes.run(main(the_settings))
