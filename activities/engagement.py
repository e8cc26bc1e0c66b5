"""Engaging a vehicle for a mission: the one thing that an acceptance waits for."""

import asyncio
from collections.abc import Callable
from datetime import timedelta, tzinfo

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio import activity

from activities.limits import DECIDE_SECONDS
from domain.fleet import Category, VehicleCard, serves
from domain.messages import EngageRequest, EngageResult, ReleaseRequest
from domain.outcomes import Outcome
from domain.policy import Policy
from domain.vocabulary import Freshness
from geo.travel_time import Measure, Origin, Profile, Travel, Way
from storage import engagement, fleet
from storage.engagement import KnownVehicle
from storage.engine import transaction
from storage.fleet import FleetVehicle
from survey.states import arrival, departure, freshness
from survey.zones import Zones

FURTHEST = timedelta(hours=4)
"""A vehicle that needs longer is promised by nobody."""


class EngagementActivities:
    """Decides in the database which mission has a vehicle."""

    def __init__(self, engine: AsyncEngine, travel: Travel) -> None:
        self._engine = engine
        self._travel = travel
        self._zones = Zones()

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
            await engagement.release(connection, unwanted.mission_id, unwanted.vehicle_id)

    async def _decide(self, connection: AsyncConnection, wanted: EngageRequest) -> EngageResult:
        vehicle = await engagement.lock_vehicle(connection, wanted.vehicle_id)
        if vehicle is None:
            return EngageResult(outcome=Outcome.VEHICLE_UNKNOWN)
        outcome = await _outcome(connection, vehicle, wanted)
        if outcome is not Outcome.CONFIRMED:
            return EngageResult(outcome=outcome)
        rivals = await engagement.rivals(connection, wanted)
        card = VehicleCard(
            vehicle_id=wanted.vehicle_id,
            company_id=vehicle.company_id,
            volume=Category(vehicle.category).volume,
            on_guard=vehicle.on_guard,
            eta_minutes=await self._eta_minutes(connection, wanted),
            phone_bound=vehicle.phone_bound,
            name=vehicle.name,
            company_name=vehicle.company_name,
        )
        return EngageResult(outcome=outcome, vehicle=card, rivals=rivals)

    async def _eta_minutes(self, connection: AsyncConnection, wanted: EngageRequest) -> int | None:
        """The latest arrival from where the vehicle is now, unless its position is silent or no way leads from there.

        Then nothing is known better than when it was solicited.
        """
        if wanted.samu_id is None:
            return None  # asked by an older worker
        known = await fleet.vehicle(connection, wanted.samu_id, wanted.vehicle_id)
        policy = wanted.policy or Policy()
        if known is None or freshness(known, wanted.at, policy) is Freshness.SILENT:
            return None
        zone = await self._zones.of(connection, wanted.samu_id)
        try:
            return self._promise(known, wanted, policy, zone)
        except Exception as error:  # noqa: BLE001 - a promise that cannot be computed must not keep anybody from accepting
            activity.logger.error("no promise for vehicle %s: %s", wanted.vehicle_id, type(error).__name__)
            return None

    def _promise(
        self, known: FleetVehicle, wanted: EngageRequest, policy: Policy, zone: tzinfo
    ) -> int | None:
        where, lead_s = departure(known, on_guard=wanted.on_guard, at=wanted.at, zone=zone, policy=policy)
        profile = self._travel.profile_at(wanted.at.astimezone(zone).time())
        way = way_from(self._travel, wanted, where, profile) if where else None
        there = arrival(way, lead_s, knows_roads=False)
        return there.latest_minutes if there else None


def way_from(travel: Travel, wanted: EngageRequest, origin: Origin, profile: Profile) -> Way:
    """The way of one vehicle: searched as far as its demand was, and further if it comes from beyond."""
    for within_s in ((wanted.max_delay_minutes or 0) * 60.0, FURTHEST.total_seconds()):
        [way] = travel.approach(wanted.place, within_s, profile).ways([origin])
        if way.measure is not Measure.BEYOND:
            break
    return way


async def _outcome(connection: AsyncConnection, vehicle: KnownVehicle, wanted: EngageRequest) -> Outcome:
    """What is decided, or was decided by an attempt whose answer was lost.

    Then the mission has the vehicle, and is not judged again: whatever changed since, a refusal would be told while
    the row stands, and nobody would give the vehicle back.
    """
    if vehicle.mission_id == wanted.mission_id:
        return Outcome.CONFIRMED
    refused = _judge(vehicle, wanted)
    if refused is None and wanted.lease and not await engagement.holds(connection, wanted.lease):
        refused = Outcome.LEASE_LOST
    return refused or await engagement.engage(connection, wanted)


def _judge(vehicle: KnownVehicle, wanted: EngageRequest) -> Outcome | None:
    """Why the vehicle may not serve, whoever has it."""
    if vehicle.company_id != wanted.company_id:
        return Outcome.VEHICLE_UNKNOWN
    if vehicle.on_guard is not wanted.on_guard:
        return Outcome.VEHICLE_ON_GUARD if vehicle.on_guard else Outcome.GUARD_ENDED
    return None if serves(Category(vehicle.category).volume, wanted.volume) else Outcome.VEHICLE_TOO_SMALL
