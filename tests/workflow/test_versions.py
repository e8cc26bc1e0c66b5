"""Two versions of the workers at once, on Temporal's own server (ADR 33): a demand ends on the one it began with."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from bench.players import eventually
from ops.at_engine import RefusedError
from ops.versions import Version, promote, versions
from tests.unit.stories import vehicle
from tests.workflow.story import PASSED_THROUGH, Dispatch, Handle
from tests.workflow.world import World
from workflows.ids import PROBE_ID
from workflows.probe import ProbeWorkflow
from workflows.versioning import deployed_as, workflows_of

SOON = timedelta(seconds=30)
A, B = vehicle("A1"), vehicle("B1", "B")


class Deployment(Dispatch):
    """A deployment of its own, whose versions a test starts and stops."""

    def __init__(self, env: WorkflowEnvironment, world: World) -> None:
        super().__init__(env, world)
        self.name = f"rescousse-{uuid4().hex}"

    def version(self, build_id: str) -> Worker:
        """A worker of a version; of none, without a build id."""
        told = deployed_as(self.name if build_id else "", build_id)
        return Worker(
            self.env.client,
            task_queue=self.task_queue,
            workflows=workflows_of(told),
            activities=self.world.activities(),
            deployment_config=told,
            workflow_runner=SandboxedWorkflowRunner(
                restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
            ),
        )

    async def promote(self, build_id: str, percent: int = 100) -> None:
        await promote(self.env.client, self.name, build_id, percent, SOON)

    async def known(self) -> dict[str, Version]:
        return {one.build_id: one for one in await versions(self.env.client, self.name)}

    async def probe(self) -> "WorkflowHandle[ProbeWorkflow, None]":
        """What runs for ever."""
        probe_id = f"{PROBE_ID}-{self.name}"
        return await self.env.client.start_workflow(
            ProbeWorkflow.run, id=probe_id, task_queue=self.task_queue
        )


async def ran_on(handle: "Handle | WorkflowHandle[ProbeWorkflow, None]") -> str:
    """The version whose worker did the last task of a workflow; empty for none."""
    described = await handle.describe()
    version = described.raw_description.workflow_execution_info.versioning_info.deployment_version
    return str(version.build_id)


@pytest.fixture
async def deployment(env: WorkflowEnvironment) -> AsyncIterator[Deployment]:
    made = Deployment(env, World(A, B))
    yield made
    async for open_one in env.client.list_workflows(
        f"TaskQueue = '{made.task_queue}' AND ExecutionStatus = 'Running'"
    ):
        await env.client.get_workflow_handle(open_one.id).terminate()


async def test_a_demand_ends_on_the_version_that_it_began_with(deployment: Deployment) -> None:
    d = deployment
    async with d.version("1"):
        await d.promote("1")
        old = await d.post()
        probe = await d.probe()
        assert await probe.query(ProbeWorkflow.answers)
        await d.solicitation(old, A)
        async with d.version("2"):
            await d.promote("2", percent=30)
            assert (await d.known())["2"].part == "30 %"
            assert (await d.known())["1"].part == "current"
            await d.promote("2")
            new = await d.post()
            await d.solicitation(new, B)
            reply = await d.accept(old, A)
            assert (await ran_on(old), await ran_on(new)) == ("1", "2")
            assert not (await d.known())["1"].can_go
            await d.all_steps(old, reply.mission_id)
            await old.result()
            assert await ran_on(old) == "1"

            async def moved() -> bool:
                return (await d.known())["1"].can_go

            assert await probe.query(ProbeWorkflow.answers)
            await eventually(moved)
            assert (await d.known())["2"] == Version("2", "current", 1, drained=False)


async def test_workers_begin_to_tell_their_version_while_demands_run(deployment: Deployment) -> None:
    d = deployment
    async with d.version(""):
        before = await d.post()
        await d.solicitation(before, A)
        probe = await d.probe()
        assert await probe.query(ProbeWorkflow.answers), "workers without a version must tell the engine none"
        async with d.version("1"):
            await d.promote("1")
            after = await d.post()
            await d.solicitation(after, B)
    async with d.version("1"):
        reply = await d.accept(before, A)
        await d.all_steps(before, reply.mission_id)
        await before.result()
        assert await probe.query(ProbeWorkflow.answers)
        assert await ran_on(after) == "1"


async def test_a_version_without_workers_is_not_promoted(deployment: Deployment) -> None:
    with pytest.raises(RefusedError, match="Version '9' cannot be promoted: are its workers there"):
        await promote(deployment.env.client, deployment.name, "9", 100, timedelta(seconds=1))
