"""The means that a SAMU may call on, as they stand now: for the search, which judges every one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.policy import Policy
from storage.guard import on_guard_condition
from storage.tables import (
    conventions,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetVehicle:
    """One vehicle. Without a position `lat`, `lon`, `fix_at` are null and it is not `near`."""

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
    fix_at: datetime | None
    speed_kmh: float | None
    near: bool
    """Whether its position lies in one of the cells asked for."""
    last_mission_at: datetime | None
    """When its company was last given a mission (rule 89)."""

    @property
    def place(self) -> Place | None:
        """Its last position."""
        return None if self.lat is None or self.lon is None else Place(self.lat, self.lon)


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSite:
    """One site. `mobilisation_s` is the time that its crews need before they leave."""

    site_id: UUID
    company_id: UUID
    lat: float
    lon: float
    mobilisation_s: int
    available: bool
    available_until: datetime | None
    last_mission_at: datetime | None
    lease_state: str | None
    """How it is regulated; null when nobody ever did."""
    heartbeat_at: datetime | None
    """The last word of the device that regulates it."""

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.lat, self.lon)


def on_guard() -> sa.ColumnElement[bool]:
    """Whether a vehicle is on guard, and so reserved for it (rule 55)."""
    return on_guard_condition(vehicles.c.id)


async def policy_of(connection: AsyncConnection, samu_id: UUID) -> Policy:
    """The SAMU's timings; what it did not choose is by default. Raises NoResultFound for an unknown SAMU."""
    chosen = await connection.execute(sa.select(samus.c.policy).where(samus.c.id == samu_id))
    return Policy.model_validate(chosen.scalar_one())


async def vehicles_of(connection: AsyncConnection, samu_id: UUID, cover: Sequence[int]) -> list[FleetVehicle]:
    """Every vehicle of the companies that the SAMU may solicit; `cover` are cells of COVER_RESOLUTION."""
    found = await connection.execute(_VEHICLES, {"samu": samu_id, "cover": cover})
    return [FleetVehicle(**row) for row in found.mappings()]


async def sites_of(connection: AsyncConnection, samu_id: UUID) -> list[FleetSite]:
    """Every site of the companies that the SAMU may solicit."""
    found = await connection.execute(_SITES, {"samu": samu_id})
    return [FleetSite(**row) for row in found.mappings()]


def _members() -> sa.CTE:
    """The companies, each with its last mission: looked up once a company, not once a vehicle."""
    last = (
        sa.select(sa.func.max(missions.c.assigned_at))
        .where(missions.c.company_id == conventions.c.company_id)
        .scalar_subquery()
    )
    samu = sa.bindparam("samu", type_=conventions.c.samu_id.type)
    members = sa.select(conventions.c.company_id, last.label("last_mission_at"))
    return members.where(conventions.c.samu_id == samu).cte("members").prefix_with("MATERIALIZED")


def _vehicles() -> sa.Select[Any]:
    members, fix = _members(), vehicle_positions
    cover = sa.bindparam("cover", type_=ARRAY(sa.BigInteger))
    computed = {
        "vehicle_id": vehicles.c.id,
        "engaged": engagements.c.vehicle_id.is_not(None),
        "on_guard": on_guard(),
        "lat": fix.c.lat,
        "lon": fix.c.lon,
        "fix_at": fix.c.recorded_at,
        "speed_kmh": fix.c.speed_kmh,
        "near": sa.func.coalesce(fix.c.cover_cell == sa.any_(cover), sa.false()),
        "last_mission_at": members.c.last_mission_at,
    }
    return _select(FleetVehicle, vehicles, computed).select_from(
        members.join(vehicles, vehicles.c.company_id == members.c.company_id)
        .outerjoin(fix, fix.c.vehicle_id == vehicles.c.id)
        .outerjoin(engagements, engagements.c.vehicle_id == vehicles.c.id)
    )


def _sites() -> sa.Select[Any]:
    members = _members()
    computed = {
        "site_id": sites.c.id,
        "last_mission_at": members.c.last_mission_at,
        "lease_state": leases.c.state,
        "heartbeat_at": leases.c.heartbeat_at,
    }
    joined = members.join(sites, sites.c.company_id == members.c.company_id).outerjoin(
        leases, leases.c.site_id == sites.c.id
    )
    return _select(FleetSite, sites, computed).select_from(joined)


def _select(
    kind: type[FleetVehicle | FleetSite], table: sa.Table, computed: Mapping[str, sa.ColumnElement[Any]]
) -> sa.Select[Any]:
    """The fields of a class: computed, or else the table's column of that name."""
    names = [field.name for field in fields(kind)]
    return sa.select(*((computed[n] if n in computed else table.columns[n]).label(n) for n in names))


_VEHICLES = _vehicles()
_SITES = _sites()
