"""The sweeper's second work list: guard periods that begin soon, and that the engine does not watch yet."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.guard_messages import GuardPeriod
from storage.tables import guard_periods, guard_sectors

AHEAD = timedelta(hours=24)
"""A watch is started so long before its period: a roster of half a year does not sleep in the engine."""


async def waiting(
    connection: AsyncConnection, at: datetime, refused: Sequence[UUID], limit: int
) -> Sequence[GuardPeriod]:
    """The next periods to be watched, the soonest first, but for those that were refused a moment ago.

    Starting one twice is harmless, so nothing is locked.
    """
    periods = guard_periods.c
    query = (
        sa.select(
            periods.id.label("period_id"),
            periods.samu_id,
            periods.company_id,
            guard_sectors.c.name.label("sector"),
            periods.starts_at,
            periods.ends_at,
        )
        .join_from(guard_periods, guard_sectors, guard_sectors.c.id == periods.sector_id)
        .where(periods.watched_at.is_(None), periods.withdrawn_at.is_(None), periods.starts_at <= at + AHEAD)
        .where(periods.id.not_in(refused))
        .order_by(periods.starts_at, periods.id)
        .limit(limit)
    )
    return [GuardPeriod.model_validate(dict(row)) for row in (await connection.execute(query)).mappings()]


async def mark_watched(connection: AsyncConnection, period_id: UUID, at: datetime) -> None:
    """The engine has the watch."""
    await connection.execute(
        sa.update(guard_periods).where(guard_periods.c.id == period_id).values(watched_at=at)
    )
