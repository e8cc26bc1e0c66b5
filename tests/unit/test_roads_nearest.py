"""Who is there first, everywhere at once: as if each had been asked alone."""

from collections.abc import Callable
from math import inf, nan

import numpy as np
import pytest

from geo.cells import LatLon
from geo.roads.travel import RoadTravel
from geo.straight import StraightTravel
from geo.travel_time import Origin, Profile
from tests.unit.roads_fake import (
    SPEEDS,
    STRAIGHT,
    andorra_travel,
    aude_travel,
    east,
    mainland_and_island,
    street,
)
from tests.unit.test_roads_travel import fleet, places_near

Make = Callable[[str], RoadTravel]


@pytest.mark.parametrize("make", [andorra_travel, aude_travel], ids=["andorra", "aude"])
def test_the_nearest_is_the_least_of_all_single_approaches(make: Make) -> None:
    travel, rng = make("contraction"), np.random.default_rng(4)
    origins = fleet(travel, rng, 30)
    leads = rng.integers(0, 900, size=30).astype(float).tolist()
    places = places_near(travel, rng, 40, off_by=0.01)
    found = travel.nearest(origins, leads, travel.prepare(places))
    for place, seconds in zip(places, found, strict=True):
        ways = travel.approach(place, 100_000, Profile.URGENT).ways(origins)
        expected = min(way.earliest_s + lead for way, lead in zip(ways, leads, strict=True))
        assert seconds == pytest.approx(expected, abs=1e-4)
    other = make("dijkstra")
    assert other.nearest(origins, leads, other.prepare(places)) == found


@pytest.mark.parametrize("search", ["dijkstra", "contraction"])
def test_nobody_is_ever_there_without_a_way_or_without_leaving(search: str) -> None:
    travel = RoadTravel(mainland_and_island(3_000, 50_000), SPEEDS, STRAIGHT, search)
    mainland, island = LatLon(*east(0)), LatLon(*east(3_000))
    targets = travel.prepare([mainland, island])
    assert len(targets) == 2
    assert travel.nearest([Origin(*mainland)], [60.0], targets) == [60.0, inf]
    assert travel.nearest([Origin(*mainland), Origin(*mainland)], [60.0, 30.0], targets) == [30.0, inf]
    assert travel.nearest([Origin(*mainland)], [inf], targets) == [inf, inf]
    assert travel.nearest([], [], targets) == [inf, inf]
    assert travel.nearest([Origin(*mainland)], [60.0], travel.prepare([])) == []


def test_what_cannot_be_answered_is_refused() -> None:
    travel = RoadTravel(street(east(0), east(5_000)), SPEEDS, STRAIGHT)
    here = Origin(*east(0))
    targets = travel.prepare([here])
    for leads in ([-1.0], [nan], [1_000_001.0], [], [0.0, 0.0]):
        with pytest.raises(ValueError, match="lead"):
            travel.nearest([here], leads, targets)
    with pytest.raises(ValueError, match="nodes of another graph"):
        travel.nearest([here._replace(graph=travel.graph_id, node=2)], [0.0], targets)
    for other in (STRAIGHT, RoadTravel(travel.graph, SPEEDS, StraightTravel(60, 1.35))):
        with pytest.raises(ValueError, match="another engine"):
            travel.nearest([here], [0.0], other.prepare([here]))
    with pytest.raises(ValueError, match="not a place"):
        travel.prepare([LatLon(91, 0)])
