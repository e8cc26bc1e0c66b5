"""What a directory file says. An entry's optional key that is left out leaves what the database has."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.fleet import Category
from domain.mobilisation import HOURS, LONGEST_S
from domain.people import Role
from ops.directory.fields import Department, Name, NameOrNone, Phone, Plate, Username, Zone
from ops.directory.france import check_in_france
from ops.directory.policy import Chosen

OF_A_SAMU = frozenset({Role.SAMU, Role.COORDINATOR})
OF_A_COMPANY = frozenset({Role.REGULATOR, Role.CREW})
AREAS = ("departments", "outline", "cells")

Seconds = Annotated[int, Field(ge=0, le=LONGEST_S)]


class Entry(BaseModel):
    """Base of all: what is not known is refused, and a figure is no text."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, hide_input_in_errors=True
    )


class Named(Entry):
    """Known by its name. `was` is what it was called before: so it is renamed, and not made again."""

    name: Name
    was: Name | None = None


class Samu(Named):
    """A SAMU. One of AREAS says where its demands come from; a new one needs it."""

    phone: Phone | None = None
    departments: Annotated[list[Department], Field(min_length=1)] | None = None
    outline: str | None = None
    """A GeoJSON file, beside this one."""
    cells: Annotated[list[str], Field(min_length=1)] | None = None
    """H3 cells, as an export writes them."""
    timezone: Zone | None = None
    policy: Chosen | None = None

    @model_validator(mode="after")
    def _one_area(self) -> Self:
        given = [name for name in AREAS if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"its area is said twice: by {' and by '.join(given)}")
        return self


class Site(Named):
    """Where vehicles of a company wait. Mobilisation times are its first: afterwards the company says them."""

    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]
    mobilisation_s: Seconds | None = None
    mobilisation_by_hour_s: Annotated[list[Seconds], Field(min_length=HOURS, max_length=HOURS)] | None = None

    @model_validator(mode="after")
    def _is_in_france(self) -> Self:
        check_in_france(self.lat, self.lon)
        return self


class Vehicle(Named):
    """A vehicle, known by its registration, or else by its name within the company."""

    category: Category
    registration: Plate | None = None
    site: NameOrNone | None = None
    """The name of a site of the same company."""


class Company(Named):
    """A company with its means, and the SAMUs that may solicit it by convention (rule 99)."""

    phone: Phone | None = None
    conventions: list[Name] = []
    sites: list[Site] = []
    vehicles: list[Vehicle] = []


class Person(Entry):
    """An account: whoever logs in under this name, in one role, for one SAMU or one company."""

    username: Username
    role: Role
    samu: Name | None = None
    company: Name | None = None

    @model_validator(mode="after")
    def _has_its_scope(self) -> Self:
        if (self.samu is not None) != (self.role in OF_A_SAMU):
            raise ValueError(_scope(self.role, "samu", needed=self.role in OF_A_SAMU))
        if (self.company is not None) != (self.role in OF_A_COMPANY):
            raise ValueError(_scope(self.role, "company", needed=self.role in OF_A_COMPANY))
        return self


class Directory(Entry):
    """The whole file."""

    samus: list[Samu] = []
    companies: list[Company] = []
    persons: list[Person] = []


def _scope(role: Role, key: str, *, needed: bool) -> str:
    if needed:
        return f"whoever has the role {role} belongs to a {key}: '{key}' is missing"
    return f"whoever has the role {role} belongs to no {key}: '{key}' must go"
