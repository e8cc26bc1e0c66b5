"""Where a patient is taken to (rule 36): the facility that is named, and the one that stands with whose word it is."""

from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import Problem
from api.resources import Resources
from api.schemas.common import DestinationShown
from domain.people import Role
from storage import means
from storage.means import Facility
from storage.standing import who_gave_destination
from storage.views import DemandView, MissionView


async def facility_named(resources: Resources, facility_id: str) -> Facility:
    """The facility of this FINESS number. Raises Problem 422 `unknown_facility`."""
    async with resources.reading.connect() as connection:
        found = await means.find_facility(connection, facility_id)
    if found is None:
        raise Problem("unknown_facility")
    return found


def destination_given(facility: Facility, by: Role) -> DestinationShown:
    """A destination as it was just given."""
    return DestinationShown(
        facility_id=facility.id, name=facility.name, lat=facility.lat, lon=facility.lon, given_by=by
    )


async def read_destination(connection: AsyncConnection, found: DemandView) -> DestinationShown:
    """The facility given at the bilan, with its place."""
    if found.facility_id is None:
        return DestinationShown()
    facility = await means.find_facility(connection, found.facility_id)
    return DestinationShown(
        facility_id=found.facility_id,
        name=found.facility_name,
        lat=facility.lat if facility else None,
        lon=facility.lon if facility else None,
        given_by=await who_gave_destination(connection, found.id, found.facility_id),
    )


def destination_line(found: MissionView) -> DestinationShown:
    """The destination of a mission in a list, where nobody asks whose word it is."""
    return DestinationShown(
        facility_id=found.facility_id,
        name=found.facility_name,
        lat=found.facility_lat,
        lon=found.facility_lon,
    )


async def destination_of(connection: AsyncConnection, found: MissionView) -> DestinationShown:
    """The destination on a mission's sheet."""
    if found.facility_id is None:
        return destination_line(found)
    given_by = await who_gave_destination(connection, found.demand_id, found.facility_id)
    return destination_line(found).model_copy(update={"given_by": given_by})


async def destination_standing(resources: Resources, found: MissionView) -> DestinationShown:
    """The destination on a mission's sheet, for whoever gives the one that stands: whose word it is does not change."""
    async with resources.reading.connect() as connection:
        return await destination_of(connection, found)
