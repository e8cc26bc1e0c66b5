"""Why each vehicle and each site was, or was not, solicited: the answers kept for whoever asks later."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.eligibility import Judgement
from domain.messages import SurveyRequest
from storage.bulk import Row, given_rows
from storage.tables import verdicts


async def store(
    connection: AsyncConnection, survey: SurveyRequest, judged: Sequence[Judgement], travel_engine: str
) -> None:
    """Keep the verdicts of a survey that differ from what was last found in the same round.

    A demand is surveyed every few seconds while it waits: most surveys find what the one before found, and leave
    nothing behind. Storing a survey again changes nothing.
    """
    rows = [_row(survey, one, travel_engine) for one in judged]
    if rows:
        await connection.execute(_STORE, {"rows": rows})


def _row(survey: SurveyRequest, judged: Judgement, travel_engine: str) -> Row:
    return {
        "demand_id": survey.demand_id,
        "round": survey.round,
        "survey": survey.number,
        "at": survey.at,
        "travel_engine": travel_engine,
        "tier": judged.tier,
        "target_id": judged.vehicle_id or judged.site_id or judged.company_id,
        "company_id": judged.company_id,
        "verdict": judged.verdict,
        "eta_minutes": judged.eta_minutes,
        "distance_m": judged.distance_m,
        "fix_age_s": judged.fix_age_s,
        "to_confirm": judged.to_confirm,
    }


def _store() -> sa.Executable:
    given, last = given_rows(verdicts.columns), verdicts.alias("last")
    same_target = [last.c[name] == given.c[name] for name in ("demand_id", "round", "tier", "target_id")]
    before = (
        sa.select(last.c.verdict)
        .where(*same_target)
        .order_by(last.c.survey.desc())
        .limit(1)
        .scalar_subquery()
    )
    changed = sa.select(*given.c).where(given.c.verdict.is_distinct_from(before))
    return insert(verdicts).from_select(list(verdicts.columns), changed).on_conflict_do_nothing()


_STORE = _store()
