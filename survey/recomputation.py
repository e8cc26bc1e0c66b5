"""Computes a survey again from what it kept: every figure must be the same, bit for bit.

A survey keeps what was known of whoever it looked at, the place, the policy, and the identity of the engine that
measured. The same engine with the same identity must find the same times, and the rulebook the same verdicts. With
another engine nothing can be said, and that is said.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from domain.eligibility import SiteState, Terms, VehicleState, judge_site, judge_vehicle
from domain.fleet import Point, Volume
from domain.vocabulary import Tier
from geo.cells import COVER_RESOLUTION, cell_of, great_circle_m
from geo.travel_time import Profile, Travel
from storage.survey_sheet import COLUMNS, BadSheetError, SheetRow, line_of, read, state_of
from storage.surveys import Survey
from survey.measuring import Search, Start, search_ways

Figure = object


class Cause(StrEnum):
    """Why a verdict is not shown to be the same."""

    ENGINE = "ENGINE"
    """Another engine measured, or other roads, or other speeds: nothing was compared."""
    NOT_KEPT = "NOT_KEPT"
    """The survey is of a version that did not keep what led to its verdicts."""
    TOO_FAR = "TOO_FAR"
    """It was so much too far that no more was kept of it."""
    FIGURE = "FIGURE"
    """The same question has another answer now: a fault, or a sheet that somebody changed."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that is not the same; ``target_id`` is null for what concerns the whole survey."""

    cause: Cause
    figure: str
    kept: Figure
    again: Figure
    target_id: UUID | None = None

    def __str__(self) -> str:
        """One sentence for an operator."""
        if self.cause is Cause.ENGINE:
            return f"computed with {self.kept}, this machine has {self.again}: not compared"
        if self.cause is Cause.NOT_KEPT:
            return "kept by an older version, without what led to the verdict: it cannot be computed again"
        if self.cause is Cause.TOO_FAR:
            return "it was so much too far that its place was not kept: it cannot be computed again"
        return f"{self.figure} was {self.kept}, computed again it is {self.again}"


def recompute(survey: Survey, travel: Travel, only: Collection[UUID] | None = None) -> list[Difference]:
    """What is not the same when a survey is computed again: nothing when every figure is.

    With another engine one difference says so, and nothing was compared. ``only`` some vehicles and sites may be asked
    about: then those are named too of which no more was kept than that they were too far.
    """
    if travel.identity != survey.engine:
        return [Difference(Cause.ENGINE, "engine", survey.engine, travel.identity)]
    found = _search(survey, travel)
    return [
        *_of_the_place(survey, found),
        *_of_rows([row for row in survey.rows if only is None or row.target_id in only], survey, found),
        *_of_those_beyond(only or (), survey, found),
    ]


def _search(survey: Survey, travel: Travel) -> Search:
    place, profile = Point(lat=survey.lat, lon=survey.lon), Profile(survey.profile)
    return search_ways(travel, place, survey.max_delay_minutes, profile, survey.policy)


def _of_the_place(survey: Survey, found: Search) -> Iterator[Difference]:
    gap = found.approach.gap
    again = None if gap is None else gap.value
    if again != survey.gap:
        yield Difference(Cause.FIGURE, "gap", survey.gap, again)


def _of_rows(rows: Sequence[SheetRow], survey: Survey, found: Search) -> Iterator[Difference]:
    states: list[tuple[SheetRow, VehicleState | SiteState]] = []
    for row in rows:
        try:
            state = state_of(row)
        except BadSheetError:
            yield Difference(Cause.NOT_KEPT, "inputs", None, None, row.target_id)
            continue
        if state is not None:  # of the patient's own company nothing was measured
            states.append((row, _placed_again(state, survey)))
    again = _judged_again([state for _, state in states], survey, found)
    for row, _ in states:
        yield from _between(row, again[row.tier, row.target_id])


def _between(before: SheetRow, now: SheetRow) -> Iterator[Difference]:
    for name in COLUMNS:
        kept, again = getattr(before, name), getattr(now, name)
        if kept != again:
            yield Difference(Cause.FIGURE, name, kept, again, before.target_id)


def _placed_again(state: VehicleState | SiteState, survey: Survey) -> VehicleState | SiteState:
    """Its distance and its cell, from its place. On guard a vehicle may wait elsewhere than its position says."""
    where = state.where
    if where is None or (isinstance(state, VehicleState) and state.guard is not None):
        return state
    distance_m = great_circle_m(where.lat, where.lon, survey.lat, survey.lon)
    if isinstance(state, SiteState):
        return state._replace(distance_m=distance_m)
    return state._replace(distance_m=distance_m, cell=cell_of(where.lat, where.lon, COVER_RESOLUTION))


def _judged_again(
    states: Sequence[VehicleState | SiteState], survey: Survey, found: Search
) -> dict[tuple[Tier, UUID], SheetRow]:
    terms = Terms(Volume(survey.volume), survey.max_delay_minutes, survey.at, survey.policy)
    arrived = found.measure([_start(state) for state in states])
    lines = []
    for state, when in zip(states, arrived, strict=True):
        now = state._replace(arrival=when.arrival, cut_off=when.cut_off)
        judged = judge_vehicle(now, terms) if isinstance(now, VehicleState) else judge_site(now, terms)
        lines.append(line_of(now, judged))
    return {(row.tier, row.target_id): row for row in read(COLUMNS, lines)}


def _start(state: VehicleState | SiteState) -> Start:
    on_guard = isinstance(state, VehicleState) and state.guard is not None
    return Start(state.where, state.mobilisation_s, on_guard)


def _of_those_beyond(only: Collection[UUID], survey: Survey, found: Search) -> Iterator[Difference]:
    """Nothing of a vehicle that lay in none of the cells that are searched again; else no more was kept than "too far"."""
    known = survey.beyond_vehicles
    asked = [id_ for id_ in only if id_ in known or id_ in survey.beyond_sites]
    searched = frozenset(found.approach.cells) if asked else frozenset()
    for id_ in asked:
        if id_ not in known or known[id_] in searched:
            yield Difference(Cause.TOO_FAR, "position", None, None, id_)
