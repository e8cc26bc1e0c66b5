"""From rows of the fleet to verdicts: where everybody starts, when they are there, and what the rulebook says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from uuid import UUID

from domain.eligibility import Judgement, Terms, judge_site, judge_vehicle
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


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was known and decided of each, and who is too far for more than that to be said."""

    judged: Judged
    far_vehicles: list[UUID]
    far_sites: list[UUID]


@dataclass(frozen=True, slots=True)
class Judging:
    """What the survey is asked, by which policy, on which clocks, and with which search."""

    request: SurveyRequest
    policy: Policy
    zone: tzinfo
    search: Search
    site_at: Callable[[float, float], Whereabouts]
    """A site's place with its road node."""

    def verdicts(self, means: Means) -> Verdicts:
        """Judge everybody."""
        vehicles, far_vehicles = self._vehicles(means)
        sites, far_sites = self._sites(means.sites)
        return Verdicts([*vehicles, *sites], far_vehicles, far_sites)

    def _vehicles(self, means: Means) -> tuple[Judged, list[UUID]]:
        duties = [guard_duty(means.on_guard.get(each.vehicle_id), means.reach) for each in means.vehicles]
        starts = [
            self._start_of(each, on_guard=duty is not None)
            for each, duty in zip(means.vehicles, duties, strict=True)
        ]
        judged: Judged = []
        far = []
        found = zip(means.vehicles, duties, starts, self.search.measure(starts), strict=True)
        for known, duty, start, measured in found:
            if duty is None and self._is_far(measured):
                far.append(known.vehicle_id)
                continue
            state = vehicle_state(known, self.request.at, duty, start.where, measured, self.request.place)
            judged.append((state, judge_vehicle(state, self._terms)))
        return judged, far

    def _sites(self, sites: Sequence[FleetSite]) -> tuple[Judged, list[UUID]]:
        places = [self.site_at(each.lat, each.lon) for each in sites]
        starts = [Start(place, self._lead_of_site(each)) for each, place in zip(sites, places, strict=True)]
        judged: Judged = []
        far = []
        for known, place, measured in zip(sites, places, self.search.measure(starts), strict=True):
            if self._is_far(measured):
                far.append(known.site_id)
                continue
            state = site_state(known, self.request, place, measured)
            judged.append((state, judge_site(state, self._terms)))
        return judged, far

    @property
    def _terms(self) -> Terms:
        request = self.request
        return Terms(request.volume, request.max_delay_minutes, request.at, self.policy)

    def _start_of(self, known: FleetVehicle, *, on_guard: bool) -> Start:
        where, lead_s = departure(
            known, on_guard=on_guard, at=self.request.at, zone=self.zone, policy=self.policy
        )
        return Start(where, lead_s, on_guard)

    def _lead_of_site(self, known: FleetSite) -> int:
        crews = Mobilisation(known.mobilisation_s, known.mobilisation_by_hour_s)
        return crews.at(self.request.at, self.zone)

    def _is_far(self, measured: Measured) -> bool:
        if measured.cut_off:
            return False
        if measured.arrival is None:
            return True
        return measured.arrival.way_s > NEAR * 60 * self.request.max_delay_minutes
