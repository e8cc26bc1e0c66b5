"""Demands, missions and vehicles as the database has them: who waits and should not, who is held and should not be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.vocabulary import ENDED, DemandStatus
from ops.doctor.findings import Finding, first_few, soon, span, wrong
from ops.doctor.looking import RUNBOOK, Opened
from storage.tables import alarms, demand_views, demands, engagements, missions, vehicles

WAITS_TOO_LONG = timedelta(minutes=1)
"""A demand that the engine does not have after so long: the sweeper tries every second."""
OVERDUE = timedelta(seconds=30)
"""A tier ends when its time is over; a worker that comes back needs less than this."""
UNSEEN = timedelta(minutes=5)
MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """A demand, and since when it waits for what should have happened."""

    id: UUID
    reference: str
    status: str
    since: datetime
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A vehicle that is engaged for a mission that is over, or was never written; or whose mission has no engagement."""

    vehicle: str
    mission_id: UUID
    since: datetime
    over: bool
    """The mission has ended."""


@dataclass(frozen=True, slots=True)
class Ringing:
    """Alarms of a kind that nobody has seen."""

    kind: str
    count: int
    since: datetime


async def look(opened: Opened) -> Sequence[Finding]:
    """Demands that do not move."""
    assert opened.database is not None  # noqa: S101 - this look needs it
    async with opened.database.connect() as connection:
        waiting = [Waiting(*row) for row in await connection.execute(_not_started(opened.at))]
        silent = [Waiting(*row) for row in await connection.execute(_never_told(opened.at))]
        overdue = [Waiting(*row) for row in await connection.execute(_overdue(opened.at))]
        ringing = [Ringing(*row) for row in await connection.execute(_ringing(opened.at))]
    return [
        *judge_waiting(waiting, opened.at),
        *judge_silent(silent, opened.at),
        *judge_overdue(overdue, opened.at),
        *judge_ringing(ringing, opened.at),
    ]


async def look_at_vehicles(opened: Opened) -> Sequence[Finding]:
    """Vehicles that are held for nothing, and missions that hold none."""
    assert opened.database is not None  # noqa: S101 - this look needs it
    async with opened.database.connect() as connection:
        left = await _left_over(connection, opened.at)
        bare = [row.id for row in await connection.execute(_bare(opened.at))]
    return [*judge_left_over(left, opened.at), *judge_bare(bare)]


def judge_waiting(waiting: Sequence[Waiting], at: datetime) -> list[Finding]:
    """Accepted, and nobody looks for a vehicle."""

    def tell(one: Waiting) -> Finding:
        tried = f", tried {one.tries} times" if one.tries else ""
        return wrong(
            "demands",
            f"The demand {one.reference} ({one.id}) has waited for the engine for {span(at - one.since)}{tried}: "
            "nobody is asked.",
            "See that the engine and at least one API run: an API starts it by itself. Call companies by telephone.",
        )

    return first_few(waiting, tell, "demands wait for the engine")


def judge_silent(silent: Sequence[Waiting], at: datetime) -> list[Finding]:
    """Handed to the engine, and nothing of it was ever recorded."""

    def tell(one: Waiting) -> Finding:
        return wrong(
            "facts",
            f"The demand {one.reference} ({one.id}) was handed to the engine {span(at - one.since)} ago, and no fact "
            "of it was recorded since.",
            f"rescousse demand show {one.id}   and see that a worker runs",
        )

    return first_few(silent, tell, "demands of which nothing was recorded")


def judge_overdue(overdue: Sequence[Waiting], at: datetime) -> list[Finding]:
    """Not moving past their due time."""

    def tell(one: Waiting) -> Finding:
        return wrong(
            "demands",
            f"The demand {one.reference} ({one.id}) is {one.status}, which should have ended {span(at - one.since)} ago.",
            f"rescousse demand show {one.id}   then {RUNBOOK}#5-the-tier-hangs-then-nobody-decides",
        )

    return first_few(overdue, tell, "demands do not move")


def judge_ringing(ringing: Sequence[Ringing], at: datetime) -> Iterator[Finding]:
    """Alarms that nobody looks after."""
    for one in ringing:
        yield soon(
            "alarms",
            f"{one.count} alarms {one.kind} ring and nobody has seen them, the oldest for {span(at - one.since)}.",
            "Tell the SAMU's regulation room: its page shows them first.",
        )


def judge_left_over(held: Sequence[Held], at: datetime) -> list[Finding]:
    """Vehicles that nobody can be given."""

    def tell(one: Held) -> Finding:
        why = "which has ended" if one.over else "of which nothing was written"
        return wrong(
            "vehicles",
            f"The vehicle {one.vehicle} has been held for {span(at - one.since)} for the mission {one.mission_id}, {why}: "
            "it is not asked for anything else.",
            f"If no demand runs with that mission: DELETE FROM engagements WHERE mission_id = '{one.mission_id}';",  # noqa: S608 - told to a person
        )

    return first_few(held, tell, "vehicles are held for nothing")


def judge_bare(missions_: Sequence[UUID]) -> list[Finding]:
    """Missions whose vehicle could be given twice."""

    def tell(mission_id: UUID) -> Finding:
        return wrong(
            "vehicles",
            f"The mission {mission_id} is running and its vehicle is not held for it: it could be given twice.",
            f"Call the company, then read {RUNBOOK}",
        )

    return first_few(missions_, tell, "missions hold no vehicle")


_views, _posted = demand_views.c, demands.c


def _rows(since: sa.ColumnElement[Any], *more: sa.ColumnElement[Any]) -> sa.Select[Any]:
    columns: tuple[sa.ColumnElement[Any], ...] = (_posted.id, _posted.reference, _views.status, since, *more)
    known = demands.join(demand_views, _views.demand_id == _posted.id)
    return sa.select(*columns).select_from(known).order_by(since).limit(MOST_ROWS)


def _not_started(at: datetime) -> sa.Select[Any]:
    late = _posted.received_at < at - WAITS_TOO_LONG
    return _rows(_posted.received_at, _posted.start_tries).where(_posted.started_at.is_(None), late)


def _never_told(at: datetime) -> sa.Select[Any]:
    late = _posted.started_at < at - WAITS_TOO_LONG
    return _rows(_posted.started_at).where(_views.status == DemandStatus.RECEIVED, late)


def _overdue(at: datetime) -> sa.Select[Any]:
    searching = [status for status in DemandStatus if status.is_searching]
    late = _views.tier_deadline < at - OVERDUE
    return _rows(_views.tier_deadline).where(_views.status.in_(searching), late)


def _ringing(at: datetime) -> sa.Select[Any]:
    unseen = alarms.c.closed_at.is_(None), alarms.c.seen_at.is_(None), alarms.c.raised_at < at - UNSEEN
    columns = alarms.c.kind, sa.func.count(), sa.func.min(alarms.c.raised_at)
    return sa.select(*columns).where(*unseen).group_by(alarms.c.kind).order_by(alarms.c.kind)


async def _left_over(connection: AsyncConnection, at: datetime) -> list[Held]:
    columns = (
        vehicles.c.name,
        engagements.c.mission_id,
        engagements.c.engaged_at,
        missions.c.ended_at.is_not(None),
    )
    known = engagements.join(vehicles, vehicles.c.id == engagements.c.vehicle_id)
    known = known.outerjoin(missions, missions.c.id == engagements.c.mission_id)
    over = sa.or_(missions.c.id.is_(None), missions.c.ended_at < at - WAITS_TOO_LONG)
    query = sa.select(*columns).select_from(known)
    query = query.where(over, engagements.c.engaged_at < at - WAITS_TOO_LONG)
    return [Held(*row) for row in await connection.execute(query.limit(MOST_ROWS))]


def _bare(at: datetime) -> sa.Select[Any]:
    running = missions.join(demand_views, _views.mission_id == missions.c.id)
    query = sa.select(missions.c.id).select_from(
        running.outerjoin(engagements, engagements.c.mission_id == missions.c.id)
    )
    late = missions.c.assigned_at < at - WAITS_TOO_LONG
    is_open = _views.status.not_in(ENDED), missions.c.ended_at.is_(None), engagements.c.mission_id.is_(None)
    return query.where(*is_open, late).limit(MOST_ROWS)
