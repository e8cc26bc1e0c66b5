"""Reads a demand's verdicts, as far as the caller may see them."""

from dataclasses import replace
from uuid import UUID

import pydantic_core
from sqlalchemy.ext.asyncio import AsyncConnection

from api.cursors import encode
from api.schemas.verdicts import VerdictShown
from api.security import Caller
from api.verdict_sentences import needed, obstacles, sentence
from domain.vocabulary import Tier
from geo.cells import LatLon, centre_of, great_circle_m, name_of
from storage import verdict_views
from storage.turns import in_turns
from storage.verdict_news import VerdictMark
from storage.verdict_views import VerdictLine, Verdicts, Wanted

LINES_AT_A_TIME = 20
"""In about a millisecond."""


async def read_verdicts(
    connection: AsyncConnection,
    caller: Caller,
    demand_id: UUID,
    wanted: Wanted,
    mark: VerdictMark | None,
    limit: int,
) -> Verdicts:
    """The verdicts after the mark; a company's own only, whatever it asks for."""
    if caller.company_id is not None:
        if wanted.company_id not in {None, caller.company_id}:
            return Verdicts([], None)
        wanted = replace(wanted, company_id=caller.company_id)
    return await verdict_views.verdicts_of(connection, demand_id, wanted, mark, limit)


async def written(found: Verdicts) -> bytes:
    """A `VerdictPage` as JSON, made a few lines at a time: a page may have two thousand."""
    items = [
        pydantic_core.to_json(shown(each))
        async for some in in_turns(found.lines, LINES_AT_A_TIME)
        for each in some
    ]
    last = found.mark
    more = last and encode(last[0], last[1], str(last[2]), last[3])
    return b"".join((b'{"items":[', b",".join(items), b'],"next_cursor":', pydantic_core.to_json(more), b"}"))


def shown(line: VerdictLine) -> VerdictShown:
    """A verdict with its figures and its words."""
    line = located(line)
    row, survey = line.row, line.survey
    told: dict[str, object] = {name: getattr(row, name) for name in _AS_KEPT}
    told |= {name: getattr(survey, name) for name in ("round", "at", "max_delay_minutes")}
    told |= {name: getattr(line, name) for name in ("verdict", "target_name", "company_name", "distance_m")}
    # A site is judged in its own tier, the patient's company for its free choice, a vehicle in all others.
    kind = {Tier.SITE: "site_id", Tier.FREE_CHOICE: "company_id"}.get(row.tier, "vehicle_id")
    told[kind] = row.target_id
    return VerdictShown.model_validate(
        told
        | {
            "survey": survey.number,
            "sentence": sentence(line),
            "obstacles": obstacles(line),
            "needed": needed(line),
            "approximate": line.beyond and line.distance_m is not None,
            "cell": None if row.cell is None else name_of(row.cell),
            "to_confirm": bool(row.to_confirm),
            "estimated": bool(row.estimated),
            "travel_engine": survey.engine,
            "travel_profile": survey.profile,
            "place_gap": survey.gap,
        }
    )


_AS_KEPT = (
    "tier",
    "target_id",
    "company_id",
    "earliest_minutes",
    "eta_minutes",
    "fix_age_s",
    "freshness",
    "mobilisation_s",
    "regulation",
)


def located(line: VerdictLine) -> VerdictLine:
    """With a distance for what lay beyond reach: from the centre of its cell, or from where the site is now."""
    if not line.beyond:
        return line
    row, survey = line.row, line.survey
    where = None
    if row.cell is not None:
        where = centre_of(row.cell)
    elif row.lat is not None and row.lon is not None:
        where = LatLon(row.lat, row.lon)
    if where is None:
        return line
    return replace(line, distance_m=great_circle_m(*where, survey.lat, survey.lon))
