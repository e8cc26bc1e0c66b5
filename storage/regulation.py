"""Who regulates which site, from which device: the leases, and what hangs on them (rule 37)."""

import logging
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain import lease as rules
from domain.authority import Hands
from domain.lease import SILENCE, Change, Lease, OpenAlarm
from domain.vocabulary import AlarmKind, LeaseState, SolicitationState, Tier
from storage import alarms, duty
from storage.engine import transaction
from storage.tables import (
    crews,
    demand_views,
    guard_shifts,
    leases,
    missions,
    sites,
    solicitations,
    vehicles,
)

COLUMNS = [leases.c[field.name] for field in fields(Lease)]


# -- one lease -------------------------------------------------------------------------------------------------------


async def lock_site(connection: AsyncConnection, company_id: UUID, site_id: UUID) -> Lease | None:
    """The lease of a company's own site, kept from every other writer until the transaction ends.

    ``None`` for a site that is not the company's. All that is decided about one company's regulation, crews and
    devices waits for the same lock: nothing deadlocks, and facts come in the order of the decisions.
    """
    await duty.lock(connection, company_id)
    own = sa.select(sites.c.id).where(sites.c.id == site_id, sites.c.company_id == company_id)
    if await connection.scalar(own) is None:
        return None
    blank = {"site_id": site_id, "company_id": company_id, "state": LeaseState.FREE, "epoch": 0}
    await connection.execute(insert(leases).values(blank).on_conflict_do_nothing())
    found = sa.select(*COLUMNS).where(leases.c.site_id == site_id).with_for_update()
    return _lease((await connection.execute(found)).one())


async def save(connection: AsyncConnection, lease: Lease) -> None:
    """Write a lease that is locked."""
    values = {field.name: getattr(lease, field.name) for field in fields(Lease)}
    await connection.execute(sa.update(leases).where(leases.c.site_id == lease.site_id).values(values))


async def leases_on(connection: AsyncConnection, device_id: UUID) -> list[Lease]:
    """The leases that name a device, as holder, as who lost it, or as who was offered it; in the order of locking."""
    named = (leases.c.device_id == device_id) | (leases.c.offered_to == device_id)
    query = sa.select(*COLUMNS).where(named).order_by(leases.c.site_id).with_for_update()
    return [_lease(row) for row in await connection.execute(query)]


async def loss_alarms(connection: AsyncConnection, site_id: UUID) -> list[OpenAlarm]:
    """The alarms that a site's loss raised, not closed yet."""
    found = await alarms.open_of(connection, site_id=site_id)
    return [OpenAlarm(each.id, AlarmKind(each.kind), each.samu_id) for each in found]


def _lease(row: sa.Row[*tuple[Any, ...]]) -> Lease:
    values = dict(row._mapping)
    return Lease(**values | {"state": LeaseState(values["state"])})


# -- what waits for whoever regulates -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Work:
    """An open solicitation, or a running mission, with the SAMU that waits for it.

    ``site_id`` is null for what belongs to no site: any lease of the company serves it.
    """

    site_id: UUID | None
    samu_id: UUID


async def open_solicitations(connection: AsyncConnection, company_id: UUID) -> list[Work]:
    """The company's open solicitations; not those that a guard phone answers."""
    asked = solicitations
    query = (
        sa.select(sa.func.coalesce(asked.c.site_id, vehicles.c.site_id), demand_views.c.samu_id)
        .join_from(asked, demand_views, demand_views.c.demand_id == asked.c.demand_id)
        .outerjoin(vehicles, vehicles.c.id == asked.c.vehicle_id)
        .where(
            asked.c.company_id == company_id,
            asked.c.state == SolicitationState.OPEN,
            asked.c.tier != Tier.GUARD,
        )
    )
    return [Work(*row) for row in await connection.execute(query)]


async def running_missions(connection: AsyncConnection, company_id: UUID) -> list[Work]:
    """The company's missions that are not over, by the site of their vehicle."""
    query = (
        sa.select(vehicles.c.site_id, demand_views.c.samu_id)
        .join_from(missions, vehicles, vehicles.c.id == missions.c.vehicle_id)
        .join(demand_views, demand_views.c.demand_id == missions.c.demand_id)
        .where(missions.c.company_id == company_id, missions.c.ended_at.is_(None))
    )
    return [Work(*row) for row in await connection.execute(query)]


async def others_live(
    connection: AsyncConnection, company_id: UUID, without: Sequence[UUID], at: datetime
) -> bool:
    """Whether the company has another site that is regulated at that moment."""
    query = sa.select(leases.c.site_id).where(
        leases.c.company_id == company_id,
        leases.c.site_id.not_in(without),
        leases.c.state == LeaseState.HELD,
        leases.c.heartbeat_at > at - SILENCE,
    )
    return await connection.scalar(query.limit(1)) is not None


async def live_companies(
    connection: AsyncConnection, company_ids: Collection[UUID], at: datetime
) -> frozenset[UUID]:
    """Those of the companies in which somebody regulates a site at that moment."""
    if not company_ids:
        return frozenset()
    query = sa.select(leases.c.company_id).where(
        leases.c.company_id.in_(company_ids),
        leases.c.state == LeaseState.HELD,
        leases.c.heartbeat_at > at - SILENCE,
    )
    return frozenset(await connection.scalars(query))


def of_sites(work: Sequence[Work], lost: Sequence[UUID], *, others: bool) -> list[Work]:
    """What nobody serves when these sites are not regulated; ``others``: the company regulates another one."""
    return [each for each in work if each.site_id in lost or (each.site_id is None and not others)]


# -- suspension --------------------------------------------------------------------------------------------------------


LOCK_SECONDS = 1
"""A company that somebody else decides about for longer is looked at the next time."""

log = logging.getLogger(__name__)


async def suspend_silent(engine: AsyncEngine, at: datetime) -> list[Lease]:
    """Suspend every lease whose holder is silent for too long; return those (rule 37).

    One transaction a company. Repeatable, and safe to run in several processes at once. A company that cannot be
    looked at now does not keep the others waiting: it is met again at the next look.
    """
    silent = sa.select(leases.c.company_id).distinct().where(_is_silent(at))
    async with transaction(engine) as connection:
        companies = list(await connection.scalars(silent.order_by(leases.c.company_id)))
    lost: list[Lease] = []
    for company_id in companies:
        try:
            async with transaction(engine) as connection:
                await connection.execute(sa.text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
                lost += await _suspend(connection, company_id, at)
        except DBAPIError as error:
            log.warning("company %s is not looked at now (%s)", company_id, type(error.orig).__name__)
    return lost


async def _suspend(connection: AsyncConnection, company_id: UUID, at: datetime) -> list[Lease]:
    await duty.lock(connection, company_id)
    query = sa.select(*COLUMNS).where(leases.c.company_id == company_id, _is_silent(at))
    query = query.order_by(leases.c.site_id).with_for_update(skip_locked=True)
    silent = [_lease(row) for row in await connection.execute(query)]
    waiting = await open_solicitations(connection, company_id) if silent else []
    changes: list[Change] = []
    for each in silent:
        others = await others_live(connection, company_id, [each.site_id], at)
        unanswered = of_sites(waiting, [each.site_id], others=others)
        change = rules.suspend(each, at, Counter(work.samu_id for work in unanswered))
        if change is not None:
            await save(connection, change.lease)
            changes.append(change)
    await duty.tell(connection, [fact for change in changes for fact in change.facts])
    return [change.lease for change in changes]


def _is_silent(at: datetime) -> sa.ColumnElement[bool]:
    held = leases.c.state == sa.literal_column(f"'{LeaseState.HELD}'")  # the index serves no parameter
    return held & (leases.c.heartbeat_at <= at - SILENCE)


# -- who may answer ------------------------------------------------------------------------------------------------------


async def hands_of(connection: AsyncConnection, company_id: UUID, device_id: UUID, at: datetime) -> Hands:
    """What a device has in its hands: the sites it regulates now, and the guard vehicles whose phone it is."""
    live = sa.select(leases.c.site_id, leases.c.epoch).where(
        leases.c.device_id == device_id,
        leases.c.state == LeaseState.HELD,
        leases.c.heartbeat_at > at - SILENCE,
    )
    held = {row.site_id: row.epoch for row in await connection.execute(live)}
    own = await connection.execute(
        sa.select(
            vehicles.c.id,
            vehicles.c.site_id,
            _is_guard_phone(device_id),
            vehicles.c.id.in_(_bound(device_id)),
        ).where(vehicles.c.company_id == company_id)
    )
    rows = own.all()
    return Hands(
        leases=held,
        site_of={vehicle_id: site_id for vehicle_id, site_id, *_ in rows},
        guards=frozenset(vehicle_id for vehicle_id, _, is_phone, _ in rows if is_phone),
        aboard=next((vehicle_id for vehicle_id, _, _, is_in in rows if is_in), None),
    )


async def is_guard_phone(connection: AsyncConnection, device_id: UUID) -> bool:
    """Whether a device is the phone of a vehicle that is on guard."""
    query = sa.select(vehicles.c.id).where(_is_guard_phone(device_id))
    return await connection.scalar(query.limit(1)) is not None


async def site_regulated_by(connection: AsyncConnection, device_id: UUID, at: datetime) -> str | None:
    """The name of a site that a device regulates at that moment, if it regulates any."""
    query = (
        sa.select(sites.c.name)
        .join_from(leases, sites, sites.c.id == leases.c.site_id)
        .where(
            leases.c.device_id == device_id,
            leases.c.state == LeaseState.HELD,
            leases.c.heartbeat_at > at - SILENCE,
        )
    )
    name: str | None = await connection.scalar(query.order_by(sites.c.name).limit(1))
    return name


async def guards_alone(
    connection: AsyncConnection, device_id: UUID, *, staying_in: UUID | None = None
) -> int:
    """The open guard shifts that have no other phone than this one; not those of the vehicle that it stays in."""
    others = sa.exists().where(
        crews.c.vehicle_id == guard_shifts.c.vehicle_id,
        crews.c.left_at.is_(None),
        crews.c.device_id != device_id,
    )
    kept = sa.select(sa.func.count()).where(
        guard_shifts.c.closed_at.is_(None), _keeps_shift(device_id), ~others
    )
    if staying_in is not None:
        kept = kept.where(guard_shifts.c.vehicle_id != staying_in)
    return int(await connection.scalar(kept) or 0)


def _bound(device_id: UUID) -> sa.Select[tuple[UUID]]:
    return sa.select(crews.c.vehicle_id).where(crews.c.device_id == device_id, crews.c.left_at.is_(None))


def _keeps_shift(device_id: UUID) -> sa.ColumnElement[bool]:
    """The phone of a shift: in its vehicle, or the one that opened it and moved nowhere."""
    bound = _bound(device_id)
    opened_it = (guard_shifts.c.device_id == device_id) & ~sa.exists(bound)
    return guard_shifts.c.vehicle_id.in_(bound) | opened_it


def _is_guard_phone(device_id: UUID) -> sa.ColumnElement[bool]:
    """The vehicle's shift is open, and this phone is its phone."""
    return sa.exists(
        sa.select(guard_shifts.c.id).where(
            guard_shifts.c.vehicle_id == vehicles.c.id,
            guard_shifts.c.closed_at.is_(None),
            _keeps_shift(device_id),
        )
    )
