"""Temporal's own server, a worker with the real workflow, and a world in memory."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.workflow.server import real_time
from tests.workflow.story import Dispatch
from tests.workflow.world import World


@pytest.fixture(scope="session")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    """The server that runs in production, with a real clock: the policies of these tests are short."""
    async with real_time() as started:
        yield started


@pytest.fixture
def dispatch(env: WorkflowEnvironment) -> Callable[..., object]:
    """``async with dispatch(world) as d``: a worker runs, and ``d`` speaks to demands."""

    @asynccontextmanager
    async def start(world: World, *, cached: int = 100) -> AsyncIterator[Dispatch]:
        told = Dispatch(env, world)
        async with told.worker(cached=cached):
            yield told

    return start
