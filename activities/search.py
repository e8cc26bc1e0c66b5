"""Who could be there in time: looks at the whole fleet, keeps every verdict, returns the candidates (rules 4-9)."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import isfinite
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio import activity

from activities.limits import DECIDE_SECONDS
from domain.eligibility import (
    Judgement,
    SiteState,
    VehicleState,
    available_at,
    candidates,
    judge_site,
    judge_vehicle,
)
from domain.fleet import Category, Point, Volume
from domain.messages import SurveyRequest, SurveyResult
from geo.cells import MAX_COVER_M, cover, great_circle_m
from geo.travel_time import TravelTime
from storage import fleet, verdicts
from storage.engine import transaction
from storage.fleet import FleetSite, FleetVehicle, Place

PLACES_REMEMBERED = 256


class SearchActivities:
    """Surveys the fleet with one engine of travel times."""

    def __init__(self, engine: AsyncEngine, travel: TravelTime) -> None:
        self._engine = engine
        self._travel = travel
        self._cover = lru_cache(PLACES_REMEMBERED)(cover)  # a waiting demand asks again and again

    def all(self) -> list[Callable[..., object]]:
        """What the worker registers."""
        return [self.survey]

    @activity.defn(name="survey")
    async def survey(self, request: SurveyRequest) -> SurveyResult:
        """Judge every vehicle and site that the SAMU may solicit, keep the verdicts, return whom to ask."""
        async with asyncio.timeout(DECIDE_SECONDS), transaction(self._engine) as connection:
            judged = await self._judge(connection, request)
            await verdicts.store(connection, request, judged, self._travel.identity)
        return SurveyResult(candidates=candidates(judged))

    async def _judge(self, connection: AsyncConnection, request: SurveyRequest) -> list[Judgement]:
        reach_m = self._travel.reach_m(request.max_delay_minutes * 60)
        cells = self._cover(request.place.lat, request.place.lon, min(reach_m, MAX_COVER_M))
        policy = request.policy or await fleet.policy_of(connection, request.samu_id)
        vehicles = await fleet.vehicles_of(connection, request.samu_id, cells)
        sites = await fleet.sites_of(connection, request.samu_id)
        seconds = self._seconds(request.place, reach_m, vehicles, sites)
        demanded, delay, at = request.volume, request.max_delay_minutes, request.at
        free = _free_volumes(vehicles)
        return [
            *(judge_vehicle(_vehicle(v, request, seconds), demanded, delay, at, policy) for v in vehicles),
            *(judge_site(_site(s, request, seconds, free), demanded, delay) for s in sites),
        ]

    def _seconds(
        self, place: Point, reach_m: float, vehicles: Sequence[FleetVehicle], sites: Sequence[FleetSite]
    ) -> dict[UUID, float]:
        """Travel times of what may be near, by the id of the vehicle or site: one question to the engine."""
        near = {v.vehicle_id: v.place for v in vehicles if v.near and v.place}
        near |= {s.site_id: s.place for s in sites if _distance_m(s.place, place) <= reach_m}
        answers = zip(near, self._travel.seconds_to(place, list(near.values())), strict=True)
        return {target_id: seconds for target_id, seconds in answers if isfinite(seconds)}


def _free_volumes(vehicles: Sequence[FleetVehicle]) -> dict[UUID, frozenset[Volume]]:
    """The volumes that each company could name for a site: neither on a mission nor on guard (rule 9)."""
    free: dict[UUID, set[Volume]] = defaultdict(set)
    for vehicle in vehicles:
        if not vehicle.engaged and not vehicle.on_guard:
            free[vehicle.company_id].add(Category(vehicle.category).volume)
    return {company_id: frozenset(volumes) for company_id, volumes in free.items()}


def _vehicle(known: FleetVehicle, request: SurveyRequest, seconds: dict[UUID, float]) -> VehicleState:
    return VehicleState(
        vehicle_id=known.vehicle_id,
        company_id=known.company_id,
        site_id=known.site_id,
        volume=Category(known.category).volume,
        available=available_at(known.available, known.available_until, request.at),
        engaged=known.engaged,
        on_guard=known.on_guard,
        fix_at=known.fix_at,
        speed_kmh=known.speed_kmh,
        distance_m=known.place and _distance_m(known.place, request.place),
        travel_s=seconds.get(known.vehicle_id),
        last_mission_at=known.last_mission_at,
    )


def _site(
    known: FleetSite,
    request: SurveyRequest,
    seconds: dict[UUID, float],
    free: dict[UUID, frozenset[Volume]],
) -> SiteState:
    travel_s = seconds.get(known.site_id)
    return SiteState(
        site_id=known.site_id,
        company_id=known.company_id,
        available=available_at(known.available, known.available_until, request.at),
        free_volumes=free.get(known.company_id, frozenset()),
        distance_m=_distance_m(known.place, request.place),
        travel_s=None if travel_s is None else travel_s + known.mobilisation_s,
        last_mission_at=known.last_mission_at,
    )


def _distance_m(origin: Place, place: Point) -> float:
    return great_circle_m(origin.lat, origin.lon, place.lat, place.lon)
