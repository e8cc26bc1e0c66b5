"""Explains one vehicle or site of a demand: every survey that said something of it, and the same computed again."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncConnection

from api.schemas.verdicts import VerdictShown
from api.verdict_reading import shown
from geo.engines import EngineChoice, make_travel
from geo.travel_time import Travel
from ops.demand_rows import DemandTerms, Target
from storage import surveys, views
from storage.survey_sheet import SheetRow
from storage.surveys import Survey
from storage.verdict_views import VerdictLine, Wanted, verdicts_of
from storage.views import Scope, SolicitationView
from survey.recomputation import Cause, Difference, recompute


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class Again(_Wire):
    """What came of computing it again. ``same`` is null when it could not be."""

    same: bool | None
    differences: list[str]


class Explained(_Wire):
    """What one survey said: its verdict, all that was known, and the same computed again."""

    verdict: VerdictShown
    known: SheetRow
    again: Again


class Asked(_Wire):
    """One solicitation of it, or of its company for any of its vehicles."""

    id: UUID
    round: int
    tier: str
    state: str
    earliest_minutes: int | None
    eta_minutes: int | None
    to_confirm: bool
    counter_delay_minutes: int | None
    reason: str | None
    opened_at: datetime
    rung_at: datetime | None
    answer_before: datetime
    answered_at: datetime | None


class Explanation(_Wire):
    """The whole answer to why."""

    demand: DemandTerms
    target: Target
    surveys: list[Explained]
    solicitations: list[Asked]


class Engines:
    """The engines of travel times that this machine has, each loaded when it is asked for."""

    def __init__(self, choices: Sequence[EngineChoice]) -> None:
        self._choices = choices
        self._made = cache(self._make)

    def of(self, identity: str) -> Travel | None:
        """The engine of this identity, or else the first that can be made; ``None`` without any."""
        made = [each for each in self._all() if each is not None]
        return next((each for each in made if each.identity == identity), made[0] if made else None)

    def _all(self) -> Iterator[Travel | None]:
        return (self._made(place) for place in range(len(self._choices)))

    def _make(self, place: int) -> Travel | None:
        try:
            return make_travel(self._choices[place])
        except (ValueError, OSError):  # its file is gone or damaged: another may do
            return None


def engine_choices(choice: EngineChoice, graphs: Path | None) -> list[EngineChoice]:
    """The engine of the settings, and one for each road graph that was made in this directory."""
    files = sorted(graphs.glob("*.roads")) if graphs is not None else []
    return [choice, *(replace(choice, roads_file=file) for file in files)]


async def explain(
    connection: AsyncConnection, demand: DemandTerms, target: Target, engines: Engines
) -> Explanation:
    """Everything that is known of one vehicle or site of a demand. Raises BadSheetError."""
    wanted = Wanted(
        vehicle_id=None if target.is_site else target.id,
        site_id=target.id if target.is_site else None,
        every=True,
    )
    lines = (await verdicts_of(connection, demand.id, wanted)).lines
    kept = {one.number: one for one in await surveys.of_demand(connection, demand.id)}
    asked = await views.solicitations_of(connection, Scope(everything=True), demand.id)
    return Explanation(
        demand=demand,
        target=target,
        surveys=[
            _explained(line, kept[line.survey.number], engines)
            for line in sorted(lines, key=lambda one: one.survey.number)
        ],
        solicitations=[Asked.model_validate(one) for one in asked if _concerns(one, target)],
    )


def _concerns(asked: SolicitationView, target: Target) -> bool:
    if asked.vehicle_id is None and asked.site_id is None:
        return asked.company_id == target.company_id
    return target.id in {asked.vehicle_id, asked.site_id}


def _explained(line: VerdictLine, survey: Survey, engines: Engines) -> Explained:
    return Explained(
        verdict=shown(line), known=line.row, again=_computed_again(survey, line.row.target_id, engines)
    )


def _computed_again(survey: Survey, target_id: UUID, engines: Engines) -> Again:
    travel = engines.of(survey.engine)
    if travel is None:
        return Again(same=None, differences=["the engine of the settings cannot be made: not compared"])
    found = recompute(survey, travel, {target_id})
    return Again(same=_is_same(found), differences=[str(each) for each in found])


def _is_same(found: Sequence[Difference]) -> bool | None:
    """Null when nothing was compared."""
    if not found:
        return True
    return False if any(each.cause is Cause.FIGURE for each in found) else None
