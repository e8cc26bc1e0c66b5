"""A directory file is held whole: each fault is told with its line and its entry, and nothing else ever comes of it."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.area import Area
from ops.directory.command import TEMPLATE
from ops.directory.exporting import _value
from ops.directory.faults import RefusedError
from ops.directory.france import PARTS, part_of
from ops.directory.policy import chosen_values
from ops.directory.reading import Given, read_directory
from simulation.places import DATA
from tests.ops.directory import AUDE, changed

OUTLINE = DATA / "departement-11-aude.geojson"


def read(text: str, beside: Path = Path()) -> Given:
    return read_directory("who.toml", text.encode(), beside)


def faults(text: str, beside: Path = Path()) -> list[str]:
    with pytest.raises(RefusedError) as refused:
        read(text, beside)
    head, *told = str(refused.value).splitlines()
    assert "nothing was written" in head
    return told or [head]


LAC = "of company 'Ambulances du Lac'"
BAD = [
    ('category = "C"', 'category = "D"', f"line 25, vehicle 'Lac 2' {LAC}: 'category': input should be 'A' or 'C'"),
    ('category = "C"', "", f"line 25, vehicle 'Lac 2' {LAC}: 'category' is missing"),
    ('name = "Lac 2"', "", f"line 25, vehicle number 2 {LAC}: 'name' is missing"),
    ('name = "Lac 2"', 'name = " "', f"line 25, vehicle number 2 {LAC}: 'name' is empty"),
    ('name = "Lac 2"', 'name = "a\\u0000b"', "'name' has a sign that nobody can see"),
    ('"AA-111-ZZ"', '"AA_111"', "line 19, vehicle 'Lac 1' of company 'Ambulances du Lac': 'registration' is no reg"),
    ("lat = 43.2130", "lat = 48.85\nheight = 3", "'height' is not known here (known: name, was, lat, lon, mob"),
    ("lat = 43.2130", "lat = 51.5", f"line 13, site 'Carcassonne' {LAC}: latitude 51.5 and longitude 2.3491 are nowhe"),
    ("lat = 43.2130", "lat = 91.0", "'lat': input should be less than or equal to 90"),
    ("lat = 43.2130", 'lat = "43"', "'lat': input should be a valid number"),
    ("lat = 43.2130", "lat = nan", "'lat': input should be a finite number"),
    ("lat = 43.2130\nlon = 2.3491", "lat = 2.3491\nlon = 43.2130", "exchanged, they are in métropole: which of them"),
    ("mobilisation_s = 120", "mobilisation_s = 3601", "'mobilisation_s': input should be less than or equal to 3600"),
    ("mobilisation_s = 120", "mobilisation_by_hour_s = [1, 2]", "should have at least 24 items"),
    ("phone = \"+33 4 65 71 00 15\"", 'phone = "call me"', "line 2, SAMU 'SAMU 11': 'phone' is no telephone number"),
    ('departments = ["11"]', 'departments = ["11", "2C"]', "'departments.1' is no département"),
    ('departments = ["11"]', 'departments = ["974"]', "'departments': no commune of 974 is known here: give its outl"),
    ('departments = ["11"]', 'outline = "none.geojson"', "SAMU 'SAMU 11': 'outline': none.geojson cannot be read"),
    ('departments = ["11"]', 'cells = ["nothing"]', "'cells': 'nothing' is no H3 cell"),
    ('departments = ["11"]', 'departments = ["11"]\ncells = ["a"]', "its area is said twice: by departments and by cell"),
    ("resurvey_s = 20", "resurvey_s = 0", "'policy.resurvey_s': input should be greater than or equal to 1"),
    ("resurvey_s = 20", "resurvey = 20", "'policy.resurvey' is not known here (known: standard, short, free_choice_s"),
    ("resurvey_s = 20", "resurvey_s = true", "'policy.resurvey_s': input should be a valid integer"),
    ("resurvey_s = 20", "resurvey_s = \"none\"", "'policy.resurvey_s': input should be a valid integer"),
    ("resurvey_s = 20", "resurvey_s = 604801", "'policy' has a figure beyond 604800, 'resurvey_s': a week"),
    ("resurvey_s = 20", "short = { guard_s = 50 }", "'policy.short.vehicles_s' is missing"),
    ("phone = \"+33 4 65 71 00 15\"", 'timezone = "Mars"', "'timezone' is no time zone: write \"Europe/Paris\""),
    ('role = "REGULATOR"', 'role = "BOSS"', "line 34, person 'regulation.lac': 'role': input should be 'SAMU', 'REG"),
    ('role = "REGULATOR"', 'role = "SAMU"', "person 'regulation.lac': whoever has the role SAMU belongs to a samu"),
    ('role = "REGULATOR"', 'role = "ADMIN"', "whoever has the role ADMIN belongs to no company: 'company' must go"),
    ('username = "regulation.lac"', 'username = "a b"', "person 'a b': 'username' must have no blank"),
    ('[[samus]]', "[samus]", "the file: write [[samus]], in double brackets"),
    ('[[samus]]', "[[samu]]", "line 2, the file: 'samu' is not known here (known: samus, companies, persons)"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentence"), BAD, ids=[new for _, new, _ in BAD])
def test_a_fault_is_told_with_its_line_and_its_entry(old: str, new: str, sentence: str) -> None:
    assert [told for told in faults(changed(AUDE, old, new)) if sentence in told]


def test_every_fault_is_told_at_once_in_the_order_of_the_file() -> None:
    text = changed(changed(AUDE, 'category = "C"', "colour = 1"), 'role = "SAMU"', 'role = "X"')
    assert [told.partition(",")[0] for told in faults(text)] == ["line 25", "line 25", "line 29"]


def test_what_is_no_text_and_no_toml_is_refused() -> None:
    assert "who.toml is not TOML, and nothing was written: " in faults("[[samus]")[0]
    assert "is not TOML" in faults("a = 1\na = 2")[0]
    assert "there is no entry in it" in faults("# nothing")[0]
    with pytest.raises(RefusedError, match="is not UTF-8 text"):
        read_directory("who.toml", "name = 'Vallée'".encode("latin-1"), Path())


def test_entries_may_be_written_in_a_line_and_are_named_all_the_same() -> None:
    text = 'companies = [{ name = "X", vehicles = [{ name = "Y" }] }]'
    assert faults(text) == ["vehicle 'Y' of company 'X': 'category' is missing"]


def test_the_template_can_be_loaded_as_it_is() -> None:
    template = read(TEMPLATE.read_text(encoding="utf-8"))
    assert [one.name for one in template.directory.samus] == ["SAMU 11"]
    assert len(template.directory.persons) == 5


def test_an_outline_lies_beside_the_file_and_departments_reach_as_far(tmp_path: Path) -> None:
    (tmp_path / "aude.geojson").write_bytes(OUTLINE.read_bytes())
    text = changed(AUDE, 'departments = ["11"]', 'outline = "aude.geojson"')
    outline = set(read(text, tmp_path).areas[0])
    assert outline == Area.from_geojson(OUTLINE.read_bytes()).cells
    departments = set(read(AUDE).areas[0])
    assert Area.from_geojson(OUTLINE.read_bytes(), margin_rings=1).cells <= departments
    assert len(outline - departments) <= 2, (
        "by its town halls it reaches as far, but for a corner of the margin"
    )
    assert len(departments) < 1.1 * len(outline)


def test_null_of_a_policy_is_written_none() -> None:
    text = changed(AUDE, "resurvey_s = 20", 'coverage_alarm_minutes = "none", arbitration_alarms_s = [30]')
    policy = read(text).directory.samus[0].policy
    assert policy is not None
    assert chosen_values(policy) == {"coverage_alarm_minutes": None, "arbitration_alarms_s": [30]}


@pytest.mark.parametrize(
    ("place", "part"),
    [
        ((43.2130, 2.3491), "métropole"),
        ((41.9192, 8.7386), "métropole"),  # Ajaccio
        ((51.0504, 2.3768), "métropole"),  # Dunkerque
        ((48.4524, -5.0975), "métropole"),  # Ouessant
        ((16.2411, -61.5331), "Guadeloupe"),
        ((18.0675, -63.0825), "Saint-Martin, Saint-Barthélemy"),
        ((14.6037, -61.0697), "Martinique"),
        ((4.9224, -52.3135), "Guyane"),
        ((-20.8789, 55.4481), "La Réunion"),
        ((-12.7806, 45.2279), "Mayotte"),
        ((46.7811, -56.1764), "Saint-Pierre-et-Miquelon"),
        ((-22.2558, 166.4505), "Nouvelle-Calédonie"),
        ((-17.5350, -149.5696), "Polynésie française"),
        ((-13.2825, -176.1736), "Wallis-et-Futuna"),
        ((50.8466, 4.3517), "métropole"),  # Brussels: boxes are rough
        ((51.5074, -0.1278), None),
        ((40.4168, -3.7038), None),
        ((0.0, 0.0), None),
    ],
)
def test_france_is_where_it_is(place: tuple[float, float], part: str | None) -> None:
    assert part_of(*place) == part


def test_no_part_of_france_lies_in_another_with_its_coordinates_exchanged() -> None:
    for box in PARTS.values():
        middle = (box.south + box.north) / 2, (box.west + box.east) / 2
        assert part_of(*reversed(middle)) is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1), inner, max_size=2),
    max_leaves=4,
)


def _places(value: object, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(each for key, one in items for each in _places(one, (*way, key)))][0 if way else 1 :]


@settings(max_examples=300, deadline=None, database=None)
@given(data=st.data())
def test_whatever_stands_in_a_file_is_understood_or_refused_in_sentences(data: st.DataObject) -> None:
    """Property: one place of a good file holds anything. Nothing but RefusedError comes of it, and it names entries."""
    raw = tomllib.loads(AUDE)
    *way, last = data.draw(st.sampled_from(_places(raw)))
    target: Any = raw
    for key in way:
        target = target[key]
    target[last] = data.draw(VALUES)
    text = "\n".join(f"{key} = {_value(value)}" for key, value in raw.items())
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # JSON has numbers that TOML has not
    try:
        read(text)
    except RefusedError as refused:
        told = str(refused)
    else:
        told = "understood"
    assert told == "understood" or "nothing was written" in told


def test_cells_of_an_export_are_read_again() -> None:
    cells = read(AUDE).areas[0]
    names = json.dumps([f"{cell:x}" for cell in cells])
    assert read(changed(AUDE, 'departments = ["11"]', f"cells = {names}")).areas[0] == cells
