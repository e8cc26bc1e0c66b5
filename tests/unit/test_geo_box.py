"""A box around cells holds every place in them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from geo.box import EMPTY, box_of
from geo.cells import COVER_RESOLUTION, boundary_of, cell_of, with_rings

latitudes, longitudes = st.floats(-90, 90), st.floats(-180, 180)


@settings(max_examples=300, deadline=None)
@given(lat=latitudes, lon=longitudes, rings=st.integers(0, 3), dlat=st.floats(-1, 1), dlon=st.floats(-1, 1))
def test_rule_008_no_site_of_a_cell_is_outside_its_box(
    lat: float, lon: float, rings: int, dlat: float, dlon: float
) -> None:
    cells = with_rings([cell_of(lat, lon, COVER_RESOLUTION)], rings)
    box = box_of(sorted(cells))
    near = (max(-90.0, min(90.0, lat + dlat)), (lon + dlon + 540) % 360 - 180)
    places = [(lat, lon), *(tuple(corner) for cell in cells for corner in boundary_of(cell))]
    if cell_of(*near, COVER_RESOLUTION) in cells:
        places.append(near)
    for at_lat, at_lon in places:
        assert box.south <= at_lat <= box.north
        assert box.west <= at_lon <= box.east


def test_a_box_is_not_much_larger_than_its_cells() -> None:
    box = box_of([cell_of(43.2, 2.35, COVER_RESOLUTION)])
    assert box.north - box.south < 0.25
    assert box.east - box.west < 0.35


def test_no_cells_hold_no_place() -> None:
    assert box_of([]) == EMPTY
    assert EMPTY.south > EMPTY.north
