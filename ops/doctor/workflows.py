"""Demands as the engine has them: which of them fail again and again, and which the database sees otherwise."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from domain.vocabulary import ENDED
from ops.doctor.findings import Finding, first_few, note, span, wrong
from ops.doctor.looking import RUNBOOK, Opened
from storage.tables import demand_views, demands, guard_periods
from storage.watches import AHEAD
from workflows.ids import guard_watch_id, workflow_id

CALL = timedelta(seconds=2)
TASK = "workflow task"
MOST_LISTED = 2_000
MOST_DESCRIBED = 200
AT_ONCE = 20
TRIED_OFTEN = 3
TASK_WAITS = timedelta(seconds=15)
"""A workflow task that nobody took: a worker that died is given up after three seconds."""
SETTLED = timedelta(seconds=30)
"""The engine's lists are a little behind; whatever changed a moment ago is not held against them."""
RUNNING = "ExecutionStatus = 'Running' AND WorkflowType IN ('Demand', 'GuardWatch', 'Probe')"
REPORTED = f"{RUNNING} AND TemporalReportedProblems IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a running workflow cannot get done."""

    workflow_id: str
    what: str
    """``workflow task``, or the name of an activity."""
    attempt: int
    since: datetime
    failure: str = ""
    """The type of the last failure. Its text is not shown: nobody knows what stands in it."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A workflow and its row that do not say the same."""

    workflow_id: str
    engine: str
    """``RUNNING``, how it ended, or ``UNKNOWN``."""
    database: str
    """``open``, ``ended``, ``unknown``, or ``watched`` for a guard period."""


async def look(opened: Opened) -> Sequence[Finding]:
    """What fails in running workflows."""
    assert opened.engine is not None  # noqa: S101 - this look needs it
    reported = await _listed(opened.engine, REPORTED, MOST_DESCRIBED)
    running = await _listed(opened.engine, RUNNING, MOST_LISTED)
    chosen = list(dict.fromkeys([*reported, *running]))
    described = await _described(opened.engine, chosen[:MOST_DESCRIBED])
    troubles = [each for one in described.values() if one is not None for each in troubles_of(one)]
    left = len(chosen) - MOST_DESCRIBED
    found = judge_troubles(troubles, opened.at)
    if left > 0:
        found.append(note("demands", f"{left} more demands run: those were not looked at one by one."))
    return found


async def look_at_both(opened: Opened) -> Sequence[Finding]:
    """What the database and the engine see otherwise. Suspects are asked for one by one: lists are a little behind."""
    client, database = opened.engine, opened.database
    assert client is not None  # noqa: S101 - this look needs both
    assert database is not None  # noqa: S101
    running = set(await _listed(client, RUNNING, MOST_LISTED))
    rows = await _rows(database, opened.at)
    suspects = [name for name in rows if name not in running]
    strays = [name for name in running if name.startswith("demand-") and name not in rows]
    engine = await _described(client, [*suspects, *strays][:MOST_DESCRIBED])
    now = await _states(database, opened.at, [*suspects, *strays])
    return judge_disagreements(
        [
            Disagreement(name, _status(one), now.get(name, "unknown"))
            for name, one in engine.items()
            if not _just_ended(one, opened.at)
        ]
    )


def judge_troubles(troubles: Sequence[Trouble], at: datetime) -> list[Finding]:
    """Tried again and again, or waiting for nobody."""
    waiting = [one for one in troubles if not one.failure and one.attempt < TRIED_OFTEN]
    failing = [one for one in troubles if one not in waiting]

    def tell(one: Trouble) -> Finding:
        why = f"; the last failure is a {one.failure}" if one.failure else ""
        part = "facts" if one.what == "record" else "demands"
        chapter = "#3-new-code-fails" if one.what == TASK else "#2-an-activity-fails-again-and-again"
        return wrong(
            part,
            f"{one.workflow_id}: the {one.what} has been tried {one.attempt} times in {span(at - one.since)}{why}.",
            f"Look into the workers' logs for {one.workflow_id}; then {RUNBOOK}{chapter}",
        )

    found = first_few(failing, tell, "are tried again and again")
    if waiting:
        oldest = min(one.since for one in waiting)
        sentence = (
            f"{len(waiting)} demands or watches wait for a worker, the first for {span(at - oldest)}: they do not "
            "move."
        )
        found.append(
            wrong("workers", sentence, "Start a worker, or restart one that hangs: nothing is lost by it.")
        )
    return found


def judge_disagreements(pairs: Sequence[Disagreement]) -> list[Finding]:
    """Which of them are wrong, and what they mean."""
    bad = [(one, sentence) for one in pairs if (sentence := _meaning(one))]

    def tell(case: tuple[Disagreement, str]) -> Finding:
        one, sentence = case
        return wrong(
            "demands",
            sentence,
            f"See {one.workflow_id} in Temporal's web UI; then {RUNBOOK}#and-when-the-engine-was-restored",
        )

    return first_few(bad, tell, "are not the same in database and engine")


def _meaning(one: Disagreement) -> str | None:
    """One sentence; none when both agree."""
    if one.engine == "RUNNING":
        unknown = "the database has never heard of it: was it restored from an older backup?"
        told = {"ended": "the database says that it has ended", "unknown": unknown}.get(one.database)
        return told and f"The engine runs {one.workflow_id}, and {told}."
    if one.database not in {"open", "watched"}:
        return None
    what = "has never heard of it" if one.engine == "UNKNOWN" else f"says {one.engine}"
    return f"{one.workflow_id} is {one.database} in the database, and the engine {what}: nothing moves it any more."


def troubles_of(told: DescribeWorkflowExecutionResponse) -> Iterator[Trouble]:
    """What a workflow cannot get done, by its own account."""
    name = told.workflow_execution_info.execution.workflow_id
    task = told.pending_workflow_task
    if told.HasField("pending_workflow_task"):
        since = (task.original_scheduled_time if task.attempt > 1 else task.scheduled_time).ToDatetime(
            tzinfo=UTC
        )
        if task.attempt >= TRIED_OFTEN or datetime.now(UTC) - since > TASK_WAITS:
            yield Trouble(name, TASK, task.attempt, since)
    for activity in told.pending_activities:
        if activity.attempt >= TRIED_OFTEN:
            failure = activity.last_failure
            kind = failure.application_failure_info.type or failure.WhichOneof("failure_info") or "failure"
            since = activity.scheduled_time.ToDatetime(tzinfo=UTC)
            yield Trouble(name, activity.activity_type.name, activity.attempt, since, kind)


async def _listed(client: Client, query: str, most: int) -> list[str]:
    found = client.list_workflows(query, page_size=min(most, 1000), limit=most, rpc_timeout=CALL)
    return [one.id async for one in found]


async def _described(
    client: Client, names: Iterable[str]
) -> dict[str, DescribeWorkflowExecutionResponse | None]:
    """Each of them, described; null for what the engine does not know."""
    at_once = asyncio.Semaphore(AT_ONCE)

    async def describe(name: str) -> DescribeWorkflowExecutionResponse | None:
        async with at_once:
            try:
                return (await client.get_workflow_handle(name).describe(rpc_timeout=CALL)).raw_description
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return None
                raise

    asked = list(names)
    return dict(zip(asked, await asyncio.gather(*(describe(name) for name in asked)), strict=True))


def _status(told: DescribeWorkflowExecutionResponse | None) -> str:
    return WorkflowExecutionStatus(told.workflow_execution_info.status).name if told else "UNKNOWN"


def _just_ended(told: DescribeWorkflowExecutionResponse | None, at: datetime) -> bool:
    if told is None or not told.workflow_execution_info.HasField("close_time"):
        return False
    return at - told.workflow_execution_info.close_time.ToDatetime(tzinfo=UTC) < SETTLED


async def _rows(database: AsyncEngine, at: datetime) -> dict[str, str]:
    """What the engine should run: demands and watches that were given to it a while ago and are not over."""
    known = demand_views.join(demands, demands.c.id == demand_views.c.demand_id)
    started = demands.c.started_at < at - SETTLED
    given = sa.select(demands.c.id).select_from(known).where(started, demand_views.c.status.not_in(ENDED))
    period = guard_periods.c
    watched = sa.select(period.id).where(
        period.watched_at < at - SETTLED, period.withdrawn_at.is_(None), period.ends_at > at
    )
    async with database.connect() as connection:
        running = await connection.scalars(given.limit(MOST_LISTED))
        found = {workflow_id(one): "open" for one in running}
        watches = await connection.scalars(watched.where(period.starts_at < at + AHEAD).limit(MOST_LISTED))
        return found | {guard_watch_id(one): "watched" for one in watches}


async def _states(database: AsyncEngine, at: datetime, names: Sequence[str]) -> dict[str, str]:
    """The suspects once more, read after the engine was asked."""
    still = await _rows(database, at)
    ids = [UUID(name.removeprefix("demand-")) for name in names if name.startswith("demand-")]
    view = demand_views.c
    query = sa.select(view.demand_id, view.status, view.ended_at).where(view.demand_id.in_(ids))
    async with database.connect() as connection:
        for row in await connection.execute(query):
            settled = row.ended_at is not None and at - row.ended_at > SETTLED
            still.setdefault(workflow_id(row.demand_id), "ended" if settled else "fresh")
    return still
