"""Which version of the code a workflow runs on, where workers of two versions work at once (ADR 33)."""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import WorkerDeploymentConfig

with workflow.unsafe.imports_passed_through():
    from domain.guard_messages import GuardEnd, GuardPeriod
    from workflows.demand import DemandWorkflow
    from workflows.guard_watch import GuardWatchWorkflow
    from workflows.probe import ProbeWorkflow


@workflow.defn(name="GuardWatch", versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class MovingGuardWatch(GuardWatchWorkflow):
    """A watch that goes on with the current version: it takes days, and would hold every version that it saw."""

    @workflow.run
    async def run(self, period: GuardPeriod) -> GuardEnd:
        """As the watch does."""
        return await super().run(period)


@workflow.defn(name="Probe", versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class MovingProbe(ProbeWorkflow):
    """A probe that goes on with the current version: it never ends."""

    @workflow.run
    async def run(self) -> None:
        """As the probe does."""
        await super().run()


def workflows_of(deployment: WorkerDeploymentConfig | None) -> Sequence[type]:
    """The workflows of a worker. A behaviour may be told by workers of a deployment only: the engine refuses every
    task of the others that does.
    """
    if deployment is None:
        return DemandWorkflow, GuardWatchWorkflow, ProbeWorkflow
    return DemandWorkflow, MovingGuardWatch, MovingProbe


def deployed_as(deployment: str, build_id: str) -> WorkerDeploymentConfig | None:
    """How a worker tells the engine which version it runs; None for no deployment: then it tells nothing.

    A demand ends on the version that it began with: it takes hours at most. What runs for days moves to the current
    version, and changes by `workflow.patched` as without versions.
    """
    if not deployment:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=deployment, build_id=build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.PINNED,
    )
