"""Measures who could be there when: one search of all ways to a place, asked about everybody at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from domain.fleet import Point, Whereabouts
from domain.policy import Policy
from geo.travel_time import Approach, Measure, Profile, Travel, Way
from survey.states import Measured, arrival

GUARDS_SEARCHED = timedelta(hours=2)
"""How far guard vehicles are looked for that may be asked beyond the delay."""


class Start(NamedTuple):
    """From where somebody comes, if that is known, and after how many seconds.

    ``at_any_distance``: a guard vehicle that is asked beyond the delay too.
    """

    where: Whereabouts | None
    lead_s: int
    at_any_distance: bool = False


NOWHERE = Start(None, 0)


@dataclass(frozen=True, slots=True)
class Search:
    """The ways to one place, searched as far as the delay, and further for who is asked at any distance."""

    approach: Approach
    knows_roads: bool
    further: Approach | None = None

    def make_ready(self) -> None:
        """Compute beforehand what all ways have in common: from the gates of the regions to the place, by each profile."""
        self.approach.ways(())

    def measure(self, starts: Sequence[Start]) -> list[Measured]:
        """Return for each start when it is there, in their order."""
        ways = _ways(self.approach, starts)
        if self.further is not None:
            asked = [
                one if one.at_any_distance and way is not None and way.measure is Measure.BEYOND else NOWHERE
                for one, way in zip(starts, ways, strict=True)
            ]
            ways = [further or way for further, way in zip(_ways(self.further, asked), ways, strict=True)]
        roads = self.knows_roads
        return [
            Measured._make(
                (
                    arrival(way, one.lead_s, knows_roads=roads),
                    way is not None and way.measure is Measure.NONE,
                    one.lead_s,
                )
            )
            for one, way in zip(starts, ways, strict=True)
        ]


def search_ways(
    travel: Travel, place: Point, max_delay_minutes: int, profile: Profile, policy: Policy
) -> Search:
    """Search all ways to a place, as far as the delay, and guard vehicles' further if the policy asks them beyond it."""
    within_s = max_delay_minutes * 60.0
    further = None
    if policy.guard_beyond_delay:
        further = travel.approach(place, max(within_s, GUARDS_SEARCHED.total_seconds()), profile)
    return Search(travel.approach(place, within_s, profile), travel.graph_id is not None, further)


def _ways(approach: Approach, starts: Sequence[Start]) -> list[Way | None]:
    """The way of each start; none for one of which it is not known where it is."""
    placed = [one.where for one in starts if one.where is not None]
    found = iter(approach.ways(placed))
    return [None if one.where is None else next(found) for one in starts]
