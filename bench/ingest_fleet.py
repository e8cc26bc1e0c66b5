"""Companies that only tell where their vehicles are: written straight into a stack's database, with a login each."""

import secrets
from dataclasses import dataclass
from uuid import UUID, uuid4

import sqlalchemy as sa
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.fleet_of_france import where_people_live
from simulation.runtime import Login
from storage import tables

SEED = 1
HASHER = Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1)


@dataclass(frozen=True, slots=True)
class Fleet:
    """A company, its regulator, and its vehicles with the places (degrees) that they drive around."""

    company_id: UUID
    login: Login
    vehicles: tuple[UUID, ...]
    places: tuple[tuple[float, float], ...]


def make_fleets(companies: int, vehicles_each: int) -> list[Fleet]:
    """Invent them, where the people of France live."""
    points = where_people_live(companies * vehicles_each, SEED).points()
    return [
        Fleet(
            company_id=uuid4(),
            login=Login(
                username=f"telematics-{number}-{secrets.token_hex(3)}", password=secrets.token_hex(8)
            ),
            vehicles=tuple(uuid4() for _ in range(vehicles_each)),
            places=tuple((one.lat, one.lon) for one in points[number::companies]),
        )
        for number in range(companies)
    ]


async def write_fleets(engine: AsyncEngine, fleets: list[Fleet]) -> None:
    """Write companies, accounts and vehicles, none of them ticked, and no positions. No SAMU may solicit them."""
    names = [(fleet, f"Télématique imaginaire {number}") for number, fleet in enumerate(fleets, start=1)]
    async with engine.begin() as connection:
        companies = [{"id": fleet.company_id, "name": name} for fleet, name in names]
        await connection.execute(sa.insert(tables.companies), companies)
        await connection.execute(sa.insert(tables.persons), [_person(fleet) for fleet in fleets])
        vehicles = [
            {"id": each, "company_id": fleet.company_id, "name": f"{name} {number}", "category": "A"}
            for fleet, name in names
            for number, each in enumerate(fleet.vehicles, start=1)
        ]
        await connection.execute(sa.insert(tables.vehicles), vehicles)


def _person(fleet: Fleet) -> dict[str, object]:
    return {
        "id": uuid4(),
        "username": fleet.login.username,
        "password_hash": HASHER.hash(fleet.login.password),
        "role": "REGULATOR",
        "company_id": fleet.company_id,
    }
