"""What a position is worth, what a parked crew needs, and the two bounds of an arrival."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.eligibility import GuardDuty, SiteState, Terms, VehicleState, judge_site, judge_vehicle
from domain.fleet import Volume
from domain.freshness import freshness_of
from domain.mobilisation import Mobilisation, is_parked
from domain.policy import Policy
from domain.ranking import candidates
from domain.vocabulary import Freshness, VehicleVerdict
from tests.unit.stories import START, arriving, uid

POLICY = Policy()
PARIS = ZoneInfo("Europe/Paris")
READY = VehicleState(
    vehicle_id=uid("V"),
    company_id=uid("A"),
    site_id=uid("S"),
    volume=Volume.ASSU,
    available=True,
    engaged=False,
    on_guard=False,
    fix_at=START,
    distance_m=9_000.0,
    arrival=arriving(1100.0, 1500.0),
)
TERMS = Terms(Volume.ASSU, 20, START, POLICY)


def worth(age_s: float, speed: float | None, seen_s: float | None) -> Freshness:
    """Of a fix so old, of a vehicle that fast, whose device was heard of so long ago."""
    seen_at = None if seen_s is None else START - timedelta(seconds=seen_s)
    return freshness_of(START - timedelta(seconds=age_s), speed, seen_at, START, POLICY)


@pytest.mark.parametrize(
    ("age_s", "speed", "seen_s", "expected"),
    [
        (120, 90.0, None, Freshness.FRESH),
        (121, 90.0, None, Freshness.SILENT),
        (121, 90.0, 1, Freshness.SILENT),
        (121, 4.9, None, Freshness.RESTING),
        (900, None, None, Freshness.RESTING),
        (901, None, None, Freshness.SILENT),
        (901, 0.0, 300, Freshness.RESTING),
        (901, 0.0, 301, Freshness.SILENT),
        (-60, 90.0, None, Freshness.FRESH),
        (901, 0.0, -60, Freshness.RESTING),
    ],
)
def test_rule_006_a_fix_is_fresh_resting_or_silent(
    age_s: float, speed: float | None, seen_s: float | None, expected: Freshness
) -> None:
    assert worth(age_s, speed, seen_s) is expected


@given(age_s=st.floats(0, 40 * 86_400), seen_s=st.floats(0, 300))
def test_rule_095_a_standing_ambulance_with_a_living_device_never_looks_dead(
    age_s: float, seen_s: float
) -> None:
    assert worth(age_s, 0.0, seen_s) is not Freshness.SILENT
    state = READY._replace(
        fix_at=START - timedelta(seconds=age_s),
        speed_kmh=0.0,
        device_seen_at=START - timedelta(seconds=seen_s),
    )
    for each in (state, state._replace(on_guard=True, guard=GuardDuty(reach=0))):
        judged = judge_vehicle(each, TERMS)
        assert (judged.verdict, judged.to_confirm) == (VehicleVerdict.SOLICITED, False)


@given(
    age_s=st.floats(0, 40 * 86_400), speed=st.none() | st.floats(0, 130), seen_s=st.none() | st.floats(0, 1e6)
)
def test_rule_095_who_is_silent_is_asked_to_confirm_until_it_is_lost(
    age_s: float, speed: float | None, seen_s: float | None
) -> None:
    seen_at = None if seen_s is None else START - timedelta(seconds=seen_s)
    fix_at = START - timedelta(seconds=age_s)
    judged = judge_vehicle(READY._replace(fix_at=fix_at, speed_kmh=speed, device_seen_at=seen_at), TERMS)
    silent = worth(age_s, speed, seen_s) is Freshness.SILENT
    lost = START - fix_at > timedelta(seconds=POLICY.position_lost_s)
    assert judged.to_confirm is silent
    assert (judged.verdict is VehicleVerdict.POSITION_TOO_OLD) is (silent and lost)


def test_rule_006_inclusion_is_by_the_earliest_arrival_and_the_promise_is_the_latest() -> None:
    judged = judge_vehicle(READY, TERMS)
    assert judged.verdict is VehicleVerdict.SOLICITED
    assert (judged.earliest_minutes, judged.eta_minutes) == (19, 25)
    [candidate] = candidates([judged])
    assert (candidate.earliest_minutes, candidate.eta_minutes) == (19, 25)
    late = judge_vehicle(READY._replace(arrival=arriving(1200.1, 1500.0)), TERMS)
    assert late.verdict is VehicleVerdict.TOO_FAR


def test_rule_008_a_site_too_is_asked_by_its_earliest_arrival() -> None:
    site = SiteState(
        site_id=uid("S"),
        company_id=uid("A"),
        available=True,
        free_volumes=frozenset({Volume.ASSU}),
        distance_m=1.0,
        arrival=arriving(1200.0, 1800.0),
    )
    judged = judge_site(site, TERMS)
    assert (judged.verdict, judged.earliest_minutes, judged.eta_minutes) == (VehicleVerdict.SOLICITED, 20, 30)


def test_an_estimate_where_roads_are_known_is_to_confirm() -> None:
    guess = arriving(600.0)._replace(estimated=True)
    assert judge_vehicle(READY._replace(arrival=guess), TERMS).to_confirm


def test_who_is_on_no_road_to_the_place_is_said_to_be_cut_off_and_not_far() -> None:
    judged = judge_vehicle(READY._replace(arrival=None, cut_off=True), TERMS)
    assert judged.obstacles == (VehicleVerdict.NO_WAY,)


def test_every_obstacle_is_kept_and_the_first_is_the_verdict() -> None:
    state = READY._replace(volume=Volume.AMBULANCE, engaged=True, available=False, arrival=arriving(1300.0))
    judged = judge_vehicle(state, TERMS)
    assert judged.obstacles == (
        VehicleVerdict.TOO_SMALL,
        VehicleVerdict.ENGAGED,
        VehicleVerdict.NOT_AVAILABLE,
        VehicleVerdict.TOO_FAR,
    )
    assert judged.verdict is VehicleVerdict.TOO_SMALL


def test_a_parked_crew_needs_its_time_by_the_hour_that_the_clocks_of_the_samu_show() -> None:
    by_hour = [360 if hour < 7 or hour >= 20 else 120 for hour in range(24)]
    crew = Mobilisation(90, by_hour)
    assert crew.at(datetime(2026, 7, 1, 4, 59, tzinfo=UTC), PARIS) == 360  # 06:59 in summer
    assert crew.at(datetime(2026, 7, 1, 5, 0, tzinfo=UTC), PARIS) == 120
    assert crew.at(datetime(2026, 12, 1, 5, 59, tzinfo=UTC), PARIS) == 360  # 06:59 in winter
    assert Mobilisation(90).at(START, PARIS) == 90
    assert Mobilisation(90, [1, 2, 3]).at(START, PARIS) == 90


@pytest.mark.parametrize(
    ("metres", "speed", "parked"),
    [(0.0, None, True), (150.0, 0.0, True), (150.1, 0.0, False), (10.0, 30.0, False), (None, 0.0, False)],
)
def test_only_who_stands_at_its_site_is_parked(
    metres: float | None, speed: float | None, parked: bool
) -> None:
    assert is_parked(metres, speed, POLICY) is parked


def test_rule_012_a_guard_vehicle_without_a_known_time_stands_behind_all_others() -> None:
    policy = Policy(guard_beyond_delay=True)
    terms = Terms(Volume.ASSU, 20, START, policy)
    nowhere = READY._replace(vehicle_id=uid("N"), on_guard=True, guard=GuardDuty(reach=0), arrival=None)
    near = READY._replace(vehicle_id=uid("W"), on_guard=True, guard=GuardDuty(reach=0))
    order = candidates([judge_vehicle(each, terms) for each in (nowhere, near)])
    assert [each.vehicle_id for each in order] == [uid("W"), uid("N")]


def test_a_list_of_hours_with_a_figure_that_cannot_be_does_no_harm() -> None:
    for bad in (None, -1, 3601):
        assert Mobilisation(90, [bad] * 24).at(START, PARIS) == 90
