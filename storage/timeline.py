"""The journal as callers read it: in order, within the scope of who asks."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.vocabulary import Subject
from storage.tables import journal
from storage.views import Scope, made


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One fact of the journal. ``position`` orders all of them, ``seq`` those of its subject."""

    position: int
    subject: str
    subject_id: UUID
    seq: int
    kind: str
    at: datetime
    recorded_at: datetime
    data: dict[str, JsonValue]

    @property
    def demand_id(self) -> UUID | None:
        """The demand that it is about, if it is about one."""
        return self.subject_id if self.subject == Subject.DEMAND else None


_LINE = sa.select(*(journal.c[name] for name in JournalLine.__slots__))


def _may_see_fact(scope: Scope) -> sa.ColumnElement[bool]:
    """A SAMU sees all of its own; a company sees the facts that it is in the audience of."""
    if scope.everything:
        return sa.true()
    if scope.company_id is not None:
        return journal.c.audience.contains([scope.company_id])
    if scope.samu_id is None:
        return sa.false()  # compared with null, a company's facts would be everybody's
    return journal.c.samu_id == scope.samu_id


async def last_position(connection: AsyncConnection) -> int:
    """How far the journal is; 0 when it is empty."""
    return int(await connection.scalar(sa.select(sa.func.coalesce(sa.func.max(journal.c.position), 0))) or 0)


@dataclass(frozen=True, slots=True)
class About:
    """Which journals are read: of one kind, of one subject, or all."""

    subject: Subject | None = None
    subject_id: UUID | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The lines of those journals."""
        wanted = ((journal.c.subject, self.subject), (journal.c.subject_id, self.subject_id))
        return [column == value for column, value in wanted if value is not None]


EVERYTHING = About()


async def facts_after(
    connection: AsyncConnection, scope: Scope, position: int, limit: int, about: About = EVERYTHING
) -> tuple[list[JournalLine], int]:
    """The caller's next facts of all demands, and the position up to which they were looked for.

    Positions become visible in their order (`storage.journal`): once the end is read, everything before it is there.
    So whoever goes on from that position misses nothing, and never looks at the same foreign facts again.
    """
    end = await last_position(connection)
    query = _LINE.where(
        journal.c.position.between(position + 1, end), _may_see_fact(scope), *about.conditions()
    )
    rows = await connection.execute(query.order_by(journal.c.position).limit(limit))
    found = [made(JournalLine, row) for row in rows]
    return found, found[-1].position if len(found) == limit else max(position, end)


async def facts_of(
    connection: AsyncConnection, scope: Scope, demand_id: UUID, after_seq: int, limit: int
) -> list[JournalLine]:
    """A demand's facts that the caller may see, in order."""
    query = _LINE.where(journal.c.subject_id == demand_id, journal.c.seq > after_seq, _may_see_fact(scope))
    rows = await connection.execute(query.order_by(journal.c.seq).limit(limit))
    return [made(JournalLine, row) for row in rows]


STEP_KINDS = ("step_passed", "step_turned_away")
"""What may become of a step that was told."""


async def fact_of_step(connection: AsyncConnection, demand_id: UUID, step_id: UUID) -> JournalLine | None:
    """The fact that says what became of a step that was told: passed, or turned away."""
    query = _LINE.where(
        journal.c.subject_id == demand_id,
        journal.c.kind.in_(STEP_KINDS),
        journal.c.data["step_id"].astext == str(step_id),
    )
    row = (await connection.execute(query.order_by(journal.c.seq.desc()).limit(1))).one_or_none()
    return made(JournalLine, row) if row else None
