"""Writes what happens in a story to the database, as the recorder of a workflow does, and compares."""

from datetime import timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.facts import DemandReceived, Fact
from domain.messages import FactBatch
from domain.solicitation import Solicitation
from storage import tables
from storage.projection import record
from tests.unit.stories import Story

VIEW_TABLES = (tables.demand_views, tables.solicitations, tables.missions, tables.alarms)


class Telling:
    """A story whose facts are recorded."""

    def __init__(self, engine: AsyncEngine, story: Story) -> None:
        self.engine = engine
        self.story = story
        self.case = story.demand.case
        self.told = 0

    def batch(self) -> FactBatch:
        """The facts that were not recorded yet."""
        facts = [self.first(), *self.story.facts][self.told :]
        return FactBatch(demand_id=self.case.id, samu_id=self.case.samu_id, facts=tuple(facts))

    def first(self) -> Fact:
        """What the API writes itself."""
        body = DemandReceived(
            reference="DRM-1",
            max_delay_minutes=40,
            volume=self.case.volume,
            place=self.case.place,
            deadline=self.case.received_at + timedelta(minutes=40),
        )
        return Fact(seq=1, at=self.case.received_at, body=body)

    async def tell(self) -> list[Fact]:
        """Record what is new, then hold the read model against the domain."""
        batch = self.batch()
        async with self.engine.begin() as connection:
            new = await record(connection, batch)
        self.told += len(batch.facts)
        await self.compare()
        return new

    async def compare(self) -> None:
        """The read model says what the domain says."""
        async with self.engine.connect() as connection:
            view = (await connection.execute(sa.select(tables.demand_views))).mappings().one()
            rows = (await connection.execute(sa.select(tables.solicitations))).mappings().all()
            mission = await connection.execute(sa.select(tables.missions).where(_running()))
            alarms = list(await connection.execute(sa.select(tables.alarms)))
        case = self.case
        assert view["version"] == case.ledger.next_seq - 1
        assert view["status"] == case.status
        assert view["deadline"] == case.deadline
        assert view["revision"] == case.revision
        if case.is_open:
            assert view["tier_deadline"] == case.search.tier_deadline
            assert view["mission_id"] == (case.mission.id if case.mission else None)
        promised = case.book.get(case.search.promised) if case.search.promised else None
        accepted = promised.promise if promised else None
        assert {row["id"]: _row(row) for row in rows} == {
            each.id: _asked(each, accepted) for each in case.book
        }
        running = [(row.id, row.step, row.vehicle_id, row.deadline) for row in mission]
        expected = case.mission and (
            case.mission.id,
            case.mission.step,
            case.mission.vehicle_id,
            case.mission.deadline,
        )
        assert running == ([expected] if expected else [])
        standing = {
            (row.id, row.kind, row.level, row.seen_at is not None) for row in alarms if not row.closed_at
        }
        assert standing == {(a.id, a.kind, a.level, a.seen) for a in case.alarms.standing.values()}
        assert len(alarms) == case.alarms.raised


def _running() -> sa.ColumnElement[bool]:
    return tables.missions.c.ended_at.is_(None)


def _row(row: sa.RowMapping) -> tuple[object, ...]:
    names = (
        "state",
        "answer_before",
        "answered_at",
        "eta_minutes",
        "counter_delay_minutes",
        "counter_refused",
    )
    return tuple(row[name] for name in names)


def _asked(each: Solicitation, accepted: UUID | None) -> tuple[object, ...]:
    """As the read model has it; ``accepted`` is the promise that the SAMU waits to see kept."""
    return (
        each.state,
        each.answer_before,
        each.answered_at,
        each.candidate.eta_minutes,
        each.counter_delay_minutes,
        each.counter_settled or each.counter_won or each.id == accepted,
    )


async def read_model(connection: AsyncConnection) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the read model, in order."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for table in (*VIEW_TABLES, tables.mission_steps):
        rows = await connection.execute(sa.select(table).order_by(*table.primary_key))
        found[table.name] = [tuple(row) for row in rows]
    return found


def other_demand(batch: FactBatch) -> FactBatch:
    """The same facts for another demand."""
    return batch.model_copy(update={"demand_id": uuid4()})
