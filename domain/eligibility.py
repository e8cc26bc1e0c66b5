"""Who could be there in time: one verdict for every vehicle and every site (rules 4, 6, 8, 12, 37, 55, 95).

A verdict is the first obstacle, in the order of the rules; all of them are kept, so that whoever asks learns everything
that would have had to be different. Who is asked follows from the earliest arrival, what is promised from the latest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.fleet import Volume, Whereabouts, serves
from domain.freshness import freshness_of
from domain.lease import SILENCE
from domain.policy import Policy
from domain.vocabulary import Freshness, LeaseState, Tier, VehicleVerdict

Verdict = VehicleVerdict


class Arrival(NamedTuple):
    """When somebody could be there, in seconds from now, the crew's own time included.

    ``way_s`` is the earliest time under way alone. ``estimated``: no road was followed where roads are known.
    """

    earliest_s: float
    latest_s: float
    way_s: float
    estimated: bool = False

    @property
    def earliest_minutes(self) -> int:
        """Whole minutes, rounded up: so it is within a delay exactly when its seconds are."""
        return minutes_up(self.earliest_s)

    @property
    def latest_minutes(self) -> int:
        """Whole minutes, rounded up: what is promised is never less than the time."""
        return minutes_up(self.latest_s)


class GuardDuty(NamedTuple):
    """A vehicle on guard: how near its sector is to the place, and what it did in this shift already.

    ``reach`` is 0 in the place's own sector, 1 in a neighbouring one that the policy asks too, and ``None`` elsewhere.
    ``phone``: whether one can answer for it.
    """

    reach: int | None
    missions: int = 0
    phone: bool = True


class VehicleState(NamedTuple):
    """What is known of one vehicle at the moment of a survey. Without ``arrival`` it cannot be near."""

    vehicle_id: UUID
    company_id: UUID
    site_id: UUID | None
    volume: Volume
    available: bool
    engaged: bool
    on_guard: bool
    fix_at: datetime | None = None
    speed_kmh: float | None = None
    device_seen_at: datetime | None = None
    """The last word of a phone that is in it."""
    distance_m: float | None = None
    """As the crow flies."""
    arrival: Arrival | None = None
    cut_off: bool = False
    """No road leads from there."""
    mobilisation_s: int = 0
    last_mission_at: datetime | None = None
    regulation: LeaseState = LeaseState.HELD
    """How its site is regulated; without a site, the best of its company's."""
    guard: GuardDuty | None = None
    """For which sector it is on guard, if that is one of this SAMU's."""
    where: Whereabouts | None = None
    """From where its time was measured: its position, or its site on guard."""
    cell: int | None = None
    """The H3 cell under which its position is filed."""


class SiteState(NamedTuple):
    """What is known of one site. ``free_volumes`` are those of its company's vehicles that could be named."""

    site_id: UUID
    company_id: UUID
    available: bool
    free_volumes: frozenset[Volume]
    distance_m: float
    arrival: Arrival | None = None
    cut_off: bool = False
    mobilisation_s: int = 0
    last_mission_at: datetime | None = None
    regulation: LeaseState = LeaseState.HELD
    where: Whereabouts | None = None


class Judgement(NamedTuple):
    """The verdict on one vehicle or site, with its figures. Minutes are rounded up.

    ``eta_minutes`` is the latest arrival, ``earliest_minutes`` the earliest.
    """

    company_id: UUID
    verdict: VehicleVerdict
    tier: Tier
    obstacles: tuple[VehicleVerdict, ...] = ()
    vehicle_id: UUID | None = None
    site_id: UUID | None = None
    earliest_minutes: int | None = None
    eta_minutes: int | None = None
    distance_m: float | None = None
    fix_age_s: float | None = None
    freshness: Freshness | None = None
    to_confirm: bool = False
    exact_volume: bool = True
    last_mission_at: datetime | None = None
    guard: GuardDuty | None = None

    @property
    def target_id(self) -> UUID:
        """The vehicle, or else the site, or else the company."""
        return self.vehicle_id or self.site_id or self.company_id


@dataclass(frozen=True, slots=True)
class Terms:
    """What a demand asks for, when, and by which policy it is judged."""

    volume: Volume
    max_delay_minutes: int
    at: datetime
    policy: Policy

    def allows(self, arrival: Arrival | None) -> bool:
        """Whether somebody can be there in time: by the earliest arrival, so that nobody is left out (rule 6)."""
        return arrival is not None and arrival.earliest_s <= 60 * self.max_delay_minutes


def judge_vehicle(state: VehicleState, terms: Terms) -> Judgement:
    """The verdict on a vehicle: the first reason that excludes it, or ``SOLICITED`` (rules 6 and 12).

    On guard it is judged for the guard, and never otherwise (rule 55).
    """
    age = max(0.0, (terms.at - state.fix_at).total_seconds()) if state.fix_at else None
    fresh = _freshness(state, terms)
    if state.guard is not None:
        obstacles, tier = _obstacles_on_guard(state, state.guard, terms), Tier.GUARD
    else:
        obstacles, tier = _obstacles_of_vehicle(state, age, fresh, terms), Tier.VEHICLE
    arrival = state.arrival
    return Judgement(
        company_id=state.company_id,
        verdict=obstacles[0] if obstacles else Verdict.SOLICITED,
        tier=tier,
        obstacles=obstacles,
        vehicle_id=state.vehicle_id,
        site_id=state.site_id,
        earliest_minutes=arrival.earliest_minutes if arrival else None,
        eta_minutes=arrival.latest_minutes if arrival else None,
        distance_m=state.distance_m,
        fix_age_s=age,
        freshness=fresh,
        to_confirm=fresh is Freshness.SILENT or (arrival is not None and arrival.estimated),
        exact_volume=state.volume is terms.volume,
        last_mission_at=state.last_mission_at,
        guard=state.guard,
    )


def _freshness(state: VehicleState, terms: Terms) -> Freshness | None:
    if state.fix_at is None:
        return None
    return freshness_of(state.fix_at, state.speed_kmh, state.device_seen_at, terms.at, terms.policy)


Obstacles = tuple[VehicleVerdict, ...]


def _obstacles_on_guard(state: VehicleState, guard: GuardDuty, terms: Terms) -> Obstacles:
    """No tick-box and no fix is asked of a guard crew: it waits at its site, and must answer (rules 12 and 13)."""
    beyond = () if terms.policy.guard_beyond_delay else _too_far(state, terms)
    return _that_hold(
        (guard.reach is None, Verdict.OTHER_SECTOR),
        (not serves(state.volume, terms.volume), Verdict.TOO_SMALL),
        (state.engaged, Verdict.ENGAGED),
        (not guard.phone, Verdict.NO_GUARD_PHONE),
        *beyond,
    )


def _obstacles_of_vehicle(
    state: VehicleState, age: float | None, fresh: Freshness | None, terms: Terms
) -> Obstacles:
    lost = fresh is Freshness.SILENT and age is not None and age > terms.policy.position_lost_s
    return _that_hold(
        (state.on_guard, Verdict.ON_GUARD),
        (not serves(state.volume, terms.volume), Verdict.TOO_SMALL),
        (state.engaged, Verdict.ENGAGED),
        (not state.available, Verdict.NOT_AVAILABLE),
        *_unregulated(state.regulation),
        (age is None, Verdict.NO_POSITION),
        (lost, Verdict.POSITION_TOO_OLD),
        *(_too_far(state, terms) if age is not None else ()),
    )


Condition = tuple[bool, VehicleVerdict]


def _that_hold(*conditions: Condition) -> Obstacles:
    return tuple([verdict for holds, verdict in conditions if holds])


def _too_far(state: VehicleState | SiteState, terms: Terms) -> tuple[Condition, ...]:
    """Too far in time, or no road at all: one of them."""
    late = not terms.allows(state.arrival)
    return (late and state.cut_off, Verdict.NO_WAY), (late and not state.cut_off, Verdict.TOO_FAR)


def _unregulated(regulation: LeaseState) -> tuple[Condition, ...]:
    """A solicitation that nobody receives, or that a silent post may not receive, is not made (rule 37)."""
    return (
        (regulation is LeaseState.FREE, Verdict.NOT_REGULATED),
        (regulation is LeaseState.SUSPENDED, Verdict.REGULATION_SUSPENDED),
    )


def judge_chosen_company(company_id: UUID, regulation: LeaseState) -> Judgement:
    """The patient's own company is asked first, if anybody there receives it (rules 37 and 88)."""
    obstacles = _that_hold(*_unregulated(regulation))
    verdict = obstacles[0] if obstacles else Verdict.SOLICITED
    return Judgement(company_id=company_id, verdict=verdict, tier=Tier.FREE_CHOICE, obstacles=obstacles)


def judge_site(state: SiteState, terms: Terms) -> Judgement:
    """The verdict on a site: ticked, near enough, and some vehicle that could be named (rules 8 and 9)."""
    obstacles = _that_hold(
        (not state.available, Verdict.NOT_AVAILABLE),
        *_unregulated(state.regulation),
        (not any(serves(v, terms.volume) for v in state.free_volumes), Verdict.NO_SUITABLE_VEHICLE),
        *_too_far(state, terms),
    )
    arrival = state.arrival
    return Judgement(
        company_id=state.company_id,
        verdict=obstacles[0] if obstacles else Verdict.SOLICITED,
        tier=Tier.SITE,
        obstacles=obstacles,
        site_id=state.site_id,
        earliest_minutes=arrival.earliest_minutes if arrival else None,
        eta_minutes=arrival.latest_minutes if arrival else None,
        distance_m=state.distance_m,
        to_confirm=arrival is not None and arrival.estimated,
        exact_volume=terms.volume in state.free_volumes,
        last_mission_at=state.last_mission_at,
    )


def regulation_at(state: LeaseState, heartbeat_at: datetime | None, at: datetime) -> LeaseState:
    """How a site is regulated: a post that is silent for too long is suspended before anybody wrote it down."""
    silent = heartbeat_at is None or at - heartbeat_at >= SILENCE
    return LeaseState.SUSPENDED if state is LeaseState.HELD and silent else state


def best_regulation(states: Iterable[LeaseState]) -> LeaseState:
    """How a company is regulated, by its sites: held if any is, else suspended if any is."""
    return min(states, key=_REGULATION_RANK.index, default=LeaseState.FREE)


_REGULATION_RANK = (LeaseState.HELD, LeaseState.SUSPENDED, LeaseState.FREE)


def minutes_up(seconds: float) -> int:
    """Whole minutes, rounded up."""
    return -int(-seconds // 60)


def available_at(ticked: bool, until: datetime | None, at: datetime) -> bool:
    """Whether a tick-box holds: ticked, and its optional end not passed."""
    return ticked and (until is None or at < until)
