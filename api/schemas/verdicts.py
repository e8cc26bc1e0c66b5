"""Verdicts: why each vehicle and site was, or was not, solicited, and what would have had to be different."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from api.fields import Answer
from domain.vocabulary import Freshness, LeaseState, VehicleVerdict


class Needed(Answer):
    """What would have had to be different, of one obstacle."""

    obstacle: VehicleVerdict
    sentence: str
    minutes: int | None = None
    """Of TOO_FAR: so many minutes nearer, or so much more delay."""
    seconds: int | None = None
    """Of POSITION_TOO_OLD: so many seconds younger."""


class VerdictShown(Answer):
    """Why a vehicle, a site or the patient's own company was, or was not, solicited.

    Minutes are rounded up. `estimated`: no road was followed where roads are known. `approximate`: it lay where nobody
    could be there in time, and `distance_m` is that from the centre of its `cell`.
    """

    round: int
    tier: str
    survey: int
    target_id: UUID
    target_name: str | None
    vehicle_id: UUID | None = None
    site_id: UUID | None = None
    company_id: UUID
    company_name: str | None
    verdict: str
    sentence: str
    """The whole verdict, in words."""
    obstacles: list[VehicleVerdict]
    """All that stood in the way; the first one is the verdict."""
    needed: list[Needed]
    """What would have made it eligible: all of these."""
    earliest_minutes: int | None
    """The earliest arrival, by which it is asked or not."""
    eta_minutes: int | None
    """The latest arrival: what is promised."""
    max_delay_minutes: int
    """What was asked then."""
    distance_m: float | None
    """As the crow flies."""
    approximate: bool
    cell: str | None = Field(description="The H3 cell that its position was filed under, of resolution 5")
    fix_age_s: float | None
    freshness: Freshness | None
    mobilisation_s: int | None
    """What its crew needed before it left; part of the minutes."""
    to_confirm: bool
    estimated: bool
    regulation: LeaseState | None
    travel_engine: str
    """Name, graph and speeds of what measured: the same again gives the same figures."""
    travel_profile: str
    place_gap: str | None
    """Why the place itself was not reached by road."""
    at: datetime


class VerdictPage(Answer):
    """A page of verdicts."""

    items: list[VerdictShown]
    next_cursor: str | None
