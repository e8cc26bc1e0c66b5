"""The area of a SAMU holds its communes, keeps far places out and recognises exchanged coordinates."""

import json

import pytest
from pydantic import ValidationError

from geo.area import Area
from geo.cells import cell_of
from geo.geojson import read_polygons
from simulation.places import DATA, Communes, load_communes

OUTLINE = (DATA / "departement-11-aude.geojson").read_bytes()
CARCASSONNE = (43.213, 2.3517)
SIXTY_KM_OUTSIDE = [(43.95, 2.35), (42.05, 2.4), (43.1, 0.9), (43.1, 4.1), (43.75, 3.6)]


@pytest.fixture(scope="module")
def aude() -> Area:
    return Area.from_geojson(OUTLINE)


@pytest.fixture(scope="module")
def communes() -> Communes:
    return load_communes()


def test_rule_002_every_commune_of_the_aude_is_in_its_area(aude: Area, communes: Communes) -> None:
    assert all(aude.contains(one.lat, one.lon) for one in communes.items)
    assert all(aude.contains(lat, lon) for lat, lon in communes.outline)


@pytest.mark.parametrize("place", SIXTY_KM_OUTSIDE)
def test_rule_002_a_place_sixty_km_beyond_the_border_is_outside(
    aude: Area, place: tuple[float, float]
) -> None:
    assert not aude.contains(*place)
    assert 25 < aude.distance_km(*place) < 75


def test_rule_002_a_place_just_beyond_the_border_is_still_served(aude: Area) -> None:
    assert aude.contains(43.47, 2.1)  # 5 km north of the outline, in the Tarn
    assert aude.distance_km(43.47, 2.1) == 0


def test_rule_002_exchanged_latitude_and_longitude_are_recognised(aude: Area, communes: Communes) -> None:
    assert all(aude.looks_swapped(one.lon, one.lat) for one in communes.items)
    assert not aude.looks_swapped(*CARCASSONNE)
    assert not aude.looks_swapped(48.85, 2.35)
    assert not aude.looks_swapped(2.35, 143.2)


def test_the_distance_to_the_area_is_roughly_right_and_never_too_long(aude: Area) -> None:
    paris = aude.distance_km(48.8566, 2.3522)
    assert 550 < paris < 600


def test_an_area_is_stored_as_sorted_cells_and_comes_back_the_same(aude: Area) -> None:
    cells = aude.to_cells()
    assert cells == sorted(cells)
    assert Area.from_cells(cells) == aude
    assert len(cells) < 600


def test_a_wider_margin_gives_a_larger_area(aude: Area) -> None:
    assert Area.from_geojson(OUTLINE, margin_rings=0).cells < aude.cells
    assert aude.cells < Area.from_geojson(OUTLINE, margin_rings=4).cells


def test_cells_that_make_no_area_are_refused() -> None:
    with pytest.raises(ValueError, match="one resolution"):
        Area.from_cells([])
    with pytest.raises(ValueError, match="one resolution"):
        Area.from_cells([cell_of(*CARCASSONNE, 6), cell_of(*CARCASSONNE, 7)])
    with pytest.raises(ValueError, match="not an H3 cell"):
        Area.from_cells([1])


def test_the_same_outline_is_read_from_every_kind_of_geojson() -> None:
    feature = json.loads(OUTLINE)
    geometry = feature["geometry"]
    multi = {"type": "MultiPolygon", "coordinates": [geometry["coordinates"]]}
    collection = {"type": "FeatureCollection", "features": [feature]}
    readings = {read_polygons(json.dumps(one)) for one in (feature, geometry, multi, collection)}
    assert len(readings) == 1


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "{}",
        '{"type": "Point", "coordinates": [2.3, 43.2]}',
        '{"type": "Polygon", "coordinates": []}',
        '{"type": "Polygon", "coordinates": [[[2, 43], [3, 43], [2, 43]]]}',
        '{"type": "Polygon", "coordinates": [[[2], [3], [2], [2]]]}',
        '{"type": "FeatureCollection", "features": []}',
    ],
)
def test_text_that_is_no_outline_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Area.from_geojson(text)
