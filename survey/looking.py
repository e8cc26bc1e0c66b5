"""One look at the fleet of a SAMU, from a place: who was judged, and how they were measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.fleet import Box, Point, Whereabouts
from domain.messages import SurveyRequest
from domain.policy import Policy
from geo.box import box_of
from geo.travel_time import Gap, Profile, Travel
from storage import fleet, survey_reading
from storage.fleet import Place
from storage.survey_reading import Known, Question
from storage.surveys import Far
from survey.judging import Judged, Judging, Means
from survey.meanwhile import meanwhile
from survey.measuring import Search, search_ways
from survey.sectors import Reach, Sectors
from survey.zones import Zones

PLACES_REMEMBERED = 256
SITES_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Look:
    """What was decided of everybody near enough, by which policy, and by which roads."""

    judged: Judged
    far: Far
    """Those of whom no more is said."""
    digest_before: bytes | None
    policy: Policy
    profile: Profile
    gap: Gap | None


@dataclass(frozen=True, slots=True)
class _Searched:
    """The ways to a place, and where whoever can be there in time is found."""

    ways: Search
    cells: Sequence[int]
    box: Box


class Surveyor:
    """Looks at fleets with one engine of travel times; remembers what does not change from one look to the next."""

    def __init__(self, travel: Travel) -> None:
        self.travel = travel
        self._sectors = Sectors()
        self._zones = Zones()
        # A waiting demand asks again and again, and sites do not move.
        self._where_to_look = lru_cache(PLACES_REMEMBERED)(self._cells_and_box)
        self._site_at = lru_cache(SITES_REMEMBERED)(self._snapped)

    async def look(self, connection: AsyncConnection, request: SurveyRequest) -> Look:
        """Judge every vehicle and site that the SAMU may solicit. Raises NoResultFound for an unknown SAMU."""
        policy = request.policy or await fleet.policy_of(connection, request.samu_id)
        zone = await self._zones.of(connection, request.samu_id)
        profile = self.travel.profile_at(request.at.astimezone(zone).time())
        searched = self._search(request, policy, profile)
        asked = Question(request.samu_id, searched.cells, request.at, request.demand_id, request.round)
        known, _ = await meanwhile(survey_reading.read(connection, asked), searched.ways.make_ready)
        means = await self._means(connection, request, policy, known, searched.box)
        judged, far = Judging(request, policy, zone, searched.ways, self._site_at).verdicts(means)
        return Look(judged, far, known.digest, policy, profile, searched.ways.approach.gap)

    def _search(self, request: SurveyRequest, policy: Policy, profile: Profile) -> _Searched:
        place, minutes = request.place, request.max_delay_minutes
        ways = search_ways(self.travel, place, minutes, profile, policy)
        return _Searched(ways, *self._where_to_look(place, minutes, profile))

    def _cells_and_box(self, place: Point, minutes: int, profile: Profile) -> tuple[Sequence[int], Box]:
        cells = self.travel.approach(place, minutes * 60.0, profile).cells
        return cells, box_of(cells)

    async def _means(
        self, connection: AsyncConnection, request: SurveyRequest, policy: Policy, known: Known, box: Box
    ) -> Means:
        reach: Reach = {}
        if known.on_guard:
            reach = await self._sectors.reach(connection, request.samu_id, request.place, policy)
        return Means(known, box, reach)

    def _snapped(self, lat: float, lon: float) -> Whereabouts:
        graph = self.travel.graph_id
        [snap] = self.travel.snap([Place(lat, lon)])
        if snap is None:
            return Whereabouts(lat, lon, graph)
        return Whereabouts(lat, lon, graph, snap.node, snap.access_m)
