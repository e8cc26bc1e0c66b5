"""What a SAMU asked for: the row that is kept before anything else happens."""

from dataclasses import dataclass, field
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
