"""Rows of the fleet as the rulebook judges them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.eligibility import (
    GuardDuty,
    SiteState,
    VehicleState,
    available_at,
    best_regulation,
    regulation_at,
)
from domain.fleet import Category, Point, Volume
from domain.messages import SurveyRequest
from domain.vocabulary import LeaseState
from geo.cells import great_circle_m
from storage.fleet import FleetSite, FleetVehicle, Place
from storage.guard import GuardVehicle

Seconds = Mapping[UUID, float]
"""Travel times by the id of the vehicle or site; what is too far has none."""


class Regulation:
    """How each site, and each company, is regulated at a moment (rule 37)."""

    def __init__(self, sites: Iterable[FleetSite], at: datetime) -> None:
        """A post that is silent for too long does not regulate, whether or not that was written down yet."""
        self._sites: dict[UUID, LeaseState] = {}
        self._companies: dict[UUID, list[LeaseState]] = defaultdict(list)
        for site in sites:
            state = regulation_at(LeaseState(site.lease_state or LeaseState.FREE), site.heartbeat_at, at)
            self._sites[site.site_id] = state
            self._companies[site.company_id].append(state)

    def of_site(self, site_id: UUID) -> LeaseState:
        """How a site is regulated."""
        return self._sites.get(site_id, LeaseState.FREE)

    def of_company(self, company_id: UUID) -> LeaseState:
        """How the best of a company's sites is."""
        return best_regulation(self._companies.get(company_id, ()))

    def of_vehicle(self, vehicle: FleetVehicle) -> LeaseState:
        """How the vehicle's site is; one that belongs to no site is answered for by any post of its company."""
        if vehicle.site_id is None:
            return self.of_company(vehicle.company_id)
        return self.of_site(vehicle.site_id)


def free_volumes(vehicles: Iterable[FleetVehicle]) -> dict[UUID, frozenset[Volume]]:
    """The volumes that each company could name for a site: neither on a mission nor on guard (rule 9)."""
    free: dict[UUID, set[Volume]] = defaultdict(set)
    for vehicle in vehicles:
        if not vehicle.engaged and not vehicle.on_guard:
            free[vehicle.company_id].add(Category(vehicle.category).volume)
    return {company_id: frozenset(volumes) for company_id, volumes in free.items()}


def guard_places(
    vehicles: Sequence[FleetVehicle], sites: Iterable[FleetSite], asked: Iterable[UUID], since: datetime
) -> dict[UUID, Place]:
    """Where the guard vehicles that are asked are: at a position not older than ``since``, else at their site.

    There a guard crew waits: an old position says less than that. Without a site it is all that there is.
    """
    home = {site.site_id: site.place for site in sites}
    chosen = set(asked)
    found: dict[UUID, Place] = {}
    for vehicle in vehicles:
        if vehicle.vehicle_id in chosen:
            fresh = vehicle.place if vehicle.fix_at and vehicle.fix_at >= since else None
            place = fresh or (home.get(vehicle.site_id) if vehicle.site_id else None) or vehicle.place
            if place is not None:
                found[vehicle.vehicle_id] = place
    return found


def guard_duty(known: GuardVehicle | None, reach: Mapping[UUID, int]) -> GuardDuty | None:
    """What the rulebook asks of a vehicle on guard; ``None`` for one that is not on this SAMU's."""
    return None if known is None else GuardDuty(reach.get(known.sector_id), known.missions, known.phones > 0)


def vehicle_state(
    known: FleetVehicle,
    request: SurveyRequest,
    seconds: Seconds,
    regulation: Regulation,
    guard: GuardDuty | None,
) -> VehicleState:
    """One vehicle at the moment of a survey."""
    return VehicleState(
        vehicle_id=known.vehicle_id,
        company_id=known.company_id,
        site_id=known.site_id,
        volume=Category(known.category).volume,
        available=available_at(known.available, known.available_until, request.at),
        engaged=known.engaged,
        on_guard=known.on_guard,
        fix_at=known.fix_at,
        speed_kmh=known.speed_kmh,
        distance_m=known.place and distance_m(known.place, request.place),
        travel_s=seconds.get(known.vehicle_id),
        last_mission_at=known.last_mission_at,
        regulation=regulation.of_vehicle(known),
        guard=guard,
    )


def site_state(
    known: FleetSite,
    request: SurveyRequest,
    seconds: Seconds,
    free: Mapping[UUID, frozenset[Volume]],
    regulation: Regulation,
) -> SiteState:
    """One site at the moment of a survey; its crews need their time before they leave."""
    travel_s = seconds.get(known.site_id)
    return SiteState(
        site_id=known.site_id,
        company_id=known.company_id,
        available=available_at(known.available, known.available_until, request.at),
        free_volumes=free.get(known.company_id, frozenset()),
        distance_m=distance_m(known.place, request.place),
        travel_s=None if travel_s is None else travel_s + known.mobilisation_s,
        last_mission_at=known.last_mission_at,
        regulation=regulation.of_site(known.site_id),
    )


def distance_m(origin: Place, place: Point) -> float:
    """As the crow flies."""
    return great_circle_m(origin.lat, origin.lon, place.lat, place.lon)
