"""Who could be there if a demand were sent now: the same look as the survey's, of which nothing is kept."""

import asyncio
from collections import Counter
from datetime import datetime
from uuid import UUID

from api.naming import gazetteer_of
from api.problems import Problem
from api.resources import Resources
from api.schemas.places import CommuneNamed, ReachAsked, ReachShown, SectorNamed
from domain.fleet import Point
from domain.messages import SurveyRequest
from domain.vocabulary import Tier, VehicleVerdict
from storage import guard_views
from storage.engine import with_snapshots
from storage.views import Scope
from survey.looking import Look

LONGEST_SECONDS = 3.0
"""Whoever is writing a demand has sent it by then; the number would come too late."""
NO_DEMAND = UUID(int=0)
"""Nothing is posted yet."""


async def read_reach(resources: Resources, samu_id: UUID, asked: ReachAsked, at: datetime) -> ReachShown:
    """How many could be there in time, in which commune and guard sector the place is.

    Raises Problem 503 `too_busy` when it would take too long.
    """
    place = Point(lat=asked.lat, lon=asked.lon)
    found = await _look(resources, _request(samu_id, place, asked, at))
    coming = [judged for _, judged in found.judged if judged.verdict is VehicleVerdict.SOLICITED]
    count = Counter(judged.tier for judged in coming)
    minutes = [judged.earliest_minutes for judged in coming if judged.earliest_minutes is not None]
    return ReachShown(
        guards=count[Tier.GUARD],
        vehicles=count[Tier.VEHICLE],
        sites=count[Tier.SITE],
        nearest_minutes=min(minutes, default=None),
        commune=await _commune_of(resources, place),
        sector=await _sector_of(resources, samu_id, place),
        gap=None if found.gap is None else found.gap.value,
        in_area=await _is_in_area(resources, samu_id, place),
    )


async def _look(resources: Resources, request: SurveyRequest) -> Look:
    """Look at the fleet, when it is one's turn: a look keeps the loop busy, and with it whoever answers a solicitation."""
    try:
        async with (
            asyncio.timeout(LONGEST_SECONDS),
            resources.reaches,
            with_snapshots(resources.database).connect() as connection,
        ):
            return await resources.surveyor.look(connection, request)
    except TimeoutError as error:
        raise Problem("too_busy") from error


def _request(samu_id: UUID, place: Point, asked: ReachAsked, at: datetime) -> SurveyRequest:
    return SurveyRequest(
        demand_id=NO_DEMAND,
        samu_id=samu_id,
        place=place,
        max_delay_minutes=asked.max_delay_minutes,
        volume=asked.volume,
        round=1,
        number=1,
        at=at,
    )


async def _is_in_area(resources: Resources, samu_id: UUID, place: Point) -> bool:
    samu = await resources.samu(samu_id)
    return samu is None or samu.area is None or samu.area.contains(place.lat, place.lon)


async def _commune_of(resources: Resources, place: Point) -> CommuneNamed | None:
    found = (await gazetteer_of(resources)).nearest(place.lat, place.lon)
    return None if found is None else CommuneNamed(insee=found.insee, name=found.name)


async def _sector_of(resources: Resources, samu_id: UUID, place: Point) -> SectorNamed | None:
    sector_id = await resources.sector_at(samu_id, place)
    if sector_id is None:
        return None
    async with resources.database.connect() as connection:
        known = await guard_views.sectors_of(connection, Scope(samu_id=samu_id))
    name = next((each.name for each in known if each.id == sector_id), None)
    return None if name is None else SectorNamed(id=sector_id, name=name)
