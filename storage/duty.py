"""Writes what happened to companies and guard periods: in the transaction of whoever decided it.

A demand's facts are numbered by its workflow, the only one that writes them. A company's or a guard period's have many
writers, one request each: they are numbered here, under a lock of their subject.
"""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.duty_facts import DutyFact
from storage import alarms, journal
from storage.bulk import Row
from storage.tables import journal as lines


async def lock(connection: AsyncConnection, subject_id: UUID) -> None:
    """Let one request at a time decide about a company or a guard period, until the transaction ends."""
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_lock_key(subject_id))))


async def try_lock(connection: AsyncConnection, subject_id: UUID) -> bool:
    """As `lock`, unless somebody else holds it: then it is false, and nothing is waited for."""
    return bool(await connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_lock_key(subject_id)))))


async def tell(connection: AsyncConnection, facts: Sequence[DutyFact]) -> None:
    """Number the facts, fold the alarms among them, and append all to the journal.

    Call it once, last in its transaction: it takes the lock of the whole journal.
    """
    if not facts:
        return
    numbers: dict[UUID, int] = {}
    for subject_id in sorted({fact.subject_id for fact in facts}):  # one order for all: no deadlock
        await lock(connection, subject_id)
        numbers[subject_id] = await _last(connection, subject_id)
    await alarms.fold_all(connection, facts)
    rows: list[Row] = []
    for fact in facts:
        numbers[fact.subject_id] += 1
        rows.append(_row(fact, numbers[fact.subject_id]))
    await journal.append_rows(connection, rows)


async def tell_held(connection: AsyncConnection, facts: Sequence[DutyFact]) -> None:
    """As `tell`, for any number of subjects that the caller keeps from every other writer by their own rows.

    No lock for each, and one look for all: a roster has thousands of lines. Alarms are not among such facts.
    """
    last = dict.fromkeys({fact.subject_id for fact in facts}, 0)
    if not last:
        return
    query = sa.select(lines.c.subject_id, sa.func.max(lines.c.seq)).group_by(lines.c.subject_id)
    known = query.where(
        lines.c.subject_id == sa.any_(sa.literal(list(last), sa.ARRAY(lines.c.subject_id.type)))
    )
    last |= {subject_id: int(seq) for subject_id, seq in await connection.execute(known)}
    rows: list[Row] = []
    for fact in facts:
        last[fact.subject_id] += 1
        rows.append(_row(fact, last[fact.subject_id]))
    await journal.append_rows(connection, rows)


async def _last(connection: AsyncConnection, subject_id: UUID) -> int:
    last = sa.select(sa.func.coalesce(sa.func.max(lines.c.seq), 0)).where(lines.c.subject_id == subject_id)
    return int(await connection.scalar(last) or 0)


def _row(fact: DutyFact, seq: int) -> Row:
    return {
        "subject_id": fact.subject_id,
        "subject": fact.subject,
        "seq": seq,
        "samu_id": fact.samu_id,
        "kind": fact.body.kind,
        "at": fact.at,
        "audience": fact.audience,
        "data": fact.body,
    }


def _lock_key(subject_id: UUID) -> sa.ColumnElement[int]:
    return sa.cast(subject_id.int % 2**63, sa.BigInteger)
