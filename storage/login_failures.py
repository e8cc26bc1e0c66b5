"""Wrong passwords of the last minutes, counted once for all API processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import login_failures as failures

FORGOTTEN_AFTER = timedelta(minutes=5)
"""After so long without a failure a key begins at zero again."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What one key may do: ``free`` failures, then one attempt each ``wait``."""

    key: bytes
    free: int
    wait: timedelta


async def wait_of(connection: AsyncConnection, bounds: Sequence[Bound], at: datetime) -> timedelta:
    """How long the next attempt must wait, by the strictest bound; zero or less for not at all."""
    known = {bound.key: bound for bound in bounds}
    counted = sa.select(failures.c.key, failures.c.count.label("failed"), failures.c.last_at)
    waits = [timedelta()]
    for row in await connection.execute(counted.where(failures.c.key.in_(list(known)))):
        bound = known[bytes(row.key)]
        if row.failed >= bound.free and at - row.last_at <= FORGOTTEN_AFTER:
            waits.append(row.last_at + bound.wait - at)
    return max(waits)


async def count(connection: AsyncConnection, bounds: Sequence[Bound], at: datetime) -> None:
    """One more failure under each key."""
    for key in sorted(bound.key for bound in bounds):  # everybody locks in one order
        fresh = insert(failures).values(key=key, count=1, last_at=at)
        stale = failures.c.last_at < at - FORGOTTEN_AFTER
        more = sa.case((stale, 1), else_=failures.c.count + 1)
        await connection.execute(
            fresh.on_conflict_do_update(index_elements=["key"], set_={"count": more, "last_at": at})
        )


async def forgive(connection: AsyncConnection, bound: Bound) -> None:
    """The right password: what failed before under this key is forgotten."""
    await connection.execute(sa.delete(failures).where(failures.c.key == bound.key))


async def forget_old(connection: AsyncConnection, at: datetime) -> None:
    """Delete what counts no more."""
    await connection.execute(sa.delete(failures).where(failures.c.last_at < at - FORGOTTEN_AFTER))
