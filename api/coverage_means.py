"""Who could come at this moment: every vehicle that the rulebook would ask if it were near enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.coverage import could_serve
from domain.eligibility import GuardDuty, VehicleState
from domain.fleet import Volume
from domain.policy import Policy
from geo.coverage import Starter
from storage import coverage, fleet, guard, guard_views
from storage.fleet import FleetVehicle
from storage.guard import GuardVehicle
from storage.views import Scope
from survey.states import Measured, departure, vehicle_state
from survey.zones import zone_of


@dataclass(frozen=True, slots=True)
class Moment:
    """When somebody looks, by which policy, and in which zone the SAMU's clocks run."""

    at: datetime
    policy: Policy
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Means:
    """The vehicles of a SAMU as they are at a moment, and the sectors that each vehicle on guard is kept for."""

    moment: Moment
    vehicles: Sequence[VehicleState]
    sectors: Mapping[UUID, frozenset[UUID]]

    def starters(self, volume: Volume) -> list[Starter]:
        """Who could serve this volume, and from where."""
        at, policy = self.moment.at, self.moment.policy
        return [
            Starter(each.where, max(0, each.mobilisation_s), self.sectors.get(each.vehicle_id))
            for each in self.vehicles
            if each.where is not None and could_serve(each, volume, at, policy)
        ]


async def read_means(connection: AsyncConnection, samu_id: UUID, policy: Policy, at: datetime) -> Means:
    """Read who might come. Raises NoResultFound for an unknown SAMU."""
    moment = Moment(at, policy, zone_of(await fleet.timezone_of(connection, samu_id)))
    known = await coverage.vehicles_that_might_come(connection, samu_id)
    on_guard = {each.vehicle_id: each for each in await guard.guard_vehicles(connection, samu_id, at)}
    kept_for = await _covered_by_guard(connection, samu_id, policy) if on_guard else {}
    return Means(
        moment,
        [state_of(each, _duty(on_guard.get(each.vehicle_id)), moment) for each in known],
        {
            vehicle_id: kept_for.get(each.sector_id, frozenset({each.sector_id}))
            for vehicle_id, each in on_guard.items()
        },
    )


def state_of(known: FleetVehicle, guard_duty: GuardDuty | None, moment: Moment) -> VehicleState:
    """A vehicle as a survey would judge it; its arrival is still to be measured."""
    at = moment.at
    where, lead_s = departure(
        known, on_guard=guard_duty is not None, at=at, zone=moment.zone, policy=moment.policy
    )
    return vehicle_state(known, at, guard_duty, where, Measured(None, False, lead_s), None)


def _duty(known: GuardVehicle | None) -> GuardDuty | None:
    """As for a place in its own sector."""
    return None if known is None else GuardDuty(0, known.missions, known.phones > 0)


async def _covered_by_guard(
    connection: AsyncConnection, samu_id: UUID, policy: Policy
) -> dict[UUID, frozenset[UUID]]:
    """Of each sector those that its guard is asked for: itself, and by policy those that it is a neighbour of."""
    sectors = await guard_views.sectors_of(connection, Scope(samu_id=samu_id))
    return {
        one.id: frozenset(
            other.id
            for other in sectors
            if other.id == one.id or (policy.guard_neighbours and one.id in other.neighbours)
        )
        for one in sectors
    }
