"""The towns that a load is played in: a company each, on the roads of the Aude, written straight into the database."""

import secrets
from uuid import UUID, uuid4

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.ingest_fleet import HASHER
from storage import tables

VEHICLES = 30
"""Of each town: so many are solicited for each demand there."""
PLACES = {
    "Carcassonne": (43.2130, 2.3491),
    "Narbonne": (43.1837, 3.0042),
    "Castelnaudary": (43.3182, 1.9540),
    "Limoux": (43.0537, 2.2179),
    "Lézignan": (43.2003, 2.7580),
    "Quillan": (42.8748, 2.1832),
    "Port-la-Nouvelle": (43.0203, 3.0440),
    "Tuchan": (42.8894, 2.7190),
}
"""Degrees."""


class Town(BaseModel):
    """A company of one site and its vehicles, all of them available, with the login of its regulator."""

    model_config = ConfigDict(frozen=True)

    name: str
    lat: float
    lon: float
    company_id: UUID
    site_id: UUID
    vehicles: tuple[UUID, ...]
    username: str
    password: str


def make_towns() -> list[Town]:
    """Invent them."""
    return [
        Town(
            name=name,
            lat=lat,
            lon=lon,
            company_id=uuid4(),
            site_id=uuid4(),
            vehicles=tuple(uuid4() for _ in range(VEHICLES)),
            username=f"charge-{number}-{secrets.token_hex(3)}",
            password=secrets.token_hex(8),
        )
        for number, (name, (lat, lon)) in enumerate(PLACES.items(), start=1)
    ]


async def write_towns(engine: AsyncEngine, towns: list[Town], samu_id: UUID) -> None:
    """Write them, with a convention with the SAMU; all alarms of coverage off, for whole fleets come and go here."""
    async with engine.begin() as connection:
        for table, rows in (
            (
                tables.companies,
                [{"id": town.company_id, "name": f"Ambulances de {town.name}"} for town in towns],
            ),
            (tables.conventions, [{"samu_id": samu_id, "company_id": town.company_id} for town in towns]),
            (tables.persons, [_person(town) for town in towns]),
            (tables.sites, [_site(town) for town in towns]),
            (tables.vehicles, [each for town in towns for each in _vehicles(town)]),
        ):
            await connection.execute(sa.insert(table), rows)
        await connection.execute(
            sa.text("UPDATE samus SET policy = policy || '{\"coverage_alarm_minutes\": null}'")
        )


def _person(town: Town) -> dict[str, object]:
    return {
        "id": uuid4(),
        "username": town.username,
        "password_hash": HASHER.hash(town.password),
        "role": "REGULATOR",
        "company_id": town.company_id,
    }


def _site(town: Town) -> dict[str, object]:
    return {
        "id": town.site_id,
        "company_id": town.company_id,
        "name": town.name,
        "lat": town.lat,
        "lon": town.lon,
    }


def _vehicles(town: Town) -> list[dict[str, object]]:
    return [
        {
            "id": vehicle,
            "company_id": town.company_id,
            "site_id": town.site_id,
            "name": f"{town.name} {number}",
            "category": "A",
            "available": True,
        }
        for number, vehicle in enumerate(town.vehicles, start=1)
    ]
