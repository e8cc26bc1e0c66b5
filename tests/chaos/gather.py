"""Collects the evidence when everything is quiet: the journal, the read model and its fold, the engine."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.workflowservice.v1 import QueryWorkflowRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from ops.embedded.temporal import NAMESPACE
from storage import tables
from storage.engine import with_snapshots
from storage.projection import rebuild
from tests.chaos.evidence import Difference, Engagement, Line, Workflow
from workflows.ids import workflow_id

QUIET_S, QUIET_WITHIN_S, LOOK_EVERY_S = 2.0, 20.0, 0.5
AT_ONCE = 20
CALL = timedelta(seconds=5)
views = tables.demand_views
FOLDED = (
    views,
    tables.solicitations,
    tables.missions,
    tables.mission_steps,
    tables.alarms,
)
Rows = dict[tuple[str, str], dict[str, object]]


async def until_quiet(engine: AsyncEngine) -> bool:
    """Wait until the journal has not grown for a while."""
    last, since = -1, 0.0
    for _ in range(int(QUIET_WITHIN_S / LOOK_EVERY_S)):
        async with engine.connect() as connection:
            end = await connection.scalar(sa.select(sa.func.max(tables.journal.c.position))) or 0
        since = since + LOOK_EVERY_S if end == last else 0.0
        if since >= QUIET_S:
            return True
        last = end
        await asyncio.sleep(LOOK_EVERY_S)
    return False


async def picture(engine: AsyncEngine) -> tuple[list[Line], list[Engagement]]:
    """The journal in its order, and which vehicle is given to which mission: both of one moment."""
    columns, given = tables.journal.c, tables.engagements.c
    wanted = [columns[name] for name in Line.__slots__]
    async with with_snapshots(engine).connect() as connection:
        rows = await connection.execute(sa.select(*wanted).order_by(columns.position))
        lines = [_line(row) for row in rows.mappings()]
        held = await connection.execute(sa.select(given.vehicle_id, given.demand_id, given.mission_id))
        return lines, [Engagement(str(e.vehicle_id), str(e.demand_id), str(e.mission_id)) for e in held]


def _line(row: sa.RowMapping) -> Line:
    told: dict[str, object] = {str(name): value for name, value in row.items()}
    told["subject_id"] = str(told["subject_id"])
    told["samu_id"] = str(told["samu_id"]) if told["samu_id"] else None
    audience = told["audience"]
    told["audience"] = (
        frozenset(str(each) for each in audience) if isinstance(audience, list) else frozenset()
    )
    return Line(**told)  # type: ignore[arg-type]  # columns of these very names


# -- the fold --------------------------------------------------------------------------------------------------------


async def refold(engine: AsyncEngine, demands: Sequence[str]) -> tuple[int, list[Difference]]:
    """Fold every demand's journal again from nothing, each in a transaction that is taken back; how many rows were
    compared, and what differs. What a demand does meanwhile waits.
    """
    compared, found = 0, list[Difference]()
    for demand_id in demands:
        async with engine.connect() as connection:
            await connection.execute(
                sa.select(views.c.demand_id).where(_of(views, demand_id)).with_for_update()
            )
            before = await _rows(connection, demand_id)
            await rebuild(connection, UUID(demand_id))
            after = await _rows(connection, demand_id)
            await connection.rollback()
        compared += len(before)
        found += differences(demand_id, before, after)
    return compared, found


async def _rows(connection: AsyncConnection, demand_id: str) -> Rows:
    """Every row of the read model of one demand, by its table and key."""
    found: Rows = {}
    for table in FOLDED:
        for row in (await connection.execute(sa.select(table).where(_of(table, demand_id)))).mappings():
            key = " ".join(str(row[column.name]) for column in table.primary_key)
            found[table.name, key] = dict(row)
    return found


def _of(table: sa.Table, demand_id: str) -> sa.ColumnElement[bool]:
    wanted = UUID(demand_id)
    if table is tables.mission_steps:
        missions = tables.missions.c
        return table.c.mission_id.in_(sa.select(missions.id).where(missions.demand_id == wanted))
    return (table.c.subject_id if table is tables.alarms else table.c.demand_id) == wanted


def differences(demand_id: str, read: Rows, folded: Rows) -> list[Difference]:
    """What people read, held against the fold of the journal, row by row."""
    found = []
    for name, key in sorted(read.keys() | folded.keys()):
        one, other = read.get((name, key)), folded.get((name, key))
        if one != other:
            found.append(Difference(demand_id, f"{name} {key}: {_difference(one, other)}"))
    return found


def _difference(read: dict[str, object] | None, folded: dict[str, object] | None) -> str:
    if read is None or folded is None:
        return "is folded and not read" if read is None else "is read and not folded"
    return "; ".join(
        f"{name} is {read[name]!r} and folds to {folded[name]!r}"
        for name in read
        if read[name] != folded[name]
    )


# -- the engine ------------------------------------------------------------------------------------------------------


async def workflows(address: str, demands: Sequence[str]) -> tuple[dict[str, Workflow], dict[str, Workflow]]:
    """The workflow of each demand, and whatever else runs."""
    client, room = await Client.connect(address, namespace=NAMESPACE), asyncio.Semaphore(AT_ONCE)

    async def look(wanted: str) -> tuple[str, Workflow | None]:
        async with room:
            return wanted, await _workflow(client, wanted)

    of_demands = {workflow_id(UUID(each)): each for each in demands}
    found = dict(await asyncio.gather(*(look(each) for each in of_demands)))
    running = [each.id async for each in client.list_workflows("ExecutionStatus = 'Running'")]
    others = dict(await asyncio.gather(*(look(each) for each in running if each not in of_demands)))
    mine = {of_demands[each]: workflow for each, workflow in found.items() if workflow is not None}
    return mine, {each: workflow for each, workflow in others.items() if workflow is not None}


async def _workflow(client: Client, wanted: str) -> Workflow | None:
    """A workflow as the engine has it; none if it has none of this name. One that runs is asked something."""
    try:
        told = await client.get_workflow_handle(wanted).describe(rpc_timeout=CALL)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    status = told.status.name if told.status is not None else "UNKNOWN"
    pending = told.raw_description.pending_workflow_task
    if status != "RUNNING":
        return Workflow(status, pending.attempt)
    return Workflow(status, pending.attempt, await _answers(client, wanted), await _shows(client, wanted))


async def _answers(client: Client, wanted: str) -> bool:
    return await _query(client, wanted, "snapshot") is not None


async def _shows(client: Client, wanted: str) -> str:
    """The current details of a workflow, as they travel: perhaps sealed, so that only their presence is looked at."""
    return "something" if await _query(client, wanted, "__temporal_workflow_metadata") else ""


async def _query(client: Client, wanted: str, name: str) -> bytes | None:
    """Ask, without reading the answer: a deployment seals it. None if nobody answers."""
    request = QueryWorkflowRequest(
        namespace=NAMESPACE,
        execution=WorkflowExecution(workflow_id=wanted),
        query=WorkflowQuery(query_type=name),
    )
    try:
        told = await client.workflow_service.query_workflow(request, timeout=CALL)
    except RPCError:
        return None
    return b"".join(payload.data for payload in told.query_result.payloads)
