"""What is no extract of roads is refused, each with its sentence."""

from pathlib import Path

import pytest

from geo.roads.build import build
from geo.roads.extract import read_extract
from geo.roads.raw import BadExtractError
from tests.fixtures.roads import AUDE
from tests.unit.extracts import ABOUT, Sketch


def _refused(file: Path) -> str:
    with pytest.raises(BadExtractError) as refused:
        build(read_extract(file), ABOUT)
    text = str(refused.value)
    assert text.startswith((file.name, "the extract"))
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 a zip archive, perhaps", "is not an OpenStreetMap extract in the pbf format"),
        (b"<osm version='0.6'/>", "is not an OpenStreetMap extract in the pbf format"),
        (AUDE.read_bytes()[:10], "is not an OpenStreetMap extract in the pbf format"),
        (AUDE.read_bytes()[:60], "is cut short"),
        (AUDE.read_bytes()[:300_000], "is cut short"),
        (AUDE.read_bytes()[:-1], "is cut short"),
    ],
)
def test_a_file_that_is_no_whole_extract_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "bad.osm.pbf"
    file.write_bytes(content)
    assert sentence in _refused(file)


@pytest.mark.parametrize("at", [2_000, 100_000, 300_000, 600_000])
def test_a_damaged_block_is_found(tmp_path: Path, at: int) -> None:
    content = bytearray(AUDE.read_bytes())
    content[at] ^= 0x10
    file = tmp_path / "bad.osm.pbf"
    file.write_bytes(content)
    assert "is damaged: fetch it again" in _refused(file)


def test_an_extract_without_roads_is_refused(tmp_path: Path) -> None:
    sketch = Sketch().way(101, 102, highway="footway").way(102, 103, highway="steps")
    assert "holds no road that an ambulance can drive on" in _refused(sketch.write(tmp_path / "a.osm.pbf"))


def test_an_extract_without_places_is_refused(tmp_path: Path) -> None:
    sketch = Sketch().way(101, 102)
    sketch.missing = {101, 102}
    assert "does not hold the nodes of its roads" in _refused(sketch.write(tmp_path / "a.osm.pbf"))


def test_an_extract_with_hardly_any_places_is_refused(tmp_path: Path) -> None:
    sketch = Sketch().way(101, 102)
    sketch.missing = {102}
    assert "hardly any of their nodes" in _refused(sketch.write(tmp_path / "a.osm.pbf"))


def test_an_extract_in_which_nothing_comes_back_is_refused(tmp_path: Path) -> None:
    sketch = Sketch().way(101, 102, oneway="yes").way(102, 103, oneway="yes")
    assert "no two places that can be reached from each other" in _refused(
        sketch.write(tmp_path / "a.osm.pbf")
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_extract(tmp_path / "none.osm.pbf")
