"""Rows of the fleet as the rulebook judges them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple
from uuid import UUID

from domain.eligibility import Arrival, GuardDuty, SiteState, VehicleState, available_at, regulation_at
from domain.fleet import Category, Point, Volume, Whereabouts
from domain.freshness import freshness_of, is_moving
from domain.mobilisation import Mobilisation, is_parked
from domain.policy import Policy
from domain.vocabulary import Freshness, LeaseState
from geo.cells import distances_m, great_circle_m
from geo.travel_time import Measure, Way
from storage.fleet import FleetSite, FleetVehicle, Place
from storage.survey_statement import OnGuard

METRES_A_DEGREE = 110_000.0
"""Of latitude, and a little less: whoever is further along the meridian is further as the crow flies."""
VOLUMES = {each.value: each.volume for each in Category}
LEASES = {each.value: each for each in LeaseState}


def volumes_of(categories: Iterable[str]) -> frozenset[Volume]:
    """The volumes that a company could name for a site (rule 9)."""
    return frozenset([VOLUMES[each] for each in categories])


class Departure(NamedTuple):
    """From where a vehicle comes, if that is known, and what its crew needs before it leaves, in seconds."""

    where: Whereabouts | None
    lead_s: int


def departure(
    known: FleetVehicle, *, on_guard: bool, at: datetime, zone: tzinfo, policy: Policy
) -> Departure:
    """A vehicle comes from its last position; on guard from its site, where a crew waits, once that says nothing more.

    A guard ambulance on the road that is not heard of for some minutes is still near where it was: its position counts,
    to confirm, for as long as that of a vehicle that stands. Without a site it is all that there is.
    """
    fix = _fix(known)
    if on_guard and (fix is None or _says_nothing(known, at, policy)):
        home = known.home
        if home is not None:
            return Departure(Whereabouts(home.lat, home.lon), _crew_s(known, at, zone))
    return Departure(fix, _mobilisation_s(known, fix, at, zone, policy))


def _says_nothing(known: FleetVehicle, at: datetime, policy: Policy) -> bool:
    old = known.fix_at is None or at - known.fix_at > timedelta(seconds=policy.position_stopped_s)
    return old and freshness(known, at, policy) is Freshness.SILENT


def _fix(known: FleetVehicle) -> Whereabouts | None:
    if known.lat is None or known.lon is None:
        return None
    return Whereabouts(known.lat, known.lon, known.road_graph, known.road_node, known.road_access_m or 0.0)


def freshness(known: FleetVehicle, at: datetime, policy: Policy) -> Freshness:
    """What its last position is worth; without one it is silent."""
    if known.fix_at is None:
        return Freshness.SILENT
    return freshness_of(known.fix_at, known.speed_kmh, known.device_seen_at, at, policy)


def _mobilisation_s(
    known: FleetVehicle, where: Whereabouts | None, at: datetime, zone: tzinfo, policy: Policy
) -> int:
    """What the crew needs before it leaves: nothing, unless the vehicle stands at its site."""
    lat, lon = known.home_lat, known.home_lon
    if where is None or lat is None or lon is None or is_moving(known.speed_kmh):
        return 0
    if abs(where.lat - lat) * METRES_A_DEGREE > policy.parked_within_m:
        return 0  # most are somewhere else: this costs a tenth of the distance
    if not is_parked(great_circle_m(where.lat, where.lon, lat, lon), known.speed_kmh, policy):
        return 0
    return _crew_s(known, at, zone)


def _crew_s(known: FleetVehicle, at: datetime, zone: tzinfo) -> int:
    return Mobilisation(known.mobilisation_s or 0, known.mobilisation_by_hour_s).at(at, zone)


def arrival(way: Way | None, lead_s: int, *, knows_roads: bool) -> Arrival | None:
    """When somebody is there who leaves after so many seconds; ``None`` for who never is, or too far to be measured."""
    if way is None or way.measure is Measure.BEYOND or way.measure is Measure.NONE:
        return None
    earliest_s, latest_s, measure = way
    estimated = knows_roads and measure is Measure.STRAIGHT
    return Arrival._make((earliest_s + lead_s, latest_s + lead_s, earliest_s, estimated))


class Measured(NamedTuple):
    """When somebody is there, who needs so many seconds before leaving; ``cut_off``: no road leads from there."""

    arrival: Arrival | None
    cut_off: bool
    lead_s: int


def regulation_of(state: str | None, heartbeat_at: datetime | None, at: datetime) -> LeaseState:
    """How a site is regulated at a moment: a silent post does not, whether or not that was written down (rule 37)."""
    return regulation_at(LEASES[state] if state else LeaseState.FREE, heartbeat_at, at)


def guard_duty(known: OnGuard | None, reach: Mapping[UUID, int]) -> GuardDuty | None:
    """What the rulebook asks of a vehicle on guard; ``None`` for one that is not on this SAMU's."""
    return None if known is None else GuardDuty(reach.get(known.sector_id), known.missions, known.phones > 0)


# The states are made by `_make`, in the order of their fields, by the hundred: to name the fields takes ten times as long.


def vehicle_state(
    known: FleetVehicle,
    at: datetime,
    guard: GuardDuty | None,
    where: Whereabouts | None,
    measured: Measured,
    distance_m: float | None,
) -> VehicleState:
    """One vehicle at a moment; its distance is as the crow flies, if a place is asked about."""
    return VehicleState._make(
        (
            known.vehicle_id,
            known.company_id,
            known.site_id,
            VOLUMES[known.category],
            available_at(known.available, known.available_until, at),
            known.engaged,
            known.on_guard,
            known.fix_at,
            known.speed_kmh,
            known.device_seen_at,
            distance_m,
            measured.arrival,
            measured.cut_off,
            measured.lead_s,
            known.last_mission_at,
            regulation_of(known.lease_state, known.heartbeat_at, at),
            guard,
            where,
            known.cell,
        )
    )


def site_state(
    known: FleetSite, at: datetime, where: Whereabouts | None, measured: Measured, distance_m: float
) -> SiteState:
    """One site at a moment; its crews need their time before they leave."""
    return SiteState._make(
        (
            known.site_id,
            known.company_id,
            available_at(known.available, known.available_until, at),
            volumes_of(known.free_categories),
            distance_m,
            measured.arrival,
            measured.cut_off,
            measured.lead_s,
            known.last_mission_at,
            regulation_of(known.lease_state, known.heartbeat_at, at),
            where,
        )
    )


def distances_to(place: Point, vehicles: Iterable[FleetVehicle]) -> list[float | None]:
    """As the crow flies in metres; ``None`` for a vehicle without a position."""
    fixes = [None if each.lat is None or each.lon is None else Place(each.lat, each.lon) for each in vehicles]
    found = iter(distances_m(place.lat, place.lon, [fix for fix in fixes if fix is not None]))
    return [None if fix is None else next(found) for fix in fixes]
