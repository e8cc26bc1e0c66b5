"""Reads missions as far as the caller may see them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.demand_reading import place, read_patient, steps_shown
from api.destinations import destination_line, destination_of
from api.problems import Problem
from api.resources import Resources
from api.schemas.missions import MissionLine, MissionShown
from api.security import Caller, check_login
from api.waiting import wait_for
from domain.authority import is_concerned
from domain.people import Role
from domain.vocabulary import Step
from storage import regulation, views
from storage.views import MissionView
from telemetry.concern import concerns_demand

RECORDING_SECONDS = 0.3
"""A mission that was confirmed a moment ago may still be on its way into the read model."""


async def find_mission(resources: Resources, caller: Caller, mission_id: UUID) -> MissionView:
    """A mission of the caller's. Raises Problem 404, after a little wait that tells nobody what exists."""

    async def look() -> MissionView | None:
        async with resources.reading.connect() as connection:
            return await views.read_mission(connection, caller.scope, mission_id)

    found = await wait_for(resources.feed, look, RECORDING_SECONDS)
    if found is None:
        raise Problem("not_found")
    concerns_demand(found.demand_id)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads, on which open device if they said so, and when."""

    caller: Caller
    device_id: UUID | None
    at: datetime


async def read_sheet(resources: Resources, reader: Reader, mission_id: UUID) -> MissionShown:
    """The whole sheet; the patient while the mission runs for whom it concerns, and for the SAMU (rule 32)."""
    caller = reader.caller
    found = await find_mission(resources, caller, mission_id)
    async with resources.database.begin() as connection:
        steps = await views.steps_of(connection, found.id)
        destination = await destination_of(connection, found)
        patient = None
        if await _may_read_patient(connection, reader, found):
            await check_login(connection, caller)
            patient = await read_patient(connection, resources, caller, found.demand_id)
    own = caller.company_id == found.company_id
    samu = await resources.samu(found.samu_id)
    return MissionShown(
        **dict(mission_line(found)) | {"destination": destination},
        patient=patient,
        steps=steps_shown(steps, names=own),
        samu_phone=samu.profile.phone if samu else None,
    )


async def _may_read_patient(connection: AsyncConnection, reader: Reader, found: MissionView) -> bool:
    """Its SAMU; while the mission runs, its company's regulators, and the crew on a device that it concerns."""
    caller = reader.caller
    if caller.role is Role.SAMU:
        return caller.samu_id == found.samu_id
    if caller.company_id != found.company_id or found.ended_at is not None:
        return False
    return caller.role is Role.REGULATOR or await concerns(connection, reader, found)


async def concerns(connection: AsyncConnection, reader: Reader, found: MissionView) -> bool:
    """Whether the device that the reader is on is in the vehicle, regulates its site or is its guard's phone."""
    if reader.device_id is None:
        return False
    hands = await regulation.hands_of(connection, found.company_id, reader.device_id, reader.at)
    return is_concerned(hands, found.vehicle_id)


async def find_to_act(resources: Resources, reader: Reader, mission_id: UUID) -> MissionView:
    """A mission that somebody of its company passes steps of (rule 34). Raises Problem 404, or 409 for a crew that it
    does not concern; a regulator may on any device (R2).
    """
    found = await find_mission(resources, reader.caller, mission_id)
    if reader.caller.role is Role.CREW:
        async with resources.reading.connect() as connection:
            if not await concerns(connection, reader, found):
                raise Problem("not_in_this_vehicle")
    return found


def mission_line(found: MissionView) -> MissionLine:
    """A mission as a line of a list."""
    step = Step(found.step)
    return MissionLine.model_validate(
        {
            **{name: getattr(found, name) for name in _SAME_NAMES},
            "expected_step": step.next if found.ended_at is None else None,
            "pickup": place(found),
            "destination": destination_line(found),
        }
    )


_SAME_NAMES = tuple(
    name for name in MissionLine.model_fields if name not in {"expected_step", "pickup", "destination"}
)
