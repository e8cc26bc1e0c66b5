"""Guard sectors on the map: every place of the Aude in its own, the same one on every border, in any order."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from uuid import UUID

import pytest
import shapely
from hypothesis import assume, example, given
from hypothesis import strategies as st

from geo.cells import LatLon, Polygon, great_circle_m
from geo.geojson import explain, multipolygon, polygons_of, read_communes
from geo.sectors import NEAR_M, Outline, SectorMap, check_polygons, touching
from ops.demo import DemoSector, build_demo
from ops.demo.sectors import MERGED
from simulation.places import DATA, load_communes

SECTORS = build_demo(11).sectors
COMMUNES = load_communes()
OUTLINES = read_communes((DATA / "communes-11-aude.geojson").read_bytes())
OUTLINE_OF = {sector.id: sector.outline for sector in SECTORS}
SECTOR_OF = {insee: sector for sector in SECTORS for insee in sector.communes}
AUDE = SectorMap(OUTLINE_OF.items())
BACKWARDS = SectorMap(reversed(OUTLINE_OF.items()))

WEST, EAST, NORTH = UUID(int=1), UUID(int=2), UUID(int=3)
KM = 1 / 111.195
"""Degrees of latitude, and of longitude on the equator, where the tests draw their squares."""


def ring(west: float, south: float, side: float = 10 * KM) -> list[list[float]]:
    east, north = west + side, south + side
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def square(west: float, south: float, side: float = 10 * KM) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": [ring(west, south, side)]}


SQUARES: Mapping[UUID, Outline] = {WEST: square(0, 0), EAST: square(10 * KM, 0), NORTH: square(0, 10 * KM)}
"""West and east have a side in common, north has one with west and a corner with east."""


def encloses(polygon: Polygon, place: LatLon) -> bool:
    """The even-odd rule, written once more: independent of what is tested."""
    inside = False
    for ring in (polygon.outer, *polygon.holes):
        for (lat1, lon1), (lat2, lon2) in pairwise(ring):
            if (lat1 > place.lat) != (lat2 > place.lat):
                crossing = lon1 + (place.lat - lat1) / (lat2 - lat1) * (lon2 - lon1)
                inside ^= place.lon < crossing
    return inside


def around(sectors: Iterable[DemoSector], place: LatLon) -> list[UUID]:
    return [one.id for one in sectors if any(encloses(polygon, place) for polygon in one.polygons)]


def place_inside(polygons: Iterable[Polygon]) -> LatLon:
    """Well inside the largest of some polygons."""
    drawn = [shapely.Polygon([(lon, lat) for lat, lon in one.outer]) for one in polygons]
    point = max(drawn, key=lambda one: one.area).representative_point()
    return LatLon(lat=point.y, lon=point.x)


# --- the Aude --------------------------------------------------------------------------------------------------


def test_rule_012_a_place_in_a_commune_is_in_the_sector_that_lists_it() -> None:
    for outline in OUTLINES:
        listed = SECTOR_OF[MERGED.get(outline.insee, outline.insee)]
        assert AUDE.sector_at(*place_inside(outline.polygons)) == listed.id, outline.name


def test_rule_012_every_town_hall_is_in_the_sector_that_lists_its_commune() -> None:
    # Five points of the source lie just outside their own commune, none of them in another sector.
    assert {one.insee for one in COMMUNES.items} == set(SECTOR_OF)
    for one in COMMUNES.items:
        assert AUDE.sector_at(one.lat, one.lon) == SECTOR_OF[one.insee].id, one.name


@given(lat=st.floats(42.64, 43.47), lon=st.floats(1.68, 3.25))
def test_rule_012_a_place_of_the_departement_is_in_exactly_one_sector_or_near_one(
    lat: float, lon: float
) -> None:
    assume(COMMUNES.contains(lat, lon))
    holding = around(SECTORS, LatLon(lat, lon))
    found = AUDE.sector_at(lat, lon)
    assert len(holding) <= 1
    assert found is not None
    assert [found] == holding or not holding


def test_rule_012_on_a_border_it_is_the_lowest_id_in_whatever_order_the_sectors_come() -> None:
    at: defaultdict[LatLon, set[UUID]] = defaultdict(set)
    for sector in SECTORS:
        for polygon in sector.polygons:
            for place in polygon.outer:
                at[place].add(sector.id)
    borders = {place: ids for place, ids in at.items() if len(ids) > 1}
    assert len(borders) > 500
    assert max(map(len, borders.values())) == 3
    for place, ids in borders.items():
        assert AUDE.sector_at(*place) == BACKWARDS.sector_at(*place) == min(ids, key=str)


@given(part=st.floats(0, 1), border=st.integers(0, 10_000))
def test_rule_012_along_a_border_the_order_of_the_sectors_does_not_matter(part: float, border: int) -> None:
    edges = [edge for polygon in SECTORS[0].polygons for edge in pairwise(polygon.outer)]
    one, other = edges[border % len(edges)]
    lat, lon = one.lat + part * (other.lat - one.lat), one.lon + part * (other.lon - one.lon)
    assert AUDE.sector_at(lat, lon) == BACKWARDS.sector_at(lat, lon) is not None


def test_rule_012_neighbours_are_the_sectors_that_have_a_point_of_their_border_in_common() -> None:
    points = {one.id: {place for polygon in one.polygons for place in polygon.outer} for one in SECTORS}
    expected = {
        one: sorted((other for other in points if other != one and points[one] & points[other]), key=str)
        for one in points
    }
    assert touching(OUTLINE_OF) == expected
    assert {one.id: list(one.neighbours) for one in SECTORS} == expected
    names = {one.id: one.name.removeprefix("Secteur de ") for one in SECTORS}
    narbonne = next(one for one in SECTORS if "Narbonne" in one.name)
    assert {names[one] for one in narbonne.neighbours} == {"Lézignan-Corbières", "Port-la-Nouvelle"}


def test_the_polygons_of_2018_are_those_of_todays_communes_and_of_three_that_were_merged() -> None:
    outlined = {one.insee for one in OUTLINES}
    assert outlined - set(MERGED) == {one.insee for one in COMMUNES.items}
    assert set(MERGED) < outlined
    assert set(MERGED.values()) < outlined
    assert sum(len(one.polygons) for one in OUTLINES) == sum(len(one.polygons) for one in SECTORS)


# --- squares on the equator ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lat", "lon", "found"),
    [
        (5 * KM, 5 * KM, WEST),
        (5 * KM, 15 * KM, EAST),
        (5 * KM, 10 * KM, WEST),  # on the side in common
        (10 * KM, 10 * KM, WEST),  # on the corner of all three
        (10 * KM, 15 * KM, EAST),
        (15 * KM, 10 * KM + 1e-7, NORTH),
        (11 * KM, 11.5 * KM, EAST),  # in no square: 1 km from the east, 1.5 from the north
        (11.5 * KM, 11 * KM, NORTH),
        (-1.9 * KM, 5 * KM, WEST),
        (-2.1 * KM, 5 * KM, None),
        (5 * KM, 21.9 * KM, EAST),
        (5 * KM, 22.1 * KM, None),
    ],
)
def test_rule_012_a_place_belongs_to_the_square_it_lies_in_or_to_one_within_two_km(
    lat: float, lon: float, found: UUID | None
) -> None:
    squares = list(SQUARES.items())
    for sectors in (squares, squares[::-1]):
        assert SectorMap(sectors).sector_at(lat, lon) == found


@given(east=st.floats(-3, 3), north=st.floats(-3, 3))
@example(east=0, north=0)
def test_two_km_are_two_km_at_the_latitude_of_the_aude(east: float, north: float) -> None:
    lat, lon = 43.2, 2.3
    place = lat + north * KM, lon + east * KM
    dot = SectorMap([(WEST, square(lon, lat, 1e-6))])
    away = great_circle_m(lat, lon, *place)
    assume(abs(away - NEAR_M) > 10)
    assert (dot.sector_at(*place) == WEST) is (away < NEAR_M)


def test_a_hole_is_outside_and_what_lies_in_it_is_another_sector() -> None:
    holed = {"type": "Polygon", "coordinates": [ring(0, 0, 30 * KM), ring(10 * KM, 10 * KM)]}
    alone = SectorMap([(WEST, holed)])
    assert alone.sector_at(15 * KM, 15 * KM) is None
    assert alone.sector_at(11 * KM, 15 * KM) == WEST
    filled = SectorMap([(WEST, holed), (EAST, square(10 * KM, 10 * KM))])
    assert filled.sector_at(11 * KM, 15 * KM) == EAST
    assert touching({WEST: holed, EAST: square(10 * KM, 10 * KM)}) == {WEST: [EAST], EAST: [WEST]}


def test_several_polygons_are_one_sector_whether_joined_or_given_one_by_one() -> None:
    joined = multipolygon([*polygons_of(square(0, 0)), *polygons_of(square(50 * KM, 0))])
    apart = [(WEST, square(0, 0)), (WEST, square(50 * KM, 0))]
    for sectors in (SectorMap([(WEST, joined)]), SectorMap(apart)):
        assert sectors.sector_at(5 * KM, 55 * KM) == sectors.sector_at(5 * KM, 5 * KM) == WEST
        assert sectors.sector_at(5 * KM, 30 * KM) is None


def test_squares_that_share_a_side_or_a_corner_are_neighbours_and_others_are_not() -> None:
    far = UUID(int=0)
    found = touching({**SQUARES, far: square(40 * KM, 0)})
    assert found == {WEST: [EAST, NORTH], EAST: [WEST, NORTH], NORTH: [WEST, EAST], far: []}


def test_without_sectors_nothing_is_found() -> None:
    assert SectorMap([]).sector_at(43.2, 2.3) is None
    assert touching({}) == {}


@pytest.mark.parametrize(("lat", "lon"), [(float("nan"), 2.3), (43.2, float("inf")), (91, 0), (0, 181)])
def test_coordinates_that_are_no_place_are_refused(lat: float, lon: float) -> None:
    with pytest.raises(ValueError, match="not a place on Earth"):
        AUDE.sector_at(lat, lon)


BOW_TIE = [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]


@pytest.mark.parametrize(
    ("outline", "why"),
    [
        ({}, "Unable to extract tag"),
        ({"type": "Point", "coordinates": [2, 43]}, "'Polygon', 'MultiPolygon'"),
        ({"type": "Polygon", "coordinates": []}, "at least 1 item"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}, "at least 4 items"),
        ({"type": "Polygon", "coordinates": BOW_TIE}, "drawn wrongly"),
        ({"type": "MultiPolygon", "coordinates": [BOW_TIE]}, "drawn wrongly"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [200, 0], [200, 1], [0, 0]]]}, "not a place on Earth"),
        (
            {"type": "Polygon", "coordinates": [[[0, 0], [float("nan"), 0], [1, 1], [0, 0]]]},
            "not a place on Earth",
        ),
    ],
)
def test_an_outline_that_is_none_is_refused_in_a_sentence_that_names_the_sector(
    outline: Outline, why: str
) -> None:
    for read in (lambda: SectorMap([(EAST, outline)]), lambda: touching({EAST: outline})):
        with pytest.raises(ValueError, match=why) as refused:
            read()
        assert str(refused.value).startswith(f"the outline of sector {EAST} cannot be used: ")
        assert "\n" not in str(refused.value)


def test_polygons_of_a_commune_are_checked_by_themselves() -> None:
    check_polygons(OUTLINES[0].polygons)
    with pytest.raises(ValueError, match="drawn wrongly"):
        check_polygons(polygons_of({"type": "Polygon", "coordinates": BOW_TIE}))


# --- files of communes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "name"), [("code", "nom"), ("insee", "nom"), ("INSEE_COM", "NOM")])
def test_communes_are_read_under_the_names_that_publishers_use(code: str, name: str) -> None:
    text = (
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"%s": "11069", "%s": "C"},'
        ' "geometry": {"type": "Polygon", "coordinates": [[[0, 0, 120], [1, 0, 120], [1, 1, 120], [0, 0, 120]]]}}]}'
    )
    (found,) = read_communes(text % (code, name))
    assert (found.insee, found.name) == ("11069", "C")
    assert multipolygon(found.polygons)["coordinates"] == [[[[0, 0], [1, 0], [1, 1], [0, 0]]]]


def test_a_file_without_codes_is_refused_with_the_place_of_the_fault() -> None:
    text = (
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"nom": "C"},'
        ' "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}}]}'
    )
    with pytest.raises(ValueError, match="insee") as refused:
        read_communes(text)
    assert explain(refused.value) == "features.0.properties.insee: Field required"
    assert explain(ValueError("as it is")) == "as it is"


def test_polygons_come_back_to_the_last_digit() -> None:
    for outline in OUTLINES:
        assert polygons_of(multipolygon(outline.polygons)) == outline.polygons
