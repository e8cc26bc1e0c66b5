"""Reads missions as far as the caller may see them."""

from uuid import UUID

from api.demand_reading import place, read_patient, steps_shown
from api.problems import Problem
from api.resources import Resources
from api.schemas.common import DestinationShown
from api.schemas.missions import MissionLine, MissionShown
from api.security import Caller
from api.waiting import wait_for
from domain.people import Role
from domain.vocabulary import Step
from storage import views
from storage.views import MissionView

RECORDING_SECONDS = 0.3
"""A mission that was confirmed a moment ago may still be on its way into the read model."""


async def find_mission(resources: Resources, caller: Caller, mission_id: UUID) -> MissionView:
    """A mission of the caller's. Raises Problem 404, after a little wait that tells nobody what exists."""

    async def look() -> MissionView | None:
        async with resources.database.connect() as connection:
            return await views.read_mission(connection, caller.scope, mission_id)

    found = await wait_for(resources.feed, look, RECORDING_SECONDS)
    if found is None:
        raise Problem("not_found")
    return found


async def read_sheet(resources: Resources, caller: Caller, mission_id: UUID) -> MissionShown:
    """The whole sheet; the patient for the assigned company while the mission runs, and for the SAMU (rule 32)."""
    found = await find_mission(resources, caller, mission_id)
    async with resources.database.begin() as connection:
        steps = await views.steps_of(connection, found.id)
        patient = None
        if _may_read_patient(caller, found):
            patient = await read_patient(connection, resources, caller, found.demand_id)
    own = caller.company_id == found.company_id
    samu = await resources.samu(found.samu_id)
    return MissionShown(
        **dict(mission_line(found)),
        patient=patient,
        steps=steps_shown(steps, names=own),
        samu_phone=samu.profile.phone if samu else None,
    )


def _may_read_patient(caller: Caller, found: MissionView) -> bool:
    if caller.role is Role.SAMU:
        return caller.samu_id == found.samu_id
    return caller.company_id == found.company_id and found.ended_at is None


def mission_line(found: MissionView) -> MissionLine:
    """A mission as a line of a list."""
    step = Step(found.step)
    return MissionLine.model_validate(
        {
            **{name: getattr(found, name) for name in _SAME_NAMES},
            "expected_step": step.next if found.ended_at is None else None,
            "pickup": place(found),
            "destination": DestinationShown(
                facility_id=found.facility_id,
                name=found.facility_name,
                lat=found.facility_lat,
                lon=found.facility_lon,
            ),
        }
    )


_SAME_NAMES = tuple(
    name for name in MissionLine.model_fields if name not in {"expected_step", "pickup", "destination"}
)
