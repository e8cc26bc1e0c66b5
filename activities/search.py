"""Who could be there in time: looks at the fleet, keeps every verdict, returns the candidates (rules 4-9, 12)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio import activity

from activities.limits import DECIDE_SECONDS
from domain.eligibility import (
    Judgement,
    best_regulation,
    judge_chosen_company,
)
from domain.fleet import Point, Whereabouts
from domain.messages import SurveyRequest, SurveyResult
from domain.policy import Policy
from domain.ranking import candidates
from geo.box import box_of
from geo.travel_time import Profile, Travel
from storage import fleet, guard, surveys
from storage.engine import transaction, with_snapshots
from storage.fleet import Box, Place
from storage.survey_sheet import line_of
from storage.surveys import Measured
from survey.judging import Judging, Means, Verdicts
from survey.measuring import Search, search_ways
from survey.sectors import Reach, Sectors
from survey.states import (
    regulation_of,
)
from survey.zones import Zones

PLACES_REMEMBERED = 256
SITES_REMEMBERED = 20_000
SURVEYS_AT_ONCE = 4
"""More would only wait for each other on one core, until none of them ends in time."""


@dataclass(frozen=True, slots=True)
class Searched:
    """The ways to a place, and where whoever can be there in time is found."""

    ways: Search
    cells: Sequence[int]
    box: Box
    profile: Profile


class SearchActivities:
    """Surveys the fleet with one engine of travel times."""

    def __init__(self, engine: AsyncEngine, travel: Travel) -> None:
        self._engine = with_snapshots(engine)  # a survey is of one moment
        self._travel = travel
        self._turns = asyncio.Semaphore(SURVEYS_AT_ONCE)
        self._sectors = Sectors()
        self._zones = Zones()
        # A waiting demand asks again and again, and sites do not move.
        self._where_to_look = lru_cache(PLACES_REMEMBERED)(self._cells_and_box)
        self._site_at = lru_cache(SITES_REMEMBERED)(self._snapped)

    def all(self) -> list[Callable[..., object]]:
        """What the worker registers."""
        return [self.survey]

    @activity.defn(name="survey")
    async def survey(self, request: SurveyRequest) -> SurveyResult:
        """Judge every vehicle and site that the SAMU may solicit, keep the verdicts, return whom to ask."""
        async with (
            self._turns,
            asyncio.timeout(DECIDE_SECONDS),
            transaction(self._engine) as connection,
        ):
            policy = request.policy or await fleet.policy_of(connection, request.samu_id)
            zone = await self._zones.of(connection, request.samu_id)
            profile = self._travel.profile_at(request.at.astimezone(zone).time())
            searched = self._search(request, policy, profile)
            means = await self._look(connection, request, policy, searched)
            found = Judging(request, policy, zone, searched.ways, self._site_at).verdicts(means)
            judged = found.judged
            if request.chosen_company_id is not None:
                judged.append((None, await self._chosen(connection, request, request.chosen_company_id)))
            lines = [line_of(state, verdict) for state, verdict in judged]
            measured = self._measured(policy, means, searched, found)
            await surveys.store(connection, request, measured, lines)
        return SurveyResult(candidates=candidates([verdict for _, verdict in judged]))

    # -- where to look -----------------------------------------------------------------------------------------------

    def _search(self, request: SurveyRequest, policy: Policy, profile: Profile) -> Searched:
        place, minutes = request.place, request.max_delay_minutes
        ways = search_ways(self._travel, place, minutes, profile, policy)
        cells, box = self._where_to_look(place, minutes, profile)
        return Searched(ways, cells, box, profile)

    def _cells_and_box(self, place: Point, minutes: int, profile: Profile) -> tuple[Sequence[int], Box]:
        cells = self._travel.approach(place, minutes * 60.0, profile).cells
        return cells, Box(*box_of(cells))

    # -- what is there -----------------------------------------------------------------------------------------------

    async def _look(
        self, connection: AsyncConnection, request: SurveyRequest, policy: Policy, searched: Searched
    ) -> Means:
        on_guard = {
            each.vehicle_id: each
            for each in await guard.guard_vehicles(connection, request.samu_id, request.at)
        }
        vehicles = await fleet.vehicles_near(connection, request.samu_id, searched.cells, list(on_guard))
        sites = await fleet.sites_within(connection, request.samu_id, searched.box)
        reach: Reach = {}
        if on_guard:
            reach = await self._sectors.reach(connection, request.samu_id, request.place, policy)
        return Means(vehicles, sites, on_guard, reach)

    async def _chosen(
        self, connection: AsyncConnection, request: SurveyRequest, company_id: UUID
    ) -> Judgement:
        leases = await fleet.leases_of(connection, company_id)
        states = [regulation_of(one.state, one.heartbeat_at, request.at) for one in leases]
        return judge_chosen_company(company_id, best_regulation(states))

    def _snapped(self, lat: float, lon: float) -> Whereabouts:
        graph = self._travel.graph_id
        [snap] = self._travel.snap([Place(lat, lon)])
        if snap is None:
            return Whereabouts(lat, lon, graph)
        return Whereabouts(lat, lon, graph, snap.node, snap.access_m)

    def _measured(self, policy: Policy, means: Means, searched: Searched, found: Verdicts) -> Measured:
        gap = searched.ways.approach.gap
        return Measured(
            engine=self._travel.identity,
            profile=searched.profile,
            gap=None if gap is None else gap.value,
            policy=policy,
            cells=searched.cells,
            box=searched.box,
            also=list(means.on_guard),
            far_vehicles=found.far_vehicles,
            far_sites=found.far_sites,
        )
