"""Communes by name and by place."""

import csv
from pathlib import Path

import pytest

from geo.cells import great_circle_m
from geo.gazetteer import Gazetteer, NamedPlace, folded

COMMUNES = Path(__file__).parents[2] / "data" / "communes_france.csv"


@pytest.fixture(scope="module")
def france() -> Gazetteer:
    """The real communes of the country."""
    with COMMUNES.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(line for line in file if not line.startswith("#"))
        return Gazetteer(
            [
                NamedPlace(
                    line["insee"],
                    line["nom"],
                    int(line["population"]),
                    float(line["lat"]),
                    float(line["lon"]),
                )
                for line in lines
            ]
        )


def names(found: list[NamedPlace]) -> list[str]:
    return [one.name for one in found]


@pytest.fixture(scope="module")
def aude(france: Gazetteer) -> frozenset[str]:
    return frozenset(one.insee for one in france.places if one.insee.startswith("11"))


def test_three_letters_find_the_towns_of_ones_own_area_first(france: Gazetteer, aude: frozenset[str]) -> None:
    assert names(france.find("carc", 3, aude))[0] == "Carcassonne"
    assert names(france.find("nar", 1, aude)) == ["Narbonne"]
    elsewhere = france.find("par", 50, aude)
    assert [one.insee in aude for one in elsewhere] == sorted(
        (one.insee in aude for one in elsewhere), reverse=True
    )
    assert "Paris" in names(elsewhere)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("castelnaud", "Castelnaudary"),
        ("CASTELNAUDARY", "Castelnaudary"),
        ("lezignan corb", "Lézignan-Corbières"),
        ("Lézignan-Corbières", "Lézignan-Corbières"),
        ("corbieres", "Lézignan-Corbières"),
        ("st hilaire", "Saint-Hilaire"),
        ("st-hilaire", "Saint-Hilaire"),
        ("port la nouvelle", "Port-la-Nouvelle"),
        ("nouvelle", "Port-la-Nouvelle"),
    ],
)
def test_accents_capitals_hyphens_and_abbreviations_do_not_count(
    france: Gazetteer, aude: frozenset[str], written: str, meant: str
) -> None:
    assert meant in names(france.find(written, 10, aude))


def test_the_whole_name_comes_before_longer_ones(france: Gazetteer) -> None:
    assert names(france.find("Pau", 3))[0] == "Pau"


@pytest.mark.parametrize("text", ["", "   ", "-", "'", "zzzzzz", "日本"])
def test_what_no_commune_is_called_finds_nothing(france: Gazetteer, text: str) -> None:
    assert france.find(text, 10) == []


def test_a_place_is_named_by_the_nearest_town_hall(france: Gazetteer) -> None:
    found = france.nearest(43.2130, 2.3491)
    assert found is not None
    assert found.name == "Carcassonne"
    for lat, lon in ((43.05, 2.22), (48.85, 2.35), (42.0, 9.0), (0.0, 179.9)):
        found = france.nearest(lat, lon)
        assert found is not None
        least = min(great_circle_m(lat, lon, one.lat, one.lon) for one in france.places)
        assert great_circle_m(lat, lon, found.lat, found.lon) == pytest.approx(least, abs=1)


def test_without_communes_nothing_is_found_and_nothing_fails() -> None:
    empty = Gazetteer([])
    assert (empty.find("carc", 10), empty.nearest(43.2, 2.3)) == ([], None)
    with pytest.raises(ValueError, match="not a place"):
        empty.nearest(91, 0)


def test_folding() -> None:
    assert folded("Saint-Étienne-d'Albagnan") == "saint etienne d albagnan"
    assert folded("L’Œuvre Ste-Marie") == "l oeuvre sainte marie"
