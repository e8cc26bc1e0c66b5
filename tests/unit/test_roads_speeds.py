"""How fast roads are driven: the file of speeds, what it must hold, and the times that follow."""

import re
from collections.abc import Callable
from datetime import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.roads.graph import About, RoadGraph
from geo.roads.speeds import CLASSES, LIMITS, BadSpeedsError, Speeds
from geo.travel_time import Profile
from settings import Settings

FILE = Path(__file__).parents[2] / "data" / "speeds.toml"
RESIDENTIAL = CLASSES.index("residential")
SLOWER = (Profile.DAY, Profile.NIGHT)

Write = Callable[[str, str], Speeds]


@pytest.fixture(scope="module")
def speeds() -> Speeds:
    return Speeds.load(FILE)


@pytest.fixture
def change(tmp_path: Path) -> Write:
    """Load the file with the first match of a pattern replaced."""

    def load(pattern: str, instead: str) -> Speeds:
        text, changed = re.subn(pattern, instead, FILE.read_text(), count=1, flags=re.DOTALL)
        assert changed == 1
        (tmp_path / "other.toml").write_text(text)
        return Speeds.load(tmp_path / "other.toml")

    return load


def graph_of(length_cm: list[int], road: list[int], limit_kmh: list[int]) -> RoadGraph:
    """Arcs without a shape: only their times are asked for."""
    ends = np.arange(len(road), dtype=np.int32)
    return RoadGraph(
        about=About("arcs", "a test"),
        lat=np.zeros(len(road)),
        lon=np.zeros(len(road)),
        island=np.zeros(len(road), dtype=np.int32),
        tail=ends,
        head=ends,
        length_cm=np.array(length_cm, dtype=np.int32),
        road=np.array(road, dtype=np.uint8),
        limit_kmh=np.array(limit_kmh, dtype=np.uint8),
        order=ends,
    )


def every_arc() -> RoadGraph:
    """One arc of 100 m for each class and limit."""
    classes, limits = np.divmod(np.arange(len(CLASSES) * LIMITS), LIMITS)
    return graph_of([10_000] * len(classes), classes.tolist(), limits.tolist())


def test_the_settings_name_the_file_that_is_read_here() -> None:
    assert Settings().speeds_file == FILE


def test_nothing_is_slower_urgent_than_by_day_or_night(speeds: Speeds) -> None:
    graph = every_arc()
    urgent = speeds.milliseconds(graph, Profile.URGENT)
    for slower in SLOWER:
        assert np.all(urgent <= speeds.milliseconds(graph, slower))
        assert speeds.access_kmh(slower) <= speeds.access_kmh(Profile.URGENT)


@settings(max_examples=200, deadline=None)
@given(
    arcs=st.lists(
        st.tuples(st.integers(1, 2**31 - 1), st.integers(0, len(CLASSES) - 1), st.integers(0, LIMITS - 1)),
        min_size=1,
        max_size=20,
    )
)
def test_times_are_whole_at_least_one_and_never_faster_than_the_top_speed(
    arcs: list[tuple[int, int, int]],
) -> None:
    speeds = Speeds.load(FILE)
    length_cm, road, limit = (list(column) for column in zip(*arcs, strict=True))
    graph = graph_of(length_cm, road, limit)
    times = {profile: speeds.milliseconds(graph, profile) for profile in Profile}
    for profile, milliseconds in times.items():
        assert milliseconds.dtype == np.int32
        assert milliseconds.min() >= 1
        fits = milliseconds < np.iinfo(np.int32).max
        shortest = graph.length_cm * 36.0 / speeds.paces[profile].kmh().max()
        assert np.all(milliseconds[fits] >= shortest[fits] * (1 - 1e-12))
    assert np.all(times[Profile.URGENT] <= np.minimum(times[Profile.DAY], times[Profile.NIGHT]))
    ratio = speeds.slowest_ratio(graph)
    for slower in SLOWER:
        assert np.all(times[slower] <= ratio * times[Profile.URGENT] * (1 + 1e-12))


def test_the_speed_is_the_usual_one_or_a_share_of_the_limit_up_to_the_ceiling(speeds: Speeds) -> None:
    length = 1_000_000  # 10 km
    graph = graph_of([length] * 4, [RESIDENTIAL] * 4, [0, 30, 130, 1])
    # Unknown: 25 km/h. 0.9 times 30: 27 km/h. Never more than 40, never less than 5.
    assert speeds.milliseconds(graph, Profile.DAY).tolist() == [
        round(10 / 25 * 3600_000),
        -(-10 * 3600_000 // 27),
        round(10 / 40 * 3600_000),
        round(10 / 5 * 3600_000),
    ]


def test_a_longer_arc_takes_longer_and_a_centimetre_takes_a_millisecond(speeds: Speeds) -> None:
    graph = graph_of([1, 100, 101], [RESIDENTIAL] * 3, [0] * 3)
    milliseconds = speeds.milliseconds(graph, Profile.URGENT).tolist()
    assert milliseconds[0] == 1
    assert milliseconds[1] < milliseconds[2]


@pytest.mark.parametrize(
    ("clock", "profile"),
    [
        (time(20, 59, 59), Profile.DAY),
        (time(21), Profile.NIGHT),
        (time(0), Profile.NIGHT),
        (time(5, 59, 59), Profile.NIGHT),
        (time(6), Profile.DAY),
        (time(12), Profile.DAY),
    ],
)
def test_the_night_lasts_past_midnight(speeds: Speeds, clock: time, profile: Profile) -> None:
    assert speeds.profile_at(clock) is profile


def test_a_night_may_lie_within_one_day(change: Write) -> None:
    early = change("from = 21:00:00", "from = 01:00:00")
    assert [early.profile_at(time(hour)) for hour in (0, 1, 5, 6)] == [
        Profile.DAY,
        Profile.NIGHT,
        Profile.NIGHT,
        Profile.DAY,
    ]


def test_the_identity_follows_from_the_figures_alone(speeds: Speeds, change: Write) -> None:
    assert re.fullmatch("[0-9a-f]{8}", speeds.identity)
    assert change("^# [^\n]*", "# another comment").identity == speeds.identity
    assert change("access_max_m = 1000", "access_max_m = 1000.0").identity == speeds.identity
    others = {
        change("access_max_m = 1000", "access_max_m = 900").identity,
        change("until = 06:00:00", "until = 07:00:00").identity,
        change(r"residential = \[38, 60\]", "residential = [38, 61]").identity,
        change("limit_share = 1.2", "limit_share = 1.3").identity,
        change("access_kmh = 50", "access_kmh = 51").identity,
    }
    assert len(others - {speeds.identity}) == 5


@pytest.mark.parametrize(
    ("pattern", "instead", "sentence"),
    [
        (r"residential = \[38, 60\]", "residential = [24, 60]", "DAY is faster than URGENT on residential"),
        (r"pedestrian = \[10, 13\]", "pedestrian = [16, 17]", "NIGHT is faster than URGENT on pedestrian"),
        (r"(DAY.roads.*?)motorway = \[110, 120\]", r"\1motorway = [110, 151]", "DAY is faster than URGENT on motorway"),
        ("limit_share = 1.2", "limit_share = 0.92", "NIGHT takes a greater share of a posted limit than URGENT"),
        ("access_kmh = 50", "access_kmh = 19", "DAY is faster than URGENT between a place and its road"),
        (r"service = \[22, 40\]", "", "URGENT.roads says nothing of service"),
        (r"service = \[22, 40\]", "service = [40, 22]", "URGENT.roads.service must be two speeds"),
        (r"service = \[22, 40\]", "service = [0, 40]", "URGENT.roads.service must be two speeds"),
        (r"service = \[22, 40\]", "service = [nan, 40]", "URGENT.roads.service must be two speeds"),
        (r"service = \[22, 40\]", "service = [22, inf]", "URGENT.roads.service must be two speeds"),
        (r"service = \[22, 40\]", 'service = "fast"', "URGENT.roads.service must be two speeds"),
        (r"service = \[22, 40\]", "service = 22", "URGENT.roads.service must be two speeds"),
        (r"service = \[22, 40\]", "service = [22, 40]\nfootway = [5, 5]", "URGENT.roads has 'footway'"),
        (r"\[NIGHT.roads\]", "[NIGHT.streets]", "NIGHT has 'streets', which means nothing here"),
        (r"\[NIGHT\].*", "", "the file has no table [NIGHT]"),
        ("access_max_m = 1000", "", "the file needs access_max_m, a number"),
        ("access_max_m = 1000", "access_max_m = true", "the file needs access_max_m, a number"),
        ("access_max_m = 1000", "access_max_m = -1", "access_max_m of the file must be from 0 to 10000, not -1"),
        ("access_kmh = 50", "access_kmh = 0", "access_kmh of URGENT must be from 1 to 300, not 0"),
        ("limit_share = 1.2", "limit_share = inf", "URGENT needs limit_share, a number"),
        ("from = 21:00:00", 'from = "21:00"', "night needs 'from', a local time such as 21:00:00"),
        ("from = 21:00:00", "from = 06:00:00", "the night must not begin when it ends"),
        ("access_max_m = 1000", "speed = 3\naccess_max_m = 1000", "the file has 'speed', which means nothing here"),
        (r"\[night\]", "[night", "is not TOML"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_one_sentence(
    change: Write, pattern: str, instead: str, sentence: str
) -> None:
    with pytest.raises(BadSpeedsError) as refused:
        change(pattern, instead)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("other.toml")
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bytes.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadSpeedsError, match="is not TOML"):
        Speeds.load(file)
    with pytest.raises(FileNotFoundError):
        Speeds.load(tmp_path / "none.toml")
