"""Patient identity: one table, encrypted per field, every read written down (rule 32)."""

from dataclasses import dataclass, fields
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.keyring import Keyring
from storage.tables import patient_reads, patients


@dataclass(frozen=True, slots=True, repr=False)
class PatientIdentity:
    """Who the patient is; never printed, never logged. ``weight_kg`` in kilograms."""

    last_name: str | None = None
    first_name: str | None = None
    birth_year: int | None = None
    sex: str | None = None
    weight_kg: int | None = None
    callback_phone: str | None = None


TEXTS = ("last_name", "first_name", "sex", "callback_phone")
NUMBERS = ("birth_year", "weight_kg")


async def keep_identity(
    connection: AsyncConnection, keyring: Keyring, demand_id: UUID, identity: PatientIdentity
) -> None:
    """Write the identity of a demand's patient; a repetition changes nothing."""
    sealed = {
        field.name: keyring.seal(str(value), place_of(field.name, demand_id))
        for field in fields(identity)
        if (value := getattr(identity, field.name)) is not None
    }
    row = insert(patients).values(demand_id=demand_id, **sealed)
    await connection.execute(row.on_conflict_do_nothing())


async def read_identity(
    connection: AsyncConnection, keyring: Keyring, demand_id: UUID, *, reader: str, role: str
) -> PatientIdentity | None:
    """Open the identity and write down who read it, in the caller's transaction.

    Whether the reader may is decided before. Raises UnreadableError when a key is missing.
    """
    found = await connection.execute(sa.select(patients).where(patients.c.demand_id == demand_id))
    row = found.mappings().one_or_none()
    if row is None:
        return None
    await connection.execute(sa.insert(patient_reads).values(demand_id=demand_id, reader=reader, role=role))

    def opened(name: str) -> str | None:
        return keyring.open(bytes(row[name]), place_of(name, demand_id)) if row[name] is not None else None

    texts = {name: opened(name) for name in TEXTS}
    numbers = {name: int(text) if (text := opened(name)) else None for name in NUMBERS}
    return PatientIdentity(
        last_name=texts["last_name"],
        first_name=texts["first_name"],
        sex=texts["sex"],
        callback_phone=texts["callback_phone"],
        birth_year=numbers["birth_year"],
        weight_kg=numbers["weight_kg"],
    )


def place_of(field: str, demand_id: UUID) -> str:
    """What a sealed field is bound to: it cannot be opened as another field, or as another patient's."""
    return f"patients/{field}/{demand_id}"
