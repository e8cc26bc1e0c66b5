"""The alarms as they stand: folded from their facts, wherever these are told; and how they are read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import singledispatch
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.alarm_facts import AlarmClosed, AlarmRaised, AlarmSeen, is_of_company
from domain.duty_facts import DutyFact
from domain.facts import Fact
from domain.vocabulary import Subject
from storage.tables import (
    alarms,
    communes,
    companies,
    coverage_gaps,
    guard_periods,
    guard_sectors,
    guard_shifts,
    missions,
    sites,
    vehicles,
)
from storage.views import Page, Scope, after, made


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm: raised, then seen by somebody, then closed when its cause is over."""

    id: UUID
    kind: str
    level: int
    subject: str
    subject_id: UUID
    samu_id: UUID | None
    company_id: UUID | None
    mission_id: UUID | None
    site_id: UUID | None
    volume: str | None
    """Whose coverage is lost."""
    raised_at: datetime
    seen_at: datetime | None
    seen_by: str | None
    seen_by_role: str | None
    seen_by_company: UUID | None
    company_seen_at: datetime | None
    company_seen_by: str | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class AlarmLine(Alarm):
    """An alarm with the names of what it is about, as far as it is about any; the vehicle is the guard's or mission's.

    Of lost coverage: how many communes that fell are not covered again, and how many people live there.
    """

    company_name: str | None
    company_phone: str | None
    site_name: str | None
    sector_name: str | None
    vehicle_name: str | None
    commune_count: int | None
    population: int | None


# -- folding ---------------------------------------------------------------------------------------------------------


async def fold_all(connection: AsyncConnection, facts: Iterable[DutyFact]) -> None:
    """Fold the alarms among the facts of companies, guard periods and SAMUs."""
    for fact in facts:
        statement = _fold(fact.body, fact.at, fact)
        if statement is not None:
            await connection.execute(statement)


async def fold_demand(
    connection: AsyncConnection, demand_id: UUID, samu_id: UUID, facts: Iterable[Fact]
) -> None:
    """Fold the alarms among the facts of a demand."""
    for fact in facts:
        if isinstance(fact.body, (AlarmRaised, AlarmSeen, AlarmClosed)):
            whose = DutyFact(
                subject=Subject.DEMAND, subject_id=demand_id, at=fact.at, body=fact.body, samu_id=samu_id
            )
            statement = _fold(fact.body, fact.at, whose)
            if statement is not None:
                await connection.execute(statement)


async def forget_demand(connection: AsyncConnection, demand_id: UUID) -> None:
    """Forget a demand's alarms, before its journal is folded again."""
    await connection.execute(sa.delete(alarms).where(alarms.c.subject_id == demand_id))


@singledispatch
def _fold(body: object, at: datetime, whose: DutyFact) -> sa.Executable | None:
    """What an alarm's fact does to its row; nothing for any other fact."""
    del body, at, whose
    return None


_SEEN = "seen_at", "seen_by", "seen_by_role", "seen_by_company"
_COMPANY_SEEN = "company_seen_at", "company_seen_by"


@_fold.register
def _raised(body: AlarmRaised, at: datetime, whose: DutyFact) -> sa.Executable | None:
    """Raised again, it rings again: whoever saw the first level has not seen this one."""
    if body.alarm_id is None:  # a fact of the first version
        return None
    statement = insert(alarms).values(
        id=body.alarm_id,
        kind=body.alarm,
        level=body.level,
        subject=whose.subject,
        subject_id=whose.subject_id,
        samu_id=whose.samu_id,
        company_id=body.company_id,
        mission_id=body.mission_id,
        site_id=body.site_id,
        volume=body.volume,
        raised_at=at,
    )
    again = dict.fromkeys((*_SEEN, *_COMPANY_SEEN, "closed_at")) | {"level": body.level, "raised_at": at}
    return statement.on_conflict_do_update(index_elements=[alarms.c.id], set_=again)


@_fold.register
def _seen(body: AlarmSeen, at: datetime, whose: DutyFact) -> sa.Executable | None:
    """By whom it warns; of an alarm of a SAMU, what its company says is kept beside."""
    by = body.by
    beside = whose.samu_id is not None and is_of_company(by)
    seen: dict[str, object] = dict(zip(_SEEN, (at, by.name, by.role, by.company_id), strict=True))
    if beside:
        seen = dict(zip(_COMPANY_SEEN, (at, by.name), strict=True))
    unseen = (alarms.c.company_seen_at if beside else alarms.c.seen_at).is_(None)
    return sa.update(alarms).where(alarms.c.id == body.alarm_id, unseen).values(seen)


@_fold.register
def _closed(body: AlarmClosed, at: datetime, whose: DutyFact) -> sa.Executable | None:
    del whose
    unclosed = sa.func.coalesce(alarms.c.closed_at, at)
    return sa.update(alarms).where(alarms.c.id == body.alarm_id).values(closed_at=unclosed)


# -- reading ---------------------------------------------------------------------------------------------------------


async def list_alarms(
    connection: AsyncConnection, scope: Scope, page: Page, *, is_open: bool | None = None
) -> list[AlarmLine]:
    """The caller's alarms, newest first; ``is_open`` chooses those that are not closed, or those that are."""
    query = _LINE.where(_may_see(scope), after(page, alarms.c.raised_at, alarms.c.id))
    if is_open is not None:
        query = query.where(alarms.c.closed_at.is_(None) if is_open else alarms.c.closed_at.is_not(None))
    query = query.order_by(alarms.c.raised_at.desc(), alarms.c.id.desc()).limit(page.limit)
    return [made(AlarmLine, row) for row in await connection.execute(query)]


async def read_alarm(connection: AsyncConnection, scope: Scope, alarm_id: UUID) -> AlarmLine | None:
    """One alarm that the caller may see."""
    row = (await connection.execute(_LINE.where(alarms.c.id == alarm_id, _may_see(scope)))).one_or_none()
    return made(AlarmLine, row) if row else None


async def open_of(
    connection: AsyncConnection, *, subject_id: UUID | None = None, site_id: UUID | None = None
) -> list[Alarm]:
    """The alarms that are not closed, of a subject or of a site: to be closed when their cause is over."""
    query = _ALARM.where(alarms.c.closed_at.is_(None)).order_by(alarms.c.raised_at, alarms.c.id)
    if subject_id is not None:
        query = query.where(alarms.c.subject_id == subject_id)
    if site_id is not None:
        query = query.where(alarms.c.site_id == site_id)
    return [made(Alarm, row) for row in await connection.execute(query)]


_ALARM = sa.select(*(alarms.c[name] for name in Alarm.__slots__))


def _lines() -> sa.Select[Any]:
    """Alarms with names."""
    lost = _lost_coverage()
    names = {
        "company_name": companies.c.name,
        "company_phone": companies.c.phone,
        "site_name": sites.c.name,
        "sector_name": guard_sectors.c.name,
        "vehicle_name": vehicles.c.name,
        "commune_count": lost.c.commune_count,
        "population": lost.c.population,
    }
    return _ALARM.add_columns(*(column.label(name) for name, column in names.items())).select_from(
        alarms.outerjoin(companies, companies.c.id == alarms.c.company_id)
        .outerjoin(sites, sites.c.id == alarms.c.site_id)
        .outerjoin(guard_periods, guard_periods.c.id == alarms.c.subject_id)
        .outerjoin(guard_sectors, guard_sectors.c.id == guard_periods.c.sector_id)
        .outerjoin(missions, missions.c.id == alarms.c.mission_id)
        .outerjoin(vehicles, vehicles.c.id == sa.func.coalesce(missions.c.vehicle_id, _guard_vehicle()))
        .outerjoin(lost, alarms.c.volume.is_not(None) & alarms.c.closed_at.is_(None))
    )


def _guard_vehicle() -> sa.ScalarSelect[Any]:
    """The vehicle of a guard is that of its last shift."""
    shift = sa.select(guard_shifts.c.vehicle_id).where(guard_shifts.c.period_id == guard_periods.c.id)
    last = shift.order_by(guard_shifts.c.closed_at.is_not(None), guard_shifts.c.opened_at.desc())
    return last.limit(1).scalar_subquery()


def _lost_coverage() -> sa.FromClause:
    """How many communes fell and are not covered again, and the people who live there."""
    counted = sa.func.count().label("commune_count")
    people = sa.func.coalesce(sa.func.sum(communes.c.population), 0).label("population")
    return (
        sa.select(counted, people)
        .select_from(coverage_gaps.outerjoin(communes, communes.c.insee == coverage_gaps.c.insee))
        .where(
            coverage_gaps.c.samu_id == alarms.c.samu_id,
            coverage_gaps.c.volume == alarms.c.volume,
            ~coverage_gaps.c.covered,
        )
        .lateral("lost")
    )


_LINE = _lines()


def _may_see(scope: Scope) -> sa.ColumnElement[bool]:
    if scope.everything:
        return sa.true()
    if scope.company_id is not None:
        return alarms.c.company_id == scope.company_id
    if scope.samu_id is None:
        return sa.false()  # compared with null, a company's alarms would be everybody's
    return alarms.c.samu_id == scope.samu_id
