"""Whom a company employs: the list that teammates are chosen from (rule 56)."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import staff
from storage.views import made


@dataclass(frozen=True, slots=True)
class StaffMember:
    """One of a company's staff: DEA or AUXILIAIRE."""

    id: UUID
    name: str
    diploma: str


_STAFF = sa.select(*(staff.c[name] for name in StaffMember.__slots__)).where(staff.c.left_at.is_(None))


async def staff_of(connection: AsyncConnection, company_id: UUID) -> list[StaffMember]:
    """The company's staff who have not left, by name."""
    query = _STAFF.where(staff.c.company_id == company_id).order_by(staff.c.name, staff.c.id)
    return [made(StaffMember, row) for row in await connection.execute(query)]


async def find_staff(connection: AsyncConnection, company_id: UUID, staff_id: UUID) -> StaffMember | None:
    """One of the company's staff who has not left."""
    query = _STAFF.where(staff.c.company_id == company_id, staff.c.id == staff_id)
    row = (await connection.execute(query)).one_or_none()
    return made(StaffMember, row) if row else None
