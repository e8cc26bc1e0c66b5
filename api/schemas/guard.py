"""The guard: sectors, the roster and its periods, shifts, provisional guard."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from api.fields import Answer, Body, Instant, Line, Phone, Word
from domain.guard import PeriodState
from domain.vocabulary import Diploma, ShiftEnd


class Named(Answer):
    """Something with its name."""

    id: UUID
    name: str


class SectorShown(Answer):
    """A guard sector. `communes` are INSEE codes, `neighbours` the sectors that touch it."""

    id: UUID
    samu_id: UUID
    name: str
    communes: list[str]
    neighbours: list[UUID]


class SectorList(Answer):
    """Guard sectors, by name."""

    items: list[SectorShown]


class StaffShown(Answer):
    """One of the company's staff."""

    id: UUID
    name: str
    diploma: Diploma


class StaffList(Answer):
    """The company's staff, by name."""

    items: list[StaffShown]


# -- shifts and periods ----------------------------------------------------------------------------------------------


class TeammateGiven(Body):
    """Somebody of the company's list (`staff_id`), or else a name with a diploma, which is flagged (rule 58)."""

    staff_id: UUID | None = None
    name: Word | None = None
    diploma: Diploma | None = None
    diploma_number: Annotated[Word | None, Field(description="Of the diploma or the attestation")] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        written = (self.name, self.diploma, self.diploma_number)
        if self.staff_id is not None and any(written):
            raise ValueError("give staff_id, or a name with a diploma, not both")
        if self.staff_id is None and not (self.name and self.diploma):
            raise ValueError("give staff_id, or a name with a diploma")
        return self


class ShiftPosted(Body):
    """A crew opens its guard."""

    period_id: UUID
    vehicle_id: UUID
    teammate: TeammateGiven


class MissingPeriodPosted(Body):
    """A crew's period is not in the roster; `phone` is where it is called meanwhile. By default from now, 12 hours."""

    sector_id: UUID
    vehicle_id: UUID
    teammate: TeammateGiven
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    phone: Phone


class RefusalGiven(Body):
    """Why a provisional guard is not approved."""

    reason: Line


class TeammateShown(Answer):
    """The second of a crew: `free_entry` was not in the company's list."""

    name: str
    diploma: Diploma | None
    diploma_number: str | None
    staff_id: UUID | None
    free_entry: bool


class ShiftShown(Answer):
    """A crew on guard, until `closed_at`. Durations are elapsed seconds. The teammate is told to its company only.

    `phones` can answer for it now: with none its vehicle is not asked through the platform.
    """

    id: UUID
    period_id: UUID
    vehicle_id: UUID
    vehicle_name: str
    opened_at: datetime
    late_s: int
    closed_at: datetime | None
    close_reason: ShiftEnd | None
    served_s: int | None
    overtime_s: int | None
    missions: int
    phones: int
    teammate: TeammateShown | None


class PeriodShown(Answer):
    """A line of the roster, or a provisional one, with its open shift, else its last one.

    `phone` is where the crew of a provisional one is called, `company_phone` its company's.
    """

    id: UUID
    samu_id: UUID
    sector: Named
    company: Named
    rank: int
    starts_at: datetime
    ends_at: datetime
    state: PeriodState
    provisional: bool
    asked_at: datetime | None
    approved_at: datetime | None
    phone: str | None
    company_phone: str | None
    shift: ShiftShown | None


class PeriodPage(Answer):
    """Periods, the newest last. With `state` a page may be short, and others follow as long as there is a cursor."""

    items: list[PeriodShown]
    next_cursor: str | None


# -- the roster ------------------------------------------------------------------------------------------------------


class Change(StrEnum):
    """What an import did with a period."""

    PLANNED = "PLANNED"
    UNCHANGED = "UNCHANGED"
    WITHDRAWN = "WITHDRAWN"


class RosterLineShown(Answer):
    """A period of an import; it has no id yet in a dry run."""

    id: UUID | None
    change: Change
    sector: Named
    company: Named
    rank: int
    starts_at: datetime
    ends_at: datetime


class RosterTaken(Answer):
    """How many periods were planned, known already, and withdrawn; the first of them."""

    planned: int
    unchanged: int
    withdrawn: int
    dry_run: bool
    periods: list[RosterLineShown]
