"""What each survey of a demand found anew, read no further than target and verdict.

A survey keeps a line for whoever it looked at, and names all the others: of most of them nothing is ever shown.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import pydantic_core
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.policy import Policy
from domain.vocabulary import Tier, VehicleVerdict
from storage import survey_sheet
from storage.survey_sheet import BadSheetError, SheetRow
from storage.tables import surveys
from storage.turns import in_turns

VerdictMark = tuple[int, str, UUID, int]
"""A place in the list of verdicts: round, tier, target, survey."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyTerms:
    """By what a survey judged: degrees, minutes, the engine of travel times and its profile, the policy."""

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


class Told(NamedTuple):
    """A verdict whose figures are not read yet. ``line`` is its place in the sheet, ``None`` for one beyond."""

    round: int
    tier: str
    target: str
    survey: int
    verdict: str
    company: str | None
    line: int | None
    cell: int | None = None

    @property
    def mark(self) -> VerdictMark:
        """Its place in the list."""
        return self.round, self.tier, UUID(self.target), self.survey


Last = dict[str, tuple[str, str]]
"""Tier and verdict that were last found of each target."""

AT_A_TIME = 10
"""Surveys that are fetched together: up to 1 MB."""
LINES_AT_A_TIME = 50
"""Lines that are read together, in a millisecond."""


class Rounds(NamedTuple):
    """Which rounds of a demand: one, those from one on, or all."""

    only: int | None = None
    since: int | None = None


_FAR = (Tier.VEHICLE.value, VehicleVerdict.TOO_FAR.value)
_NOWHERE_KNOWN = (Tier.VEHICLE.value, VehicleVerdict.NO_POSITION.value)
_SITE_FAR = (Tier.SITE.value, VehicleVerdict.TOO_FAR.value)


@dataclass(frozen=True, slots=True)
class Held:
    """A survey as it was kept, its lines not read yet."""

    terms: SurveyTerms
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    """JSON as it was kept: `survey_sheet.read` checks what is shown."""
    beyond: Sequence[tuple[str, str]]
    """Vehicles, each with its cell in decimal digits, or with nothing."""
    beyond_sites: Sequence[str]

    def told(self, last: Last) -> Iterator[Told]:
        """Every verdict that differs from the last one of the same target, which it then is."""
        yield from self._of_sheet(last)
        number, round_ = self.terms.number, self.terms.round
        for vehicle, cell in self.beyond:
            found = _FAR if cell else _NOWHERE_KNOWN
            if last.get(vehicle) != found:
                last[vehicle] = found
                yield Told(
                    round_, found[0], vehicle, number, found[1], None, None, int(cell) if cell else None
                )
        for site in self.beyond_sites:
            if last.get(site) != _SITE_FAR:
                last[site] = _SITE_FAR
                yield Told(round_, _SITE_FAR[0], site, number, _SITE_FAR[1], None, None)

    def _of_sheet(self, last: Last) -> Iterator[Told]:
        tier, target, verdict, company = self._places("tier", "target_id", "verdict", "company_id")
        for line, row in enumerate(self.rows):
            id_, found = row[target], (row[tier], row[verdict])
            if last.get(id_) != found:
                last[id_] = found
                yield Told(self.terms.round, found[0], id_, self.terms.number, found[1], row[company], line)

    async def read(self, lines: Sequence[int]) -> dict[int, SheetRow]:
        """Some of its lines in full, by their places. Raises BadSheetError."""
        found: dict[int, SheetRow] = {}
        async for some in in_turns(lines, LINES_AT_A_TIME):
            read = survey_sheet.read(self.columns, [self.rows[line] for line in some])
            found |= zip(some, read, strict=True)
        return found

    def _places(self, *names: str) -> list[int]:
        try:
            return [self.columns.index(name) for name in names]
        except ValueError as error:
            raise BadSheetError(f"survey {self.terms.number} has no column for it: {error}") from error


async def surveys_of(
    connection: AsyncConnection, demand_id: UUID, rounds: Rounds, *, every: bool
) -> AsyncIterator[Held]:
    """The surveys of some rounds of a demand, in order; without ``every`` lines are left out that are not new."""
    sheet = surveys.c.sheet if every else sa.case((_HAS_NEWS, surveys.c.sheet))
    query = _SURVEYS.add_columns(sheet.cast(sa.Text).label("sheet")).where(surveys.c.demand_id == demand_id)
    if rounds.only is not None:
        query = query.where(surveys.c.round == rounds.only)
    if rounds.since is not None:
        query = query.where(surveys.c.round >= rounds.since)
    query = query.order_by(surveys.c.number).limit(AT_A_TIME)
    rows = (await connection.execute(query)).mappings().all()
    while rows:
        async for some in in_turns(rows, 1):
            yield _held(some[0])
        further = query.where(surveys.c.number > rows[-1]["number"])
        rows = (await connection.execute(further)).mappings().all() if len(rows) == AT_A_TIME else ()


def _held(row: sa.RowMapping) -> Held:
    names = (name for name in SurveyTerms.__slots__ if name != "policy")
    terms = SurveyTerms(**{name: row[name] for name in names}, policy=Policy.model_validate(row["policy"]))
    vehicles_beyond = _split(row["beyond_vehicles"])
    cells = (row["beyond_cells"] or "").split(",") if vehicles_beyond else []
    beyond = list(zip(vehicles_beyond, cells, strict=True))
    sheet = pydantic_core.from_json(row["sheet"]) if row["sheet"] else _NO_NEWS
    return Held(terms, sheet["columns"], sheet["rows"], beyond, _split(row["beyond_sites"]))


def _split(joined: str | None) -> list[str]:
    return joined.split(",") if joined else []


def _joined(column: sa.Column[object]) -> sa.ColumnElement[str]:
    """A thousand ids are one text: most are compared and never looked at again."""
    return sa.func.array_to_string(column, ",", "").label(column.name)


_SURVEYS = sa.select(
    *(surveys.c[name] for name in SurveyTerms.__slots__),
    *(_joined(surveys.c[name]) for name in ("beyond_vehicles", "beyond_cells", "beyond_sites")),
)

_BEFORE = sa.func.lag(surveys.c.digest).over(partition_by=surveys.c.round, order_by=surveys.c.number)
_HAS_NEWS = (surveys.c.digest == b"") | surveys.c.digest.is_distinct_from(_BEFORE)
"""Whether its lines differ from those of the survey before: a survey that opens a tier is kept although they do not.
Verdicts of the first version were kept without a digest, and only those that were new."""
_NO_NEWS: Mapping[str, Sequence[Any]] = {"columns": survey_sheet.COLUMNS, "rows": ()}


def found_anew(one: Held, last: dict[int, Last], *, every: bool) -> Iterator[Told]:
    """What a survey found that the ones before in its round, kept in ``last``, did not find of the same target; or all."""
    return one.told({} if every else last[one.terms.round])
