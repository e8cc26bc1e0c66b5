"""Rule 6 at the size of the country: whoever can be there in time is found, by every engine, against brute force.

Brute force asks nothing of an engine's own searching: it measures all vehicles, one by one on the great circle, or by
one uncut search of the whole road graph with scipy. A hundred thousand demands take RESCOUSSE_DEMANDS=100000 and an
hour; what was found is in docs/benchmarks.md. On the roads of the Aude there are so many vehicles around each demand
that a fifth as many are made.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from bench.fleet_of_france import Floats, Places, anywhere, where_people_live
from geo.cells import EARTH_RADIUS_M, LatLon
from geo.roads.graph import RoadGraph
from geo.roads.speeds import Speeds
from geo.roads.travel import RoadTravel
from geo.straight import StraightTravel
from geo.travel_time import Approach, Measure, Origin, Profile, Travel
from tests.fixtures.roads import aude

DEMANDS = int(os.environ.get("RESCOUSSE_DEMANDS", "200"))
VEHICLES = 15_640
"""As many ambulances as France has."""
STRAIGHT = StraightTravel(speed_kmh=70, detour=1.35, fastest_kmh=90)
SPEEDS = Path(__file__).parents[2] / "data" / "speeds.toml"
HAIR_S = 1e-6
"""Two ways of computing the same great circle differ by less; roads are counted in whole milliseconds."""
AUDE_BOX = (42.3, 1.2, 43.9, 3.7)
"""The département and some 40 km around: south, west, north, east."""

pytestmark = pytest.mark.timeout(4 * 3600)


class Demand:
    """A place, a limit in seconds, and by which profile the latest arrival is measured."""

    def __init__(self, lat: float, lon: float, rng: np.random.Generator) -> None:
        self.place = LatLon(lat, lon)
        self.within_s = 60.0 * int(rng.integers(5, 61))
        self.profile = (Profile.DAY, Profile.NIGHT)[int(rng.integers(2))]


@dataclass
class Tally:
    """What a run saw: it must have seen enough to mean anything."""

    demands: int = 0
    in_time: int = 0
    looked_at: int = 0
    by_road: int = 0


class Fleet:
    """Vehicles as a database would give them to an engine: by cell, with their road nodes."""

    def __init__(self, places: Places, travel: Travel) -> None:
        self.points = places.unit()
        where = places.points()
        self.origins = [
            Origin(*one, travel.graph_id, *(snap or (None, 0.0)))
            for one, snap in zip(where, travel.snap(where), strict=True)
        ]
        cells = places.cover_cells()
        order = np.argsort(cells, kind="stable")
        found, starts = np.unique(cells[order], return_index=True)
        self._by_cell = dict(zip(found.tolist(), np.split(order, starts[1:]), strict=True))

    def __len__(self) -> int:
        return len(self.origins)

    def in_cells(self, cells: Sequence[int]) -> NDArray[np.int64]:
        """Who is filed under one of the cells."""
        held = [self._by_cell[cell] for cell in cells if cell in self._by_cell]
        return np.concatenate(held) if held else np.empty(0, dtype=np.int64)


@dataclass
class Roads:
    """Brute force over a road graph: times towards a node from every other, nothing cut."""

    travel: RoadTravel
    fleet: Fleet

    def __post_init__(self) -> None:
        graph: RoadGraph = self.travel.graph
        times = self.travel.speeds.milliseconds(graph, Profile.URGENT).astype(np.float64)
        size = len(graph.lat)
        self._matrix = csr_array((times, (graph.head, graph.tail)), shape=(size, size))
        snapped = self.fleet.origins
        self._on_road = np.array([one.node is not None for one in snapped])
        self._nodes = np.array([one.node or 0 for one in snapped])
        metres = np.array([one.access_m for one in snapped])
        self._access_ms = self.travel.access_ms(metres, Profile.URGENT)

    def earliest(self, place: LatLon) -> Floats:
        """Seconds from every vehicle."""
        straight = straight_seconds(self.fleet.points, place)
        [snap] = self.travel.snap([place])
        if snap is None:
            return straight
        access_ms = self.travel.access_ms(np.array([snap.access_m]), Profile.URGENT)[0]
        road_ms = dijkstra(self._matrix, indices=snap.node)[self._nodes]
        by_road: Floats = (road_ms + access_ms + self._access_ms) / 1000
        return np.where(self._on_road, by_road, straight)

    @cached_property
    def on_road(self) -> NDArray[np.bool_]:
        """Who has a road node."""
        return self._on_road


def straight_seconds(vehicles: Floats, place: LatLon) -> Floats:
    """Seconds from every vehicle (unit vectors) along the great circle, at the fastest."""
    [here] = Places(np.array([place.lat]), np.array([place.lon])).unit()
    metres: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.linalg.norm(vehicles - here, axis=1) / 2)
    return metres * STRAIGHT.fastest_pace


def demands_of(people: Places, land: Places, seed: int) -> Iterator[Demand]:
    """Half where people live, half anywhere."""
    rng = np.random.default_rng(seed)
    for place in (*people.points(), *land.points()):
        yield Demand(*place, rng)


def demands_over_france(seed: int) -> Iterator[Demand]:
    half = DEMANDS // 2
    return demands_of(where_people_live(half, seed), anywhere(DEMANDS - half, seed), seed)


def around_the_aude(count: int, seed: int) -> Places:
    """Half where people live there, half anywhere there: on roads, between them and beyond them."""
    people = where_people_live(120 * count, seed).within(*AUDE_BOX)
    land = anywhere(40 * count, seed).within(*AUDE_BOX)
    half = count // 2
    assert len(people) >= half
    assert len(land) >= count - half
    lat = np.concatenate((people.lat[:half], land.lat[: count - half]))
    return Places(lat, np.concatenate((people.lon[:half], land.lon[: count - half])))


def check(demand: Demand, approach: Approach, fleet: Fleet, truth: Floats, tally: Tally) -> None:
    """Everybody who is in time by brute force is in the cells and in time by the engine, and nobody else."""
    asked = fleet.in_cells(approach.cells)
    ways = approach.ways([fleet.origins[one] for one in asked.tolist()])
    earliest = np.full(len(fleet), inf)
    earliest[asked] = [way.earliest_s for way in ways]
    told = earliest <= demand.within_s
    missed = (truth <= demand.within_s - HAIR_S) & ~told
    extra = told & (truth > demand.within_s + HAIR_S)
    assert not missed.any(), (demand.place, demand.within_s, np.flatnonzero(missed))
    assert not extra.any(), (demand.place, demand.within_s, np.flatnonzero(extra))
    assert np.abs(earliest[told] - truth[told]).max(initial=0.0) <= HAIR_S
    assert all(way.earliest_s <= way.latest_s for way in ways)
    tally.demands += 1
    tally.in_time += int(told.sum())
    tally.looked_at += len(asked)
    tally.by_road += sum(way.measure is Measure.ROAD for way in ways)


def test_rule_006_nobody_is_missed_on_the_great_circle() -> None:
    tally, fleet = Tally(), Fleet(where_people_live(VEHICLES, 1), STRAIGHT)
    for demand in demands_over_france(seed=2):
        truth = straight_seconds(fleet.points, demand.place)
        check(demand, STRAIGHT.approach(demand.place, demand.within_s, demand.profile), fleet, truth, tally)
    told(tally, "straight, France")
    assert tally.in_time > 50 * tally.demands


def test_rule_006_nobody_is_missed_in_france_by_engines_that_know_the_roads_of_one_departement() -> None:
    engines = [roads("contraction"), roads("dijkstra")]
    tallies, fleet = [Tally(), Tally()], Fleet(where_people_live(VEHICLES, 1), engines[0])
    check_all(engines, fleet, tallies, demands_over_france(seed=3))
    told(tallies[0], "contraction, France")
    told(tallies[1], "dijkstra, France (the same answer where the place is on no road, not counted again)")
    assert tallies[0].in_time > 50 * tallies[0].demands


def test_rule_006_nobody_is_missed_on_the_roads_of_the_aude() -> None:
    engines = [roads("contraction"), roads("dijkstra")]
    tallies, fleet = [Tally(), Tally()], Fleet(around_the_aude(VEHICLES, 4), engines[0])
    rng, places = np.random.default_rng(6), around_the_aude(max(60, DEMANDS // 5), 5)
    check_all(engines, fleet, tallies, (Demand(*place, rng) for place in places.points()))
    told(tallies[0], "contraction, Aude")
    told(tallies[1], "dijkstra, Aude (the same answer where the place is on no road, not counted again)")
    assert all(tally.by_road > 20 * tally.demands for tally in tallies)


def check_all(
    engines: Sequence[RoadTravel], fleet: Fleet, tallies: Sequence[Tally], demands: Iterable[Demand]
) -> None:
    """Hold every engine against one brute force; what is equal to the first engine's answer is right if that is."""
    brute = Roads(engines[0], fleet)
    assert 0.005 < brute.on_road.mean() < 0.95
    for demand in demands:
        truth = brute.earliest(demand.place)
        first, *others = (one.approach(demand.place, demand.within_s, demand.profile) for one in engines)
        check(demand, first, fleet, truth, tallies[0])
        for other, tally in zip(others, tallies[1:], strict=True):
            if other != first:
                check(demand, other, fleet, truth, tally)


def roads(search: str) -> RoadTravel:
    return RoadTravel(aude(), Speeds.load(SPEEDS), STRAIGHT, search)


def told(tally: Tally, what: str) -> None:
    """The long run is made by hand, for its figures: ``pytest -s``."""
    if os.environ.get("RESCOUSSE_DEMANDS"):
        os.write(1, f"\n{what}: {tally}, 0 missed, 0 too many\n".encode())
