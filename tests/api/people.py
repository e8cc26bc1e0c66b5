"""Accounts of the small fleet: a SAMU's software, a doctor, a coordinator, an administrator, and each company's people."""

import secrets
from dataclasses import dataclass
from uuid import UUID, uuid4

import sqlalchemy as sa
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.people import Role
from geo.area import Area
from geo.cells import cell_of, with_rings
from storage import tables
from storage.accounts import secret_hash
from tests.fixtures.world import World

QUICK = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
PASSWORD = "a password of no value"
PASSWORD_HASH = QUICK.hash(PASSWORD)


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    username: str
    role: Role
    samu_id: UUID | None = None
    company_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class People:
    api_key: str
    other_key: str
    other_samu_id: UUID
    doctor: Person
    coordinator: Person
    admin: Person
    regulators: tuple[Person, ...]
    crews: tuple[Person, ...]


def _person(name: str, role: Role, samu_id: UUID | None = None, company_id: UUID | None = None) -> Person:
    return Person(uuid4(), f"{name}-{secrets.token_hex(3)}", role, samu_id, company_id)


def build_people(world: World) -> People:
    return People(
        api_key=secrets.token_urlsafe(24),
        other_key=secrets.token_urlsafe(24),
        other_samu_id=uuid4(),
        doctor=_person("doctor", Role.SAMU, world.samu_id),
        coordinator=_person("coordinator", Role.COORDINATOR, world.samu_id),
        admin=_person("admin", Role.ADMIN),
        regulators=tuple(_person("regulator", Role.REGULATOR, company_id=one.id) for one in world.companies),
        crews=tuple(_person("crew", Role.CREW, company_id=one.id) for one in world.companies),
    )


async def insert_people(connection: AsyncConnection, world: World, people: People) -> None:
    far_away = Area(with_rings([cell_of(48.85, 2.35, 5)], 3), 5)
    await connection.execute(
        sa.insert(tables.samus).values(
            id=people.other_samu_id, name="SAMU voisin", area_cells=far_away.to_cells()
        )
    )
    keys = ((people.api_key, world.samu_id), (people.other_key, people.other_samu_id))
    for key, samu_id in keys:
        row = {"id": uuid4(), "key_hash": secret_hash(key), "name": "LRM", "samu_id": samu_id}
        await connection.execute(sa.insert(tables.api_keys).values(row))
    everybody = (people.doctor, people.coordinator, people.admin, *people.regulators, *people.crews)
    for one in everybody:
        await connection.execute(
            sa.insert(tables.persons).values(
                id=one.id,
                username=one.username,
                password_hash=PASSWORD_HASH,
                role=one.role.value,
                samu_id=one.samu_id,
                company_id=one.company_id,
            )
        )
    await connection.execute(
        sa.insert(tables.facilities).values(
            id="110000023", name="CH Carcassonne", commune="Carcassonne", lat=43.2, lon=2.33
        )
    )
