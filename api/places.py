"""Is the place where it should be? A plainly wrong one is refused with a sentence that helps (rule 2)."""

from uuid import UUID

from api.problems import Problem
from api.resources import Resources
from api.schemas.common import PlaceGiven
from domain.policy import Policy


async def check_place(resources: Resources, samu_id: UUID, place: PlaceGiven) -> None:
    """Raise Problem ``outside_area`` for a place that is not in the SAMU's area."""
    samu = await resources.samu(samu_id)
    if samu is None or samu.area is None or samu.area.contains(place.lat, place.lon):
        return
    far = round(samu.area.distance_km(place.lat, place.lon), 1)
    swapped = samu.area.looks_swapped(place.lat, place.lon)
    sentence = f"The place is about {far:.0f} km outside the area of {samu.profile.name}."
    if swapped:
        sentence += " Latitude and longitude look exchanged."
    fault = {"pointer": "/pickup", "code": "outside_area", "detail": sentence}
    raise Problem("outside_area", sentence, distance_km=far, looks_swapped=swapped, errors=[{**fault}])


async def policy_of(resources: Resources, samu_id: UUID) -> Policy:
    """The SAMU's timings, copied into each demand when it starts."""
    samu = await resources.samu(samu_id)
    return samu.profile.policy if samu is not None else Policy()
