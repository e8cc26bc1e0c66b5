"""Demands of the simulation happen where people live, inside the département, at invented addresses."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from geo.cells import great_circle_m
from simulation.places import JITTER_M, Communes, draw_place, draw_place_in, load_communes

ROUNDING_M = 5


@pytest.fixture(scope="module")
def communes() -> Communes:
    return load_communes()


def test_all_433_communes_of_the_aude_are_known_and_inside_its_outline(communes: Communes) -> None:
    assert len(communes.items) == 433
    assert sum(commune.population for commune in communes.items) == 370_260
    assert all(communes.contains(one.lat, one.lon) for one in communes.items)
    assert all(len(one.postcode) == 5 for one in communes.items)


def test_places_are_drawn_as_people_live(communes: Communes) -> None:
    rng = Random(7)
    drawn = Counter(draw_place(rng, communes).commune for _ in range(4_000))
    total = sum(commune.population for commune in communes.items)
    for commune in communes.items[:]:
        expected = 4_000 * commune.population / total
        if expected > 50:
            assert drawn[commune.name] == pytest.approx(expected, rel=0.3)
    assert len(drawn) > 200


def test_places_are_near_the_town_hall_and_inside_the_department(communes: Communes) -> None:
    rng = Random(8)
    for commune in communes.items:
        for _ in range(3):
            place = draw_place_in(rng, commune, communes)
            assert communes.contains(place.lat, place.lon)
            away = great_circle_m(commune.lat, commune.lon, place.lat, place.lon)
            assert away <= JITTER_M * 1.001 + ROUNDING_M
            assert place.address.endswith(f", {commune.postcode} {commune.name}")
            assert place.insee == commune.insee


def test_the_same_seed_draws_the_same_places(communes: Communes) -> None:
    one, other = ([draw_place(rng, communes) for _ in range(20)] for rng in (Random(1), Random(1)))
    assert one == other


def test_a_directory_without_the_data_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_communes(tmp_path)
