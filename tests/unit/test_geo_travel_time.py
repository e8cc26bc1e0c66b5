"""Travel times: nobody who could arrive in time is left out, and no promise is shorter than the time."""

from datetime import time
from fractions import Fraction
from math import asin, atan2, cos, degrees, inf, nan, nextafter, pi, radians, sin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.fleet import Point
from geo.cells import COVER_RESOLUTION, EARTH_RADIUS_M, LatLon, cell_of, great_circle_m
from geo.straight import StraightTravel
from geo.travel_time import Located, Measure, Origin, Profile, Travel, Way, minutes_up


def engine_of(speed: float, faster: float | None, detour: float) -> StraightTravel:
    return StraightTravel(speed, detour, None if faster is None else speed * faster)


engines = st.builds(engine_of, st.floats(5, 130), st.none() | st.floats(1, 2), st.floats(1, 3))
points = st.builds(LatLon, st.floats(-90, 90), st.floats(-180, 180))
times = st.floats(0, 480 * 60)


def way(engine: Travel, origin: Located, place: Located, within_s: float = 7200.0) -> Way:
    [found] = engine.approach(place, within_s, Profile.DAY).ways([Origin(origin.lat, origin.lon)])
    return found


def towards(place: LatLon, distance_m: float, bearing: float) -> LatLon:
    """Return the point at a great-circle distance and bearing (radians) from a place."""
    angle, phi = distance_m / EARTH_RADIUS_M, radians(place.lat)
    sine = sin(phi) * cos(angle) + cos(phi) * sin(angle) * cos(bearing)
    east = atan2(sin(bearing) * sin(angle) * cos(phi), cos(angle) - sin(phi) * sine)
    lon = (degrees(radians(place.lon) + east) + 540) % 360 - 180
    return LatLon(degrees(asin(max(-1.0, min(1.0, sine)))), lon)


@settings(max_examples=400, deadline=None)
@given(
    engine=engines,
    place=points,
    share=st.floats(0, 1.01),
    bearing=st.floats(0, 2 * pi),
    delay=st.integers(5, 120),
)
def test_rule_006_no_reachable_vehicle_is_outside_the_cells(
    engine: StraightTravel, place: LatLon, share: float, bearing: float, delay: int
) -> None:
    vehicle = towards(place, engine.reach_m(delay * 60) * share, bearing)
    if way(engine, vehicle, place).earliest_s <= delay * 60:
        approach = engine.approach(place, delay * 60, Profile.NIGHT)
        assert cell_of(*vehicle, COVER_RESOLUTION) in approach.cells
    else:
        assert share > 0.99


@settings(deadline=None)
@given(engine=engines, place=points, distance=st.floats(0, 150_000), bearing=st.floats(0, 2 * pi))
def test_rule_006_a_vehicle_exactly_at_the_limit_is_within_reach(
    engine: StraightTravel, place: LatLon, distance: float, bearing: float
) -> None:
    vehicle = towards(place, distance, bearing)
    limit = way(engine, vehicle, place).earliest_s
    assert great_circle_m(*vehicle, *place) <= engine.reach_m(limit)
    assert cell_of(*vehicle, COVER_RESOLUTION) in engine.approach(place, limit, Profile.DAY).cells


@settings(deadline=None)
@given(engine=engines, one=points, other=points, third=points)
def test_farther_is_never_sooner(engine: StraightTravel, one: LatLon, other: LatLon, third: LatLon) -> None:
    to_other, to_third = way(engine, other, one), way(engine, third, one)
    if great_circle_m(*one, *other) <= great_circle_m(*one, *third):
        assert to_other.earliest_s <= to_third.earliest_s
        assert to_other.latest_s <= to_third.latest_s


@settings(deadline=None)
@given(engine=engines, one=points, other=points)
def test_there_and_back_take_the_same_time_and_the_earliest_is_never_the_later(
    engine: StraightTravel, one: LatLon, other: LatLon
) -> None:
    there = way(engine, other, one)
    assert there == way(engine, one, other)
    assert there.earliest_s <= there.latest_s
    assert way(engine, one, one) == Way(0.0, 0.0, Measure.STRAIGHT)


@settings(deadline=None)
@given(engine=engines, both=st.tuples(times, times))
def test_more_time_reaches_at_least_as_far(engine: StraightTravel, both: tuple[float, float]) -> None:
    sooner, later = sorted(both)
    assert engine.reach_m(sooner) <= engine.reach_m(later)


NARBONNE, LIMOUX = Point(lat=43.1843, lon=3.0036), LatLon(43.0544, 2.2176)
CARCASSONNE = LatLon(43.213, 2.3517)


def test_one_search_answers_for_all_origins_in_their_order() -> None:
    approach = StraightTravel(70, 1.35, 90).approach(CARCASSONNE, 3600, Profile.DAY)
    origins = [Origin(one.lat, one.lon) for one in (NARBONNE, LIMOUX)]
    together = approach.ways(origins)
    assert together == [approach.ways([one])[0] for one in origins]
    assert [minutes_up(one.latest_s) for one in together] == [62, 24]
    assert [minutes_up(one.earliest_s) for one in together] == [48, 19]
    assert approach.ways([]) == []
    assert approach.gap is None


@settings(deadline=None)
@given(
    engine=engines,
    starts=st.lists(st.tuples(points, st.floats(0, 600)), max_size=5),
    places=st.lists(points, max_size=5),
)
def test_the_nearest_of_many_is_the_least_of_their_own_times(
    engine: StraightTravel, starts: list[tuple[LatLon, float]], places: list[LatLon]
) -> None:
    origins = [Origin(*one) for one, _ in starts]
    found = engine.nearest(origins, [lead for _, lead in starts], engine.prepare(places))
    assert found == [
        min((lead + way(engine, start, place).earliest_s for start, lead in starts), default=inf)
        for place in places
    ]


def test_without_roads_there_is_nothing_to_snap_to_and_no_night() -> None:
    engine: Travel = StraightTravel(70, 1.35)
    assert (engine.graph_id, engine.snap([NARBONNE, LIMOUX])) == (None, [None, None])
    assert engine.profile_at(time(3, 0)) is Profile.DAY


def test_the_identity_tells_two_engines_apart() -> None:
    assert StraightTravel(70, 1.35).identity == "straight speed=70 detour=1.35"
    assert StraightTravel(70, 1.35, 90).identity == "straight speed=70 fastest=90 detour=1.35"
    assert StraightTravel(nextafter(70, 71), 1.35).identity != StraightTravel(70, 1.35).identity


@settings(deadline=None)
@given(
    seconds=st.one_of(times, st.integers(0, 480).map(lambda m: nextafter(m * 60.0, inf)), st.floats(0, 1e9))
)
def test_announced_minutes_are_never_less_than_the_time(seconds: float) -> None:
    minutes = minutes_up(seconds)
    assert Fraction(minutes) * 60 >= Fraction(seconds)
    assert Fraction(minutes - 1) * 60 < Fraction(seconds)


@settings(deadline=None)
@given(seconds=times, delay=st.integers(5, 480))
def test_announced_minutes_keep_the_delay_exactly_when_the_time_does(seconds: float, delay: int) -> None:
    assert (minutes_up(seconds) <= delay) == (seconds <= delay * 60)


@pytest.mark.parametrize("seconds", [-1.0, inf, nan])
def test_no_minutes_are_promised_for_a_time_that_is_none(seconds: float) -> None:
    with pytest.raises(ValueError, match="promised"):
        minutes_up(seconds)
    with pytest.raises(ValueError, match="travel time"):
        StraightTravel(70, 1.35).reach_m(seconds)


@pytest.mark.parametrize(
    ("speed", "detour"), [(0, 1.3), (-5, 1.3), (nan, 1.3), (inf, 1.3), (70, 0.99), (70, nan)]
)
def test_figures_that_no_vehicle_has_are_refused(speed: float, detour: float) -> None:
    with pytest.raises(ValueError, match="number"):
        StraightTravel(speed, detour)


@pytest.mark.parametrize("fastest", [69.9, nan, inf, 0])
def test_the_fastest_speed_is_not_below_the_other(fastest: float) -> None:
    with pytest.raises(ValueError, match="fastest"):
        StraightTravel(70, 1.35, fastest)


@pytest.mark.parametrize("place", [LatLon(91, 0), LatLon(0, 181), LatLon(nan, 0)])
def test_a_place_that_is_not_on_earth_is_refused(place: LatLon) -> None:
    with pytest.raises(ValueError, match="not a place"):
        StraightTravel(70, 1.35).approach(place, 60, Profile.DAY)
