"""Who could be there in time: one verdict for every vehicle and every site (rules 4, 6, 8, 12, 37, 55, 95).

A verdict is the first obstacle, in the order of the rules; all of them are kept, so that whoever asks learns everything
that would have had to be different. Who is asked follows from the earliest arrival, what is promised from the latest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
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

    Made by the hundred, by `_make` and in the order of the fields: to name them takes longer than to decide.

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
    guard, arrival = state.guard, state.arrival
    obstacles = _obstacles(state, age, fresh, terms)
    return Judgement._make(
        (
            state.company_id,
            obstacles[0] if obstacles else Verdict.SOLICITED,
            Tier.VEHICLE if guard is None else Tier.GUARD,
            obstacles,
            state.vehicle_id,
            state.site_id,
            minutes_up(arrival.earliest_s) if arrival else None,
            minutes_up(arrival.latest_s) if arrival else None,
            state.distance_m,
            age,
            fresh,
            fresh is Freshness.SILENT or (arrival is not None and arrival.estimated),
            state.volume is terms.volume,
            state.last_mission_at,
            guard,
        )
    )


def _freshness(state: VehicleState, terms: Terms) -> Freshness | None:
    if state.fix_at is None:
        return None
    return freshness_of(state.fix_at, state.speed_kmh, state.device_seen_at, terms.at, terms.policy)


Obstacles = tuple[VehicleVerdict, ...]


def _obstacles(state: VehicleState, age: float | None, fresh: Freshness | None, terms: Terms) -> Obstacles:
    if state.guard is not None:
        return _obstacles_on_guard(state, state.guard, terms)
    return _obstacles_of_vehicle(state, age, fresh, terms)


# What excludes, in the order of the rules; the functions below say whether each holds. A solicitation that nobody
# receives, or that a silent post may not receive, is not made (rule 37); of too far in time and no road at all it is one.
_UNREGULATED = (Verdict.NOT_REGULATED, Verdict.REGULATION_SUSPENDED)
_AWAY = (Verdict.NO_WAY, Verdict.TOO_FAR)
_ON_GUARD = (Verdict.OTHER_SECTOR, Verdict.TOO_SMALL, Verdict.ENGAGED, Verdict.NO_GUARD_PHONE, *_AWAY)
_OF_VEHICLE = (
    *(Verdict.ON_GUARD, Verdict.TOO_SMALL, Verdict.ENGAGED, Verdict.NOT_AVAILABLE),
    *_UNREGULATED,
    *(Verdict.NO_POSITION, Verdict.POSITION_TOO_OLD),
    *_AWAY,
)
_OF_SITE = (Verdict.NOT_AVAILABLE, *_UNREGULATED, Verdict.NO_SUITABLE_VEHICLE, *_AWAY)
_OF_CHOSEN = _UNREGULATED


def _obstacles_on_guard(state: VehicleState, guard: GuardDuty, terms: Terms) -> Obstacles:
    """No tick-box and no fix is asked of a guard crew: it waits at its site, and must answer (rules 12 and 13)."""
    late = not terms.policy.guard_beyond_delay and not terms.allows(state.arrival)
    hold = (
        guard.reach is None,
        not serves(state.volume, terms.volume),
        state.engaged,
        not guard.phone,
        late and state.cut_off,
        late and not state.cut_off,
    )
    return tuple(compress(_ON_GUARD, hold))


def _obstacles_of_vehicle(
    state: VehicleState, age: float | None, fresh: Freshness | None, terms: Terms
) -> Obstacles:
    late = age is not None and not terms.allows(state.arrival)
    hold = (
        state.on_guard,
        not serves(state.volume, terms.volume),
        state.engaged,
        not state.available,
        state.regulation is LeaseState.FREE,
        state.regulation is LeaseState.SUSPENDED,
        age is None,
        fresh is Freshness.SILENT and age is not None and age > terms.policy.position_lost_s,
        late and state.cut_off,
        late and not state.cut_off,
    )
    return tuple(compress(_OF_VEHICLE, hold))


def judge_chosen_company(company_id: UUID, regulation: LeaseState) -> Judgement:
    """The patient's own company is asked first, if anybody there receives it (rules 37 and 88)."""
    hold = (regulation is LeaseState.FREE, regulation is LeaseState.SUSPENDED)
    obstacles = tuple(compress(_OF_CHOSEN, hold))
    verdict = obstacles[0] if obstacles else Verdict.SOLICITED
    return Judgement(company_id=company_id, verdict=verdict, tier=Tier.FREE_CHOICE, obstacles=obstacles)


def judge_site(state: SiteState, terms: Terms) -> Judgement:
    """The verdict on a site: ticked, near enough, and some vehicle that could be named (rules 8 and 9)."""
    obstacles = _obstacles_of_site(state, terms)
    arrival = state.arrival
    return Judgement._make(
        (
            state.company_id,
            obstacles[0] if obstacles else Verdict.SOLICITED,
            Tier.SITE,
            obstacles,
            None,  # no vehicle
            state.site_id,
            minutes_up(arrival.earliest_s) if arrival else None,
            minutes_up(arrival.latest_s) if arrival else None,
            state.distance_m,
            None,  # no fix, no age
            None,
            arrival is not None and arrival.estimated,
            terms.volume in state.free_volumes,
            state.last_mission_at,
            None,  # no guard
        )
    )


def _obstacles_of_site(state: SiteState, terms: Terms) -> Obstacles:
    late = not terms.allows(state.arrival)
    hold = (
        not state.available,
        state.regulation is LeaseState.FREE,
        state.regulation is LeaseState.SUSPENDED,
        not any(serves(each, terms.volume) for each in state.free_volumes),
        late and state.cut_off,
        late and not state.cut_off,
    )
    return tuple(compress(_OF_SITE, hold))


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
