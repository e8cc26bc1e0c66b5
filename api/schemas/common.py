"""Shapes that several resources use."""

from datetime import datetime
from uuid import UUID

from pydantic import Field, JsonValue

from api.fields import Answer, Body, Latitude, Line, Longitude
from domain.people import Role


class PlaceGiven(Body):
    """A place that a SAMU gives: coordinates for the search, address for the crew (rule 2)."""

    lat: Latitude
    lon: Longitude
    address: Line | None = None
    access: Line | None = None


class Place(Answer):
    """A place, in WGS-84 degrees."""

    lat: float
    lon: float
    address: str | None = None
    access: str | None = None


class PatientShown(Answer):
    """Who the patient is: every reading of it is written down."""

    last_name: str | None
    first_name: str | None
    birth_year: int | None
    sex: str | None
    weight_kg: int | None
    callback_phone: str | None


class DestinationShown(Answer):
    """The facility given at the bilan; all null while none is known."""

    facility_id: str | None = None
    name: str | None = None
    lat: float | None = None
    lon: float | None = None
    given_by: Role | None = Field(
        default=None, description="Whose word it is: only the SAMU changes what it gave. Null in lists."
    )


class Recorded(Answer):
    """The verdict on what was sent: CONFIRMED or RECORDED."""

    outcome: str
    mission_id: UUID | None = None
    expected_step: str | None = None


class FieldError(Answer):
    """What is wrong, and where: a JSON pointer into the body, a line of a file, or the name of a parameter."""

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None
    line: int | None = None
    column: str | None = None


class HolderShown(Answer):
    """Who regulates a site: told to its own company only."""

    site_id: UUID
    device_id: UUID
    device_name: str
    device_kind: str
    person: str
    since: datetime


class ProblemShown(Answer):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] | None = None
    error_count: int | None = None
    opens_at: datetime | None = None
    period_id: UUID | None = None
    expected_step: str | None = None
    missing: list[str] | None = None
    distance_km: float | None = None
    looks_swapped: bool | None = None
    holder: HolderShown | None = None
    open_solicitations: int | None = None
    running_missions: int | None = None
    open_guard_shifts: int | None = None


class Empty(Body):
    """A body without content."""


Json = dict[str, JsonValue]
