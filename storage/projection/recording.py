"""Writes facts: the read model first, the journal last, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.duty_facts import DutyFact
from domain.facts import DemandReceived, Fact, MissionEnded
from domain.messages import FactBatch
from domain.vocabulary import AlarmKind, DemandStatus, MissionEndReason, ShiftEnd
from storage import alarms, duty, guard, journal, tables
from storage.bulk import insert_rows, update_rows
from storage.projection import demand_facts, mission_facts, solicitation_facts
from storage.projection.draft import Changes, Draft
from storage.projection.fold import fold

views, missions = tables.demand_views, tables.missions

FOLDS = (demand_facts, mission_facts, solicitation_facts)
"""Importing them registers what they fold."""


class FactsMissingError(Exception):
    """Facts of a demand came before the ones that precede them: whoever numbered or sent them is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a batch added to the journal, and how its demand stood before."""

    facts: Sequence[Fact] = ()
    received_at: datetime | None = None
    """When the demand was received; none before its first fact."""
    nobody_was_asked: bool = False
    """It waited for its first solicitation, or for the first of another round."""
    had_mission: bool = False


async def record(connection: AsyncConnection, batch: FactBatch, *, is_new: bool = False) -> list[Fact]:
    """As :func:`record_batch`; the facts that were new.

    ``is_new`` when the demand was written in this very transaction: nobody else can know it, and nothing is locked.
    """
    if is_new:
        recorded = await _record(connection, batch, Draft(batch.demand_id, batch.samu_id), 0)
    else:
        recorded = await record_batch(connection, batch)
    return list(recorded.facts)


async def record_batch(connection: AsyncConnection, batch: FactBatch) -> Recorded:
    """Fold the facts that are new into the read model, append them to the journal, and tell what was added.

    Repeating a batch, or writing it twice at the same time, changes nothing. Call it last in its transaction.
    Raises FactsMissingError if the first new fact does not follow the last one recorded.

    The order matters. The lock on the demand tells what is new and keeps its other writers out; it is held while
    the read model is written, which disturbs nobody else. The journal's lock stops every other demand from being
    recorded: it is taken last, for one statement and the commit.
    """
    draft, version = await _lock(connection, batch)
    return await _record(connection, batch, draft, version)


async def _record(connection: AsyncConnection, batch: FactBatch, draft: Draft, version: int) -> Recorded:
    new = [fact for fact in batch.facts if fact.seq > version]
    if not new:
        return Recorded()
    _refuse_holes(batch.demand_id, version, new)
    nobody_was_asked, had_mission = draft.status is DemandStatus.RECEIVED, draft.mission_id is not None
    await _project(connection, draft, new)
    await alarms.fold_demand(connection, batch.demand_id, batch.samu_id, new)
    await _take_out_of_service(connection, new)
    added = await journal.append(connection, batch.demand_id, batch.samu_id, new)
    return Recorded(
        facts=added,
        received_at=draft.received_at,
        nobody_was_asked=nobody_was_asked,
        had_mission=had_mission,
    )


async def rebuild(connection: AsyncConnection, demand_id: UUID) -> None:
    """Fold a demand's journal again from nothing: the repair, should the read model ever differ from it."""
    found = sa.select(views.c.samu_id).where(views.c.demand_id == demand_id).with_for_update()
    samu_id = (await connection.execute(found)).scalar_one()
    of_demand = sa.select(missions.c.id).where(missions.c.demand_id == demand_id)
    steps = tables.mission_steps
    await connection.execute(sa.delete(steps).where(steps.c.mission_id.in_(of_demand)))
    for table in (missions, tables.solicitations, views):
        await connection.execute(sa.delete(table).where(table.c.demand_id == demand_id))
    await alarms.forget_demand(connection, demand_id)
    facts = await journal.facts_of(connection, demand_id)
    await _project(connection, Draft(demand_id, samu_id), facts)
    await alarms.fold_demand(connection, demand_id, samu_id, facts)


async def _lock(connection: AsyncConnection, batch: FactBatch) -> tuple[Draft, int]:
    """Keep other writers of this demand out; return its state, and the number of its last fact (0 for none)."""
    found = (await connection.execute(_STATE, {"demand": batch.demand_id})).one_or_none()
    if found is None:  # no row to lock yet: two writers of the first fact meet here
        key = sa.cast(batch.demand_id.int % 2**63, sa.BigInteger)
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
        found = (await connection.execute(_STATE, {"demand": batch.demand_id})).one_or_none()
    draft = Draft(batch.demand_id, batch.samu_id)
    if found is None:
        return draft, 0
    draft.status, draft.mission_id = DemandStatus(found.status), found.mission_id
    draft.received_at = found.received_at
    draft.alarm = AlarmKind(found.alarm) if found.alarm else None
    draft.acknowledged_late = bool(found.acknowledged_late)
    return draft, found.version


_STATE = (
    sa.select(
        *(views.c.version, views.c.status, views.c.mission_id, views.c.received_at),
        *(missions.c.alarm, missions.c.acknowledged_late),
    )
    .select_from(views.outerjoin(missions, missions.c.id == views.c.mission_id))
    .where(views.c.demand_id == sa.bindparam("demand", type_=views.c.demand_id.type))
    .with_for_update(of=views)
)


def _refuse_holes(demand_id: UUID, version: int, new: Sequence[Fact]) -> None:
    expected = range(version + 1, version + 1 + len(new))
    if [fact.seq for fact in new] != list(expected):
        given = f"{new[0].seq} to {new[-1].seq}"
        raise FactsMissingError(f"demand {demand_id}: facts {given} cannot follow fact {version}")


async def _project(connection: AsyncConnection, draft: Draft, new: Sequence[Fact]) -> None:
    for fact in new:
        fold(fact.body, fact.at, draft)
    await _write_view(connection, draft, new)
    for changes in (draft.solicitations, draft.missions, draft.steps):
        await _write(connection, changes)
    await _release(connection, draft)


async def _release(connection: AsyncConnection, draft: Draft) -> None:
    """Free the vehicles of missions that ended; a demand that ended holds none, whatever mission it was engaged for.

    An acceptance that is still under way then finds its demand closed, and gives its vehicle back itself.
    """
    engagements = tables.engagements
    if draft.status is not None and draft.status.has_ended:
        held = engagements.c.demand_id == draft.demand_id
    elif draft.released:
        held = engagements.c.mission_id.in_(draft.released)
    else:
        return
    await connection.execute(sa.delete(engagements).where(held))


async def _take_out_of_service(connection: AsyncConnection, new: Sequence[Fact]) -> None:
    """A vehicle that broke down is not available to anybody until its company ticks it again (rule 92).

    Neither is it on guard. Only when the fact is new: to fold a journal again must not take a repaired vehicle away.
    """
    told: list[DutyFact] = []
    for fact in new:
        body = fact.body
        if isinstance(body, MissionEnded) and body.reason is MissionEndReason.BREAKDOWN:
            vehicles = tables.vehicles
            unticked = sa.update(vehicles).where(vehicles.c.id == body.vehicle_id).values(available=False)
            # The guard's periods are locked before the vehicle, as by whoever opens or ends a guard.
            told += await _end_guard(connection, body, fact.at)
            await connection.execute(unticked)
    await duty.tell(connection, told)


async def _end_guard(connection: AsyncConnection, broken: MissionEnded, at: datetime) -> list[DutyFact]:
    shifts = tables.guard_shifts
    on_guard = sa.select(shifts.c.id).where(
        shifts.c.vehicle_id == broken.vehicle_id, shifts.c.closed_at.is_(None)
    )
    told: list[DutyFact] = []
    for shift_id in list(await connection.scalars(on_guard.order_by(shifts.c.opened_at))):
        told += await guard.close_shift(connection, shift_id, at, ShiftEnd.BREAKDOWN, broken.by)
    return told


async def _write_view(connection: AsyncConnection, draft: Draft, new: Sequence[Fact]) -> None:
    columns = draft.view_columns(new[-1].seq)
    if isinstance(new[0].body, DemandReceived):
        await connection.execute(sa.insert(views).values(columns))
    else:
        await connection.execute(sa.update(views).where(views.c.demand_id == draft.demand_id).values(columns))


async def _write(connection: AsyncConnection, changes: Changes) -> None:
    await insert_rows(connection, changes.table, list(changes.new.values()))
    for rows in changes.updates():
        await update_rows(connection, changes.table, changes.key, rows)
