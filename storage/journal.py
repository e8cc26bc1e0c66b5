"""The journal: what happened, in order, for ever. Readers find it in `storage.feed`."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import Fact
from storage.bulk import given_rows
from storage.tables import journal

CHANNEL = "journal"
"""PostgreSQL's notification channel. A notification is empty: it says that there is something to read."""

_POSITIONS = 0x6A6F_7572_6E61_6C00
"""Advisory lock of the whole journal ("journal" in ASCII): held while positions are given, until the commit."""


async def append(
    connection: AsyncConnection, demand_id: UUID, samu_id: UUID, facts: Sequence[Fact]
) -> list[Fact]:
    """Append the facts of one demand and wake the readers at the commit; return those that were new.

    Call it last in its transaction. It takes the lock of the whole journal, so that positions become visible in
    their order and a reader that has seen position 7 never misses 6; until the commit nobody else appends.
    """
    if not facts:
        return []
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_POSITIONS)))
    rows = [_row(fact) for fact in facts]
    found = await connection.scalars(_APPEND, {"rows": rows, "demand": demand_id, "samu": samu_id})
    new = set(found)
    return [fact for fact in facts if fact.seq in new]


async def facts_of(connection: AsyncConnection, demand_id: UUID) -> list[Fact]:
    """Every fact of a demand, in order."""
    columns = journal.c.seq, journal.c.at, journal.c.audience, journal.c.data
    found = await connection.execute(
        sa.select(*columns).where(journal.c.demand_id == demand_id).order_by(journal.c.seq)
    )
    return [
        Fact.model_validate({"seq": seq, "at": at, "audience": audience, "body": data})
        for seq, at, audience, data in found
    ]


def _row(fact: Fact) -> dict[str, object]:
    return {
        "seq": fact.seq,
        "kind": fact.body.kind,
        "at": fact.at,
        "audience": fact.audience,
        "data": fact.body,
    }


def _append() -> sa.Select[int, object]:
    """One statement, hence one round trip under the lock. It notifies only if it inserted something."""
    given = given_rows([journal.c.seq, journal.c.kind, journal.c.at, journal.c.audience, journal.c.data])
    demand, samu = (sa.bindparam(name, type_=journal.c.demand_id.type) for name in ("demand", "samu"))
    inserted = (
        insert(journal)
        .from_select(
            ["demand_id", "samu_id", *given.columns.keys()],
            sa.select(demand, samu, *given.columns).order_by(given.columns.seq),
        )
        .on_conflict_do_nothing(index_elements=[journal.c.demand_id, journal.c.seq])
        .returning(journal.c.seq)
        .cte("inserted")
    )
    return sa.select(inserted.c.seq, sa.func.pg_notify(CHANNEL, ""))


_APPEND = _append()
