"""What notifications are made of: which phones there are, what they have in their hands, what is asked, who drives."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.authority import Asked, Hands
from domain.vocabulary import LeaseState, MissionEndReason, SolicitationState, Tier
from storage.push import reachable
from storage.tables import (
    crews,
    demand_views,
    devices,
    guard_shifts,
    leases,
    missions,
    notifications,
    persons,
    sites,
    solicitations,
    vehicles,
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a demand asks for, as far as a notification says it."""

    max_delay_minutes: int
    volume: str
    exercise: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """An open solicitation; ``name`` is its vehicle's or its site's."""

    id: UUID
    demand_id: UUID
    company_id: UUID
    asked: Asked
    eta_minutes: int | None
    answer_before: datetime
    name: str | None


@dataclass(frozen=True, slots=True)
class Given:
    """A mission, running or ended."""

    id: UUID
    demand_id: UUID
    company_id: UUID
    vehicle_id: UUID
    vehicle_name: str
    end_reason: MissionEndReason | None


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone that can be reached, and what it has in its hands."""

    device_id: UUID
    company_id: UUID
    hands: Hands


@dataclass(frozen=True, slots=True)
class Said:
    """What was said to a device under a tag, or is to be; not ``told`` when no push service has any of it."""

    device_id: UUID
    tag: str
    kind: str
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """How some demands stand, for those who can be notified."""

    terms: Mapping[UUID, Terms]
    asks: tuple[Ask, ...] = ()
    missions: tuple[Given, ...] = ()
    phones: tuple[Phone, ...] = ()
    said: tuple[Said, ...] = ()
    suspended: Mapping[UUID, tuple[str, ...]] = field(default_factory=dict)
    """The sites whose regulation a phone has lost by its silence, by name."""


async def look(
    connection: AsyncConnection,
    demand_ids: Collection[UUID],
    tags: Collection[str],
    at: datetime,
    *,
    devices_named: Collection[UUID] = (),
) -> Picture:
    """How these demands, and what these devices regulated, stand. What was said under these tags is kept from other
    writers until the transaction ends.
    """
    ids = sorted(demand_ids)
    asks, given = await _asks(connection, ids, at), await _missions(connection, ids)
    companies = {each.company_id for each in asks} | {each.company_id for each in given}
    return Picture(
        terms=await _terms(connection, ids),
        asks=tuple(asks),
        missions=tuple(given),
        phones=tuple(await phones_of(connection, companies)),
        said=tuple(await _said(connection, tags)),
        suspended=await _suspended(connection, devices_named) if devices_named else {},
    )


async def _terms(connection: AsyncConnection, ids: list[UUID]) -> dict[UUID, Terms]:
    columns = (demand_views.c[name] for name in ("max_delay_minutes", "volume", "exercise"))
    query = sa.select(demand_views.c.demand_id, *columns).where(demand_views.c.demand_id.in_(ids))
    return {demand_id: Terms(*terms) for demand_id, *terms in await connection.execute(query)}


def _with_phones(company_id: sa.ColumnElement[UUID]) -> sa.ColumnElement[bool]:
    """Whether anybody of a company can be reached: of all others nothing need be read."""
    someone = sa.select(persons.c.company_id).join(devices, devices.c.person_id == persons.c.id)
    return company_id.in_(someone.where(reachable(), persons.c.company_id.is_not(None)))


async def _asks(connection: AsyncConnection, ids: list[UUID], at: datetime) -> list[Ask]:
    asked = solicitations
    query = (
        sa.select(
            *(asked.c[n] for n in ("id", "demand_id", "company_id", "tier", "site_id", "vehicle_id")),
            asked.c.eta_minutes,
            asked.c.answer_before,
            sa.func.coalesce(vehicles.c.name, sites.c.name),
        )
        .outerjoin(vehicles, vehicles.c.id == asked.c.vehicle_id)
        .outerjoin(sites, sites.c.id == asked.c.site_id)
        .where(
            asked.c.demand_id.in_(ids),
            asked.c.state == SolicitationState.OPEN,
            asked.c.answer_before > at,
            _with_phones(asked.c.company_id),
        )
        .order_by(asked.c.eta_minutes.nulls_last(), asked.c.id)
    )
    return [
        Ask(id_, demand_id, company_id, Asked(tier=Tier(tier), site_id=site, vehicle_id=vehicle), *rest)
        for id_, demand_id, company_id, tier, site, vehicle, *rest in await connection.execute(query)
    ]


async def _missions(connection: AsyncConnection, ids: list[UUID]) -> list[Given]:
    query = (
        sa.select(
            missions.c.id,
            missions.c.demand_id,
            missions.c.company_id,
            missions.c.vehicle_id,
            vehicles.c.name,
            missions.c.end_reason,
        )
        .join(vehicles, vehicles.c.id == missions.c.vehicle_id)
        .where(missions.c.demand_id.in_(ids), _with_phones(missions.c.company_id))
        .order_by(missions.c.assigned_at)
    )
    return [
        Given(id_, demand_id, company_id, vehicle_id, name, MissionEndReason(reason) if reason else None)
        for id_, demand_id, company_id, vehicle_id, name, reason in await connection.execute(query)
    ]


async def _said(connection: AsyncConnection, tags: Collection[str]) -> list[Said]:
    columns = (notifications.c[name] for name in ("device_id", "tag", "kind", "told"))
    query = sa.select(*columns).where(notifications.c.tag.in_(sorted(tags)))
    query = query.order_by(notifications.c.device_id, notifications.c.tag).with_for_update()
    return [Said(*row) for row in await connection.execute(query)]


async def _suspended(
    connection: AsyncConnection, device_ids: Collection[UUID]
) -> dict[UUID, tuple[str, ...]]:
    query = (
        sa.select(leases.c.device_id, sites.c.name)
        .join(sites, sites.c.id == leases.c.site_id)
        .join(devices, devices.c.id == leases.c.device_id)
        .where(
            leases.c.device_id.in_(sorted(device_ids)), leases.c.state == LeaseState.SUSPENDED, reachable()
        )
        .order_by(leases.c.device_id, sites.c.name)
    )
    found: dict[UUID, tuple[str, ...]] = {}
    for device_id, name in await connection.execute(query):
        found[device_id] = (*found.get(device_id, ()), name)
    return found


# -- phones -------------------------------------------------------------------------------------------------------------


class _Fleet(NamedTuple):
    """The vehicles of a company: the site of each, and the phones that opened its guard shifts, if it is on guard."""

    site_of: dict[UUID, UUID | None]
    guards: dict[UUID, set[UUID]]


async def phones_of(connection: AsyncConnection, company_ids: Collection[UUID]) -> list[Phone]:
    """The phones of these companies that can be reached, each with what it has in its hands.

    Who regulates a site, or was the last to: a lease whose holder has just fallen silent is told all the more.
    """
    query = (
        sa.select(devices.c.id, persons.c.company_id, crews.c.vehicle_id)
        .join(persons, persons.c.id == devices.c.person_id)
        .outerjoin(crews, (crews.c.device_id == devices.c.id) & crews.c.left_at.is_(None))
        .where(persons.c.company_id.in_(sorted(company_ids)), reachable())
        .order_by(devices.c.id)
    )
    found = (await connection.execute(query)).all()
    fleets = await _fleets(connection, {company_id for _, company_id, _ in found})
    held = await _leases(connection, [device_id for device_id, *_ in found])
    return [
        Phone(device_id, company_id, _hands(device_id, aboard, fleets[company_id], held.get(device_id, {})))
        for device_id, company_id, aboard in found
    ]


def _hands(device_id: UUID, aboard: UUID | None, fleet: _Fleet, held: Mapping[UUID, int]) -> Hands:
    """As `storage.regulation.hands_of`: the phone of a shift is in its vehicle, or opened it and moved nowhere."""
    guards = (
        vehicle_id
        for vehicle_id, opened_by in fleet.guards.items()
        if vehicle_id == aboard or (aboard is None and device_id in opened_by)
    )
    return Hands(leases=held, site_of=fleet.site_of, guards=frozenset(guards), aboard=aboard)


async def _fleets(connection: AsyncConnection, company_ids: Iterable[UUID]) -> dict[UUID, _Fleet]:
    ids = sorted(company_ids)
    query = (
        sa.select(vehicles.c.company_id, vehicles.c.id, vehicles.c.site_id, guard_shifts.c.device_id)
        .outerjoin(
            guard_shifts, (guard_shifts.c.vehicle_id == vehicles.c.id) & guard_shifts.c.closed_at.is_(None)
        )
        .where(vehicles.c.company_id.in_(ids))
    )
    found = {company_id: _Fleet({}, {}) for company_id in ids}
    for company_id, vehicle_id, site_id, opened_by in await connection.execute(query):
        found[company_id].site_of[vehicle_id] = site_id
        if opened_by is not None:
            found[company_id].guards.setdefault(vehicle_id, set()).add(opened_by)
    return found


async def _leases(connection: AsyncConnection, device_ids: list[UUID]) -> dict[UUID, dict[UUID, int]]:
    query = sa.select(leases.c.device_id, leases.c.site_id, leases.c.epoch).where(
        leases.c.device_id.in_(device_ids), leases.c.state.in_([LeaseState.HELD, LeaseState.SUSPENDED])
    )
    found: dict[UUID, dict[UUID, int]] = {}
    for device_id, site_id, epoch in await connection.execute(query):
        found.setdefault(device_id, {})[site_id] = epoch
    return found
