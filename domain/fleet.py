"""Companies' means: volumes, categories, places, and which vehicle may serve which demand."""

from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Volume(StrEnum):
    """Size of the vehicle that a SAMU asks for (rule 4): AMBULANCE is small, ASSU is large."""

    AMBULANCE = "AMBULANCE"
    ASSU = "ASSU"


class Category(StrEnum):
    """Legal category of a vehicle (Code de la santé publique, R. 6312-8). VSL (D) never serves an urgent demand."""

    A = "A"
    C = "C"

    @property
    def volume(self) -> Volume:
        """The volume that the category carries: A is an ASSU, C an ambulance."""
        return Volume.ASSU if self is Category.A else Volume.AMBULANCE


class Point(BaseModel):
    """A WGS-84 place, in degrees."""

    model_config = ConfigDict(frozen=True)

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class Whereabouts(NamedTuple):
    """From where a vehicle or a site comes: degrees, and the road node that the place was snapped to.

    ``graph`` is the road graph that it was snapped to; with one and without ``node`` the place is off all roads.
    ``access_m`` metres lie between the place and its node.
    """

    lat: float
    lon: float
    graph: str | None = None
    node: int | None = None
    access_m: float = 0.0


class Box(NamedTuple):
    """South, north, west and east in degrees; west is not above east."""

    south: float
    north: float
    west: float
    east: float

    def holds(self, lat: float, lon: float) -> bool:
        """Whether a place lies within, or on the rim."""
        return self.south <= lat <= self.north and self.west <= lon <= self.east


class VehicleCard(BaseModel):
    """What is known of one vehicle when it is named for a mission."""

    model_config = ConfigDict(frozen=True)

    vehicle_id: UUID
    company_id: UUID
    volume: Volume
    on_guard: bool = False
    eta_minutes: int | None = None
    """The latest arrival: what is promised."""
    phone_bound: bool | None = None
    """Whether a phone is in the vehicle (rule 31); unknown to older workers."""
    name: str | None = None
    company_name: str | None = None
    """What both are called, for operators; unknown to older workers."""


def serves(vehicle: Volume, demanded: Volume) -> bool:
    """Whether a vehicle of one volume may serve a demand of another (rule 4: larger yes, smaller never)."""
    return vehicle is demanded or vehicle is Volume.ASSU
