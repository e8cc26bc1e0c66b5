"""Surveys as they were made: who could have been there in time, why the others could not, and with which roads."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.messages import SurveyRequest
from domain.policy import Policy
from domain.vocabulary import VehicleVerdict
from storage import survey_sheet
from storage.fleet import SAMU, as_array
from storage.survey_sheet import Line, SheetRow
from storage.tables import Uuid, conventions, sites, surveys, vehicle_positions, vehicles


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How the times of a survey were measured: enough to do it again."""

    engine: str
    profile: str
    gap: str | None
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A survey as it was kept. Degrees and minutes."""

    demand_id: UUID
    number: int
    round: int
    at: datetime
    lat: float
    lon: float
    max_delay_minutes: int
    volume: str
    engine: str
    profile: str
    gap: str | None
    policy: Policy
    rows: list[SheetRow]
    beyond_vehicles: dict[UUID, int | None]
    """Vehicles too far to say more of them: the cell under which each was filed, or none without a position."""
    beyond_sites: list[UUID]


async def store(
    connection: AsyncConnection, request: SurveyRequest, measured: Measured, lines: Sequence[Line]
) -> None:
    """Keep a survey that opens a tier, or that found another verdict than the one before in its round.

    A demand is surveyed every few seconds while it waits: most surveys find what the one before found, and leave
    nothing behind. Storing a survey again changes nothing.
    """
    given = _of_request(request)
    given |= {name: getattr(measured, name) for name in ("engine", "profile", "gap", "policy")}
    targets = [str(line[_TARGET]) for line in lines]
    given |= {
        "digest": _digest(lines, targets),
        "told": as_array(targets),
        "sheet": survey_sheet.written(lines),
    }
    await connection.execute(_STORE, given)


def _of_request(request: SurveyRequest) -> dict[str, object]:
    plain = ("demand_id", "number", "round", "at", "max_delay_minutes", "volume")
    return {
        **{name: getattr(request, name) for name in plain},
        "lat": request.place.lat,
        "lon": request.place.lon,
        "samu": request.samu_id,
        "opens": request.opens is not None,
    }


async def of_demand(connection: AsyncConnection, demand_id: UUID) -> list[Survey]:
    """Every survey that was kept of a demand, in order. Raises BadSheetError."""
    query = sa.select(surveys).where(surveys.c.demand_id == demand_id).order_by(surveys.c.number)
    return [_survey(row) for row in (await connection.execute(query)).mappings()]


def _survey(row: sa.RowMapping) -> Survey:
    sheet = row["sheet"]
    beyond = zip(row["beyond_vehicles"] or (), row["beyond_cells"] or (), strict=True)
    given = {name: row[name] for name in _PLAIN}
    return Survey(
        **given,
        policy=Policy.model_validate(row["policy"]),
        rows=survey_sheet.read(sheet["columns"], sheet["rows"]),
        beyond_vehicles=dict(beyond),
        beyond_sites=list(row["beyond_sites"] or ()),
    )


_PLAIN = (
    "demand_id",
    "number",
    "round",
    "at",
    "lat",
    "lon",
    "max_delay_minutes",
    "volume",
    "engine",
    "profile",
    "gap",
)


def _digest(lines: Sequence[Line], targets: Sequence[str]) -> bytes:
    """What a survey found, in any order of its lines: the verdicts, without figures that change by the second.

    Who is too far comes and goes between the lines and those beyond, and is too far in either.
    """
    told = sorted(
        f"{line[_TIER]} {target} {line[_VERDICT]}"
        for line, target in zip(lines, targets, strict=True)
        if line[_VERDICT] is not VehicleVerdict.TOO_FAR
    )
    return hashlib.sha256("\n".join(told).encode()).digest()


_TIER, _TARGET, _VERDICT = (survey_sheet.COLUMNS.index(name) for name in ("tier", "target_id", "verdict"))


def _beyond_vehicles() -> sa.Subquery:
    fix = vehicle_positions
    agreed = conventions.join(vehicles, vehicles.c.company_id == conventions.c.company_id)
    return (
        sa.select(
            sa.func.array_agg(vehicles.c.id, type_=ARRAY(Uuid)).label("vehicles"),
            sa.func.array_agg(fix.c.cover_cell, type_=ARRAY(sa.BigInteger)).label("cells"),
        )
        .select_from(agreed.outerjoin(fix, fix.c.vehicle_id == vehicles.c.id))
        .where(conventions.c.samu_id == SAMU, _untold(vehicles.c.id))
        .subquery("beyond")
    )


def _beyond_sites() -> sa.Subquery:
    agreed = conventions.join(sites, sites.c.company_id == conventions.c.company_id)
    far = sa.select(sa.func.array_agg(sites.c.id, type_=ARRAY(Uuid)).label("sites")).select_from(agreed)
    return far.where(conventions.c.samu_id == SAMU, _untold(sites.c.id)).subquery("far")


def _untold(id_: sa.ColumnElement[UUID]) -> sa.ColumnElement[bool]:
    """Whoever has no line: the search did not find it, or found it too far to say more."""
    told = sa.cast(sa.bindparam("told", type_=sa.Text), ARRAY(Uuid))
    line = sa.func.unnest(told).table_valued("id", name="line").render_derived()
    return ~sa.exists().select_from(line).where(line.c.id == id_)


def _store() -> sa.Executable:
    """Those beyond are found by the statement itself, and only when the survey is kept: they may be a thousand."""
    given = {
        c.name: sa.bindparam(c.name, type_=c.type) for c in surveys.c if not c.name.startswith("beyond_")
    }
    last = surveys.alias("last")
    before = (
        sa.select(last.c.digest)
        .where(last.c.demand_id == given["demand_id"], last.c.round == given["round"])
        .order_by(last.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    news = sa.bindparam("opens", type_=sa.Boolean) | given["digest"].is_distinct_from(before)
    kept = sa.select(sa.literal(1)).where(news).subquery("kept")
    beyond, far = _beyond_vehicles(), _beyond_sites()
    columns = {**given, "beyond_vehicles": beyond.c.vehicles, "beyond_cells": beyond.c.cells}
    columns["beyond_sites"] = far.c.sites
    joined = kept.join(beyond, sa.true()).join(far, sa.true())
    chosen = sa.select(*(columns[c.name] for c in surveys.c)).select_from(joined)
    return insert(surveys).from_select(list(surveys.c), chosen).on_conflict_do_nothing()


_STORE = _store()
