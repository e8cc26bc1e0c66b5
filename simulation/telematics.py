"""Sends where a company's vehicles are: in one batch, or singly for a company with one vehicle."""

import asyncio
from datetime import datetime

from pydantic import JsonValue

from simulation.client import ApiClient
from simulation.clock import utc_now
from simulation.fleet import Fleet, Vehicle
from simulation.stage import Stage


class Telematics:
    """A company's position reports."""

    def __init__(self, client: ApiClient, stage: Stage, fleet: Fleet, name: str) -> None:
        """``name`` is the company's: it draws the moment of its reports."""
        self._client = client
        self._stage = stage
        self._fleet = fleet
        self._rng = stage.rng(name, "telematics")

    async def run(self) -> None:
        """Report until cancelled; companies do not all report at the same instant."""
        while True:
            await asyncio.sleep(self._stage.report_every * self._rng.uniform(0.7, 1.3))
            await self.report()

    async def report(self) -> None:
        """Send where every vehicle is now. A lost report is not repeated later: the next one is newer."""
        now = utc_now()
        fixes = {vehicle.info.id: self._fix(vehicle, now) for vehicle in self._fleet.vehicles.values()}
        if len(fixes) == 1:
            [(vehicle_id, fix)] = fixes.items()
            reply = await self._client.put(f"/v1/vehicles/{vehicle_id}/position", fix)
        else:
            batch: list[JsonValue] = [{"vehicle_id": vehicle_id, **fix} for vehicle_id, fix in fixes.items()]
            reply = await self._client.post("/v1/positions", {"positions": batch})
        self._stage.ledger.judge("positions", reply)

    def _fix(self, vehicle: Vehicle, at: datetime) -> dict[str, JsonValue]:
        """Return one fix, with the metre or so of a receiver's noise."""
        moment = self._stage.clock.now()
        place = vehicle.leg.at(moment)
        moving = vehicle.leg.departs <= moment < vehicle.leg.arrives
        return {
            "lat": round(place.lat + self._rng.gauss(0.0, 1e-5), 6),
            "lon": round(place.lon + self._rng.gauss(0.0, 1e-5), 6),
            "recorded_at": at.isoformat(),
            "accuracy_m": 8,
            "speed_kmh": 70 if moving else 0,
        }
