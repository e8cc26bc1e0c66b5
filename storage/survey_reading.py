"""What a survey knows of the fleet of a SAMU, read by one statement: so it is of one moment, without a transaction.

One statement instead of four takes PostgreSQL less than half the time, and the driver has one answer to wait for.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.direct import Row
from storage.fleet import FleetSite, FleetVehicle, as_array
from storage.survey_statement import GUARD, HOME, LAST, LEASE, REST, SITE, STATEMENT, VEHICLE, OnGuard


class Beyond(NamedTuple):
    """Vehicles of no cell that was searched, as PostgreSQL writes arrays: they are kept, and never looked at here."""

    vehicles: str | None
    cells: str | None
    """Under which each of them is filed; null for one without a position."""


class Known(NamedTuple):
    """The means that a SAMU may call on at one moment."""

    vehicles: Sequence[FleetVehicle]
    """Those of the cells, and whoever is on guard."""
    on_guard: Mapping[UUID, OnGuard]
    sites: Sequence[FleetSite]
    """All of them."""
    beyond: Beyond
    digest: bytes | None
    """Of the survey that was kept last in the same round of the demand."""


class Question(NamedTuple):
    """Whose fleet, near which cells (of COVER_RESOLUTION), when, and for which round of which demand."""

    samu: UUID
    cells: Sequence[int]
    at: datetime
    demand: UUID
    round: int

    def parameters(self) -> dict[str, object]:
        """As the statement takes them."""
        return {**self._asdict(), "cells": as_array(self.cells)}


async def read(connection: AsyncConnection, asked: Question) -> Known:
    """Read everything that a survey judges."""
    rows = await STATEMENT.rows(connection, asked.parameters())
    found = [row for row in rows if row[VEHICLE] is not None]
    places = [row[SITE:] for row in rows if row[SITE] is not None]
    [rest] = [row[REST:VEHICLE] for row in rows if row[REST]]
    homes = {place[0]: place[2:6] + place[10:12] for place in places}
    return Known(
        vehicles=[_vehicle(row, homes) for row in found],
        on_guard={row[VEHICLE]: OnGuard._make(row[GUARD:SITE]) for row in found if row[GUARD] is not None},
        sites=[FleetSite._make(place[:-1]) for place in places if place[-1]],
        beyond=Beyond(*rest[1:3]),
        digest=rest[3],
    )


def _vehicle(row: Row, homes: Mapping[UUID, Row]) -> FleetVehicle:
    """What depends on its site is in the row of the site; without one its company's best lease counts."""
    home = homes.get(row[HOME]) or (None, None, None, None, *row[LEASE:GUARD])
    return FleetVehicle._make((*row[VEHICLE:LAST], *home, row[LAST]))
