"""The means that a SAMU may call on, as they stand now: for the search, and for whoever asks about single vehicles.

A survey reads them by a statement of its own (`storage.survey_statement`), which shares what is computed here.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.policy import Policy
from storage.guard import on_guard_condition
from storage.tables import (
    Uuid,
    conventions,
    crews,
    devices,
    engagements,
    leases,
    missions,
    samus,
    sites,
    vehicle_positions,
    vehicles,
)


class Place(NamedTuple):
    """WGS-84 degrees. Not a `domain.fleet.Point`: thousands are read at a time, from columns that are in range."""

    lat: float
    lon: float


class FleetVehicle(NamedTuple):
    """One vehicle. Without a position `lat`, `lon`, `cell` and `fix_at` are null; without a site all of `home_…` is."""

    vehicle_id: UUID
    company_id: UUID
    site_id: UUID | None
    category: str
    available: bool
    """The tick-box; it holds until `available_until`."""
    available_until: datetime | None
    engaged: bool
    on_guard: bool
    lat: float | None
    lon: float | None
    cell: int | None
    road_graph: str | None
    road_node: int | None
    road_access_m: float | None
    fix_at: datetime | None
    speed_kmh: float | None
    device_seen_at: datetime | None
    """The last word of a phone that is in it."""
    home_lat: float | None
    home_lon: float | None
    mobilisation_s: int | None
    mobilisation_by_hour_s: Sequence[int | None] | None
    lease_state: str | None
    """How its site is regulated; without one, how the best of its company's is. Null when nobody ever did."""
    heartbeat_at: datetime | None
    last_mission_at: datetime | None
    """When its company was last given a mission (rule 89)."""

    @property
    def home(self) -> Place | None:
        """Where its site is; none that is no place on Earth: it would end the search for everybody."""
        home = None if self.home_lat is None or self.home_lon is None else Place(self.home_lat, self.home_lon)
        return home if home and -90 <= home.lat <= 90 and -180 <= home.lon <= 180 else None  # noqa: PLR2004 - degrees


class FleetSite(NamedTuple):
    """One site. `mobilisation_…` is the time that its crews need before they leave."""

    site_id: UUID
    company_id: UUID
    lat: float
    lon: float
    mobilisation_s: int
    mobilisation_by_hour_s: Sequence[int | None] | None
    available: bool
    available_until: datetime | None
    free_categories: Sequence[str]
    """Of the vehicles that its company could name: neither on a mission nor on guard (rule 9)."""
    last_mission_at: datetime | None
    lease_state: str | None
    """How it is regulated; null when nobody ever did."""
    heartbeat_at: datetime | None
    """The last word of the device that regulates it."""


class LeaseLine(NamedTuple):
    """How one site of a company is regulated."""

    state: str
    heartbeat_at: datetime | None


def on_guard() -> sa.ColumnElement[bool]:
    """Whether a vehicle is on guard, and so reserved for it (rule 55)."""
    return on_guard_condition(vehicles.c.id)


async def policy_of(connection: AsyncConnection, samu_id: UUID) -> Policy:
    """The SAMU's timings; what it did not choose is by default. Raises NoResultFound for an unknown SAMU."""
    chosen = await connection.execute(sa.select(samus.c.policy).where(samus.c.id == samu_id))
    return Policy.model_validate(chosen.scalar_one())


async def timezone_of(connection: AsyncConnection, samu_id: UUID) -> str:
    """The name of the zone in which the SAMU's clocks run. Raises NoResultFound for an unknown SAMU."""
    found = await connection.execute(sa.select(samus.c.timezone).where(samus.c.id == samu_id))
    return str(found.scalar_one())


async def vehicles_near(
    connection: AsyncConnection, samu_id: UUID, cells: Sequence[int], also: Sequence[UUID] = ()
) -> list[FleetVehicle]:
    """The vehicles that the SAMU may solicit whose position is filed under one of the cells, and those of `also`.

    The cells are of COVER_RESOLUTION.
    """
    given = {"samu": samu_id, "cells": as_array(cells), "also": as_array(also)}
    found = await connection.execute(VEHICLES, given)
    return [FleetVehicle._make(row) for row in found.all()]


async def vehicle(connection: AsyncConnection, samu_id: UUID, vehicle_id: UUID) -> FleetVehicle | None:
    """One vehicle, wherever it is; ``None`` for one that the SAMU may not solicit."""
    found = await vehicles_near(connection, samu_id, [], [vehicle_id])
    return found[0] if found else None


async def leases_of(connection: AsyncConnection, company_id: UUID) -> list[LeaseLine]:
    """How the sites of one company are regulated, as far as anybody ever did."""
    query = sa.select(leases.c.state, leases.c.heartbeat_at).where(leases.c.company_id == company_id)
    return [LeaseLine(*row) for row in await connection.execute(query)]


SAMU = sa.bindparam("samu", type_=Uuid)
CELLS = sa.cast(sa.bindparam("cells", type_=sa.Text), ARRAY(sa.BigInteger))
ALSO = sa.cast(sa.bindparam("also", type_=sa.Text), ARRAY(Uuid))


def as_array(ids: Iterable[object]) -> str:
    """Numbers or ids as one text, to be cast: hundreds are sent in a tenth of the time that a list of them takes."""
    return f"{{{','.join(map(str, ids))}}}"


def last_mission(of: sa.FromClause) -> sa.ScalarSelect[Any]:
    """When the company of a row was last given a mission: the end of an index, once a row.

    A table of it by company is joined in a time that grows with the square, for no plan knows how few rows there are.
    """
    query = sa.select(sa.func.max(missions.c.assigned_at)).where(missions.c.company_id == of.c.company_id)
    return query.correlate(of).scalar_subquery()


def device_seen(of: sa.FromClause = vehicles) -> sa.ScalarSelect[Any]:
    """When a phone that is in the vehicle of a row was last heard of."""
    aboard = (crews.c.vehicle_id == of.c.id, crews.c.left_at.is_(None), devices.c.closed_at.is_(None))
    heard = sa.func.coalesce(devices.c.last_seen_at, devices.c.created_at)
    query = sa.select(sa.func.max(heard)).select_from(crews.join(devices, devices.c.id == crews.c.device_id))
    return query.where(*aboard).correlate(of).scalar_subquery()


def best_lease(column: sa.Column[Any]) -> sa.ScalarSelect[Any]:
    """Of the leases of a vehicle's company, that of the best: who belongs to no site is answered for by any."""
    rank = sa.case((leases.c.state == "HELD", 0), (leases.c.state == "SUSPENDED", 1), else_=2)
    query = sa.select(column).where(leases.c.company_id == vehicles.c.company_id)
    best = query.order_by(rank, leases.c.heartbeat_at.desc().nulls_last(), leases.c.site_id).limit(1)
    return best.correlate(vehicles).scalar_subquery()


def _of_lease(own: sa.FromClause, name: str) -> sa.ColumnElement[Any]:
    return sa.case((vehicles.c.site_id.is_(None), best_lease(leases.columns[name])), else_=own.columns[name])


def _of_vehicle(lease: sa.FromClause) -> dict[str, sa.ColumnElement[Any]]:
    """What is not simply a column of the vehicle."""
    fix, home = vehicle_positions, sites
    return {
        "vehicle_id": vehicles.c.id,
        "engaged": engagements.c.vehicle_id.is_not(None),
        "on_guard": on_guard(),
        **{name: fix.columns[name] for name in ("lat", "lon", "road_graph", "road_node", "road_access_m")},
        "cell": fix.c.cover_cell,
        "fix_at": fix.c.recorded_at,
        "speed_kmh": fix.c.speed_kmh,
        "device_seen_at": device_seen(),
        "home_lat": home.c.lat,
        "home_lon": home.c.lon,
        "mobilisation_s": home.c.mobilisation_s,
        "mobilisation_by_hour_s": home.c.mobilisation_by_hour_s,
        "lease_state": _of_lease(lease, "state"),
        "heartbeat_at": _of_lease(lease, "heartbeat_at"),
        "last_mission_at": last_mission(vehicles),
    }


def _wanted_vehicles() -> sa.CTE:
    """By cell, and those asked for by id, of the companies that the SAMU may solicit."""
    fix = vehicle_positions
    near = sa.select(fix.c.vehicle_id).where(fix.c.cover_cell == sa.any_(CELLS))
    asked = near.union(sa.select(sa.func.unnest(ALSO).label("vehicle_id"))).subquery("asked")
    agreed = (conventions.c.samu_id == SAMU) & (conventions.c.company_id == vehicles.c.company_id)
    query = sa.select(vehicles.c.id).select_from(
        asked.join(vehicles, vehicles.c.id == asked.c.vehicle_id).join(conventions, agreed)
    )
    return query.cte("wanted").prefix_with("MATERIALIZED")


def _vehicles() -> sa.Select[Any]:
    fix, home, lease = vehicle_positions, sites, leases.alias("lease")
    wanted = _wanted_vehicles()
    return _select(FleetVehicle, vehicles, _of_vehicle(lease)).select_from(
        wanted.join(vehicles, vehicles.c.id == wanted.c.id)
        .outerjoin(fix, fix.c.vehicle_id == vehicles.c.id)
        .outerjoin(home, home.c.id == vehicles.c.site_id)
        .outerjoin(engagements, engagements.c.vehicle_id == vehicles.c.id)
        .outerjoin(lease, lease.c.site_id == vehicles.c.site_id)
    )


def _select(
    kind: type[FleetVehicle], table: sa.Table, computed: Mapping[str, sa.ColumnElement[Any]]
) -> sa.Select[Any]:
    """The fields of a class, in their order: computed, or else the table's column of that name."""
    return sa.select(*((computed[n] if n in computed else table.columns[n]).label(n) for n in kind._fields))


VEHICLES = _vehicles()
"""Of `vehicles_near`; public for the test that reads its plan."""
