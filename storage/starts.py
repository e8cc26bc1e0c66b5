"""The sweeper's work list: demands that the engine does not have yet (rule 97). Each row carries its own lease."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.messages import DemandStart
from storage.tables import demands

LEASE = timedelta(seconds=10)
"""A sweeper that died holds its rows no longer. One that is slow may be overtaken: starting twice is harmless."""
LONGEST_BACK_OFF_SECONDS = 60
LATER = timedelta(milliseconds=500)


async def mark_started(connection: AsyncConnection, demand_id: UUID, at: datetime) -> None:
    """The engine has the workflow."""
    await _set(connection, [demand_id], started_at=at)


async def is_started(connection: AsyncConnection, demand_id: UUID) -> bool:
    """Whether the engine was ever given the demand."""
    found = sa.select(demands.c.started_at.is_not(None)).where(demands.c.id == demand_id)
    return bool(await connection.scalar(found))


async def lease(
    connection: AsyncConnection, at: datetime, received_before: datetime, limit: int
) -> Sequence[DemandStart]:
    """Take the oldest demands that may be started now, so that no other sweeper takes them for a while.

    Those that were never tried come first: one that fails again and again does not stand in their way.
    """
    due = sa.or_(demands.c.try_again_at.is_(None), demands.c.try_again_at <= at)
    waiting = (
        sa.select(demands.c.id)
        .where(demands.c.started_at.is_(None), demands.c.received_at <= received_before, due)
        .order_by(demands.c.try_again_at.nulls_first(), demands.c.received_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        sa.update(demands)
        .where(demands.c.id.in_(waiting.scalar_subquery()))
        .values(try_again_at=at + LEASE)
        .returning(demands.c.start)
    )
    found = [DemandStart.model_validate(start) for start in await connection.scalars(taken)]
    return sorted(found, key=lambda start: start.received_at)


async def put_off(connection: AsyncConnection, demand_id: UUID, at: datetime) -> None:
    """The engine did not take it: try again after 2, 4, 8… seconds, at most a minute."""
    tries = demands.c.start_tries + 1
    seconds = sa.func.least(sa.func.power(2, sa.func.least(tries, 10)), LONGEST_BACK_OFF_SECONDS)
    wait = seconds * sa.text("interval '1 second'")
    await _set(connection, [demand_id], start_tries=tries, try_again_at=sa.literal(at) + wait)


async def ask_later(connection: AsyncConnection, demand_id: UUID, at: datetime) -> None:
    """The engine did not answer: try again soon, behind those that were not tried."""
    await _set(connection, [demand_id], try_again_at=at + LATER)


async def let_go(connection: AsyncConnection, demand_ids: Sequence[UUID]) -> None:
    """Give leases back that were not used."""
    await _set(connection, demand_ids, try_again_at=None)


async def _set(connection: AsyncConnection, demand_ids: Sequence[UUID], **columns: object) -> None:
    if demand_ids:
        ours = demands.c.id.in_(demand_ids) & demands.c.started_at.is_(None)
        await connection.execute(sa.update(demands).where(ours).values(columns))
