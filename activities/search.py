"""Who could be there in time: looks at the whole fleet, keeps every verdict, returns the candidates (rules 4-9, 12)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from math import isfinite
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio import activity

from activities.limits import DECIDE_SECONDS
from activities.sectors import Reach, Sectors
from activities.states import (
    Regulation,
    distance_m,
    free_volumes,
    guard_duty,
    guard_places,
    site_state,
    vehicle_state,
)
from domain.eligibility import Judgement, candidates, judge_chosen_company, judge_site, judge_vehicle
from domain.messages import SurveyRequest, SurveyResult
from domain.policy import Policy
from geo.cells import MAX_COVER_M, cover
from geo.travel_time import TravelTime
from storage import fleet, guard, verdicts
from storage.engine import transaction
from storage.fleet import FleetSite, FleetVehicle
from storage.guard import GuardVehicle

PLACES_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Means:
    """What the SAMU may call on at this moment."""

    vehicles: Sequence[FleetVehicle]
    sites: Sequence[FleetSite]
    on_guard: dict[UUID, GuardVehicle]
    reach: Reach


class SearchActivities:
    """Surveys the fleet with one engine of travel times."""

    def __init__(self, engine: AsyncEngine, travel: TravelTime) -> None:
        self._engine = engine
        self._travel = travel
        self._sectors = Sectors()
        self._cover = lru_cache(PLACES_REMEMBERED)(cover)  # a waiting demand asks again and again

    def all(self) -> list[Callable[..., object]]:
        """What the worker registers."""
        return [self.survey]

    @activity.defn(name="survey")
    async def survey(self, request: SurveyRequest) -> SurveyResult:
        """Judge every vehicle and site that the SAMU may solicit, keep the verdicts, return whom to ask."""
        async with asyncio.timeout(DECIDE_SECONDS), transaction(self._engine) as connection:
            policy = request.policy or await fleet.policy_of(connection, request.samu_id)
            means = await self._look(connection, request, policy)
            judged = self._judge(request, policy, means)
            await verdicts.store(connection, request, judged, self._travel.identity)
        return SurveyResult(candidates=candidates(judged))

    async def _look(self, connection: AsyncConnection, request: SurveyRequest, policy: Policy) -> Means:
        reach_m = self._reach_m(request)
        cells = self._cover(request.place.lat, request.place.lon, min(reach_m, MAX_COVER_M))
        vehicles = await fleet.vehicles_of(connection, request.samu_id, cells)
        sites = await fleet.sites_of(connection, request.samu_id)
        if not any(vehicle.on_guard for vehicle in vehicles):
            return Means(vehicles, sites, {}, {})
        found = await guard.guard_vehicles(connection, request.samu_id, request.at)
        on_guard = {each.vehicle_id: each for each in found}
        reach = await self._sectors.reach(connection, request.samu_id, request.place, policy)
        return Means(vehicles, sites, on_guard, reach)

    def _judge(self, request: SurveyRequest, policy: Policy, means: Means) -> list[Judgement]:
        demanded, delay, at = request.volume, request.max_delay_minutes, request.at
        regulation = Regulation(means.sites, at)
        seconds, free = self._seconds(request, policy, means), free_volumes(means.vehicles)
        duty = {vehicle_id: guard_duty(each, means.reach) for vehicle_id, each in means.on_guard.items()}
        vehicles = (
            vehicle_state(v, request, seconds, regulation, duty.get(v.vehicle_id)) for v in means.vehicles
        )
        sites = (site_state(s, request, seconds, free, regulation) for s in means.sites)
        chosen = request.chosen_company_id
        return [
            *(judge_vehicle(state, demanded, delay, at, policy) for state in vehicles),
            *(judge_site(state, demanded, delay) for state in sites),
            *([judge_chosen_company(chosen, regulation.of_company(chosen))] if chosen else []),
        ]

    def _seconds(self, request: SurveyRequest, policy: Policy, means: Means) -> dict[UUID, float]:
        """Travel times of what may be near, by the id of the vehicle or site: one question to the engine."""
        place, reach_m = request.place, self._reach_m(request)
        near = {v.vehicle_id: v.place for v in means.vehicles if v.near and v.place}
        near |= {s.site_id: s.place for s in means.sites if distance_m(s.place, place) <= reach_m}
        asked = (each.vehicle_id for each in means.on_guard.values() if each.sector_id in means.reach)
        since = request.at - timedelta(seconds=policy.position_stopped_s)
        near |= guard_places(means.vehicles, means.sites, asked, since)
        answers = zip(near, self._travel.seconds_to(place, list(near.values())), strict=True)
        return {target_id: seconds for target_id, seconds in answers if isfinite(seconds)}

    def _reach_m(self, request: SurveyRequest) -> float:
        return self._travel.reach_m(request.max_delay_minutes * 60)
