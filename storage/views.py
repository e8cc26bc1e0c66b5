"""What callers read: demands, solicitations and missions, each within the scope of who asks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.vocabulary import SolicitationState, Tier
from storage.tables import (
    demand_views,
    demands,
    facilities,
    mission_steps,
    missions,
    place_texts,
    solicitations,
)

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a caller may see: one SAMU, one company, or all. With none of them: nothing."""

    samu_id: UUID | None = None
    company_id: UUID | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A place in a list, newest first: what comes after ``at`` and ``id``, at most ``limit`` lines."""

    limit: int
    at: datetime | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class DemandView:
    """A demand as it stands. Places in degrees; ``started`` is false while the engine does not have it."""

    id: UUID
    samu_id: UUID
    reference: str
    status: str
    received_at: datetime
    max_delay_minutes: int
    volume: str
    lat: float
    lon: float
    address: str | None = field(repr=False)
    access: str | None = field(repr=False)
    motive: str | None = field(repr=False)
    instructions: str | None = field(repr=False)
    deadline: datetime
    tier_deadline: datetime | None
    revision: int
    carence_proposed: bool
    exercise: bool
    mission_id: UUID | None
    facility_id: str | None
    facility_name: str | None
    ended_at: datetime | None
    end_reason: str | None
    started: bool
    version: int
    """How many facts are recorded: one as long as only we have written."""
    smur_reference: str | None
    company_id: UUID | None


@dataclass(frozen=True, slots=True)
class SolicitationView:
    """A solicitation, with the terms of its demand that a company may know before it has the mission."""

    id: UUID
    demand_id: UUID
    round: int
    tier: str
    company_id: UUID
    site_id: UUID | None
    vehicle_id: UUID | None
    eta_minutes: int | None
    earliest_minutes: int | None
    exact_volume: bool
    to_confirm: bool
    state: str
    counter_delay_minutes: int | None
    counter_refused: bool
    """The counter-proposal is settled, in whatever way: nothing of it is left for the SAMU to decide."""
    reason: str | None
    opened_at: datetime
    answer_before: datetime
    answered_at: datetime | None
    rung_at: datetime | None
    max_delay_minutes: int
    volume: str
    deadline: datetime
    lat: float
    lon: float
    exercise: bool
    revision: int


@dataclass(frozen=True, slots=True)
class MissionView:
    """A mission's sheet, without the patient."""

    id: UUID
    demand_id: UUID
    samu_id: UUID
    solicitation_id: UUID
    company_id: UUID
    vehicle_id: UUID
    assigned_at: datetime
    promised_at: datetime
    deadline: datetime
    step: str
    alarm: str | None
    ended_at: datetime | None
    end_reason: str | None
    end_detail: str | None
    phone_bound: bool | None
    delivered_at: datetime | None
    opened_at: datetime | None
    reference: str
    max_delay_minutes: int
    volume: str
    lat: float
    lon: float
    address: str | None = field(repr=False)
    access: str | None = field(repr=False)
    motive: str | None = field(repr=False)
    instructions: str | None = field(repr=False)
    exercise: bool
    facility_id: str | None
    facility_name: str | None
    facility_lat: float | None
    facility_lon: float | None


@dataclass(frozen=True, slots=True)
class StepView:
    """A step that was passed; ``undone_at`` when it was taken back."""

    step_id: UUID
    step: str
    occurred_at: datetime
    recorded_at: datetime
    device_time: datetime | None
    by: str
    by_role: str
    reason: str | None
    undone_at: datetime | None


def made(kind: type[Made], row: sa.Row[*tuple[Any, ...]]) -> Made:
    """Build a dataclass from a row whose columns have its fields' names."""
    return kind(**row._mapping)


def after(page: Page, at: sa.Column[Any], id_: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """The condition of a page, newest first."""
    if page.at is None or page.id is None:
        return sa.true()
    return sa.tuple_(at, id_) < sa.tuple_(sa.literal(page.at, at.type), sa.literal(page.id, id_.type))


# -- demands ---------------------------------------------------------------------------------------------------------

_OF_THE_PLACE = sa.and_(
    place_texts.c.demand_id == demand_views.c.demand_id,
    place_texts.c.lat == demand_views.c.lat,
    place_texts.c.lon == demand_views.c.lon,
)
_PLACE_TEXT = [
    sa.case((place_texts.c.demand_id.is_not(None), place_texts.c[name]), else_=demands.c[name]).label(name)
    for name in ("address", "access")
]
"""What the crew reads of the place where the demand is now: as it was posted, or as it was corrected."""

_DEMAND = sa.select(
    demand_views.c.demand_id.label("id"),
    *(c for c in demand_views.c if c.name != "demand_id"),
    demands.c.reference,
    *_PLACE_TEXT,
    demands.c.motive,
    demands.c.instructions,
    demands.c.started_at.is_not(None).label("started"),
    demands.c.start["smur_reference"].astext.label("smur_reference"),
    sa.cast(demands.c.start["chosen_company_id"].astext, demands.c.id.type).label("company_id"),
).select_from(
    demand_views.join(demands, demands.c.id == demand_views.c.demand_id).outerjoin(place_texts, _OF_THE_PLACE)
)


def _may_see_demand(scope: Scope) -> sa.ColumnElement[bool]:
    if scope.everything:
        return sa.true()
    if scope.company_id is not None:
        asked = (solicitations.c.demand_id == demand_views.c.demand_id) & (
            solicitations.c.company_id == scope.company_id
        )
        return sa.exists().where(asked)
    return demand_views.c.samu_id == scope.samu_id


async def read_demand(connection: AsyncConnection, scope: Scope, demand_id: UUID) -> DemandView | None:
    """One demand, if the caller may see it: a company sees those that it was solicited for."""
    query = _DEMAND.where(demand_views.c.demand_id == demand_id, _may_see_demand(scope))
    row = (await connection.execute(query)).one_or_none()
    return made(DemandView, row) if row else None


async def list_demands(
    connection: AsyncConnection,
    scope: Scope,
    page: Page,
    statuses: Sequence[str] = (),
    since: datetime | None = None,
) -> list[DemandView]:
    """Demands, newest first."""
    conditions = [
        _may_see_demand(scope),
        after(page, demand_views.c.received_at, demand_views.c.demand_id),
    ]
    if statuses:
        conditions.append(demand_views.c.status.in_(statuses))
    if since is not None:
        conditions.append(demand_views.c.received_at >= since)
    order = demand_views.c.received_at.desc(), demand_views.c.demand_id.desc()
    found = await connection.execute(_DEMAND.where(*conditions).order_by(*order).limit(page.limit))
    return [made(DemandView, row) for row in found]


# -- solicitations ---------------------------------------------------------------------------------------------------

OWN_DEADLINE = demand_views.c.received_at + demand_views.c.max_delay_minutes * sa.text("interval '1 minute'")
"""The demand's own; the view's is that of the promise in force, which is between the SAMU and who promised."""


def _deadline_for_company() -> sa.ColumnElement[datetime]:
    """What the solicited company may know: the deadline of its own promise or mission, or the demand's own."""
    other = solicitations.alias("other")
    promises = sa.exists().where(
        other.c.demand_id == demand_views.c.demand_id,
        other.c.company_id == solicitations.c.company_id,
        other.c.tier == Tier.FREE_CHOICE.value,
        other.c.state == SolicitationState.OPEN.value,
    )
    goes = sa.exists().where(
        missions.c.id == demand_views.c.mission_id, missions.c.company_id == solicitations.c.company_id
    )
    return sa.case((promises | goes, demand_views.c.deadline), else_=OWN_DEADLINE).label("deadline")


_SOLICITATION = sa.select(
    solicitations,
    demand_views.c.max_delay_minutes,
    demand_views.c.volume,
    _deadline_for_company(),
    demand_views.c.lat,
    demand_views.c.lon,
    demand_views.c.exercise,
    demand_views.c.revision,
).join_from(solicitations, demand_views, demand_views.c.demand_id == solicitations.c.demand_id)


def _company_only(scope: Scope, column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return column == scope.company_id if scope.company_id is not None else sa.true()


async def solicitations_of(
    connection: AsyncConnection, scope: Scope, demand_id: UUID
) -> list[SolicitationView]:
    """The solicitations of a demand that the caller may see already, in the order in which they were opened."""
    query = _SOLICITATION.where(
        solicitations.c.demand_id == demand_id, _company_only(scope, solicitations.c.company_id)
    )
    order = solicitations.c.opened_at, solicitations.c.eta_minutes, solicitations.c.id
    return [made(SolicitationView, row) for row in await connection.execute(query.order_by(*order))]


async def read_solicitation(
    connection: AsyncConnection, company_id: UUID, solicitation_id: UUID
) -> SolicitationView | None:
    """One solicitation of a company."""
    query = _SOLICITATION.where(
        solicitations.c.id == solicitation_id, solicitations.c.company_id == company_id
    )
    row = (await connection.execute(query)).one_or_none()
    return made(SolicitationView, row) if row else None


async def list_solicitations(
    connection: AsyncConnection, company_id: UUID, page: Page, states: Sequence[str] = ()
) -> list[SolicitationView]:
    """A company's solicitations, newest first."""
    query = _SOLICITATION.where(
        solicitations.c.company_id == company_id, after(page, solicitations.c.opened_at, solicitations.c.id)
    )
    if states:
        query = query.where(solicitations.c.state.in_(states))
    query = query.order_by(solicitations.c.opened_at.desc(), solicitations.c.id.desc()).limit(page.limit)
    return [made(SolicitationView, row) for row in await connection.execute(query)]


# -- missions --------------------------------------------------------------------------------------------------------

_MISSION = (
    sa.select(
        *(c for c in missions.c if c.name != "acknowledged_late"),
        demand_views.c.samu_id,
        demand_views.c.max_delay_minutes,
        demand_views.c.volume,
        demand_views.c.lat,
        demand_views.c.lon,
        demand_views.c.exercise,
        demand_views.c.facility_id,
        demand_views.c.facility_name,
        demands.c.reference,
        *_PLACE_TEXT,
        demands.c.motive,
        demands.c.instructions,
        facilities.c.lat.label("facility_lat"),
        facilities.c.lon.label("facility_lon"),
    )
    .join_from(missions, demand_views, demand_views.c.demand_id == missions.c.demand_id)
    .join(demands, demands.c.id == missions.c.demand_id)
    .outerjoin(place_texts, _OF_THE_PLACE)
    .outerjoin(facilities, facilities.c.id == demand_views.c.facility_id)
)


def _may_see_mission(scope: Scope) -> sa.ColumnElement[bool]:
    if scope.everything:
        return sa.true()
    if scope.company_id is not None:
        return missions.c.company_id == scope.company_id
    return demand_views.c.samu_id == scope.samu_id


async def read_mission(connection: AsyncConnection, scope: Scope, mission_id: UUID) -> MissionView | None:
    """One mission, if the caller may see it."""
    query = _MISSION.where(missions.c.id == mission_id, _may_see_mission(scope))
    row = (await connection.execute(query)).one_or_none()
    return made(MissionView, row) if row else None


async def missions_of(connection: AsyncConnection, scope: Scope, demand_id: UUID) -> list[MissionView]:
    """The missions of a demand that the caller may see, the last one first."""
    query = _MISSION.where(missions.c.demand_id == demand_id, _may_see_mission(scope))
    rows = await connection.execute(query.order_by(missions.c.assigned_at.desc(), missions.c.id))
    return [made(MissionView, row) for row in rows]


async def list_missions(
    connection: AsyncConnection, scope: Scope, page: Page, *, ended: bool | None = None
) -> list[MissionView]:
    """Missions, newest first; ``ended`` picks those that run or those that are over."""
    query = _MISSION.where(_may_see_mission(scope), after(page, missions.c.assigned_at, missions.c.id))
    if ended is not None:
        query = query.where(missions.c.ended_at.is_not(None) if ended else missions.c.ended_at.is_(None))
    query = query.order_by(missions.c.assigned_at.desc(), missions.c.id.desc()).limit(page.limit)
    return [made(MissionView, row) for row in await connection.execute(query)]


async def steps_of(connection: AsyncConnection, mission_id: UUID) -> list[StepView]:
    """Every step told for a mission, those taken back included, in the order of their recording."""
    columns = [mission_steps.c[name] for name in StepView.__slots__]
    query = sa.select(*columns).where(mission_steps.c.mission_id == mission_id)
    rows = await connection.execute(query.order_by(mission_steps.c.recorded_at, mission_steps.c.rank))
    return [made(StepView, row) for row in rows]
