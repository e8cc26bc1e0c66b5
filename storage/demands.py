"""What a SAMU asked for: the row that is kept before anything else happens, and the work list of the sweeper."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.messages import DemandStart
from storage.tables import demands


@dataclass(frozen=True, slots=True)
class NewDemand:
    """A demand as it was posted. ``content_hash`` tells a repetition from another content."""

    start: DemandStart
    content_hash: bytes
    address: str | None = field(repr=False)
    access: str | None = field(repr=False)
    motive: str | None = field(repr=False)
    instructions: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownDemand:
    """What is known of a reference that was used before."""

    id: UUID
    content_hash: bytes


async def insert_demand(connection: AsyncConnection, new: NewDemand) -> bool:
    """Keep a demand; false when its SAMU has used the reference before."""
    start = new.start
    row = insert(demands).values(
        id=start.demand_id,
        samu_id=start.samu_id,
        reference=start.reference,
        content_hash=new.content_hash,
        received_at=start.received_at,
        address=new.address,
        access=new.access,
        motive=new.motive,
        instructions=new.instructions,
        start=start.model_dump(mode="json"),
    )
    made = await connection.execute(
        row.on_conflict_do_nothing(index_elements=["samu_id", "reference"]).returning(demands.c.id)
    )
    return made.one_or_none() is not None


async def demand_by_reference(
    connection: AsyncConnection, samu_id: UUID, reference: str
) -> KnownDemand | None:
    """Find the demand that a SAMU gave this reference."""
    found = await connection.execute(
        sa.select(demands.c.id, demands.c.content_hash).where(
            demands.c.samu_id == samu_id, demands.c.reference == reference
        )
    )
    row = found.one_or_none()
    return KnownDemand(row.id, bytes(row.content_hash)) if row else None


async def mark_started(connection: AsyncConnection, demand_id: UUID, at: datetime) -> None:
    """The engine has the workflow."""
    await connection.execute(
        sa.update(demands)
        .where(demands.c.id == demand_id, demands.c.started_at.is_(None))
        .values(started_at=at)
    )


async def is_started(connection: AsyncConnection, demand_id: UUID) -> bool:
    """Whether the engine was ever given the demand."""
    found = sa.select(demands.c.started_at.is_not(None)).where(demands.c.id == demand_id)
    return bool(await connection.scalar(found))


async def not_started(
    connection: AsyncConnection, received_before: datetime, limit: int
) -> Sequence[DemandStart]:
    """The oldest demands that the engine does not have yet, locked against other sweepers until the commit."""
    waiting = (
        sa.select(demands.c.start)
        .where(demands.c.started_at.is_(None), demands.c.received_at <= received_before)
        .order_by(demands.c.received_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = await connection.execute(waiting)
    return [DemandStart.model_validate(start) for start in found.scalars()]


async def move(connection: AsyncConnection, demand_id: UUID, address: str | None, access: str | None) -> None:
    """The place was corrected (rule 2): what the crew reads goes with it."""
    await connection.execute(
        sa.update(demands).where(demands.c.id == demand_id).values(address=address, access=access)
    )
