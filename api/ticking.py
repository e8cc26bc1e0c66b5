"""Tick-boxes of sites and vehicles (rules 23, 46)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import Problem
from api.regulating import refusal
from api.resources import Resources
from api.schemas.fleet import AvailabilityGiven, AvailabilityShown
from api.security import Caller, checked
from domain.duty_facts import AvailabilitySet, of_company
from domain.outcomes import Outcome
from domain.people import Role
from storage import devices, duty, means, regulation


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A box that somebody ticks or unticks."""

    company_id: UUID
    target_id: UUID
    given: AvailabilityGiven
    at: datetime
    is_site: bool


async def tick_box(
    resources: Resources, caller: Caller, tick: Tick, device_id: UUID | None
) -> AvailabilityShown:
    """The box as it is now; what changed is told. Raises Problem 404, 409 or 422."""
    given = tick.given
    _check_until(given, tick.at)
    write = means.tick_site if tick.is_site else means.tick_vehicle
    async with resources.database.begin() as connection:
        await duty.lock(connection, tick.company_id)
        if device_id is not None:
            checked(await devices.find_device(connection, device_id, caller.id))
        if tick.is_site and caller.role is Role.CREW:
            await _check_master(connection, tick, device_id)
        done = await write(
            connection, tick.company_id, tick.target_id, available=given.available, until=given.until
        )
        if done is means.Tick.UNKNOWN:
            raise Problem("not_found")
        if done is means.Tick.CHANGED:
            await _tell(connection, caller, tick, device_id)
    return AvailabilityShown(id=tick.target_id, available=given.available, until=given.until)


def _check_until(given: AvailabilityGiven, at: datetime) -> None:
    if given.until is None:
        return
    if not given.available:
        detail = "`until` says how long something is available: it belongs to `available: true`."
        fault = {"pointer": "/until", "code": "bad_format", "detail": detail}
        raise Problem("invalid_request", detail, errors=[{**fault}])
    if given.until <= at:
        raise Problem("until_in_the_past")


async def _check_master(connection: AsyncConnection, tick: Tick, device_id: UUID | None) -> None:
    """A crew ticks a site only in Master mode: while its phone regulates it (rule 46)."""
    if device_id is None:
        raise Problem("device_required")
    lease = await regulation.lock_site(connection, tick.company_id, tick.target_id)
    if lease is None:
        raise Problem("not_found")
    if not lease.is_held_by(device_id, tick.at):
        raise await refusal(connection, Outcome.LEASE_LOST, lease, tick.at)


async def _tell(connection: AsyncConnection, caller: Caller, tick: Tick, device_id: UUID | None) -> None:
    body = AvailabilitySet(
        site_id=tick.target_id if tick.is_site else None,
        vehicle_id=None if tick.is_site else tick.target_id,
        available=tick.given.available,
        until=tick.given.until,
        by=caller.actor(device_id),
    )
    await duty.tell(connection, [of_company(tick.company_id, body, tick.at)])
