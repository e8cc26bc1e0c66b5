"""Routes from Valhalla: real answers are read right, and whatever a server does, nobody waits long or gets nonsense."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from geo.cells import LatLon, great_circle_m
from geo.routes import DrawnRoute, RouteSource
from geo.valhalla import FAILURES, MOST_BYTES, PAUSE_S, Valhalla, decode_line, open_client, read_route
from tests.fixtures.valhalla import (
    ANSWERS,
    Behaviour,
    FakeValhalla,
    answer,
    drip,
    echo,
    encode_line,
    flood,
    hang,
    replay,
    serving_valhalla,
)

LA_VELLA = LatLon(42.5075, 1.5218)
ESCALDES = LatLon(42.5103, 1.5390)
REAL = ("town", "valley", "pass", "nowhere_to_go")
PATIENT_S = 20.0
HASTY_S = 0.15


class Clock:
    """Seconds that a test puts ahead."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def fake() -> AsyncIterator[FakeValhalla]:
    async with serving_valhalla(replay("town")) as server:
        yield server


async def route_from(fake: FakeValhalla, within_s: float = PATIENT_S) -> DrawnRoute | None:
    async with open_client() as client:
        return await Valhalla(client, fake.url, within_s=within_s).route(LA_VELLA, ESCALDES)


# -- reading -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REAL)
def test_a_real_answer_is_read_as_its_own_summary_says(name: str) -> None:
    """The box around the line and its length are told beside the line: two witnesses of the decoding."""
    content = (ANSWERS / f"{name}.json").read_bytes()
    told, route = json.loads(content)["trip"]["summary"], read_route(content)
    lats, lons = [each.lat for each in route.points], [each.lon for each in route.points]
    box = {"min_lat": min(lats), "max_lat": max(lats), "min_lon": min(lons), "max_lon": max(lons)}
    assert box == pytest.approx({side: told[side] for side in box}, abs=1.01e-6)
    drawn_m = sum(great_circle_m(*a, *b) for a, b in pairwise(route.points))
    assert drawn_m == pytest.approx(told["length"] * 1000, rel=0.01, abs=5)
    assert (route.metres, route.seconds) == (told["length"] * 1000, told["time"])
    assert route.source is RouteSource.VALHALLA


@pytest.mark.parametrize("name", REAL)
def test_maneuvers_lead_along_the_whole_line(name: str) -> None:
    route = read_route((ANSWERS / f"{name}.json").read_bytes())
    begins = [each.at for each in route.maneuvers]
    assert begins == sorted(begins)
    assert (begins[0], begins[-1]) == (0, len(route.points) - 1)
    assert sum(each.metres for each in route.maneuvers) == pytest.approx(route.metres, abs=60)
    assert all(each.instruction.endswith(".") for each in route.maneuvers)
    for one, next_ in pairwise(route.maneuvers):
        led_m = sum(great_circle_m(*a, *b) for a, b in pairwise(route.points[one.at : next_.at + 1]))
        assert led_m == pytest.approx(one.metres, rel=0.02, abs=10)


def test_sentences_are_french_and_streets_are_named() -> None:
    first = read_route((ANSWERS / "town.json").read_bytes()).maneuvers[0]
    assert first.instruction == "Conduisez vers l'est sur Avinguda del Princep Benlloch."
    assert first.street == "Avinguda del Princep Benlloch"
    assert read_route((ANSWERS / "pass.json").read_bytes()).maneuvers[0].street is None


def test_the_published_example_of_an_encoded_line() -> None:
    """Its format's description has five decimals, ours six."""
    decoded = list(decode_line("_p~iF~ps|U_ulLnnqC_mqNvxq`@"))
    assert decoded == [(3.85, -12.02), (4.07, -12.095), (4.3252, -12.6453)]


micro = st.integers
places = st.tuples(micro(-90_000_000, 90_000_000), micro(-180_000_000, 180_000_000))


@given(st.lists(places.map(lambda at: (at[0] / 1e6, at[1] / 1e6))))
def test_any_line_comes_back_to_the_last_decimal(points: list[tuple[float, float]]) -> None:
    assert list(decode_line(encode_line(points))) == points


@given(st.text(st.characters(min_codepoint=40, max_codepoint=140)))
def test_any_other_text_is_refused_or_is_a_line_on_earth(text: str) -> None:
    try:
        points = list(decode_line(text))
    except ValueError:
        return
    assert all(abs(lat) <= 90 and abs(lon) <= 180 for lat, lon in points)


@pytest.mark.parametrize(
    "shape",
    [
        encode_line([(1.5, 2.5)])[:-1],
        encode_line([(1.5, 2.5)]) + "_",
        encode_line([(1.5, 2.5), (1.6, 2.6)]) + "?",
        encode_line([(91.0, 2.5), (1.6, 2.6)]),
        "~" * 400 + "??",
        "a b",
        "é" * 4,
    ],
    ids=["cut", "cut in a latitude", "odd", "off the earth", "endless number", "blank", "not ASCII"],
)
def test_a_damaged_line_is_refused(shape: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        list(decode_line(shape))


def _town(**changes: object) -> bytes:
    """The real answer with changes: ``leg__shape`` is the leg's shape."""
    told = json.loads((ANSWERS / "town.json").read_bytes())
    trip = told["trip"]
    at = {
        "trip": trip,
        "summary": trip["summary"],
        "leg": trip["legs"][0],
        "step": trip["legs"][0]["maneuvers"][3],
    }
    for path, value in changes.items():
        part, _, name = path.partition("__")
        at[part][name] = value
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"trip__units": "miles"},
        {"trip__legs": []},
        {"trip__legs": None},
        {"summary__time": -1},
        {"summary__length": float("nan")},
        {"summary__length": "far"},
        {"leg__shape": ""},
        {"leg__shape": encode_line([(42.5, 1.5)])},
        {"leg__shape": encode_line([(42.5, 1.5), (42.6, 1.6)])},
        {"leg__shape": "?" * 1_000_000},
        {"step__begin_shape_index": -1},
        {"step__begin_shape_index": 162},
        {"step__instruction": None},
    ],
    ids=str,
)
def test_an_answer_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    assert read_route(_town()).points
    with pytest.raises(ValueError, match=r"\w"):
        read_route(_town(**changes))


# -- asking ------------------------------------------------------------------------------------------------------------


async def test_coordinates_are_all_that_is_sent_and_none_in_the_address(fake: FakeValhalla) -> None:
    route = await route_from(fake)
    assert route is not None
    assert len(route.points) == 162
    assert fake.paths[0] == "POST /route HTTP/1.1\r\n"
    assert fake.asked == [
        {
            "locations": [{"lat": 42.5075, "lon": 1.5218}, {"lat": 42.5103, "lon": 1.539}],
            "costing": "auto",
            "units": "kilometers",
            "language": "fr-FR",
            "directions_type": "instructions",
        }
    ]


@pytest.mark.parametrize(
    "address", ["", "valhalla:8002", "ftp://valhalla", "http://", "http://[::1", "/route"]
)
async def test_an_address_that_is_none_is_refused_at_once(address: str) -> None:
    async with open_client() as client:
        with pytest.raises(ValueError, match="address of Valhalla"):
            Valhalla(client, address, within_s=1)


async def test_a_server_may_stand_behind_a_path(fake: FakeValhalla) -> None:
    async with open_client() as client:
        assert await Valhalla(client, f"{fake.url}/maps/", within_s=PATIENT_S).route(LA_VELLA, ESCALDES)
    assert fake.paths[0].startswith("POST /maps/route ")


@pytest.mark.parametrize(
    "behaviour",
    [
        answer(b"", "500 Internal Server Error"),
        answer(b"{}", "503 Service Unavailable"),
        answer(b"", "404 Not Found"),
        answer(b"<html>lost</html>"),
        answer(b'{"trip": {}}'),
        answer(b"[" * 100_000),
        answer(b"\xff\xfe"),
        answer(b"no JSON", "400 Bad Request"),
        answer(b'{"trip": {"units', length=5000),
        answer((ANSWERS / "town.json").read_bytes() + b" " * MOST_BYTES),
        flood,
    ],
    ids=[
        "500",
        "503",
        "404",
        "garbage",
        "another JSON",
        "deep JSON",
        "no text",
        "odd 400",
        "closed early",
        "right but long",
        "20 MB",
    ],
)
async def test_whatever_it_answers_there_is_no_route_and_no_error(
    fake: FakeValhalla, behaviour: Behaviour
) -> None:
    fake.behaviour = behaviour
    with capture_logs() as lines:
        assert await route_from(fake) is None
    assert [line["event"] for line in lines] == ["no route from valhalla"]
    assert "42.5" not in str(lines)
    assert "1.5" not in str(lines)


@pytest.mark.parametrize("behaviour", [hang, drip], ids=["silent", "drop by drop"])
async def test_the_whole_exchange_has_one_time_limit(fake: FakeValhalla, behaviour: Behaviour) -> None:
    fake.behaviour = behaviour
    async with asyncio.timeout(PATIENT_S):
        assert await route_from(fake, HASTY_S) is None


async def test_nobody_there_is_no_route() -> None:
    async with serving_valhalla(hang) as gone:
        pass
    assert await route_from(gone) is None


async def test_it_is_not_led_elsewhere(fake: FakeValhalla) -> None:
    async with serving_valhalla(replay("town")) as elsewhere:
        fake.behaviour = answer(b"", "307 Temporary Redirect", f"Location: {elsewhere.url}/route")
        assert await route_from(fake) is None
        assert elsewhere.asked == []


async def test_a_route_to_another_place_is_none(fake: FakeValhalla) -> None:
    """The real server takes a place in the sea to the nearest coast, as far as 35 km away."""
    async with open_client() as client:
        valhalla = Valhalla(client, fake.url, within_s=PATIENT_S)
        assert await valhalla.route(LA_VELLA, ESCALDES)
        assert await valhalla.route(LA_VELLA, LatLon(42.55, 1.539)) is None
        assert await valhalla.route(LatLon(42.55, 1.5218), ESCALDES) is None


# -- leaving it alone --------------------------------------------------------------------------------------------------


async def test_a_server_that_fails_is_left_alone_and_then_tried_by_one(fake: FakeValhalla) -> None:
    clock = Clock()
    async with open_client() as client:
        valhalla = Valhalla(client, fake.url, within_s=PATIENT_S, clock=clock)

        async def ask() -> bool:
            return await valhalla.route(LA_VELLA, ESCALDES) is not None

        fake.behaviour = answer(b"", "500 Internal Server Error")
        assert [await ask() for _ in range(FAILURES + 4)] == [False] * (FAILURES + 4)
        assert len(fake.asked) == FAILURES
        clock.now += PAUSE_S - 0.001
        await ask()
        assert len(fake.asked) == FAILURES
        clock.now += 0.001
        await asyncio.gather(*(ask() for _ in range(5)))
        assert len(fake.asked) == FAILURES + 1
        clock.now += PAUSE_S
        fake.behaviour = replay("town")
        assert [await ask() for _ in range(3)] == [True] * 3
        assert len(fake.asked) == FAILURES + 4


async def test_failures_count_in_a_row_only(fake: FakeValhalla) -> None:
    async with open_client() as client:
        valhalla = Valhalla(client, fake.url, within_s=PATIENT_S)
        for _ in range(3):
            fake.behaviour = answer(b"", "500 Internal Server Error")
            for _ in range(FAILURES - 1):
                assert await valhalla.route(LA_VELLA, ESCALDES) is None
            fake.behaviour = replay("town")
            assert await valhalla.route(LA_VELLA, ESCALDES)


async def test_no_way_is_an_answer_not_a_failure(fake: FakeValhalla) -> None:
    fake.behaviour = replay("no_road")
    async with open_client() as client:
        valhalla = Valhalla(client, fake.url, within_s=PATIENT_S)
        with capture_logs() as lines:
            for _ in range(FAILURES + 2):
                assert await valhalla.route(LA_VELLA, ESCALDES) is None
        assert len(fake.asked) == FAILURES + 2
        assert lines == []


async def test_many_at_once_share_a_few_connections(fake: FakeValhalla) -> None:
    fake.behaviour = echo
    async with open_client() as client:
        valhalla = Valhalla(client, fake.url, within_s=PATIENT_S)
        found = await asyncio.gather(*(valhalla.route(LA_VELLA, ESCALDES) for _ in range(40)))
    assert all(route is not None and len(route.points) == 3 for route in found)
