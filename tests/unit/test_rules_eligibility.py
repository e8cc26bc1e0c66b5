"""Who could be there in time: the verdict on each vehicle and site, and the order of those who could."""

from datetime import timedelta

import pytest

from domain.eligibility import Judgement, SiteState, Terms, VehicleState, judge_site, judge_vehicle
from domain.fleet import Volume
from domain.policy import Policy
from domain.ranking import candidates
from domain.vocabulary import VehicleVerdict
from tests.unit.stories import START, arriving, uid

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
    arrival=arriving(601.0),
)
SITE = SiteState(
    site_id=uid("S"),
    company_id=uid("A"),
    available=True,
    free_volumes=frozenset({Volume.AMBULANCE}),
    distance_m=9_000.0,
    arrival=arriving(900.0),
)


def judged(state: VehicleState, demanded: Volume = Volume.AMBULANCE, delay: int = 20) -> Judgement:
    return judge_vehicle(state, Terms(demanded, delay, START, Policy()))


def test_rule_006_available_located_and_within_the_delay_is_solicited() -> None:
    verdict = judged(READY)
    assert verdict.verdict is VehicleVerdict.SOLICITED
    assert verdict.eta_minutes == 11


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"available": False}, VehicleVerdict.NOT_AVAILABLE),
        ({"engaged": True}, VehicleVerdict.ENGAGED),
        ({"fix_at": None}, VehicleVerdict.NO_POSITION),
        ({"fix_at": START - timedelta(hours=7)}, VehicleVerdict.POSITION_TOO_OLD),
        ({"arrival": arriving(1200.1)}, VehicleVerdict.TOO_FAR),
        ({"arrival": None}, VehicleVerdict.TOO_FAR),
        ({"arrival": arriving(1200.0)}, VehicleVerdict.SOLICITED),
    ],
)
def test_rule_006_everybody_else_has_one_reason_of_a_closed_list(
    change: dict[str, object], verdict: VehicleVerdict
) -> None:
    assert judged(READY._replace(**change)).verdict is verdict  # type: ignore[arg-type]  # parametrized fields


def test_rule_005_guard_is_a_regime_of_the_vehicle_not_of_its_company() -> None:
    on_guard = judged(READY._replace(on_guard=True))
    other_vehicle_of_the_company = judged(READY._replace(vehicle_id=uid("W")))
    assert on_guard.verdict is VehicleVerdict.ON_GUARD
    assert other_vehicle_of_the_company.verdict is VehicleVerdict.SOLICITED


def test_rule_004_too_small_is_said_before_anything_else_but_guard() -> None:
    small = READY._replace(volume=Volume.AMBULANCE, available=False, engaged=True)
    assert judged(small, Volume.ASSU).verdict is VehicleVerdict.TOO_SMALL


@pytest.mark.parametrize(
    ("age_s", "speed", "to_confirm"),
    [(120, 60.0, False), (121, 60.0, True), (900, 0.0, False), (901, None, True)],
)
def test_rule_095_a_stale_position_is_solicited_to_confirm(
    age_s: int, speed: float | None, to_confirm: bool
) -> None:
    state = READY._replace(fix_at=START - timedelta(seconds=age_s), speed_kmh=speed)
    verdict = judged(state)
    assert (verdict.verdict, verdict.to_confirm) == (VehicleVerdict.SOLICITED, to_confirm)


@pytest.mark.parametrize(
    ("change", "demanded", "verdict"),
    [
        ({}, Volume.AMBULANCE, VehicleVerdict.SOLICITED),
        ({}, Volume.ASSU, VehicleVerdict.NO_SUITABLE_VEHICLE),
        ({"available": False}, Volume.AMBULANCE, VehicleVerdict.NOT_AVAILABLE),
        ({"arrival": None}, Volume.AMBULANCE, VehicleVerdict.TOO_FAR),
        ({"free_volumes": frozenset()}, Volume.AMBULANCE, VehicleVerdict.NO_SUITABLE_VEHICLE),
    ],
)
def test_rule_008_a_site_is_solicited_when_ticked_near_and_able(
    change: dict[str, object], demanded: Volume, verdict: VehicleVerdict
) -> None:
    state = SITE._replace(**change)  # type: ignore[arg-type]  # parametrized fields
    assert judge_site(state, Terms(demanded, 20, START, Policy())).verdict is verdict


def test_rule_089_nearest_then_exact_volume_then_the_company_that_waits_longest() -> None:
    recently, long_ago = START - timedelta(hours=1), START - timedelta(days=1)
    far = READY._replace(vehicle_id=uid("far"), arrival=arriving(1100.0))
    larger = READY._replace(vehicle_id=uid("larger"))
    exact = READY._replace(volume=Volume.AMBULANCE)
    busy = exact._replace(vehicle_id=uid("busy"), last_mission_at=recently)
    rested = exact._replace(vehicle_id=uid("rested"), last_mission_at=long_ago)
    never = exact._replace(vehicle_id=uid("never"))
    order = candidates([judged(each) for each in (far, larger, busy, rested, never)])
    assert [c.vehicle_id for c in order] == [
        uid("never"),
        uid("rested"),
        uid("busy"),
        uid("larger"),
        uid("far"),
    ]
