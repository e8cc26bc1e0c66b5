"""Minutes to many places from whoever could come, and the cells of an area as the world outside reads them."""

import json
from math import inf
from random import Random
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.cells import (
    LatLon,
    at_resolution,
    boundary_of,
    cell_of,
    count_at,
    great_circle_m,
    name_of,
    resolution_of,
    with_rings,
)
from geo.coverage import Ground, Mosaic, Starter
from geo.sectors import SectorMap
from geo.straight import StraightTravel
from geo.travel_time import Origin, minutes_up

TRAVEL = StraightTravel(70, 1.35, 90)
WEST, EAST = UUID(int=1), UUID(int=2)
CARCASSONNE, NARBONNE = LatLon(43.213, 2.351), LatLon(43.184, 3.003)
SECTORS = SectorMap(
    (sector, {"type": "Polygon", "coordinates": [[[w, 42], [e, 42], [e, 44], [w, 44], [w, 42]]]})
    for sector, w, e in ((WEST, 1.5, 2.5), (EAST, 2.5, 3.5))
)


def starter(place: LatLon, lead_s: float = 0.0, *sectors: UUID) -> Starter:
    return Starter(Origin(*place), lead_s, frozenset(sectors) if sectors else None)


def minutes(place: LatLon, start: LatLon, lead_s: float = 0.0) -> int:
    return minutes_up(lead_s + great_circle_m(*start, *place) * TRAVEL.fastest_pace)


def places(count: int, seed: int = 1) -> list[LatLon]:
    rng = Random(seed)
    return [LatLon(rng.uniform(42.5, 43.5), rng.uniform(1.6, 3.4)) for _ in range(count)]


def test_each_place_has_the_minutes_of_who_is_there_first_leads_included() -> None:
    asked = places(300)
    found = Ground(TRAVEL, asked).minutes([starter(CARCASSONNE, 900), starter(NARBONNE)])
    assert found == [min(minutes(one, CARCASSONNE, 900), minutes(one, NARBONNE)) for one in asked]


def test_where_nobody_can_come_there_are_no_minutes() -> None:
    assert Ground(TRAVEL, places(2)).minutes([]) == [None, None]
    assert Ground(TRAVEL, places(1)).minutes([starter(CARCASSONNE, inf)]) == [None]
    assert Ground(TRAVEL, []).minutes([starter(CARCASSONNE)]) == []
    assert len(Ground(TRAVEL, places(3))) == 3


def test_rule_012_who_is_on_guard_covers_its_sectors_only() -> None:
    asked = places(300)
    ground = Ground(TRAVEL, asked, SECTORS)
    east = [one.lon > 2.5 for one in asked]
    alone = ground.minutes([starter(CARCASSONNE, 0, WEST)])
    assert alone == [None if far else minutes(p, CARCASSONNE) for p, far in zip(asked, east, strict=True)]
    assert ground.minutes([starter(CARCASSONNE, 0, WEST, EAST)]) == [minutes(p, CARCASSONNE) for p in asked]
    assert ground.minutes([starter(CARCASSONNE, 0, uuid4())]) == [None] * 300
    both = ground.minutes([starter(CARCASSONNE, 0, WEST), starter(NARBONNE)])
    assert both == [
        minutes(p, NARBONNE) if far else min(minutes(p, NARBONNE), minutes(p, CARCASSONNE))
        for p, far in zip(asked, east, strict=True)
    ]


def test_rule_012_thousands_of_places_are_each_in_the_sector_that_they_are_in_alone() -> None:
    """On the common border, near a sector and far from all as well; more than are looked up at once."""
    asked = [*places(1_000), LatLon(43.0, 2.5), LatLon(43.0, 1.49), LatLon(43.0, 1.2), LatLon(45.0, 2.0)]
    found = SECTORS.sectors_at(asked)
    assert found == [SECTORS.sector_at(*place) for place in asked]
    assert found[-4:] == [WEST, WEST, None, None]
    assert set(found) == {WEST, EAST, None}
    assert SECTORS.sectors_at([]) == []


def test_without_sectors_a_guard_covers_nothing() -> None:
    assert Ground(TRAVEL, places(2)).minutes([starter(CARCASSONNE, 0, WEST)]) == [None, None]


def test_the_straight_engine_finds_the_first_of_many_among_thousands_to_the_bit() -> None:
    """More targets than it compares at once; several start side by side, and some from a target."""
    rng = Random(7)
    asked = places(9_000, 2)
    starts = [*places(20, 3), *asked[:3]]
    starts += [LatLon(one.lat + 1e-9, one.lon) for one in starts[:5]]
    leads = [rng.choice([0.0, 1e-9, 60.0, 600.0]) for _ in starts]
    found = TRAVEL.nearest([Origin(*one) for one in starts], leads, TRAVEL.prepare(asked))
    pace = TRAVEL.fastest_pace
    assert found == [
        min(lead + great_circle_m(*start, *place) * pace for start, lead in zip(starts, leads, strict=True))
        for place in asked
    ]


def test_places_of_another_engine_and_missing_leads_are_refused() -> None:
    with pytest.raises(ValueError, match="another engine"):
        TRAVEL.nearest([], [], [])
    with pytest.raises(ValueError, match="lead"):
        TRAVEL.nearest([Origin(*NARBONNE)], [], TRAVEL.prepare(places(1)))


# -- cells -------------------------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@example(lat=5.75, lon=0.0, given_at=6, wanted=2)
@given(
    lat=st.floats(-90, 90),
    lon=st.floats(-180, 180),
    given_at=st.integers(3, 6),
    wanted=st.integers(2, 7),
)
def test_the_cells_of_an_area_at_another_resolution_hold_its_middle_each_once(
    lat: float, lon: float, given_at: int, wanted: int
) -> None:
    area = with_rings([cell_of(lat, lon, given_at)], 1)
    found = at_resolution(area, wanted)
    assert found == sorted(set(found))
    assert {resolution_of(cell) for cell in found} == {wanted}
    around = [cell_of(lat, lon, wanted)]
    # A finer cell reaches over its coarser one's border: a place there is the neighbour's.
    assert set(found) & set(around if wanted >= given_at else with_rings(around, 1))
    if wanted >= given_at:
        assert len(found) == count_at(area, wanted)
    else:
        assert len(found) <= count_at(area, wanted) == len(area)


def test_a_cell_is_written_as_everywhere_else() -> None:
    cell = cell_of(*CARCASSONNE, 8)
    assert name_of(cell) == f"{cell:x}"
    assert len(name_of(cell)) == 15


@settings(max_examples=200, deadline=None)
@given(lat=st.floats(-89, 89), lon=st.floats(-178, 178), resolution=st.integers(4, 9))
def test_corners_go_round_counter_clockwise(lat: float, lon: float, resolution: int) -> None:
    corners = boundary_of(cell_of(lat, lon, resolution))
    if max(lon for _, lon in corners) - min(lon for _, lon in corners) > 180:
        return  # across the antimeridian
    rim = zip(corners, (*corners[1:], corners[0]), strict=True)
    assert sum(lon1 * lat2 - lon2 * lat1 for (lat1, lon1), (lat2, lon2) in rim) > 0


def test_features_are_geojson_with_closed_rings() -> None:
    mosaic = Mosaic(with_rings([cell_of(*CARCASSONNE, 6)], 1), 7)
    told = json.loads(f"[{mosaic.features([None, *range(1, len(mosaic.cells))])}]")
    assert (
        [one["properties"]["cell"] for one in told]
        == list(mosaic.names)
        == [name_of(c) for c in mosaic.cells]
    )
    assert [one["properties"]["minutes"] for one in told] == [None, *range(1, 49)]
    for one, cell in zip(told, mosaic.cells, strict=True):
        assert (one["type"], one["geometry"]["type"]) == ("Feature", "Polygon")
        [ring] = one["geometry"]["coordinates"]
        corners = boundary_of(cell)
        assert ring == [[round(lon, 5), round(lat, 5)] for lat, lon in (*corners, corners[0])]


def test_a_pentagon_is_told_with_its_five_corners() -> None:
    mosaic = Mosaic([cell_of(*_PENTAGON, 5)], 5)
    [told] = json.loads(f"[{mosaic.features([3])}]")
    assert len(told["geometry"]["coordinates"][0]) == len(boundary_of(mosaic.cells[0])) + 1
    assert len(boundary_of(mosaic.cells[0])) in {5, 10}


_PENTAGON = LatLon(50.10320148224132, -143.47849001502516)
"""In the Gulf of Alaska."""


def test_minutes_for_every_cell_are_needed() -> None:
    with pytest.raises(ValueError, match="argument"):
        Mosaic([cell_of(*CARCASSONNE, 5)], 6).features([1])
