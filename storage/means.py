"""Companies' means as callers see and tick them: sites, vehicles, facilities."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lease import Lease
from domain.vocabulary import LeaseState
from storage import fleet
from storage.tables import (
    companies,
    conventions,
    devices,
    engagements,
    facilities,
    leases,
    persons,
    sites,
    vehicle_positions,
    vehicles,
)
from storage.views import Scope, made


@dataclass(frozen=True, slots=True)
class SiteCard:
    """A site and its tick-box; place in degrees."""

    id: UUID
    company_id: UUID
    name: str
    lat: float
    lon: float
    available: bool
    available_until: datetime | None
    mobilisation_s: int
    mobilisation_by_hour_s: Sequence[int] | None
    state: str | None
    """Of its lease, null while nobody ever took it; `domain.lease.Lease` says what the following mean."""
    epoch: int | None
    device_id: UUID | None
    taken_at: datetime | None
    heartbeat_at: datetime | None
    offered_to: UUID | None
    device_name: str | None
    device_kind: str | None
    person: str | None

    @property
    def lease(self) -> Lease:
        """Its lease, free while nobody ever took it."""
        return Lease(
            site_id=self.id,
            company_id=self.company_id,
            state=LeaseState(self.state or LeaseState.FREE),
            epoch=self.epoch or 0,
            device_id=self.device_id,
            taken_at=self.taken_at,
            heartbeat_at=self.heartbeat_at,
            offered_to=self.offered_to,
        )


@dataclass(frozen=True, slots=True)
class VehicleLine:
    """A vehicle, its tick-box, its last position (degrees) and its mission."""

    id: UUID
    company_id: UUID
    site_id: UUID | None
    name: str
    registration: str | None
    category: str
    available: bool
    available_until: datetime | None
    lat: float | None
    lon: float | None
    recorded_at: datetime | None
    received_at: datetime | None
    speed_kmh: float | None
    heading: float | None
    accuracy_m: float | None
    device_seen_at: datetime | None
    """The last word of a phone that is in it."""
    mission_id: UUID | None
    on_guard: bool


class Tick(Enum):
    """What became of a tick-box."""

    UNKNOWN = "unknown"
    SAME = "same"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class CompanyCard:
    """A company, and the number on which its regulation is telephoned."""

    id: UUID
    name: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class Facility:
    """A facility that patients are taken to, by its FINESS number; place in degrees."""

    id: str
    name: str
    commune: str | None
    lat: float
    lon: float


def _may_see(scope: Scope, company_id: sa.Column[UUID]) -> sa.ColumnElement[bool]:
    """A company sees its own means, a SAMU those of the companies that it may solicit."""
    if scope.everything:
        return sa.true()
    if scope.company_id is not None:
        return company_id == scope.company_id
    agreed = (conventions.c.samu_id == scope.samu_id) & (conventions.c.company_id == company_id)
    return sa.exists().where(agreed)


async def companies_of(connection: AsyncConnection, scope: Scope) -> list[CompanyCard]:
    """The companies whose means the caller may see, by name."""
    columns = [companies.c[name] for name in CompanyCard.__slots__]
    query = sa.select(*columns).where(_may_see(scope, companies.c.id))
    rows = await connection.execute(query.order_by(companies.c.name, companies.c.id))
    return [made(CompanyCard, row) for row in rows]


async def samus_of(connection: AsyncConnection, scope: Scope) -> dict[UUID, list[UUID]]:
    """The SAMUs that may solicit each company whose means the caller may see; of a SAMU's companies only itself."""
    query = sa.select(conventions.c.company_id, conventions.c.samu_id)
    if scope.samu_id is not None:
        query = query.where(conventions.c.samu_id == scope.samu_id)
    elif not scope.everything:
        query = query.where(conventions.c.company_id == scope.company_id)
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for row in await connection.execute(query):
        found[row.company_id].append(row.samu_id)
    return found


async def sites_of(connection: AsyncConnection, scope: Scope) -> list[SiteCard]:
    """The sites that the caller may see, by name, with who regulates them."""
    rows = await connection.execute(_SITES.where(_may_see(scope, sites.c.company_id)))
    return [made(SiteCard, row) for row in rows]


async def sites_of_company(connection: AsyncConnection, company_id: UUID) -> list[SiteCard]:
    """A company's own sites, by name: at every heartbeat, so the statement is made once."""
    return [made(SiteCard, row) for row in await connection.execute(_OWN_SITES, {"company": company_id})]


def _sites() -> sa.Select[Any]:
    own = ("id", "company_id", "name", "lat", "lon", "available", "available_until")
    mobilised = ("mobilisation_s", "mobilisation_by_hour_s")
    held = ("state", "epoch", "device_id", "taken_at", "heartbeat_at", "offered_to")
    return (
        sa.select(
            *(sites.c[name] for name in (*own, *mobilised)),
            *(leases.c[name] for name in held),
            devices.c.name.label("device_name"),
            devices.c.kind.label("device_kind"),
            persons.c.username.label("person"),
        )
        .select_from(sites)
        .outerjoin(leases, leases.c.site_id == sites.c.id)
        .outerjoin(devices, devices.c.id == leases.c.device_id)
        .outerjoin(persons, persons.c.id == devices.c.person_id)
        .order_by(sites.c.name, sites.c.id)
    )


_SITES = _sites()
_OWN_SITES = _SITES.where(sites.c.company_id == sa.bindparam("company", type_=sites.c.company_id.type))


async def vehicles_of(connection: AsyncConnection, scope: Scope) -> list[VehicleLine]:
    """The vehicles that the caller may see, by name, with where they are and what they do."""
    positions = vehicle_positions.c
    names = ("lat", "lon", "recorded_at", "received_at", "speed_kmh", "heading", "accuracy_m")
    query = (
        sa.select(
            vehicles,
            *(positions[name] for name in names),
            fleet.device_seen().label("device_seen_at"),
            engagements.c.mission_id,
            fleet.on_guard().label("on_guard"),
        )
        .outerjoin(vehicle_positions, positions.vehicle_id == vehicles.c.id)
        .outerjoin(engagements, engagements.c.vehicle_id == vehicles.c.id)
        .where(_may_see(scope, vehicles.c.company_id))
        .order_by(vehicles.c.name, vehicles.c.id)
    )
    return [made(VehicleLine, row) for row in await connection.execute(query)]


async def tick_site(
    connection: AsyncConnection, company_id: UUID, site_id: UUID, *, available: bool, until: datetime | None
) -> Tick:
    """Tick or untick a site of the company's."""
    return await _tick(connection, sites, company_id, site_id, available=available, until=until)


async def tick_vehicle(
    connection: AsyncConnection,
    company_id: UUID,
    vehicle_id: UUID,
    *,
    available: bool,
    until: datetime | None,
) -> Tick:
    """Tick or untick a vehicle of the company's."""
    return await _tick(connection, vehicles, company_id, vehicle_id, available=available, until=until)


async def _tick(
    connection: AsyncConnection,
    table: sa.Table,
    company_id: UUID,
    target_id: UUID,
    *,
    available: bool,
    until: datetime | None,
) -> Tick:
    own = (table.c.id == target_id) & (table.c.company_id == company_id)
    columns = table.c.available, table.c.available_until
    found = (
        await connection.execute(sa.select(*columns).where(own).with_for_update(key_share=True))
    ).one_or_none()
    if found is None:
        return Tick.UNKNOWN
    if tuple(found) == (available, until):
        return Tick.SAME
    values = {"available": available, "available_until": until}
    await connection.execute(sa.update(table).where(own).values(values))
    return Tick.CHANGED


async def own_vehicles(
    connection: AsyncConnection, company_id: UUID, asked: Collection[UUID]
) -> frozenset[UUID]:
    """Those of the vehicles that belong to the company."""
    query = sa.select(vehicles.c.id).where(
        vehicles.c.company_id == company_id, vehicles.c.id == sa.any_(sa.literal(list(asked), _UUIDS))
    )
    return frozenset((await connection.execute(query)).scalars())


async def list_facilities(connection: AsyncConnection) -> list[Facility]:
    """Every facility, by name."""
    columns = [facilities.c[name] for name in Facility.__slots__]
    rows = await connection.execute(sa.select(*columns).order_by(facilities.c.name, facilities.c.id))
    return [made(Facility, row) for row in rows]


async def find_facility(connection: AsyncConnection, facility_id: str) -> Facility | None:
    """One facility by its FINESS number."""
    columns = [facilities.c[name] for name in Facility.__slots__]
    row = (await connection.execute(sa.select(*columns).where(facilities.c.id == facility_id))).one_or_none()
    return made(Facility, row) if row else None


_UUIDS = sa.ARRAY(vehicles.c.id.type)
