"""Correcting a place: what the crew reads and where it is change together, whatever dies in between (rules 2, 91).

The text is written before the engine is asked, under the place that it belongs to. Readers take the text of the place
where the demand is: the new one appears with the new coordinates, and never if they are refused.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.problems import Problem
from api.resources import Resources
from api.schemas.common import PlaceGiven
from domain.fleet import Point
from storage import places
from storage.places import PlaceText
from storage.views import DemandView

SERVER_ERRORS = 500


@asynccontextmanager
async def moving(resources: Resources, found: DemandView, given: PlaceGiven) -> AsyncIterator[None]:
    """Keep the new text while the engine decides; take it back when the engine refuses. What is left out stays."""
    point = Point(lat=given.lat, lon=given.lon)
    named = given.model_fields_set
    text = PlaceText(
        given.address if "address" in named else found.address,
        given.access if "access" in named else found.access,
    )
    async with resources.database.begin() as connection:
        before = await places.write(connection, found.id, point, text)
    try:
        yield
    except Problem as problem:
        if problem.kind.status < SERVER_ERRORS:  # after an outage the engine may still do it
            async with resources.database.begin() as connection:
                await places.take_back(connection, found.id, point, text, before)
        raise
