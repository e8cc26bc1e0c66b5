"""Keeps the final answer of a request by caller and key, so that a repetition gets the same (api paper)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import idempotency_keys as keys

ABANDONED_AFTER = timedelta(seconds=30)
"""A claim without an answer for this long belongs to a process that died: the next one takes it over."""
KEPT_FOR = timedelta(hours=24)
"""How long answers are kept."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer a key, until somebody takes it over. ``created_at`` is the claim's mark."""

    caller: str
    key: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer given before."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Busy:
    """Another request with the key is being answered."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The key was used with another request."""


async def claim(
    connection: AsyncConnection, caller: str, key: str, request_hash: bytes, at: datetime
) -> Claim | StoredAnswer | Busy | Mismatch:
    """Claim a key, or learn what became of it."""
    made = insert(keys).values(caller=caller, key=key, request_hash=request_hash, created_at=at)
    done = await connection.execute(made.on_conflict_do_nothing().returning(keys.c.created_at))
    if done.one_or_none() is not None:
        return Claim(caller, key, at)
    return await _look(connection, caller, key, request_hash, at)


async def _look(
    connection: AsyncConnection, caller: str, key: str, request_hash: bytes, at: datetime
) -> Claim | StoredAnswer | Busy | Mismatch:
    ours = (keys.c.caller == caller) & (keys.c.key == key)
    row = (await connection.execute(sa.select(keys).where(ours).with_for_update())).one_or_none()
    if row is None:
        return Busy()  # given up between our two looks: the caller tries again
    if bytes(row.request_hash) != request_hash:
        return Mismatch()
    if row.status is not None:
        return StoredAnswer(row.status, row.content_type or "", bytes(row.response or b""))
    if at - row.created_at < ABANDONED_AFTER:
        return Busy()
    await connection.execute(sa.update(keys).where(ours).values(created_at=at))
    return Claim(caller, key, at)


async def keep_answer(connection: AsyncConnection, held: Claim, answer: StoredAnswer) -> None:
    """Store the final answer of a claim that is still ours."""
    await connection.execute(
        sa.update(keys)
        .where(_held(held))
        .values(status=answer.status, content_type=answer.content_type, response=answer.body)
    )


async def give_up(connection: AsyncConnection, held: Claim) -> None:
    """Let the key go without an answer: the request may be repeated."""
    await connection.execute(sa.delete(keys).where(_held(held)))


async def forget_old(connection: AsyncConnection, at: datetime) -> None:
    """Delete answers that nobody asks for any more."""
    await connection.execute(sa.delete(keys).where(keys.c.created_at < at - KEPT_FOR))


def _held(held: Claim) -> sa.ColumnElement[bool]:
    return sa.and_(
        keys.c.caller == held.caller,
        keys.c.key == held.key,
        keys.c.created_at == held.created_at,
        keys.c.status.is_(None),
    )
