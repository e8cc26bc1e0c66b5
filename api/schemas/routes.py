"""The way of a mission's vehicle, to draw and to follow."""

from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from api.fields import Answer
from geo.routes import RouteSource


class Goal(StrEnum):
    """Where the way leads."""

    PICKUP = "pickup"
    DESTINATION = "destination"


class LineShown(Answer):
    """A GeoJSON LineString: longitude, then latitude, in degrees."""

    type: Literal["LineString"] = "LineString"
    coordinates: list[tuple[float, float]]


class ManeuverShown(Answer):
    """One thing to do, in words, and how far and how long it leads; ``at`` is an index into the coordinates."""

    instruction: str
    distance_m: int
    duration_s: int
    street: str | None
    at: int


class RouteShown(Answer):
    """The way from the vehicle's last position. ``notice`` is to be shown with the line, whenever there is one.

    ``duration_s`` is the drive alone, as everybody drives there at this hour. ``source`` STRAIGHT is an estimate, and
    its line no road.
    """

    mission_id: UUID
    vehicle_id: UUID
    to: Goal
    geometry: LineShown
    distance_m: int
    duration_s: int
    maneuvers: list[ManeuverShown]
    source: RouteSource
    position_age_s: int
    notice: str | None
    computed_at: datetime
