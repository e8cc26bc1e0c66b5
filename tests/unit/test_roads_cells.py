"""Cells around roads and around discs: nobody near them is filed elsewhere (rule 6)."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.cells import COVER_RESOLUTION, MAX_COVER_M, LatLon, cell_of, cover
from geo.roads.covering import Covering
from geo.roads.discs import FARTHEST_M, DiscCover
from geo.roads.regions import Regions
from geo.roads.snapping import Snapper
from tests.unit.roads_fake import andorra_travel, aude_travel, street

CARCASSONNE = LatLon(43.213, 2.352)


@settings(max_examples=200, deadline=None)
@given(lat=st.floats(41, 45), lon=st.floats(0, 5), radius=st.floats(0, 400_000))
def test_rule_006_a_disc_has_all_the_cells_of_its_cover(lat: float, lon: float, radius: float) -> None:
    found, expected = DISCS.cells(LatLon(lat, lon), radius), cover(lat, lon, radius)
    assert set(expected) <= set(found)
    assert (
        len(found) <= 1.01 * len(expected) + 1
    )  # at the rim, where the last digit decides, it may have one more
    assert found == sorted(found)


def test_rule_006_a_disc_far_away_or_too_wide_is_covered_too() -> None:
    assert DISCS.cells(LatLon(-21.1, 55.5), 30_000) == cover(-21.1, 55.5, 30_000)
    assert FARTHEST_M < MAX_COVER_M
    assert DISCS.cells(CARCASSONNE, 600_000) == cover(*CARCASSONNE, 600_000)


DISCS = DiscCover(CARCASSONNE, 50_000)


def test_rule_006_whoever_belongs_to_a_node_is_filed_under_a_cell_of_its_region() -> None:
    for travel in (andorra_travel(), aude_travel()):
        rng, graph = np.random.default_rng(2), travel.graph
        beside = rng.integers(len(graph.lat), size=3_000)
        shift = rng.uniform(-0.012, 0.012, size=(3_000, 2))
        places = [
            LatLon(graph.lat[at] + y, graph.lon[at] + x) for at, (y, x) in zip(beside, shift, strict=True)
        ]
        for place, snap in zip(places, travel.snap(places), strict=True):
            if snap is not None:
                reached = travel.regions.holding(np.array([snap.node]))
                assert cell_of(*place, COVER_RESOLUTION) in travel.covering.cells_of(reached)


def test_rule_006_the_cells_of_a_lonely_road_are_those_of_its_discs() -> None:
    graph = street((43.0, 2.0), (43.4, 2.3))
    regions = Regions.of(graph, 1)
    covering = Covering.of(graph, regions, Snapper(graph, 900.0))
    for node, place in enumerate(zip(graph.lat.tolist(), graph.lon.tolist(), strict=True)):
        cells = covering.cells_of(regions.holding(np.array([node])))
        assert set(cover(*place, 900.0)) <= set(cells) <= set(cover(*place, 902.0))
    assert covering.cells_of(np.zeros(len(regions), dtype=bool)) == []
