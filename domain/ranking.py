"""Whom to ask first among those that can be there in time (rules 12 and 89)."""

from collections.abc import Sequence
from math import inf

from domain.eligibility import Judgement
from domain.messages import Candidate
from domain.vocabulary import VehicleVerdict


def candidates(judgements: Sequence[Judgement]) -> tuple[Candidate, ...]:
    """Whom to solicit, in the order of rules 12 and 89.

    The guard of the place's own sector before the neighbours'; then nearest first, by what is promised; then fewest
    missions in the shift, then the exact volume, then the company that waits longest since its last mission: a visible
    rotation.
    """
    chosen = [j for j in judgements if j.verdict is VehicleVerdict.SOLICITED]
    return tuple(_candidate(j) for j in sorted(chosen, key=_rank))


def _rank(judged: Judgement) -> tuple[int, float, int, bool, float, int]:
    waited_since = judged.last_mission_at.timestamp() if judged.last_mission_at else -inf
    target = judged.vehicle_id or judged.site_id
    reach, missions = (judged.guard.reach or 0, judged.guard.missions) if judged.guard else (0, 0)
    eta = inf if judged.eta_minutes is None else judged.eta_minutes  # nobody knows when: behind all others
    return (reach, eta, missions, not judged.exact_volume, waited_since, target.int if target else -1)


def _candidate(judged: Judgement) -> Candidate:
    return Candidate(
        tier=judged.tier,
        company_id=judged.company_id,
        vehicle_id=judged.vehicle_id,
        site_id=judged.site_id,
        eta_minutes=judged.eta_minutes,
        exact_volume=judged.exact_volume,
        to_confirm=judged.to_confirm,
        earliest_minutes=judged.earliest_minutes,
    )
