"""The journal: what happened, in order, for ever. Readers find it in `storage.feed`."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import Fact
from domain.vocabulary import Subject
from storage.bulk import Row, given_rows
from storage.tables import journal

CHANNEL = "journal"
CLOSED = "closed"
"""Notified when a login or a device is closed: whoever listens looks whether they are still there."""
"""PostgreSQL's notification channel. A notification is empty: it says that there is something to read."""

_POSITIONS = 0x6A6F_7572_6E61_6C00
"""Advisory lock of the whole journal ("journal" in ASCII): held while positions are given, until the commit."""

LINE = "subject_id", "subject", "seq", "samu_id", "kind", "at", "audience", "data"
"""What is written of a fact."""


async def append(
    connection: AsyncConnection, demand_id: UUID, samu_id: UUID, facts: Sequence[Fact]
) -> list[Fact]:
    """Append the facts of one demand and wake the readers at the commit; return those that were new."""
    rows = [_row(demand_id, samu_id, fact) for fact in facts]
    new = {seq for _, seq in await append_rows(connection, rows)}
    return [fact for fact in facts if fact.seq in new]


async def append_rows(connection: AsyncConnection, rows: Sequence[Row]) -> set[tuple[UUID, int]]:
    """Append lines in their order, each with the columns of LINE; return subject and number of those that were new.

    Call it last in its transaction. It takes the lock of the whole journal, so that positions become visible in
    their order and a reader that has seen position 7 never misses 6; until the commit nobody else appends.
    """
    if not rows:
        return set()
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_POSITIONS)))
    numbered = [{**row, "place": place} for place, row in enumerate(rows)]
    found = await connection.execute(_APPEND, {"rows": numbered})
    return {(subject_id, seq) for subject_id, seq, _ in found}


async def facts_of(connection: AsyncConnection, demand_id: UUID) -> list[Fact]:
    """Every fact of a demand, in order."""
    columns = journal.c.seq, journal.c.at, journal.c.audience, journal.c.data
    found = await connection.execute(
        sa.select(*columns).where(journal.c.subject_id == demand_id).order_by(journal.c.seq)
    )
    return [
        Fact.model_validate({"seq": seq, "at": at, "audience": audience, "body": data})
        for seq, at, audience, data in found
    ]


def _row(demand_id: UUID, samu_id: UUID, fact: Fact) -> Row:
    return {
        "subject_id": demand_id,
        "subject": Subject.DEMAND,
        "seq": fact.seq,
        "samu_id": samu_id,
        "kind": fact.body.kind,
        "at": fact.at,
        "audience": fact.audience,
        "data": fact.body,
    }


def _append() -> sa.Select[UUID, int, object]:
    """One statement, hence one round trip under the lock. It notifies only if it inserted something."""
    place: sa.Column[object] = sa.Column("place", sa.Integer)
    given = given_rows([*(journal.columns[name] for name in LINE), place])
    inserted = (
        insert(journal)
        .from_select(
            list(LINE),
            sa.select(*(given.columns[name] for name in LINE)).order_by(given.columns.place),
        )
        .on_conflict_do_nothing(index_elements=[journal.c.subject_id, journal.c.seq])
        .returning(journal.c.subject_id, journal.c.seq)
        .cte("inserted")
    )
    return sa.select(inserted.c.subject_id, inserted.c.seq, sa.func.pg_notify(CHANNEL, ""))


_APPEND = _append()
