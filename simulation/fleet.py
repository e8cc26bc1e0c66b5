"""A company's own picture of its vehicles: where each one is, where it goes, what it is on."""

import asyncio
import math
from dataclasses import dataclass, field

from simulation.runtime import CompanyAccount, VehicleInfo
from simulation.wire import Mission, OpenSolicitation, Point

EARTH_RADIUS_KM = 6371.0


def distance_km(start: Point, end: Point) -> float:
    """Return the great-circle distance in kilometres."""
    lat1, lat2 = math.radians(start.lat), math.radians(end.lat)
    half_lat = math.sin((lat2 - lat1) / 2) ** 2
    half_lon = math.sin(math.radians(end.lon - start.lon) / 2) ** 2
    chord = half_lat + math.cos(lat1) * math.cos(lat2) * half_lon
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, chord)))


@dataclass(frozen=True, slots=True)
class Leg:
    """A straight line driven at constant speed between two simulated moments (seconds)."""

    start: Point
    end: Point
    departs: float
    arrives: float

    def at(self, moment: float) -> Point:
        """Return the position at a simulated moment: the start before it departs, the end once arrived."""
        span = self.arrives - self.departs
        share = 1.0 if span <= 0 else min(1.0, max(0.0, (moment - self.departs) / span))
        return Point(
            lat=self.start.lat + (self.end.lat - self.start.lat) * share,
            lon=self.start.lon + (self.end.lon - self.start.lon) * share,
        )


@dataclass(slots=True)
class Vehicle:
    """A vehicle as its company knows it. ``mission_id`` is set while the company believes it engaged.

    ``on_duty`` is its service by day, ``on_guard`` a guard that it is chosen for.
    """

    info: VehicleInfo
    home: Point
    leg: Leg
    on_duty: bool = True
    on_guard: bool = False
    broken: bool = False
    mission_id: str | None = None
    promised_to: str | None = None

    @property
    def free(self) -> bool:
        """Whether the company believes that it could go now, for whoever asks but the guard."""
        return self.on_duty and not self.on_guard and self.idle

    @property
    def idle(self) -> bool:
        """Whether nothing keeps it from going, on duty or not."""
        return not self.broken and self.mission_id is None and self.promised_to is None

    def serves(self, volume: str) -> bool:
        """Whether it is large enough: an ASSU may serve a small demand, never the reverse (rule 4)."""
        return volume == "AMBULANCE" or self.info.volume == "ASSU"

    def drive(self, to: Point, departs: float, speed_kmh: float) -> float:
        """Leave for ``to`` at a simulated moment; returns the simulated seconds that it takes."""
        start = self.leg.at(departs)
        seconds = distance_km(start, to) / speed_kmh * 3600
        self.leg = Leg(start, to, departs, departs + seconds)
        return seconds


@dataclass(slots=True)
class OpenMission:
    """A mission as it was last read; ``over`` is set once it is known to have ended."""

    sheet: Mission
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Fleet:
    """The vehicles of one company and the missions that it knows to be open."""

    vehicles: dict[str, Vehicle]
    missions: dict[str, OpenMission] = field(default_factory=dict)

    def vehicle_for(self, solicitation: OpenSolicitation) -> Vehicle | None:
        """Choose a vehicle to name: free and large enough, then by ``_rank``."""
        volume = solicitation.demand.volume
        fits = [vehicle for vehicle in self.vehicles.values() if vehicle.free and vehicle.serves(volume)]
        return min(fits, key=lambda vehicle: _rank(vehicle, solicitation), default=None)

    def engagements(self) -> set[str]:
        """Return the ids of the missions that it believes to be open."""
        confirmed = {vehicle.mission_id for vehicle in self.vehicles.values() if vehicle.mission_id}
        return confirmed | self.missions.keys()

    def take(self, mission: Mission) -> OpenMission:
        """Remember an open mission, or what is new about it."""
        known = self.missions.setdefault(mission.id, OpenMission(mission))
        known.sheet = mission
        if vehicle := self.vehicles.get(mission.vehicle_id):
            vehicle.mission_id = mission.id
        return known

    def release(self, mission_id: str) -> None:
        """Forget a mission that has ended; its crew stops and its vehicle is free again."""
        if known := self.missions.pop(mission_id, None):
            known.over.set()
        for vehicle in self.vehicles.values():
            if vehicle.mission_id == mission_id:
                vehicle.mission_id = None


def _rank(vehicle: Vehicle, solicitation: OpenSolicitation) -> tuple[bool, bool, float]:
    """Order of choice: the solicited site's own vehicles, the exact volume, the nearest."""
    pickup = solicitation.demand.pickup or vehicle.home
    return (
        solicitation.site_id is not None and vehicle.info.site_id != solicitation.site_id,
        vehicle.info.volume != solicitation.demand.volume,
        distance_km(vehicle.leg.end, pickup),
    )


def fleet_of(company: CompanyAccount) -> Fleet:
    """Build the picture at the start of the day: every vehicle stands at its site."""
    sites = {site.id: Point(lat=site.lat, lon=site.lon) for site in company.sites}
    known = [vehicle for vehicle in company.vehicles if vehicle.site_id in sites]
    return Fleet({vehicle.id: _parked(vehicle, sites[vehicle.site_id]) for vehicle in known})


def _parked(info: VehicleInfo, home: Point) -> Vehicle:
    """Return a vehicle standing at its site."""
    return Vehicle(info, home, Leg(home, home, 0.0, 0.0))
