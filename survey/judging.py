"""From rows of the fleet to verdicts: where everybody starts, when they are there, and what the rulebook says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property
from uuid import UUID

from domain.eligibility import GuardDuty, Judgement, Terms, judge_site, judge_vehicle
from domain.fleet import Box, Whereabouts
from domain.messages import SurveyRequest
from domain.mobilisation import Mobilisation
from domain.policy import Policy
from geo.cells import distances_m
from storage.fleet import FleetSite, FleetVehicle
from storage.survey_reading import Known
from storage.survey_sheet import State
from storage.surveys import Far
from survey.measuring import Search, Start
from survey.sectors import Reach
from survey.states import (
    Measured,
    departure,
    distances_to,
    guard_duty,
    site_state,
    vehicle_state,
)

NEAR = 1.5
"""Up to so many times the delay under way, a verdict has all its figures; beyond, "too far" says it all."""

Judged = list[tuple[State, Judgement]]


@dataclass(frozen=True, slots=True)
class Means:
    """What the SAMU may call on at this moment; of the sites those within ``box`` are near enough to be looked at."""

    known: Known
    box: Box
    reach: Reach

    def holds(self, site: FleetSite) -> bool:
        """Whether a site may be near."""
        return self.box.holds(site.lat, site.lon)


@dataclass(frozen=True)
class Judging:
    """What the survey is asked, by which policy, on which clocks, and with which search."""

    request: SurveyRequest
    policy: Policy
    zone: tzinfo
    search: Search
    site_at: Callable[[float, float], Whereabouts]
    """A site's place with its road node."""

    def verdicts(self, means: Means) -> tuple[Judged, Far]:
        """What is known and decided of everybody who is near enough for more to be said than that it is too far.

        And who is not.
        """
        vehicles, sites = means.known.vehicles, [each for each in means.known.sites if means.holds(each)]
        duties = [guard_duty(means.known.on_guard.get(each.vehicle_id), means.reach) for each in vehicles]
        coming = [self._start_of(each, duty) for each, duty in zip(vehicles, duties, strict=True)]
        staying = [self._start_of_site(each) for each in sites]
        measured = self.search.measure([*coming, *staying])
        far_vehicles, there = self._of_vehicles(vehicles, duties, coming, measured[: len(coming)])
        far_sites, here = self._of_sites(sites, staying, measured[len(coming) :])
        far_sites += [each.site_id for each in means.known.sites if not means.holds(each)]
        return [*there, *here], Far(beyond=means.known.beyond, vehicles=far_vehicles, sites=far_sites)

    def _of_vehicles(
        self,
        vehicles: Sequence[FleetVehicle],
        duties: Sequence[GuardDuty | None],
        starts: Sequence[Start],
        measured: Sequence[Measured],
    ) -> tuple[list[tuple[UUID, int | None]], Judged]:
        far: list[tuple[UUID, int | None]] = []
        judged: Judged = []
        at, terms = self.request.at, self.terms
        crow = distances_to(self.request.place, vehicles)
        for known, duty, start, found, metres in zip(vehicles, duties, starts, measured, crow, strict=True):
            if duty is None and self._is_far(found):
                far.append((known.vehicle_id, known.cell))
                continue
            state = vehicle_state(known, at, duty, start.where, found, metres)
            judged.append((state, judge_vehicle(state, terms)))
        return far, judged

    def _of_sites(
        self, sites: Sequence[FleetSite], starts: Sequence[Start], measured: Sequence[Measured]
    ) -> tuple[list[UUID], Judged]:
        far: list[UUID] = []
        judged: Judged = []
        at, terms = self.request.at, self.terms
        crow = distances_m(self.request.place.lat, self.request.place.lon, sites)
        for known, start, found, metres in zip(sites, starts, measured, crow, strict=True):
            if self._is_far(found):
                far.append(known.site_id)
                continue
            state = site_state(known, at, start.where, found, metres)
            judged.append((state, judge_site(state, terms)))
        return far, judged

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
