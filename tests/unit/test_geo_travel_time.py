"""Travel times: nobody who could arrive in time is left out, and no promise is shorter than the time."""

from fractions import Fraction
from math import asin, atan2, cos, degrees, inf, nan, nextafter, pi, radians, sin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.fleet import Point
from geo.cells import COVER_RESOLUTION, EARTH_RADIUS_M, LatLon, cell_of, cover, great_circle_m
from geo.travel_time import StraightTravel, TravelTime, minutes_up

engines = st.builds(StraightTravel, speed_kmh=st.floats(5, 130), detour=st.floats(1, 3))
points = st.builds(LatLon, st.floats(-90, 90), st.floats(-180, 180))
times = st.floats(0, 480 * 60)


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
    [seconds] = engine.seconds_to(place, [vehicle])
    if seconds <= delay * 60:
        assert cell_of(*vehicle, COVER_RESOLUTION) in cover(*place, engine.reach_m(delay * 60))
    else:
        assert share > 0.99


@settings(deadline=None)
@given(engine=engines, place=points, distance=st.floats(0, 150_000), bearing=st.floats(0, 2 * pi))
def test_rule_006_a_vehicle_exactly_at_the_limit_is_within_reach(
    engine: StraightTravel, place: LatLon, distance: float, bearing: float
) -> None:
    vehicle = towards(place, distance, bearing)
    [seconds] = engine.seconds_to(place, [vehicle])
    assert great_circle_m(*vehicle, *place) <= engine.reach_m(seconds)
    assert cell_of(*vehicle, COVER_RESOLUTION) in cover(*place, engine.reach_m(seconds))


@settings(deadline=None)
@given(engine=engines, one=points, other=points, third=points)
def test_farther_is_never_sooner(engine: StraightTravel, one: LatLon, other: LatLon, third: LatLon) -> None:
    to_other, to_third = engine.seconds_to(one, [other, third])
    if great_circle_m(*one, *other) <= great_circle_m(*one, *third):
        assert to_other <= to_third


@settings(deadline=None)
@given(engine=engines, one=points, other=points)
def test_there_and_back_take_the_same_time(engine: StraightTravel, one: LatLon, other: LatLon) -> None:
    assert engine.seconds_to(one, [other]) == engine.seconds_to(other, [one])
    assert engine.seconds_to(one, [one]) == [0.0]


@settings(deadline=None)
@given(engine=engines, both=st.tuples(times, times))
def test_more_time_reaches_at_least_as_far(engine: StraightTravel, both: tuple[float, float]) -> None:
    sooner, later = sorted(both)
    assert engine.reach_m(sooner) <= engine.reach_m(later)


def test_one_call_answers_for_all_origins_in_their_order() -> None:
    engine: TravelTime = StraightTravel(70, 1.35)
    narbonne, limoux = Point(lat=43.1843, lon=3.0036), LatLon(43.0544, 2.2176)
    carcassonne = LatLon(43.213, 2.3517)
    together = engine.seconds_to(carcassonne, [narbonne, limoux])
    assert together == [engine.seconds_to(carcassonne, [one])[0] for one in (narbonne, limoux)]
    assert [minutes_up(seconds) for seconds in together] == [62, 24]
    assert engine.seconds_to(carcassonne, []) == []


def test_the_identity_tells_two_engines_apart() -> None:
    assert StraightTravel(70, 1.35).identity == "straight speed=70 detour=1.35"
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
