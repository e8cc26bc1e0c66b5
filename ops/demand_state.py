"""What the database says of one demand, for an operator: who is asked, who goes, what rings, what happened last.

Names and telephone numbers of companies; nothing of the patient, and nothing of the place but the degrees.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.people import Actor
from ops.demand_rows import DemandTerms
from storage import tables

LAST_FACTS = 12
TOLD = ("tier", "step", "alarm", "level", "outcome", "answer", "delay_minutes", "receipt", "reason", "detail")
"""Of a fact's content, what an operator reads in one line."""

_views, _asked, _missions = tables.demand_views, tables.solicitations, tables.missions
_companies, _vehicles, _sites = tables.companies, tables.vehicles, tables.sites


class Wire(BaseModel):
    """Base of what is shown, or printed as JSON."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Asked(Wire):
    """One solicitation."""

    id: UUID
    round: int
    tier: str
    state: str
    company: str
    company_phone: str | None
    vehicle: str | None
    site: str | None
    opened_at: datetime
    rung_at: datetime | None
    answer_before: datetime
    answered_at: datetime | None
    counter_delay_minutes: int | None
    counter_refused: bool
    reason: str | None

    @property
    def target(self) -> str:
        """What is asked for."""
        return self.vehicle or (f"site {self.site}" if self.site else f"any vehicle of {self.company}")

    @property
    def is_open(self) -> bool:
        """Whether its company has not answered."""
        return self.state == "OPEN"

    @property
    def proposes(self) -> bool:
        """Whether a counter-proposal stands."""
        return self.state == "COUNTERED" and not self.counter_refused


class StepLine(Wire):
    """A step that was passed."""

    step: str
    recorded_at: datetime
    by: str
    by_role: str
    undone_at: datetime | None


class OnMission(Wire):
    """A mission, with who has it."""

    id: UUID
    vehicle_id: UUID
    vehicle: str
    company: str
    company_phone: str | None
    assigned_at: datetime
    promised_at: datetime
    deadline: datetime
    step: str
    phone_bound: bool | None
    delivered_at: datetime | None
    opened_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    end_detail: str | None
    steps: list[StepLine] = []

    @property
    def moved_at(self) -> datetime:
        """When the last step was told."""
        return max((each.recorded_at for each in self.steps), default=self.assigned_at)


class Ringing(Wire):
    """An alarm that is not closed."""

    kind: str
    level: int
    raised_at: datetime
    seen_at: datetime | None
    seen_by: str | None


class FactLine(Wire):
    """One fact, in short."""

    seq: int
    at: datetime
    kind: str
    who: str | None
    """The vehicle, site or company that it is about."""
    told: dict[str, JsonValue]
    by: str | None


class DemandState(Wire):
    """One demand as the database has it."""

    demand: DemandTerms
    deadline: datetime
    tier_deadline: datetime | None
    carence_proposed: bool
    end_reason: str | None
    started_at: datetime | None
    """When the engine was given it; null while it was not."""
    engaged_vehicle: str | None
    """The vehicle that is engaged for it, whatever its mission says."""
    asked: list[Asked]
    mission: OnMission | None
    """The one that runs, or the last one."""
    alarms: list[Ringing]
    facts: list[FactLine]

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.demand.ended_at is not None

    @property
    def runs(self) -> OnMission | None:
        """The mission that runs, if one does."""
        return self.mission if self.mission and self.mission.ended_at is None else None


async def read_state(connection: AsyncConnection, demand: DemandTerms) -> DemandState:
    """Everything of one demand."""
    row = (await connection.execute(_DEMAND.where(_views.c.demand_id == demand.id))).one()
    asked = await _solicitations(connection, demand.id)
    return DemandState(
        demand=demand,
        **row._mapping,
        asked=asked,
        mission=await _mission(connection, demand.id),
        alarms=await _ringing(connection, demand.id),
        facts=await _facts(connection, demand.id, {each.id: each.target for each in asked}),
    )


async def _solicitations(connection: AsyncConnection, demand_id: UUID) -> list[Asked]:
    query = _ASKED.where(_asked.c.demand_id == demand_id).order_by(_asked.c.opened_at, _asked.c.id)
    return [Asked.model_validate(row) for row in await connection.execute(query)]


async def _mission(connection: AsyncConnection, demand_id: UUID) -> OnMission | None:
    query = _MISSION.where(_missions.c.demand_id == demand_id)
    last = query.order_by(_missions.c.ended_at.is_not(None), _missions.c.assigned_at.desc()).limit(1)
    row = (await connection.execute(last)).one_or_none()
    if row is None:
        return None
    steps = tables.mission_steps
    columns = (steps.c[name] for name in StepLine.model_fields)
    passed = (
        sa.select(*columns).where(steps.c.mission_id == row.id).order_by(steps.c.recorded_at, steps.c.rank)
    )
    found = [StepLine.model_validate(each) for each in await connection.execute(passed)]
    return OnMission(**row._mapping, steps=found)


async def _ringing(connection: AsyncConnection, demand_id: UUID) -> list[Ringing]:
    alarms = tables.alarms
    columns = (alarms.c[name] for name in Ringing.model_fields)
    query = sa.select(*columns).where(alarms.c.subject_id == demand_id, alarms.c.closed_at.is_(None))
    rows = await connection.execute(query.order_by(alarms.c.raised_at))
    return [Ringing.model_validate(row) for row in rows]


async def _facts(connection: AsyncConnection, demand_id: UUID, names: Mapping[UUID, str]) -> list[FactLine]:
    journal = tables.journal
    query = sa.select(journal.c.seq, journal.c.at, journal.c.kind, journal.c.data)
    last = query.where(journal.c.subject_id == demand_id).order_by(journal.c.seq.desc()).limit(LAST_FACTS)
    return [_in_short(row._mapping, names) for row in reversed((await connection.execute(last)).all())]


def _in_short(row: Mapping[str, Any], names: Mapping[UUID, str]) -> FactLine:
    data: dict[str, Any] = row["data"]
    of = data.get("solicitation_id") or next(iter(data.get("solicitation_ids", ())), None)
    by = Actor.model_validate(data["by"]) if data.get("by") else None
    return FactLine(
        seq=row["seq"],
        at=row["at"],
        kind=row["kind"],
        who=names.get(UUID(of)) if of else None,
        told={name: data[name] for name in TOLD if data.get(name) is not None},
        by=f"{by.name} ({by.role})" if by else None,
    )


_engaged = (
    sa.select(_vehicles.c.name)
    .join(tables.engagements, tables.engagements.c.vehicle_id == _vehicles.c.id)
    .where(tables.engagements.c.demand_id == _views.c.demand_id)
    .scalar_subquery()
)
_DEMAND = sa.select(
    _views.c.deadline,
    _views.c.tier_deadline,
    _views.c.carence_proposed,
    _views.c.end_reason,
    tables.demands.c.started_at,
    _engaged.label("engaged_vehicle"),
).join_from(_views, tables.demands, tables.demands.c.id == _views.c.demand_id)
_WHO = (
    _companies.c.name.label("company"),
    _companies.c.phone.label("company_phone"),
    _vehicles.c.name.label("vehicle"),
)
_ASKED = (
    sa.select(
        *(_asked.c[name] for name in Asked.model_fields if name in _asked.c),
        *_WHO,
        _sites.c.name.label("site"),
    )
    .join_from(_asked, _companies, _companies.c.id == _asked.c.company_id, isouter=True)
    .outerjoin(_vehicles, _vehicles.c.id == _asked.c.vehicle_id)
    .outerjoin(_sites, _sites.c.id == _asked.c.site_id)
)
_MISSION = (
    sa.select(*(_missions.c[name] for name in OnMission.model_fields if name in _missions.c), *_WHO)
    .join_from(_missions, _companies, _companies.c.id == _missions.c.company_id)
    .join(_vehicles, _vehicles.c.id == _missions.c.vehicle_id)
)
