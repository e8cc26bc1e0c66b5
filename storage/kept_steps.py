"""Steps that the engine has and nobody has applied yet: they must not block the ones that follow (rule 44)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.vocabulary import Step
from storage.tables import journal
from storage.tables import kept_steps as kept

FORGET_AFTER = timedelta(hours=24)


async def keep(
    connection: AsyncConnection, mission_id: UUID, step_id: UUID, step: Step, at: datetime
) -> None:
    """Remember a step that was answered 202. Repeatable."""
    row = insert(kept).values(mission_id=mission_id, step_id=step_id, step=step.value, kept_at=at)
    await connection.execute(row.on_conflict_do_nothing())


async def waiting(connection: AsyncConnection, demand_id: UUID, mission_id: UUID) -> Mapping[UUID, Step]:
    """The steps of a mission whose fact is still to come, by their ids."""
    told = sa.exists().where(
        journal.c.subject_id == demand_id,
        journal.c.kind.in_(["step_passed", "step_turned_away"]),
        journal.c.data["step_id"].astext == sa.cast(kept.c.step_id, sa.Text),
    )
    query = sa.select(kept.c.step_id, kept.c.step).where(kept.c.mission_id == mission_id, ~told)
    return {row.step_id: Step(row.step) for row in await connection.execute(query)}


async def forget_old(connection: AsyncConnection, at: datetime) -> None:
    """Delete what was applied, or turned away, long ago."""
    await connection.execute(sa.delete(kept).where(kept.c.kept_at < at - FORGET_AFTER))
