"""`rescousse versions`: which versions of the workers the engine knows, and which one new demands begin with (ADR 33)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from temporalio.api.deployment.v1 import WorkerDeploymentInfo
from temporalio.api.enums.v1 import VersionDrainageStatus
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client

from ops.at_engine import CALL, RefusedError, obey, reach, read_settings, until
from settings import Settings

WITHIN_SECONDS = 60
ALL_PERCENT = 100
DRAINED = VersionDrainageStatus.VERSION_DRAINAGE_STATUS_DRAINED


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a deployment, as the engine knows it."""

    build_id: str
    part: str
    """What new workflows go to it: `current`, a share of them, or none."""
    open: int
    """Workflows that run on it and must end on it. Others move by themselves."""
    drained: bool
    """The engine's own word that nothing is open on it any more; it looks every few minutes."""

    @property
    def can_go(self) -> bool:
        """Whether its workers can be stopped: nothing begins with it, and nothing runs on it."""
        return self.part == "none" and self.open == 0


def show_command() -> None:
    """List the versions of the deployment of the settings, and which of them can go."""

    async def show() -> None:
        settings = read_settings()
        client = await reach(settings, CALL)
        table = Table(box=None)
        for column in ("version", "new workflows", "open", "its workers"):
            table.add_column(column)
        for one in await versions(client, _name(settings)):
            table.add_row(one.build_id, one.part, str(one.open), "can go" if one.can_go else "must stay")
        Console(highlight=False).print(table)

    obey(show)


def promote_command(
    build_id: Annotated[str, typer.Argument(metavar="VERSION", help="The version that its workers tell.")],
    percent: Annotated[
        int, typer.Option(min=1, max=ALL_PERCENT, help="What share of new demands it gets, to try it.")
    ] = ALL_PERCENT,
    within: Annotated[int, typer.Option(min=1, help="Seconds to wait for its workers.")] = WITHIN_SECONDS,
) -> None:
    """Let new demands begin with a version: all of them, or a share while it is tried.

    Its workers must be there already. Demands that run go on with their own version.
    """
    limit = timedelta(seconds=within)

    async def promote_it() -> None:
        settings = read_settings()
        client = await reach(settings, CALL)
        await promote(client, _name(settings), build_id, percent, limit)
        share = "every new demand begins" if percent == ALL_PERCENT else f"{percent} % of new demands begin"
        typer.echo(f"{share} with version {build_id} now")

    obey(promote_it)


async def versions(client: Client, deployment: str) -> list[Version]:
    """The versions of a deployment, the newest first. Raises RPCError when it is not known."""
    info = await _describe(client, deployment)
    routing, found = info.routing_config, []
    for summary in info.version_summaries:
        build_id = summary.deployment_version.build_id
        if build_id == routing.current_deployment_version.build_id:
            part = "current"
        elif build_id == routing.ramping_deployment_version.build_id:
            part = f"{routing.ramping_version_percentage:.0f} %"
        else:
            part = "none"
        open_now = await _open(client, deployment, build_id)
        found.append(Version(build_id, part, open_now, summary.drainage_status == DRAINED))
    return found


async def promote(client: Client, deployment: str, build_id: str, percent: int, within: timedelta) -> None:
    """Make a version the current one, or give it a share. Raises RefusedError when it has no workers in time."""
    sentence = f"Version {build_id!r} cannot be promoted: are its workers there (RESCOUSSE_WORKER_BUILD_ID)?"
    # Tried again: the engine refuses while a worker has not asked yet for each kind of work that the last version did.
    await until(lambda: _route(client, deployment, build_id, percent), bool, within, sentence)


async def _route(client: Client, deployment: str, build_id: str, percent: int) -> bool:
    service = client.workflow_service
    if percent == ALL_PERCENT:
        await service.set_worker_deployment_current_version(
            SetWorkerDeploymentCurrentVersionRequest(
                namespace=client.namespace, deployment_name=deployment, build_id=build_id
            ),
            timeout=CALL,
        )
    else:
        await service.set_worker_deployment_ramping_version(
            SetWorkerDeploymentRampingVersionRequest(
                namespace=client.namespace, deployment_name=deployment, build_id=build_id, percentage=percent
            ),
            timeout=CALL,
        )
    return True


async def _describe(client: Client, deployment: str) -> WorkerDeploymentInfo:
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=deployment)
    described = await client.workflow_service.describe_worker_deployment(request, timeout=CALL)
    return described.worker_deployment_info


async def _open(client: Client, deployment: str, build_id: str) -> int:
    query = (
        f"TemporalWorkerDeploymentVersion = '{deployment}:{build_id}'"
        " AND TemporalWorkflowVersioningBehavior = 'Pinned' AND ExecutionStatus = 'Running'"
    )
    request = CountWorkflowExecutionsRequest(namespace=client.namespace, query=query)
    counted = await client.workflow_service.count_workflow_executions(request, timeout=CALL)
    return counted.count


def _name(settings: Settings) -> str:
    if not settings.worker_deployment:
        raise RefusedError(
            "Workers tell no versions here: set RESCOUSSE_WORKER_DEPLOYMENT for them and for this."
        )
    return settings.worker_deployment
