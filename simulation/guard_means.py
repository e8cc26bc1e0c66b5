"""What a company has for the guard: its periods in the roster, a vehicle, a phone, a teammate."""

import random
from collections.abc import Sequence

from pydantic import JsonValue

from simulation.clock import utc_now
from simulation.fleet import Fleet, Vehicle, distance_km
from simulation.guard_crew import GuardCrew, OnGuard
from simulation.habits import Watch
from simulation.kit import Kit
from simulation.lists import read_all
from simulation.phone import CrewPhone
from simulation.runtime import CompanyAccount
from simulation.sectors import SectorPlace
from simulation.stage import Stage
from simulation.wire import Page, Point
from simulation.wire_duty import GuardPeriod

GUARD_CATEGORIES = frozenset({"A", "C", None})
"""R. 6312-21; an older runtime file does not tell."""


class GuardMeans:
    """Shared by all that keep a guard for one company."""

    def __init__(
        self,
        account: CompanyAccount,
        kit: Kit,
        fleet: Fleet,
        stage: Stage,
        sectors: Sequence[SectorPlace],
    ) -> None:
        """``sectors`` is filled in once the run is open."""
        self.company = account.name
        self.kit = kit
        self.fleet = fleet
        self.stage = stage
        self._sites = [Point(lat=site.lat, lon=site.lon) for site in account.sites]
        self._sectors = sectors

    async def periods(self) -> list[GuardPeriod]:
        """Read the company's periods that are not over yet."""
        found = await read_all(self.kit.office, self.stage, "/v1/guard/periods", Page[GuardPeriod])
        return [one for one in found or () if one.ends_at > utc_now()]

    def vehicle_for(self, sector_id: str) -> Vehicle | None:
        """Choose the vehicle: idle, of a category that may keep a guard, a large one, near the main town."""
        town = next((one.town for one in self._sectors if one.id == sector_id), None)
        fit = [
            one
            for one in self.fleet.vehicles.values()
            if one.idle and not one.on_guard and one.info.category in GUARD_CATEGORIES
        ]
        return min(fit, key=lambda one: (one.info.volume != "ASSU", _away(one, town)), default=None)

    def nearest_sector(self) -> SectorPlace | None:
        """Return the sector whose main town is nearest to the company's first site."""
        if not self._sites:
            return None
        return min(self._sectors, key=lambda one: distance_km(one.town, self._sites[0]), default=None)

    async def teammate(self, phone: CrewPhone, rng: random.Random) -> dict[str, JsonValue]:
        """Name the second of the crew: from the company's list, now and then entered freely (rules 56 and 58)."""
        staff = await phone.teammates(rng, 1)
        if not staff or rng.random() < self.stage.habits.free_teammate:
            return {"name": "Renfort Fictif", "diploma": "AUXILIAIRE"}
        return {"staff_id": staff[0].id}

    async def serve(self, duty: OnGuard, watch: Watch) -> None:
        """Be on guard; afterwards the crew goes home, unless its vehicle has service or a mission."""
        duty.phone.bound = True
        try:
            await GuardCrew(duty, self.stage, watch, self.company).serve()
        finally:
            duty.vehicle.on_guard = False
        self.stage.ledger.guard["shifts over"] += 1
        self.stage.ledger.moved()
        if not duty.vehicle.on_duty and duty.vehicle.mission_id is None:
            await duty.phone.leave()


def _away(vehicle: Vehicle, town: Point | None) -> float:
    return distance_km(vehicle.home, town) if town else 0.0
