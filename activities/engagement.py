"""Engaging a vehicle for a mission: the one thing that an acceptance waits for."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from math import isfinite

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio import activity

from activities.limits import DECIDE_SECONDS
from domain.eligibility import minutes_up
from domain.fleet import Category, Point, VehicleCard, serves
from domain.messages import EngageRequest, EngageResult, ReleaseRequest
from domain.outcomes import Outcome
from domain.policy import Policy
from geo.travel_time import TravelTime
from storage import engagement
from storage.engagement import KnownVehicle
from storage.engine import transaction

OLD = timedelta(seconds=Policy().position_stopped_s)
"""A position older than this promises no arrival."""


class EngagementActivities:
    """Decides in the database which mission has a vehicle."""

    def __init__(self, engine: AsyncEngine, travel: TravelTime) -> None:
        self._engine = engine
        self._travel = travel

    def all(self) -> list[Callable[..., object]]:
        """What the worker registers."""
        return [self.engage, self.release]

    @activity.defn(name="engage")
    async def engage(self, wanted: EngageRequest) -> EngageResult:
        """Give the vehicle to the mission, or say which rule forbids it (rules 4, 9, 28, 94). Repeatable."""
        async with asyncio.timeout(DECIDE_SECONDS), transaction(self._engine) as connection:
            return await self._decide(connection, wanted)

    @activity.defn(name="release")
    async def release(self, unwanted: ReleaseRequest) -> None:
        """Free the vehicle of a mission that never began. Repeatable."""
        async with asyncio.timeout(DECIDE_SECONDS), transaction(self._engine) as connection:
            await engagement.release(connection, unwanted.mission_id)

    async def _decide(self, connection: AsyncConnection, wanted: EngageRequest) -> EngageResult:
        vehicle = await engagement.lock_vehicle(connection, wanted.vehicle_id)
        if vehicle is None or vehicle.company_id != wanted.company_id:
            return EngageResult(outcome=Outcome.VEHICLE_UNKNOWN)
        outcome = _judge(vehicle, wanted)
        if outcome is None and wanted.lease and not await engagement.holds(connection, wanted.lease):
            outcome = Outcome.LEASE_LOST
        outcome = outcome or await engagement.engage(connection, wanted)
        if outcome is not Outcome.CONFIRMED:
            return EngageResult(outcome=outcome)
        rivals = await engagement.rivals(connection, wanted)
        return EngageResult(outcome=outcome, vehicle=self._card(vehicle, wanted), rivals=rivals)

    def _card(self, vehicle: KnownVehicle, wanted: EngageRequest) -> VehicleCard:
        return VehicleCard(
            vehicle_id=wanted.vehicle_id,
            company_id=vehicle.company_id,
            volume=Category(vehicle.category).volume,
            on_guard=vehicle.on_guard,
            eta_minutes=minutes_up(self._seconds(vehicle, wanted)),
            phone_bound=vehicle.phone_bound,
        )

    def _seconds(self, vehicle: KnownVehicle, wanted: EngageRequest) -> float | None:
        """The travel time from the last position, if it has one that is not old and a way leads from there.

        Otherwise nothing is known better than when it was solicited.
        """
        if vehicle.lat is None or vehicle.lon is None or vehicle.fix_at is None:
            return None
        if wanted.at - vehicle.fix_at > OLD:
            return None
        seconds = self._travel.seconds_to(wanted.place, [Point(lat=vehicle.lat, lon=vehicle.lon)])[0]
        return seconds if isfinite(seconds) else None


def _judge(vehicle: KnownVehicle, wanted: EngageRequest) -> Outcome | None:
    """Why the vehicle may not serve, whoever has it."""
    if vehicle.on_guard is not wanted.on_guard:
        return Outcome.VEHICLE_ON_GUARD if vehicle.on_guard else Outcome.GUARD_ENDED
    return None if serves(Category(vehicle.category).volume, wanted.volume) else Outcome.VEHICLE_TOO_SMALL
