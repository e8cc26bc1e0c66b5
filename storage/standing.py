"""Where a demand stands for the companies that were asked: what decides an answer without the engine."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.people import Role
from storage.tables import demand_views, journal, missions


@dataclass(frozen=True, slots=True)
class LastMission:
    """The mission that a demand has, or ended with."""

    id: UUID
    solicitation_id: UUID
    company_id: UUID
    vehicle_id: UUID
    assigned_at: datetime
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a demand stands for those that were asked. A mission that broke down is not ``mission`` any more."""

    status: str
    mission: LastMission | None


async def standing_of(connection: AsyncConnection, demand_id: UUID) -> Standing:
    """Where a demand stands. Raises NoResultFound for one that was never recorded."""
    columns = [missions.c[name] for name in LastMission.__slots__]
    query = (
        sa.select(demand_views.c.status, *columns)
        .outerjoin_from(demand_views, missions, missions.c.id == demand_views.c.mission_id)
        .where(demand_views.c.demand_id == demand_id)
    )
    status, *values = (await connection.execute(query)).one()
    found = dict(zip(LastMission.__slots__, values, strict=True))
    return Standing(status, LastMission(**found) if found["id"] is not None else None)


async def who_gave_destination(connection: AsyncConnection, demand_id: UUID, facility_id: str) -> Role | None:
    """Whose word it is that the patient is taken to this facility (rule 36); the journal says so."""
    given = (
        sa.select(journal.c.data["by"]["role"].astext)
        .where(
            journal.c.subject_id == demand_id,
            journal.c.kind == "destination_set",
            journal.c.data["facility_id"].astext == facility_id,
        )
        .order_by(journal.c.seq.desc())
        .limit(1)
    )
    role = await connection.scalar(given)
    return Role(role) if role else None
