"""Keeps the final answer of a request by caller and key, so that a repetition gets the same (api paper)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import idempotency_keys as keys

ABANDONED_AFTER = timedelta(seconds=10)
"""A claim without an answer for this long belongs to a process that died: the next one takes it over.

Longer than any request takes. Should one still run, the repetition is harmless: demands are unique by reference, and
the engine knows the update by the same id.
"""
KEPT_FOR = timedelta(hours=24)
"""How long answers are kept."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer a key, until somebody takes it over. ``claimed_at`` is the claim's mark.

    ``received_at`` is when the request came for the first time: an answer given in time while the engine was away
    is in time when it is repeated.
    """

    caller: str
    key: str
    claimed_at: datetime
    received_at: datetime


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
    connection: AsyncConnection, caller: str, key: str, hashes: Sequence[bytes], at: datetime
) -> Claim | StoredAnswer | Busy | Mismatch:
    """Claim a key, or learn what became of it. ``hashes`` are the request's by every key: the first is kept."""
    row = {"caller": caller, "key": key, "request_hash": hashes[0], "received_at": at, "claimed_at": at}
    made = insert(keys).values(row)
    done = await connection.execute(made.on_conflict_do_nothing().returning(keys.c.claimed_at))
    if done.one_or_none() is not None:
        return Claim(caller, key, at, at)
    return await _look(connection, caller, key, hashes, at)


async def _look(
    connection: AsyncConnection, caller: str, key: str, hashes: Sequence[bytes], at: datetime
) -> Claim | StoredAnswer | Busy | Mismatch:
    ours = (keys.c.caller == caller) & (keys.c.key == key)
    row = (await connection.execute(sa.select(keys).where(ours).with_for_update())).one_or_none()
    if row is None:
        return Busy()  # forgotten between our two looks: the caller tries again
    if bytes(row.request_hash) not in hashes:
        return Mismatch()
    if row.status is not None:
        return StoredAnswer(row.status, row.content_type or "", bytes(row.response or b""))
    if row.claimed_at is not None and at - row.claimed_at < ABANDONED_AFTER:
        return Busy()
    await connection.execute(sa.update(keys).where(ours).values(claimed_at=at))
    return Claim(caller, key, at, row.received_at)


async def keep_answer(connection: AsyncConnection, held: Claim, answer: StoredAnswer) -> None:
    """Store the final answer of a claim that is still ours."""
    await connection.execute(
        sa.update(keys)
        .where(_held(held))
        .values(status=answer.status, content_type=answer.content_type, response=answer.body)
    )


async def give_up(connection: AsyncConnection, held: Claim) -> None:
    """Let the key go without an answer: the request may be repeated at once, and counts as received then."""
    await connection.execute(sa.update(keys).where(_held(held)).values(claimed_at=None))


async def forget_old(connection: AsyncConnection, at: datetime) -> None:
    """Delete answers that nobody asks for any more."""
    await connection.execute(sa.delete(keys).where(keys.c.received_at < at - KEPT_FOR))


def _held(held: Claim) -> sa.ColumnElement[bool]:
    return sa.and_(
        keys.c.caller == held.caller,
        keys.c.key == held.key,
        keys.c.claimed_at == held.claimed_at,
        keys.c.status.is_(None),
    )
