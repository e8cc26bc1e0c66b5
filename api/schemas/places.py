"""Places as people name them, and who could be there: what a SAMU is told before it sends a demand."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.fields import Answer, Body, DelayMinutes, Latitude, Longitude
from domain.fleet import Volume


class CommuneShown(Answer):
    """A commune with its town hall, in degrees."""

    insee: str
    name: str
    population: int
    lat: float
    lon: float


class CommuneList(Answer):
    """Communes: of a search the likeliest first, of an area by name."""

    items: list[CommuneShown]


class ReachAsked(Body):
    """A place and terms, as a demand would have them."""

    lat: Latitude
    lon: Longitude
    max_delay_minutes: DelayMinutes
    volume: Volume


class CommuneNamed(Answer):
    """A commune."""

    insee: str
    name: str


class SectorNamed(Answer):
    """A guard sector."""

    id: UUID
    name: str


class ReachShown(Answer):
    """How many would be solicited if the demand were sent now, and how soon the nearest of them could be there.

    ``commune`` is the one whose town hall is the nearest. ``gap`` says why the roads do not reach the place.
    """

    guards: int
    vehicles: int
    sites: int
    nearest_minutes: Annotated[int | None, Field(description="The earliest arrival of the nearest of them")]
    commune: CommuneNamed | None
    sector: SectorNamed | None
    gap: str | None
    in_area: bool
