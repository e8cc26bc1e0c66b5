"""After a change of keys: which keys identities are sealed with, and sealing them again with the first."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.engine import transaction
from storage.identity import place_of
from storage.keyring import Keyring, UnreadableError, key_id_of
from storage.tables import patients

BATCH = 200
"""Rows of one transaction: whoever dies in it has lost these, and nothing that was done before."""

FIELDS = tuple(column.name for column in patients.columns if isinstance(column.type, sa.LargeBinary))


@dataclass(frozen=True, slots=True)
class Batch:
    """What was done with some rows; ``last`` is the last of them, None when there were none."""

    last: UUID | None
    resealed: int
    unreadable: int


async def sealed_with(connection: AsyncConnection) -> dict[str, int]:
    """How many patients have a field that is sealed with a key, by the id of the key."""
    sealed = sa.union_all(
        *(
            sa.select(patients.c.demand_id, _key_id(patients.c[name]).label("kid")).where(
                patients.c[name].is_not(None)
            )
            for name in FIELDS
        )
    ).subquery()
    counted = sa.select(sealed.c.kid, sa.func.count(sealed.c.demand_id.distinct())).group_by(sealed.c.kid)
    return {bytes(kid).decode(errors="replace"): count for kid, count in await connection.execute(counted)}


async def reseal_batch(database: AsyncEngine, keyring: Keyring, after: UUID | None) -> Batch:
    """Seal the next patients after one, in the order of their ids, with the first key, in one transaction.

    A row that cannot be opened is left as it is and counted: nothing is lost by trying.
    """
    query = sa.select(patients).order_by(patients.c.demand_id).limit(BATCH).with_for_update()
    if after is not None:
        query = query.where(patients.c.demand_id > after)
    async with transaction(database) as connection:
        rows = (await connection.execute(query)).mappings().all()
        done = [await _reseal(connection, keyring, row) for row in rows]
    last = rows[-1]["demand_id"] if rows else None
    return Batch(last, resealed=done.count(True), unreadable=done.count(None))


async def _reseal(connection: AsyncConnection, keyring: Keyring, row: sa.RowMapping) -> bool | None:
    """Whether the row had to be sealed again; None if it could not be opened."""
    demand_id: UUID = row["demand_id"]
    try:
        sealed = {
            name: _again(keyring, bytes(row[name]), place_of(name, demand_id)) for name in FIELDS if row[name]
        }
    except UnreadableError:
        return None
    changed = {name: value for name, value in sealed.items() if value is not None}
    if changed:
        ours = patients.c.demand_id == demand_id
        await connection.execute(sa.update(patients).where(ours).values(**changed))
    return bool(changed)


def _again(keyring: Keyring, sealed: bytes, place: str) -> bytes | None:
    """The same sealed with the first key; None if it is already."""
    if key_id_of(sealed) == keyring.first:
        return None
    return keyring.seal(keyring.open(sealed, place), place)


def _key_id(column: sa.ColumnElement[bytes]) -> sa.ColumnElement[bytes]:
    """The id of the key, cut out where the keyring writes it: after the format and the length of the id."""
    return sa.func.substring(column, 3, sa.func.get_byte(column, 1), type_=sa.LargeBinary)
