"""Measures who could be there when: one search of all ways to a place, asked about everybody at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain.fleet import Point, Whereabouts
from domain.policy import Policy
from geo.travel_time import Approach, Measure, Origin, Profile, Travel, Way
from survey.states import Measured, arrival, origin_of

GUARDS_SEARCHED = timedelta(hours=2)
"""How far guard vehicles are looked for that may be asked beyond the delay."""


@dataclass(frozen=True, slots=True)
class Start:
    """From where somebody comes, if that is known, and after how many seconds.

    ``at_any_distance``: a guard vehicle that is asked beyond the delay too.
    """

    where: Whereabouts | None
    lead_s: int
    at_any_distance: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """The ways to one place, searched as far as the delay, and further for who is asked at any distance."""

    approach: Approach
    knows_roads: bool
    further: Approach | None = None

    def measure(self, starts: Sequence[Start]) -> list[Measured]:
        """Return for each start when it is there, in their order."""
        placed = [place for place, one in enumerate(starts) if one.where is not None]
        origins = {place: _origin(starts[place]) for place in placed}
        ways = dict(zip(placed, self.approach.ways(list(origins.values())), strict=True))
        if self.further is not None:
            self._look_further(self.further, starts, origins, ways)
        return [self._measured(one, ways.get(place)) for place, one in enumerate(starts)]

    def _look_further(
        self, further: Approach, starts: Sequence[Start], origins: dict[int, Origin], ways: dict[int, Way]
    ) -> None:
        beyond = [
            place
            for place, way in ways.items()
            if starts[place].at_any_distance and way.measure is Measure.BEYOND
        ]
        found = further.ways([origins[place] for place in beyond])
        ways.update(zip(beyond, found, strict=True))

    def _measured(self, start: Start, way: Way | None) -> Measured:
        there = arrival(way, start.lead_s, knows_roads=self.knows_roads)
        return Measured(there, way is not None and way.measure is Measure.NONE, start.lead_s)


def search_ways(
    travel: Travel, place: Point, max_delay_minutes: int, profile: Profile, policy: Policy
) -> Search:
    """Search all ways to a place, as far as the delay, and guard vehicles' further if the policy asks them beyond it."""
    within_s = max_delay_minutes * 60.0
    further = None
    if policy.guard_beyond_delay:
        further = travel.approach(place, max(within_s, GUARDS_SEARCHED.total_seconds()), profile)
    return Search(travel.approach(place, within_s, profile), travel.graph_id is not None, further)


def _origin(start: Start) -> Origin:
    assert start.where is not None  # noqa: S101 - chosen so by the caller
    return origin_of(start.where)
