"""How long the crews of a site need before they leave, as their company says."""

from collections.abc import Sequence
from enum import Enum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import sites


class Change(Enum):
    """What became of the times of a site."""

    UNKNOWN = "unknown"
    SAME = "same"
    CHANGED = "changed"


async def set_mobilisation(
    connection: AsyncConnection,
    company_id: UUID,
    site_id: UUID,
    *,
    default_s: int,
    by_hour_s: Sequence[int] | None,
) -> Change:
    """Write the times of a site of the company's, in seconds; ``by_hour_s`` are 24 of them."""
    own = (sites.c.id == site_id) & (sites.c.company_id == company_id)
    hours = None if by_hour_s is None else list(by_hour_s)
    known = sa.select(sites.c.mobilisation_s, sites.c.mobilisation_by_hour_s).where(own)
    found = (await connection.execute(known.with_for_update(key_share=True))).one_or_none()
    if found is None:
        return Change.UNKNOWN
    if tuple(found) == (default_s, hours):
        return Change.SAME
    values = {"mobilisation_s": default_s, "mobilisation_by_hour_s": hours}
    await connection.execute(sa.update(sites).where(own).values(values))
    return Change.CHANGED
