"""From rows of the fleet to verdicts: where everybody starts, when they are there, and what the rulebook says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property
from uuid import UUID

from domain.eligibility import GuardDuty, Judgement, Terms, judge_site, judge_vehicle
from domain.fleet import Whereabouts
from domain.messages import SurveyRequest
from domain.mobilisation import Mobilisation
from domain.policy import Policy
from storage.fleet import FleetSite, FleetVehicle
from storage.guard import GuardVehicle
from storage.survey_sheet import State
from survey.measuring import Search, Start
from survey.sectors import Reach
from survey.states import (
    Measured,
    departure,
    guard_duty,
    site_state,
    vehicle_state,
)

NEAR = 1.5
"""Up to so many times the delay under way, a verdict has all its figures; beyond, "too far" says it all."""

Judged = list[tuple[State, Judgement]]


@dataclass(frozen=True, slots=True)
class Means:
    """What the SAMU may call on at this moment, near enough to be looked at."""

    vehicles: Sequence[FleetVehicle]
    sites: Sequence[FleetSite]
    on_guard: dict[UUID, GuardVehicle]
    reach: Reach


@dataclass(frozen=True)
class Judging:
    """What the survey is asked, by which policy, on which clocks, and with which search."""

    request: SurveyRequest
    policy: Policy
    zone: tzinfo
    search: Search
    site_at: Callable[[float, float], Whereabouts]
    """A site's place with its road node."""

    def verdicts(self, means: Means) -> Judged:
        """What is known and decided of everybody who is near enough for more to be said than that it is too far."""
        duties = [guard_duty(means.on_guard.get(each.vehicle_id), means.reach) for each in means.vehicles]
        coming = [self._start_of(each, duty) for each, duty in zip(means.vehicles, duties, strict=True)]
        staying = [self._start_of_site(each) for each in means.sites]
        measured = self.search.measure([*coming, *staying])
        vehicles = zip(means.vehicles, duties, coming, measured[: len(coming)], strict=True)
        sites = zip(means.sites, staying, measured[len(coming) :], strict=True)
        return [
            *[
                self._of_vehicle(known, duty, start, found)
                for known, duty, start, found in vehicles
                if duty is not None or not self._is_far(found)
            ],
            *[self._of_site(known, start, found) for known, start, found in sites if not self._is_far(found)],
        ]

    def _of_vehicle(
        self, known: FleetVehicle, duty: GuardDuty | None, start: Start, measured: Measured
    ) -> tuple[State, Judgement]:
        state = vehicle_state(known, self.request.at, duty, start.where, measured, self.request.place)
        return state, judge_vehicle(state, self.terms)

    def _of_site(self, known: FleetSite, start: Start, measured: Measured) -> tuple[State, Judgement]:
        state = site_state(known, self.request, start.where, measured)
        return state, judge_site(state, self.terms)

    @cached_property
    def near_s(self) -> float:
        """So long under way is near enough for a verdict with all its figures."""
        return NEAR * 60 * self.request.max_delay_minutes

    @cached_property
    def terms(self) -> Terms:
        """What the demand asks for."""
        request = self.request
        return Terms(request.volume, request.max_delay_minutes, request.at, self.policy)

    def _start_of(self, known: FleetVehicle, duty: GuardDuty | None) -> Start:
        on_guard = duty is not None
        where, lead_s = departure(
            known, on_guard=on_guard, at=self.request.at, zone=self.zone, policy=self.policy
        )
        return Start(where, lead_s, on_guard)

    def _start_of_site(self, known: FleetSite) -> Start:
        crews = Mobilisation(known.mobilisation_s, known.mobilisation_by_hour_s)
        return Start(self.site_at(known.lat, known.lon), crews.at(self.request.at, self.zone))

    def _is_far(self, measured: Measured) -> bool:
        if measured.cut_off:
            return False
        if measured.arrival is None:
            return True
        return measured.arrival.way_s > self.near_s
