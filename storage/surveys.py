"""Surveys as they were made: who could have been there in time, why the others could not, and with which roads."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.messages import SurveyRequest
from domain.policy import Policy
from domain.vocabulary import VehicleVerdict
from storage import survey_sheet
from storage.direct import Direct
from storage.fleet import as_array
from storage.survey_reading import Beyond
from storage.survey_sheet import Line, SheetRow
from storage.tables import Uuid, surveys


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """For what a survey was made, by which attempt, and how its times were measured: enough to do it again."""

    request: SurveyRequest
    attempt: int
    """The first is 1. A later one is made when the answer of those before is not taken any more."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Far:
    """Whoever has no line: those that the search did not find, and those that it found too far to say more."""

    beyond: Beyond
    vehicles: Sequence[tuple[UUID, int | None]]
    """Found, and too far; with the cell of each."""
    sites: Sequence[UUID]


async def store(
    connection: AsyncConnection,
    made: Made,
    lines: Sequence[Line],
    far: Far,
    before: bytes | None,
) -> None:
    """Keep a survey that opens a tier, or that found another verdict than the one before in its round.

    A demand is surveyed every few seconds while it waits: most surveys find what the one before found (``before``, its
    digest), and leave nothing behind.

    What is kept is what was decided: of several attempts at one survey the answer of the last is taken. It takes the place
    of those before, also when it found what the survey before had found, and an earlier one that comes late changes nothing.
    """
    digest = _digest(lines)
    if made.request.opens is None and made.attempt == 1 and digest == before:
        return
    given = {
        **_of_request(made.request),
        "attempt": made.attempt,
        "engine": made.engine,
        "profile": made.profile,
        "gap": made.gap,
        "policy": made.policy.model_dump_json(),
        "digest": digest,
        "sheet": survey_sheet.written(lines).model_dump_json(),
        **_of_far(far),
    }
    await STORE.run(connection, given)


def _of_request(request: SurveyRequest) -> dict[str, object]:
    plain = ("demand_id", "number", "round", "at", "max_delay_minutes")
    given = {name: getattr(request, name) for name in plain}
    return {**given, "volume": request.volume.value, "lat": request.place.lat, "lon": request.place.lon}


def _of_far(far: Far) -> dict[str, object]:
    return {
        "beyond_vehicles": far.beyond.vehicles or "{}",
        "beyond_cells": far.beyond.cells or "{}",
        "beyond_sites": as_array(far.sites),
        "far_vehicles": as_array(id_ for id_, _ in far.vehicles),
        "far_cells": as_array("NULL" if cell is None else cell for _, cell in far.vehicles),
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


def _digest(lines: Sequence[Line]) -> bytes:
    """What a survey found, in any order of its lines: the verdicts, without figures that change by the second.

    Who is too far comes and goes between the lines and those beyond, and is too far in either.
    """
    told = sorted(
        f"{line[_TIER]} {line[_TARGET]} {line[_VERDICT]}"
        for line in lines
        if line[_VERDICT] is not VehicleVerdict.TOO_FAR
    )
    return hashlib.sha256("\n".join(told).encode()).digest()


_TIER, _TARGET, _VERDICT = (survey_sheet.COLUMNS.index(name) for name in ("tier", "target_id", "verdict"))


def _store() -> sa.Executable:
    """Arrays travel as text, to be cast: hundreds of ids are sent in a tenth of the time that a list of them takes."""
    given: dict[str, sa.ColumnElement[Any]] = {c.name: sa.bindparam(c.name, type_=c.type) for c in surveys.c}
    vehicles, cells = ("beyond_vehicles", "far_vehicles"), ("beyond_cells", "far_cells")
    given["beyond_vehicles"] = sa.func.array_cat(*(_array(name, Uuid) for name in vehicles))
    given["beyond_cells"] = sa.func.array_cat(*(_array(name, sa.BigInteger()) for name in cells))
    given["beyond_sites"] = _array("beyond_sites", Uuid)
    statement = insert(surveys).values(given)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=list(surveys.primary_key),
        set_={c.name: new[c.name] for c in surveys.c if not c.primary_key},
        where=surveys.c.attempt <= new.attempt,
    )


def _array(name: str, of: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.bindparam(name, type_=sa.Text), ARRAY(of))


STORE = Direct(_store())
"""Of `store`; public for the test that reads its plan."""
