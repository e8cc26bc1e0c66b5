"""From where everybody starts: the position, or the site where a guard crew waits (rules 6, 12 and 55)."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.policy import Policy
from storage.fleet import FleetVehicle
from survey.states import departure
from survey.zones import zone_of
from tests.unit.stories import uid

AT = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
HOME, AWAY = (43.0, 2.9), (43.2, 2.35)
NIGHT_S, DAY_S = 480, 120


def vehicle(
    age_s: float | None, speed: float | None, place: tuple[float, float] = AWAY, seen_s: float | None = None
) -> FleetVehicle:
    """With a fix so old (none: without one), so fast, at a place, its phone heard of so long ago."""
    known = age_s is not None
    return FleetVehicle(
        vehicle_id=uid("V"),
        company_id=uid("A"),
        site_id=uid("S"),
        category="A",
        available=True,
        available_until=None,
        engaged=False,
        on_guard=True,
        lat=place[0] if known else None,
        lon=place[1] if known else None,
        cell=1 if known else None,
        road_graph=None,
        road_node=None,
        road_access_m=None,
        fix_at=AT - timedelta(seconds=age_s) if age_s is not None else None,
        speed_kmh=speed,
        device_seen_at=None if seen_s is None else AT - timedelta(seconds=seen_s),
        home_lat=HOME[0],
        home_lon=HOME[1],
        mobilisation_s=DAY_S,
        mobilisation_by_hour_s=[NIGHT_S if hour < 7 or hour >= 20 else DAY_S for hour in range(24)],
        lease_state=None,
        heartbeat_at=None,
        last_mission_at=None,
    )


@pytest.mark.parametrize(
    ("known", "place", "lead_s"),
    [
        (vehicle(119, 60.0), AWAY, 0),
        (vehicle(121, 60.0), AWAY, 0),  # on the road in a network hole: still near where it was
        (vehicle(900, 60.0), AWAY, 0),
        (vehicle(901, 60.0), HOME, NIGHT_S),
        (vehicle(901, 0.0, seen_s=10), AWAY, 0),  # stands there, and its phone lives
        (vehicle(None, None), HOME, NIGHT_S),
        (vehicle(10, 0.0, HOME), HOME, NIGHT_S),
        (vehicle(10, 30.0, HOME), HOME, 0),
    ],
)
def test_rule_012_a_guard_vehicle_comes_from_where_it_is_last_known_else_from_its_site_with_its_crews_time(
    known: FleetVehicle, place: tuple[float, float], lead_s: int
) -> None:
    found = departure(known, on_guard=True, at=AT, zone=zone_of("Europe/Paris"), policy=Policy())
    assert found.where is not None
    assert ((found.where.lat, found.where.lon), found.lead_s) == (place, lead_s)


def test_rule_006_whoever_is_not_on_guard_comes_from_its_position_or_from_nowhere() -> None:
    policy, zone = Policy(), zone_of("Europe/Paris")
    old = departure(vehicle(5000, 60.0), on_guard=False, at=AT, zone=zone, policy=policy)
    assert old.where is not None
    assert (old.where.lat, old.where.lon) == AWAY
    assert departure(vehicle(None, None), on_guard=False, at=AT, zone=zone, policy=policy).where is None


@pytest.mark.parametrize("name", ["Europe/Pariss", "Europe", "", "../etc"])
def test_a_zone_that_is_none_ends_no_search(name: str) -> None:
    assert zone_of(name) is UTC
