"""Who could be there in time: one verdict for every vehicle and every site (rules 4, 6, 8, 9, 89, 95)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.fleet import Volume, serves
from domain.messages import Candidate
from domain.policy import Policy
from domain.vocabulary import Tier, VehicleVerdict

MOVING_KMH = 5.0
"""From this speed on a vehicle is moving, and its last position is soon worth nothing (rule 6)."""

Verdict = VehicleVerdict


@dataclass(frozen=True, slots=True)
class VehicleState:
    """What is known of one vehicle at the moment of a survey. ``travel_s`` is ``None`` when it cannot be near."""

    vehicle_id: UUID
    company_id: UUID
    site_id: UUID | None
    volume: Volume
    available: bool
    engaged: bool
    on_guard: bool
    fix_at: datetime | None = None
    speed_kmh: float | None = None
    distance_m: float | None = None
    travel_s: float | None = None
    last_mission_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SiteState:
    """What is known of one site. ``free_volumes`` are those of its company's vehicles that could be named."""

    site_id: UUID
    company_id: UUID
    available: bool
    free_volumes: frozenset[Volume]
    distance_m: float
    travel_s: float | None = None
    last_mission_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one vehicle or site, with its figures. ``eta_minutes`` is rounded up."""

    company_id: UUID
    verdict: VehicleVerdict
    tier: Tier
    vehicle_id: UUID | None = None
    site_id: UUID | None = None
    eta_minutes: int | None = None
    distance_m: float | None = None
    fix_age_s: float | None = None
    to_confirm: bool = False
    exact_volume: bool = True
    last_mission_at: datetime | None = None


def judge_vehicle(
    state: VehicleState, demanded: Volume, max_delay_minutes: int, at: datetime, policy: Policy
) -> Judgement:
    """The verdict on a vehicle: the first reason that excludes it, or ``SOLICITED`` (rule 6)."""
    age = max(0.0, (at - state.fix_at).total_seconds()) if state.fix_at else None
    return Judgement(
        company_id=state.company_id,
        verdict=_vehicle_verdict(state, demanded, max_delay_minutes, age, policy),
        tier=Tier.VEHICLE,
        vehicle_id=state.vehicle_id,
        site_id=state.site_id,
        eta_minutes=minutes_up(state.travel_s),
        distance_m=state.distance_m,
        fix_age_s=age,
        to_confirm=age is not None and age > _fresh_for(state, policy),
        exact_volume=state.volume is demanded,
        last_mission_at=state.last_mission_at,
    )


def _vehicle_verdict(
    state: VehicleState, demanded: Volume, max_delay_minutes: int, age: float | None, policy: Policy
) -> VehicleVerdict:
    excluded = (
        (state.on_guard, Verdict.ON_GUARD),
        (not serves(state.volume, demanded), Verdict.TOO_SMALL),
        (state.engaged, Verdict.ENGAGED),
        (not state.available, Verdict.NOT_AVAILABLE),
        (age is None, Verdict.NO_POSITION),
        (age is not None and age > policy.position_lost_s, Verdict.POSITION_TOO_OLD),
        (not _within(state.travel_s, max_delay_minutes), Verdict.TOO_FAR),
    )
    return next((verdict for holds, verdict in excluded if holds), Verdict.SOLICITED)


def judge_site(state: SiteState, demanded: Volume, max_delay_minutes: int) -> Judgement:
    """The verdict on a site: ticked, near enough, and some vehicle that could be named (rules 8 and 9)."""
    excluded = (
        (not state.available, Verdict.NOT_AVAILABLE),
        (not any(serves(v, demanded) for v in state.free_volumes), Verdict.NO_SUITABLE_VEHICLE),
        (not _within(state.travel_s, max_delay_minutes), Verdict.TOO_FAR),
    )
    return Judgement(
        company_id=state.company_id,
        verdict=next((verdict for holds, verdict in excluded if holds), Verdict.SOLICITED),
        tier=Tier.SITE,
        site_id=state.site_id,
        eta_minutes=minutes_up(state.travel_s),
        distance_m=state.distance_m,
        exact_volume=demanded in state.free_volumes,
        last_mission_at=state.last_mission_at,
    )


def candidates(judgements: Sequence[Judgement]) -> tuple[Candidate, ...]:
    """Whom to solicit, in the order of rule 89.

    Nearest first, then the exact volume, then the company that waits longest since its last mission: a visible
    rotation.
    """
    chosen = [j for j in judgements if j.verdict is Verdict.SOLICITED]
    return tuple(_candidate(j) for j in sorted(chosen, key=_rank))


def _rank(judged: Judgement) -> tuple[int, bool, float, str]:
    waited_since = judged.last_mission_at.timestamp() if judged.last_mission_at else float("-inf")
    target = judged.vehicle_id or judged.site_id
    return (judged.eta_minutes or 0, not judged.exact_volume, waited_since, str(target))


def _candidate(judged: Judgement) -> Candidate:
    return Candidate(
        tier=judged.tier,
        company_id=judged.company_id,
        vehicle_id=judged.vehicle_id,
        site_id=judged.site_id,
        eta_minutes=judged.eta_minutes,
        exact_volume=judged.exact_volume,
        to_confirm=judged.to_confirm,
    )


def minutes_up(seconds: float | None) -> int | None:
    """Whole minutes, rounded up: what is promised is never less than the time."""
    return None if seconds is None else -int(-seconds // 60)


def available_at(ticked: bool, until: datetime | None, at: datetime) -> bool:
    """Whether a tick-box holds: ticked, and its optional end not passed."""
    return ticked and (until is None or at < until)


def _within(travel_s: float | None, max_delay_minutes: int) -> bool:
    return travel_s is not None and travel_s <= timedelta(minutes=max_delay_minutes).total_seconds()


def _fresh_for(state: VehicleState, policy: Policy) -> int:
    moving = state.speed_kmh is not None and state.speed_kmh >= MOVING_KMH
    return policy.position_moving_s if moving else policy.position_stopped_s
