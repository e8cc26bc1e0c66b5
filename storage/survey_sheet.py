"""One line of a survey's sheet: a vehicle, a site or a company, what was known of it, and what was decided.

A sheet is kept as one JSON document, column names first, then rows: a hundred verdicts are one row of the database.
Everything that led to a verdict is in it, so that it can be computed again (`survey.recomputation`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, get_type_hints
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError

from domain.eligibility import Arrival, GuardDuty, Judgement, SiteState, VehicleState
from domain.fleet import Volume, Whereabouts
from domain.vocabulary import Freshness, LeaseState, Tier, VehicleVerdict

State = VehicleState | SiteState | None
"""What was known: of the patient's chosen company nothing but how it is regulated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """A line. Degrees, metres, seconds and minutes; what older sheets did not keep is null."""

    tier: Tier
    target_id: UUID
    company_id: UUID
    verdict: VehicleVerdict
    obstacles: tuple[VehicleVerdict, ...] | None = None
    earliest_minutes: int | None = None
    eta_minutes: int | None = None
    distance_m: float | None = None
    fix_age_s: float | None = None
    freshness: Freshness | None = None
    to_confirm: bool = False
    exact_volume: bool | None = None
    site_id: UUID | None = None
    volume: Volume | None = None
    free_volumes: tuple[Volume, ...] | None = None
    available: bool | None = None
    engaged: bool | None = None
    on_guard: bool | None = None
    regulation: LeaseState | None = None
    fix_at: datetime | None = None
    speed_kmh: float | None = None
    device_seen_at: datetime | None = None
    last_mission_at: datetime | None = None
    earliest_s: float | None = None
    latest_s: float | None = None
    way_s: float | None = None
    estimated: bool | None = None
    cut_off: bool | None = None
    mobilisation_s: int | None = None
    lat: float | None = None
    lon: float | None = None
    cell: int | None = None
    graph: str | None = None
    node: int | None = None
    access_m: float | None = None
    guard_reach: int | None = None
    guard_missions: int | None = None
    guard_phone: bool | None = None


COLUMNS = tuple(field.name for field in fields(SheetRow))
_ROWS: TypeAdapter[list[SheetRow]] = TypeAdapter(list[SheetRow])


Line = tuple[object, ...]
"""What a `SheetRow` says, value by value: hundreds are written in a survey, and read one day perhaps."""


_TYPES = get_type_hints(SheetRow)
_VALUES: Any = tuple[tuple(_TYPES[name] for name in COLUMNS)]  # type: ignore[misc]  # as many types as there are fields


class Sheet(BaseModel):
    """The document: names of columns, and rows of as many values.

    A model for the sake of its serializer, which knows the type of each value: that takes a third of the time.
    """

    columns: tuple[str, ...]
    rows: list[_VALUES]


class BadSheetError(ValueError):
    """A sheet that this version cannot read."""


def written(lines: Sequence[Line]) -> Sheet:
    """Make a document of lines, which are taken as they are."""
    return Sheet.model_construct(columns=COLUMNS, rows=list(lines))


def read(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[SheetRow]:
    """Make lines of a document: columns that this version does not know are left out. Raises BadSheetError."""
    known = [place for place, name in enumerate(columns) if name in COLUMNS]
    given = [{columns[place]: row[place] for place in known} for row in rows]
    try:
        return _ROWS.validate_python(given)
    except ValidationError as error:
        raise BadSheetError(f"the sheet of a survey cannot be read: {error.error_count()} faults") from error


def line_of(state: State, judged: Judgement) -> Line:
    """Write down what was known and what was decided, in the order of COLUMNS."""
    if isinstance(state, VehicleState):
        return _line_of_vehicle(state, judged)
    if isinstance(state, SiteState):
        return _line_of_site(state, judged)
    told = _decided(judged, None)
    return (*told, *(None,) * (len(COLUMNS) - len(told)))


def _decided(judged: Judgement, site_id: UUID | None) -> Line:
    """From ``tier`` to ``site_id``."""
    return (
        judged.tier,
        judged.target_id,
        judged.company_id,
        judged.verdict,
        judged.obstacles,
        judged.earliest_minutes,
        judged.eta_minutes,
        judged.distance_m,
        judged.fix_age_s,
        judged.freshness,
        judged.to_confirm,
        judged.exact_volume,
        site_id,
    )


def _line_of_vehicle(state: VehicleState, judged: Judgement) -> Line:
    guard = state.guard
    return (
        *_decided(judged, state.site_id),
        state.volume,
        None,
        state.available,
        state.engaged,
        state.on_guard,
        state.regulation,
        state.fix_at,
        state.speed_kmh,
        state.device_seen_at,
        state.last_mission_at,
        *_arrived(state.arrival),
        state.cut_off,
        state.mobilisation_s,
        *_from(state.where, state.cell),
        *((None, None, None) if guard is None else (guard.reach, guard.missions, guard.phone)),
    )


def _line_of_site(state: SiteState, judged: Judgement) -> Line:
    return (
        *_decided(judged, state.site_id),
        None,
        tuple(sorted(state.free_volumes)),
        state.available,
        None,
        None,
        state.regulation,
        None,
        None,
        None,
        state.last_mission_at,
        *_arrived(state.arrival),
        state.cut_off,
        state.mobilisation_s,
        *_from(state.where, None),
        None,
        None,
        None,
    )


def _arrived(arrival: Arrival | None) -> Line:
    """From ``earliest_s`` to ``estimated``."""
    if arrival is None:
        return (None, None, None, None)
    return (arrival.earliest_s, arrival.latest_s, arrival.way_s, arrival.estimated)


def _from(where: Whereabouts | None, cell: int | None) -> Line:
    """From ``lat`` to ``access_m``."""
    if where is None:
        return (None, None, cell, None, None, None)
    return (where.lat, where.lon, cell, where.graph, where.node, where.access_m)


def state_of(row: SheetRow) -> State:
    """What was known when the verdict was found, without its arrival: that is computed again.

    Raises BadSheetError for a line that does not hold all of it (of the first version).
    """
    if row.tier is Tier.FREE_CHOICE:
        return None
    if row.available is None or row.regulation is None or row.obstacles is None:
        raise BadSheetError("this verdict was kept without what led to it")
    return _site_of(row) if row.tier is Tier.SITE else _vehicle_of(row)


def _where(row: SheetRow) -> Whereabouts | None:
    if row.lat is None or row.lon is None:
        return None
    return Whereabouts(row.lat, row.lon, row.graph, row.node, row.access_m or 0.0)


def _vehicle_of(row: SheetRow) -> VehicleState:
    assert row.volume is not None  # noqa: S101 - kept since lines hold what led to them
    guard = None
    if row.guard_missions is not None:
        guard = GuardDuty(row.guard_reach, row.guard_missions, bool(row.guard_phone))
    return VehicleState(
        vehicle_id=row.target_id,
        company_id=row.company_id,
        site_id=row.site_id,
        volume=row.volume,
        available=bool(row.available),
        engaged=bool(row.engaged),
        on_guard=bool(row.on_guard),
        fix_at=row.fix_at,
        speed_kmh=row.speed_kmh,
        device_seen_at=row.device_seen_at,
        distance_m=row.distance_m,
        mobilisation_s=row.mobilisation_s or 0,
        last_mission_at=row.last_mission_at,
        regulation=row.regulation or LeaseState.FREE,
        guard=guard,
        where=_where(row),
        cell=row.cell,
    )


def _site_of(row: SheetRow) -> SiteState:
    return SiteState(
        site_id=row.target_id,
        company_id=row.company_id,
        available=bool(row.available),
        free_volumes=frozenset(row.free_volumes or ()),
        distance_m=row.distance_m or 0.0,
        mobilisation_s=row.mobilisation_s or 0,
        last_mission_at=row.last_mission_at,
        regulation=row.regulation or LeaseState.FREE,
        where=_where(row),
    )
