"""Who could be there in time: one verdict for every vehicle and every site (rules 4, 6, 8, 9, 12, 37, 55, 89, 95)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.fleet import Volume, serves
from domain.lease import SILENCE
from domain.messages import Candidate
from domain.policy import Policy
from domain.vocabulary import LeaseState, Tier, VehicleVerdict

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
    regulation: LeaseState = LeaseState.HELD
    """How its site is regulated; without a site, the best of its company's."""
    guard: "GuardDuty | None" = None
    """For which sector it is on guard, if that is one of this SAMU's."""


@dataclass(frozen=True, slots=True)
class GuardDuty:
    """A vehicle on guard: how near its sector is to the place, and what it did in this shift already.

    ``reach`` is 0 in the place's own sector, 1 in a neighbouring one that the policy asks too, and ``None`` elsewhere.
    ``phone``: whether one can answer for it.
    """

    reach: int | None
    missions: int = 0
    phone: bool = True


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
    regulation: LeaseState = LeaseState.HELD


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
    guard: GuardDuty | None = None


def judge_vehicle(
    state: VehicleState, demanded: Volume, max_delay_minutes: int, at: datetime, policy: Policy
) -> Judgement:
    """The verdict on a vehicle: the first reason that excludes it, or ``SOLICITED`` (rules 6 and 12).

    On guard it is judged for the guard, and never otherwise (rule 55).
    """
    age = max(0.0, (at - state.fix_at).total_seconds()) if state.fix_at else None
    if state.guard is not None:
        verdict, tier = _guard_verdict(state, state.guard, demanded, max_delay_minutes, policy), Tier.GUARD
    else:
        verdict, tier = _vehicle_verdict(state, demanded, max_delay_minutes, age, policy), Tier.VEHICLE
    return Judgement(
        company_id=state.company_id,
        verdict=verdict,
        tier=tier,
        vehicle_id=state.vehicle_id,
        site_id=state.site_id,
        eta_minutes=minutes_up(state.travel_s),
        distance_m=state.distance_m,
        fix_age_s=age,
        to_confirm=age is not None and age > _fresh_for(state, policy),
        exact_volume=state.volume is demanded,
        last_mission_at=state.last_mission_at,
        guard=state.guard,
    )


def _guard_verdict(
    state: VehicleState, guard: GuardDuty, demanded: Volume, max_delay_minutes: int, policy: Policy
) -> VehicleVerdict:
    """No tick-box and no fix is asked of a guard crew: it waits at its site, and must answer (rules 12 and 13)."""
    late = not policy.guard_beyond_delay and not _within(state.travel_s, max_delay_minutes)
    excluded = (
        (guard.reach is None, Verdict.OTHER_SECTOR),
        (not serves(state.volume, demanded), Verdict.TOO_SMALL),
        (state.engaged, Verdict.ENGAGED),
        (not guard.phone, Verdict.NO_GUARD_PHONE),
        (late, Verdict.TOO_FAR),
    )
    return next((verdict for holds, verdict in excluded if holds), Verdict.SOLICITED)


def _vehicle_verdict(
    state: VehicleState, demanded: Volume, max_delay_minutes: int, age: float | None, policy: Policy
) -> VehicleVerdict:
    excluded = (
        (state.on_guard, Verdict.ON_GUARD),
        (not serves(state.volume, demanded), Verdict.TOO_SMALL),
        (state.engaged, Verdict.ENGAGED),
        (not state.available, Verdict.NOT_AVAILABLE),
        *_unregulated(state.regulation),
        (age is None, Verdict.NO_POSITION),
        (age is not None and age > policy.position_lost_s, Verdict.POSITION_TOO_OLD),
        (not _within(state.travel_s, max_delay_minutes), Verdict.TOO_FAR),
    )
    return next((verdict for holds, verdict in excluded if holds), Verdict.SOLICITED)


def _unregulated(regulation: LeaseState) -> tuple[tuple[bool, VehicleVerdict], ...]:
    """A solicitation that nobody receives, or that a silent post may not receive, is not made (rule 37)."""
    return (
        (regulation is LeaseState.FREE, Verdict.NOT_REGULATED),
        (regulation is LeaseState.SUSPENDED, Verdict.REGULATION_SUSPENDED),
    )


def judge_chosen_company(company_id: UUID, regulation: LeaseState) -> Judgement:
    """The patient's own company is asked first, if anybody there receives it (rules 37 and 88)."""
    excluded = _unregulated(regulation)
    verdict = next((verdict for holds, verdict in excluded if holds), Verdict.SOLICITED)
    return Judgement(company_id=company_id, verdict=verdict, tier=Tier.FREE_CHOICE)


def regulation_at(state: LeaseState, heartbeat_at: datetime | None, at: datetime) -> LeaseState:
    """How a site is regulated: a post that is silent for too long is suspended before anybody wrote it down."""
    silent = heartbeat_at is None or at - heartbeat_at >= SILENCE
    return LeaseState.SUSPENDED if state is LeaseState.HELD and silent else state


def best_regulation(states: Iterable[LeaseState]) -> LeaseState:
    """How a company is regulated, by its sites: held if any is, else suspended if any is."""
    return min(states, key=_REGULATION_RANK.index, default=LeaseState.FREE)


_REGULATION_RANK = (LeaseState.HELD, LeaseState.SUSPENDED, LeaseState.FREE)


def judge_site(state: SiteState, demanded: Volume, max_delay_minutes: int) -> Judgement:
    """The verdict on a site: ticked, near enough, and some vehicle that could be named (rules 8 and 9)."""
    excluded = (
        (not state.available, Verdict.NOT_AVAILABLE),
        *_unregulated(state.regulation),
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
    """Whom to solicit, in the order of rules 12 and 89.

    The guard of the place's own sector before the neighbours'; then nearest first, then fewest missions in the shift,
    then the exact volume, then the company that waits longest since its last mission: a visible rotation.
    """
    chosen = [j for j in judgements if j.verdict is Verdict.SOLICITED]
    return tuple(_candidate(j) for j in sorted(chosen, key=_rank))


def _rank(judged: Judgement) -> tuple[int, int, int, bool, float, str]:
    waited_since = judged.last_mission_at.timestamp() if judged.last_mission_at else float("-inf")
    target = judged.vehicle_id or judged.site_id
    reach, missions = (judged.guard.reach or 0, judged.guard.missions) if judged.guard else (0, 0)
    return (reach, judged.eta_minutes or 0, missions, not judged.exact_volume, waited_since, str(target))


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
