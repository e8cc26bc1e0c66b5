"""What the database has of who is who, as plain rows. No hash of a secret is read."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.directory.policy import kept_values
from storage import tables

Row = Mapping[str, Any]
Known = Mapping["Kind", Sequence[Row]]

LOCK_KEY = 0x7265_7363_2D64_6972
"""Of the advisory lock that a loading holds."""


class Kind(StrEnum):
    """What there is, in the order in which it refers to each other; written as people read it."""

    SAMU = "SAMU"
    COMPANY = "company"
    SITE = "site"
    VEHICLE = "vehicle"
    CONVENTION = "convention"
    PERSON = "person"


PLURALS: Mapping[Kind, str] = {
    Kind.SAMU: "SAMUs",
    Kind.COMPANY: "companies",
    Kind.SITE: "sites",
    Kind.VEHICLE: "vehicles",
    Kind.CONVENTION: "conventions",
    Kind.PERSON: "persons",
}
TABLES: Mapping[Kind, sa.Table] = {
    Kind.SAMU: tables.samus,
    Kind.COMPANY: tables.companies,
    Kind.SITE: tables.sites,
    Kind.VEHICLE: tables.vehicles,
    Kind.CONVENTION: tables.conventions,
    Kind.PERSON: tables.persons,
}
COLUMNS: Mapping[Kind, Sequence[str]] = {
    Kind.SAMU: ("id", "name", "phone", "area_cells", "policy", "timezone"),
    Kind.COMPANY: ("id", "name", "phone"),
    Kind.SITE: ("id", "company_id", "name", "lat", "lon", "mobilisation_s", "mobilisation_by_hour_s"),
    Kind.VEHICLE: ("id", "company_id", "site_id", "name", "registration", "category"),
    Kind.CONVENTION: ("samu_id", "company_id"),
    Kind.PERSON: ("id", "username", "role", "samu_id", "company_id", "disabled"),
}
ORDER = ("name", "username", "id", "samu_id", "company_id")


async def lock_directory(connection: AsyncConnection) -> None:
    """Let one loading at a time go on, until the transaction ends: names are unique by our care alone."""
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_KEY)))


async def read_known(connection: AsyncConnection) -> Known:
    """Everything, by name."""
    return {kind: await _rows(connection, kind) for kind in Kind}


async def engaged(connection: AsyncConnection, vehicle_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of the vehicles that are on a mission. None of them can be engaged before the transaction ends."""
    vehicles, engagements = tables.vehicles, tables.engagements
    if not vehicle_ids:
        return frozenset()
    # Locked first, then read, as whoever engages one does (storage.engagement).
    mine = sa.select(vehicles.c.id).where(vehicles.c.id.in_(vehicle_ids)).order_by(vehicles.c.id)
    await connection.execute(mine.with_for_update(key_share=True))
    query = sa.select(engagements.c.vehicle_id).where(engagements.c.vehicle_id.in_(vehicle_ids))
    return frozenset(await connection.scalars(query))


async def _rows(connection: AsyncConnection, kind: Kind) -> list[Row]:
    table = TABLES[kind]
    columns = [table.columns[name] for name in COLUMNS[kind]]
    order = [table.columns[name] for name in ORDER if name in COLUMNS[kind]]
    found = await connection.execute(sa.select(*columns).order_by(*order))
    return [_as_a_file_has_it(dict(row)) for row in found.mappings()]


def _as_a_file_has_it(row: dict[str, Any]) -> Row:
    if "policy" in row:
        row |= {"policy": kept_values(row["policy"]), "area_cells": sorted(row["area_cells"])}
    return row
