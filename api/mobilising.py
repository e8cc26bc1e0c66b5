"""Mobilisation times of sites: written, and told once when they change."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import Problem
from api.resources import Resources
from api.schemas.fleet import MobilisationGiven, MobilisationSaid
from api.security import Caller, checked
from domain.duty_facts import MobilisationSet, of_company
from storage import devices, duty, mobilisation
from storage.mobilisation import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Mobilising:
    """A regulator says how long the crews of a site need."""

    caller: Caller
    site_id: UUID
    given: MobilisationGiven
    device_id: UUID | None
    at: datetime

    @property
    def company_id(self) -> UUID:
        """The regulator's."""
        assert self.caller.company_id is not None  # noqa: S101 - checked with the role
        return self.caller.company_id


async def set_times(resources: Resources, asked: Mobilising) -> MobilisationSaid:
    """The times as they are now; what changed is told. Raises Problem 404 or 409."""
    given = asked.given
    async with resources.database.begin() as connection:
        await duty.lock(connection, asked.company_id)
        if asked.device_id is not None:
            checked(await devices.find_device(connection, asked.device_id, asked.caller.id))
        done = await mobilisation.set_mobilisation(
            connection,
            asked.company_id,
            asked.site_id,
            default_s=given.default_s,
            by_hour_s=given.by_hour_s,
        )
        if done is Change.UNKNOWN:
            raise Problem("not_found")
        if done is Change.CHANGED:
            await _tell(connection, asked)
    return MobilisationSaid(id=asked.site_id, default_s=given.default_s, by_hour_s=given.by_hour_s)


async def _tell(connection: AsyncConnection, asked: Mobilising) -> None:
    given = asked.given
    body = MobilisationSet(
        site_id=asked.site_id,
        default_s=given.default_s,
        by_hour_s=None if given.by_hour_s is None else tuple(given.by_hour_s),
        by=asked.caller.actor(asked.device_id),
    )
    await duty.tell(connection, [of_company(asked.company_id, body, asked.at)])
