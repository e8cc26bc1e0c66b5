"""Verdicts as callers read them, in order and in full, with names and with whether the tier was ever asked."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.vocabulary import Tier, VehicleVerdict
from storage.survey_sheet import SheetRow
from storage.tables import Uuid, companies, sites, solicitations, vehicles
from storage.turns import in_turns
from storage.verdict_news import (
    LINES_AT_A_TIME,
    Held,
    Last,
    Rounds,
    SurveyTerms,
    Told,
    VerdictMark,
    found_anew,
    surveys_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which verdicts: of one vehicle, site, company or round, or all of them.

    ``every``: those too that the survey before had found already.
    """

    vehicle_id: UUID | None = None
    site_id: UUID | None = None
    company_id: UUID | None = None
    round: int | None = None
    every: bool = False


EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictLine:
    """A verdict, with the survey that found it and what was known.

    ``beyond``: it lay where nobody could be there in time, so no more is known than its cell, or the place of a site.
    ``verdict`` is what is told: whoever could be asked, and then was not, reads NOT_YET_ASKED. ``distance_m`` is the crow's,
    null for one beyond.
    """

    survey: SurveyTerms
    row: SheetRow
    verdict: VehicleVerdict
    beyond: bool
    distance_m: float | None
    target_name: str | None
    company_name: str | None


class Verdicts(NamedTuple):
    """A page of verdicts. ``mark`` is where the next one begins; ``None`` after the last."""

    lines: list[VerdictLine]
    mark: VerdictMark | None


async def verdicts_of(
    connection: AsyncConnection,
    demand_id: UUID,
    wanted: Wanted = EVERYTHING,
    mark: VerdictMark | None = None,
    limit: int | None = None,
) -> Verdicts:
    """A demand's verdicts by round, tier, target and survey: each that differs from the one before in its round.

    ``mark`` is the last one already read. Raises BadSheetError for a survey that this version cannot read.
    """
    chosen = await _chooser(connection, wanted)
    held: dict[int, Held] = {}
    found: list[Told] = []
    last: dict[int, Last] = defaultdict(dict)
    rounds = Rounds(wanted.round, None if mark is None else mark[0])
    async for one in surveys_of(connection, demand_id, rounds, every=wanted.every):
        held[one.terms.number] = one
        found += [each for each in found_anew(one, last, every=wanted.every) if chosen(each)]
    page, further = _page(found, mark, limit)
    return Verdicts(await _lines(connection, demand_id, held, page), further)


def _page(
    found: Iterable[Told], mark: VerdictMark | None, limit: int | None
) -> tuple[list[Told], VerdictMark | None]:
    """What comes after the mark, and where the next page begins."""
    told = sorted(found)
    if mark is not None:
        read = (mark[0], mark[1], str(mark[2]), mark[3])
        told = [each for each in told if each[:4] > read]
    page = told[:limit]
    last = page[-1] if len(page) < len(told) else None
    return page, last and last.mark


# -- which of it is read ---------------------------------------------------------------------------------------------


class _Choice(NamedTuple):
    """Whose verdicts are wanted; ``own`` are the vehicles and sites that the company has now."""

    vehicle: str | None
    site: str | None
    company: str | None
    own: frozenset[str]

    def __call__(self, told: Told) -> bool:
        return (
            (self.vehicle is None or (told.target == self.vehicle and told.tier != Tier.SITE.value))
            and (self.site is None or (told.target == self.site and told.tier == Tier.SITE.value))
            and (self.company is None or self._is_companys(told))
        )

    def _is_companys(self, told: Told) -> bool:
        return told.target in self.own if told.company is None else told.company == self.company


async def _chooser(connection: AsyncConnection, wanted: Wanted) -> _Choice:
    own: frozenset[str] = frozenset()
    if wanted.company_id is not None:
        ids = (sa.select(one.c.id).where(one.c.company_id == wanted.company_id) for one in (vehicles, sites))
        own = frozenset(map(str, await connection.scalars(sa.union_all(*ids))))
    return _Choice(_text(wanted.vehicle_id), _text(wanted.site_id), _text(wanted.company_id), own)


def _text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)


# -- in full ---------------------------------------------------------------------------------------------------------


class _Known(NamedTuple):
    """What a vehicle or a site is called, whose it is, and where a site is."""

    company_id: UUID
    name: str
    lat: float | None = None
    lon: float | None = None


async def _lines(
    connection: AsyncConnection, demand_id: UUID, held: Mapping[int, Held], told: Sequence[Told]
) -> list[VerdictLine]:
    read = await _read(held, told)
    known = await _known(connection, {UUID(each.target) for each in told})
    rows = [(each, read.get((each.survey, each.line)) or _row_beyond(each, known)) for each in told]
    names = await _company_names(connection, {row.company_id for _, row in rows if row is not None})
    asked = await _asked(connection, demand_id)
    return [
        VerdictLine(
            survey=(terms := held[each.survey].terms),
            row=row,
            verdict=_as_told(row, terms, asked),
            beyond=each.line is None,
            distance_m=row.distance_m,
            target_name=known[row.target_id].name if row.target_id in known else None,
            company_name=names.get(row.company_id),
        )
        async for some in in_turns(rows, LINES_AT_A_TIME)
        for each, row in some
        if row is not None  # of a vehicle or site beyond that was taken off the books since, nothing is known
    ]


async def _read(held: Mapping[int, Held], told: Sequence[Told]) -> Mapping[tuple[int, int | None], SheetRow]:
    lines: dict[int, list[int]] = defaultdict(list)
    for each in told:
        if each.line is not None:
            lines[each.survey].append(each.line)
    return {
        (number, line): row
        for number, wanted in lines.items()
        for line, row in (await held[number].read(wanted)).items()
    }


def _row_beyond(told: Told, known: Mapping[UUID, _Known]) -> SheetRow | None:
    target, verdict = UUID(told.target), VehicleVerdict(told.verdict)
    found = known.get(target)
    if found is None:
        return None
    return SheetRow(
        tier=Tier(told.tier),
        target_id=target,
        company_id=found.company_id,
        verdict=verdict,
        obstacles=(verdict,),
        cell=told.cell,
        lat=found.lat,
        lon=found.lon,
    )


async def _known(connection: AsyncConnection, ids: set[UUID]) -> dict[UUID, _Known]:
    rows = await connection.execute(_KNOWN, {"ids": list(ids)})
    return {id_: _Known(*known) for id_, *known in rows}


async def _company_names(connection: AsyncConnection, ids: set[UUID]) -> dict[UUID, str]:
    rows = await connection.execute(_COMPANIES, {"ids": list(ids)})
    return {row.id: row.name for row in rows}


_IDS = sa.bindparam("ids", type_=ARRAY(Uuid))
_NOWHERE = sa.null().cast(sa.Double)
_KNOWN = sa.union_all(
    sa.select(vehicles.c.id, vehicles.c.company_id, vehicles.c.name, _NOWHERE, _NOWHERE).where(
        vehicles.c.id == sa.any_(_IDS)
    ),
    sa.select(sites.c.id, sites.c.company_id, sites.c.name, sites.c.lat, sites.c.lon).where(
        sites.c.id == sa.any_(_IDS)
    ),
)
_COMPANIES = sa.select(companies.c.id, companies.c.name).where(companies.c.id == sa.any_(_IDS))


# -- who was asked ---------------------------------------------------------------------------------------------------


class _Asked(NamedTuple):
    round: int
    answer_before: datetime
    answered_at: datetime | None

    def counts(self, terms: SurveyTerms) -> bool:
        """In this round; or before, and held on to when the terms changed (rule 91)."""
        if self.round >= terms.round:
            return self.round == terms.round
        answered = self.answered_at is not None and self.answered_at <= terms.at
        return self.answer_before > terms.at and not answered


Asked = Mapping[tuple[str, UUID], Sequence[_Asked]]


async def _asked(connection: AsyncConnection, demand_id: UUID) -> Asked:
    """Who was solicited, by tier and by what was asked: a vehicle, a site, or any vehicle of the company."""
    one = solicitations.c
    target = sa.func.coalesce(one.vehicle_id, one.site_id, one.company_id)
    query = sa.select(one.tier, target, one.round, one.answer_before, one.answered_at)
    found: dict[tuple[str, UUID], list[_Asked]] = defaultdict(list)
    for tier, target_id, *asked in await connection.execute(query.where(one.demand_id == demand_id)):
        found[tier, target_id].append(_Asked(*asked))
    return found


def _as_told(row: SheetRow, terms: SurveyTerms, asked: Asked) -> VehicleVerdict:
    """A survey finds who may be solicited; whoever then was not, because the tier never opened, was not asked."""
    if row.verdict is not VehicleVerdict.SOLICITED:
        return row.verdict
    was_asked = any(one.counts(terms) for one in asked.get((row.tier.value, row.target_id), ()))
    return VehicleVerdict.SOLICITED if was_asked else VehicleVerdict.NOT_YET_ASKED
