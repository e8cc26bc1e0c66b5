"""The cover of a disc never leaves a point out, anywhere on Earth, and stays small."""

import os
from collections.abc import Iterator
from math import acos, asin, atan2, cos, degrees, pi, radians, sin
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.fleet_of_france import anywhere
from geo.cells import (
    COVER_RESOLUTION,
    EARTH_RADIUS_M,
    MAX_COVER_M,
    STORED_RESOLUTION,
    LatLon,
    Polygon,
    boundary_of,
    cell_of,
    cells_of_polygon,
    centre_of,
    circumradius_m,
    cover,
    distances_m,
    great_circle_m,
    resolution_of,
    with_rings,
)

# Centres of the twelve pentagons of resolution 5, where H3's grid is irregular.
PENTAGONS = [
    centre_of(cell)
    for cell in (
        599119489002373119, 599471332723261439, 599823176444149759, 600315757653393407,
        600702785746370559, 601019445095170047, 601195366955614207, 601512026304413695,
        601899054397390847, 602391635606634495, 602743479327522815, 603095323048411135,
    )
]  # fmt: skip
AWKWARD = [
    *PENTAGONS,
    (90.0, 0.0),
    (-90.0, 12.0),
    (89.9, -170.0),
    (0.0, 180.0),
    (-16.5, -179.99),
    (43.2, 2.35),
]
DEMANDS = int(os.environ.get("RESCOUSSE_DEMANDS", "3000"))
"""How many random places a cover is asked for; a hundred thousand by hand (docs/benchmarks.md)."""

SMALLEST_CELL_KM2 = 125.0  # a pentagon of resolution 5 has 127.8 km², a hexagon more
LARGEST_CIRCUMRADIUS_KM = 12.5

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)
places = st.one_of(st.sampled_from(AWKWARD), st.tuples(latitudes, longitudes))
radii = st.floats(0, 150_000)


def at(lat: float, lon: float, distance_m: float, bearing: float) -> LatLon:
    """Return the point at a great-circle distance and bearing (radians) from a place."""
    angle, phi = distance_m / EARTH_RADIUS_M, radians(lat)
    north = asin(max(-1.0, min(1.0, sin(phi) * cos(angle) + cos(phi) * sin(angle) * cos(bearing))))
    east = atan2(sin(bearing) * sin(angle) * cos(phi), cos(angle) - sin(phi) * sin(north))
    return LatLon(degrees(north), (degrees(radians(lon) + east) + 540) % 360 - 180)


@settings(max_examples=300, deadline=None)
@given(place=places, radius=radii, share=st.floats(0, 1), bearing=st.floats(0, 2 * pi))
def test_rule_006_every_point_of_the_disc_is_in_a_cell_of_the_cover(
    place: tuple[float, float], radius: float, share: float, bearing: float
) -> None:
    point = at(*place, radius * share, bearing)
    if great_circle_m(*place, *point) <= radius:
        assert cell_of(*point, COVER_RESOLUTION) in cover(*place, radius)


@pytest.mark.timeout(3600)
def test_rule_006_no_point_is_left_out_in_any_random_case() -> None:
    """In France, around the whole globe, at the poles, the antimeridian and the pentagons: on the rim and inside."""
    rng, points = Random(20), 0
    for lat, lon, radius in random_discs(rng, DEMANDS):
        cells = set(cover(lat, lon, radius))
        for draw in range(10):
            distance = radius * (1 - 1e-9 if draw % 2 else rng.random() ** 0.5)
            point = at(lat, lon, distance, rng.uniform(0, 2 * pi))
            if great_circle_m(lat, lon, *point) <= radius:
                points += 1
                assert cell_of(*point, COVER_RESOLUTION) in cells, (lat, lon, radius, point)
    assert points > 8 * DEMANDS


@pytest.mark.timeout(3600)
def test_rule_006_no_cell_beside_a_cover_touches_its_disc() -> None:
    """Not by samples: a disc that left its cover would cross the outline of a cell beside it."""
    for lat, lon, radius in random_discs(Random(21), DEMANDS):
        cells = frozenset(cover(lat, lon, radius))
        beside = with_rings(cells, 1) - cells
        assert cell_of(lat, lon, COVER_RESOLUTION) in cells
        assert metres_to_outlines((lat, lon), sorted(beside)) > radius, (lat, lon, radius)


def random_discs(rng: Random, count: int) -> Iterator[tuple[float, float, float]]:
    """Places in degrees and radii in metres: a third in France, a third anywhere, a third where H3 is irregular."""
    france = anywhere(count, seed=rng.randrange(2**32))
    for case in range(count):
        place = (
            (float(france.lat[case]), float(france.lon[case])),
            (degrees(asin(rng.uniform(-1, 1))), rng.uniform(-180, 180)),
            at(*AWKWARD[case % len(AWKWARD)], rng.uniform(0, 30_000), rng.uniform(0, 2 * pi)),
        )[case % 3]
        yield *place, rng.choice((0.0, 50.0, 3_000.0, 20_000.0, 60_000.0)) * rng.uniform(0.5, 1.5)


def metres_to_outlines(place: tuple[float, float], cells: list[int]) -> float:
    """How far the nearest side of the cells is: sides are arcs of great circles."""
    rings = [boundary_of(cell) for cell in cells]
    start = unit(np.array([corner for ring in rings for corner in ring]))
    end = unit(np.array([corner for ring in rings for corner in (*ring[1:], ring[0])]))
    [there] = unit(np.array([place]))
    normal = np.cross(start, end)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    foot = there - normal * (normal @ there)[:, None]
    between = (np.cross(start, foot) * normal).sum(1) * (np.cross(foot, end) * normal).sum(1) > 0
    between &= (foot * (start + end)).sum(1) > 0
    to_side = np.where(between, np.arcsin(np.clip(np.abs(normal @ there), 0, 1)), np.inf)
    to_corner = 2 * np.arcsin(np.clip(np.linalg.norm(start - there, axis=1) / 2, 0, 1))
    return float(min(to_side.min(), to_corner.min())) * EARTH_RADIUS_M


def unit(degrees_: NDArray[np.float64]) -> NDArray[np.float64]:
    lat, lon = np.radians(degrees_).T
    return np.column_stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))


@settings(max_examples=200, deadline=None)
@given(place=places, radius=radii)
def test_a_cover_is_no_larger_than_the_disc_widened_by_one_cell(
    place: tuple[float, float], radius: float
) -> None:
    cells = cover(*place, radius)
    widened = min(pi, (radius / 1000 + 2 * LARGEST_CIRCUMRADIUS_KM) / (EARTH_RADIUS_M / 1000))
    cap_km2 = 2 * pi * (EARTH_RADIUS_M / 1000) ** 2 * (1 - cos(widened))
    assert len(cells) <= cap_km2 / SMALLEST_CELL_KM2
    for cell in cells:
        assert great_circle_m(*place, *centre_of(cell)) <= radius + circumradius_m(cell)


@pytest.mark.parametrize(("minutes", "most"), [(20, 14), (40, 32), (60, 60), (480, 2_500)])
def test_a_cover_in_the_aude_takes_few_probes(minutes: int, most: int) -> None:
    radius = minutes * 60 * 70 / 3.6 / 1.35
    cells = cover(43.2, 2.35, radius)
    assert len(cells) <= most
    assert cells == sorted(set(cells))


@pytest.mark.parametrize(("radius_km", "most"), [(20, 12.0), (40, 33.3), (80, 107.5)])
def test_covers_in_france_are_small_at_the_mean(radius_km: int, most: float) -> None:
    """Against the disc's own area in cells of France (5.3, 21.1 and 84.5): 2.2, 1.6 and 1.3 times as many."""
    places = anywhere(500, seed=5)
    counts = [
        len(cover(*place, radius_km * 1000))
        for place in zip(places.lat.tolist(), places.lon.tolist(), strict=True)
    ]
    assert sum(counts) / len(counts) <= most


def test_most_cells_of_a_cover_are_really_needed() -> None:
    rng, radius = Random(4), 52_000.0
    hit = {
        cell_of(*at(43.2, 2.35, radius * rng.random() ** 0.5, rng.uniform(0, 2 * pi)), COVER_RESOLUTION)
        for _ in range(20_000)
    }
    assert len(cover(43.2, 2.35, radius)) <= 1.5 * len(hit)


def test_a_cover_holds_points_that_truncated_indexes_would_miss() -> None:
    """The trap: a point's coarse cell is not always the coarse parent of its fine cell."""
    rng = Random(3)
    strays = 0
    for _ in range(5_000):
        lat, lon = rng.uniform(42.6, 43.5), rng.uniform(1.7, 3.2)
        own = cell_of(lat, lon, COVER_RESOLUTION)
        fine_centre = centre_of(cell_of(lat, lon, COVER_RESOLUTION + 1))
        strays += cell_of(*fine_centre, COVER_RESOLUTION) != own
        assert own in cover(lat, lon, 0.0)
    assert strays > 0


@settings(deadline=None)
@given(lat=latitudes, lon=longitudes, resolution=st.sampled_from([COVER_RESOLUTION, STORED_RESOLUTION]))
def test_a_cell_fits_a_signed_bigint_and_knows_its_resolution(
    lat: float, lon: float, resolution: int
) -> None:
    cell = cell_of(lat, lon, resolution)
    assert 0 < cell < 2**63
    assert resolution_of(cell) == resolution
    assert great_circle_m(lat, lon, *centre_of(cell)) <= circumradius_m(cell)


@pytest.mark.parametrize(
    ("lat", "lon"), [(90.01, 0), (-91, 0), (0, 180.5), (0, -181), (float("nan"), 0), (0, float("inf"))]
)
def test_coordinates_that_are_nowhere_on_earth_are_refused(lat: float, lon: float) -> None:
    with pytest.raises(ValueError, match="not a place on Earth"):
        cell_of(lat, lon, COVER_RESOLUTION)
    with pytest.raises(ValueError, match="not a place on Earth"):
        cover(lat, lon, 1_000)


@pytest.mark.parametrize("radius", [-1.0, MAX_COVER_M * 1.01, float("nan"), float("inf")])
def test_a_radius_that_makes_no_sense_is_refused(radius: float) -> None:
    with pytest.raises(ValueError, match="radius"):
        cover(43.2, 2.35, radius)


def test_an_integer_that_is_no_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="not an H3 cell"):
        resolution_of(42)


@settings(deadline=None)
@given(a=st.tuples(latitudes, longitudes), b=st.tuples(latitudes, longitudes))
def test_great_circle_distance_is_symmetric_and_agrees_with_the_law_of_cosines(
    a: tuple[float, float], b: tuple[float, float]
) -> None:
    there = great_circle_m(*a, *b)
    assert there == great_circle_m(*b, *a)
    (lat1, lon1), (lat2, lon2) = ([radians(angle) for angle in place] for place in (a, b))
    cosine = sin(lat1) * sin(lat2) + cos(lat1) * cos(lat2) * cos(lon2 - lon1)
    assert there == pytest.approx(EARTH_RADIUS_M * acos(max(-1.0, min(1.0, cosine))), abs=1.0)


def test_great_circle_distance_between_two_known_towns() -> None:
    assert great_circle_m(43.2130, 2.3517, 43.1843, 3.0036) == pytest.approx(53_000, rel=0.01)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), corners=st.integers(3, 9), resolution=st.sampled_from([5, 6, 7]))
def test_cells_of_a_polygon_hold_all_its_points(seed: int, corners: int, resolution: int) -> None:
    rng = Random(seed)
    lat, lon = rng.uniform(-60, 60), rng.uniform(-170, 170)
    angles = sorted(rng.uniform(0, 2 * pi) for _ in range(corners))
    ring = tuple(at(lat, lon, rng.uniform(200, 40_000), angle) for angle in angles)
    cells = cells_of_polygon(Polygon(ring), resolution)
    for _ in range(50):
        start, end, third = rng.choices(ring, k=3)
        weights = [rng.random() for _ in range(3)]
        point = [
            sum(w * p[axis] for w, p in zip(weights, (start, end, third), strict=True)) / sum(weights)
            for axis in (0, 1)
        ]
        if _inside(point[0], point[1], ring):
            assert cell_of(point[0], point[1], resolution) in cells


def test_a_hole_of_a_polygon_is_left_out_but_for_its_rim() -> None:
    square = tuple(LatLon(*p) for p in ((43, 2), (43, 3), (44, 3), (44, 2)))
    hole = tuple(LatLon(*p) for p in ((43.3, 2.3), (43.3, 2.7), (43.7, 2.7), (43.7, 2.3)))
    cells = cells_of_polygon(Polygon(square, (hole,)), 7)
    assert cell_of(43.5, 2.5, 7) not in cells
    assert cell_of(43.3, 2.5, 7) in cells
    assert cell_of(43.1, 2.1, 7) in cells


def test_rings_around_a_cell_are_its_neighbours() -> None:
    cell = cell_of(43.2, 2.35, 6)
    assert len(with_rings([cell], 0)) == 1
    assert len(with_rings([cell], 1)) == 7
    assert len(with_rings([cell], 2)) == 19


def _inside(lat: float, lon: float, ring: tuple[LatLon, ...]) -> bool:
    inside = False
    for (lat1, lon1), (lat2, lon2) in zip(ring, (*ring[1:], ring[0]), strict=True):
        if (lat1 > lat) != (lat2 > lat) and lon < lon1 + (lat - lat1) / (lat2 - lat1) * (lon2 - lon1):
            inside = not inside
    return inside


def test_distances_to_one_place_are_to_the_bit_those_between_two() -> None:
    rng = Random(17)
    places = [LatLon(rng.uniform(-90, 90), rng.uniform(-180, 180)) for _ in range(1_000)]
    near = [LatLon(43.2 + rng.gauss(0, 0.3), 2.35 + rng.gauss(0, 0.3)) for _ in range(1_000)]
    for here in (places[0], near[0], LatLon(90.0, 0.0), LatLon(0.0, 180.0)):
        found = distances_m(here.lat, here.lon, [*places, *near])
        assert found == [great_circle_m(*each, *here) for each in (*places, *near)]
