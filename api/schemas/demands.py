"""Demands as a SAMU posts, changes and reads them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator

from api.fields import Answer, Body, DelayMinutes, Flag, Line, Paragraph, Phone, Word
from api.schemas.common import DestinationShown, PatientShown, Place, PlaceGiven
from domain.fleet import Volume
from domain.messages import Decision
from domain.vocabulary import DemandStatus, Subject


class Sex(StrEnum):
    """As the file says."""

    F = "F"
    M = "M"
    X = "X"


class SearchState(StrEnum):
    """Whether the engine has the demand: DELAYED means that the caller should telephone (rule 97)."""

    RUNNING = "RUNNING"
    DELAYED = "DELAYED"


class PatientGiven(Body):
    """Who the patient is, as far as it is known."""

    last_name: Word | None = None
    first_name: Word | None = None
    birth_year: Annotated[int, Field(strict=True, ge=1880, le=2100)] | None = None
    sex: Sex | None = None
    weight_kg: Annotated[int, Field(strict=True, ge=1, le=500)] | None = None


EXAMPLE: dict[str, JsonValue] = {
    "reference": "DRFR1511260001",
    "max_delay_minutes": 20,
    "volume": "AMBULANCE",
    "pickup": {
        "lat": 43.2130,
        "lon": 2.3491,
        "address": "12 rue de Verdun, 11000 Carcassonne",
        "access": "3e étage, code 12B",
    },
    "motive": "Chute, douleur hanche",
    "instructions": "Chien attaché",
    "callback_phone": "+33465710000",
    "patient": {
        "last_name": "EXEMPLE",
        "first_name": "Fable",
        "birth_year": 1941,
        "sex": "F",
        "weight_kg": 70,
    },
    "company_id": None,
    "exercise": False,
}


class DemandPosted(Body):
    """A demand. ``reference`` is the SAMU's own; the same reference and content are the same demand (rule 1)."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    reference: Word
    max_delay_minutes: DelayMinutes
    volume: Volume
    pickup: PlaceGiven
    motive: Line | None = None
    instructions: Paragraph | None = None
    callback_phone: Phone | None = None
    patient: PatientGiven | None = None
    company_id: UUID | None = None
    exercise: Flag = False
    smur_reference: Word | None = None


class DemandAmended(Body):
    """New terms (rule 91): what is left out stays as it is."""

    pickup: PlaceGiven | None = None
    max_delay_minutes: DelayMinutes | None = None
    volume: Volume | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.pickup is None and self.max_delay_minutes is None and self.volume is None:
            raise ValueError("give at least one of pickup, max_delay_minutes and volume")
        return self


class ArbitrationGiven(Body):
    """The SAMU's decision (rule 10); without ``solicitation_id`` the best one, or all when refusing."""

    decision: Decision
    solicitation_id: UUID | None = None
    reason: Line | None = None
    confirm: Flag = False
    """Accept a promise although nobody regulates its company: it was telephoned, and will take its post."""


class ReasonGiven(Body):
    """Why, in a few words."""

    reason: Line


class ReasonMaybe(Body):
    """Why, if it is to be said."""

    reason: Line | None = None


class DestinationGiven(Body):
    """The facility given at the bilan, by its FINESS number (rule 36)."""

    facility_id: Word


class SolicitationOfDemand(Answer):
    """One company that was asked."""

    id: UUID
    tier: str
    round: int
    company_id: UUID
    site_id: UUID | None
    vehicle_id: UUID | None
    eta_minutes: int | None
    earliest_minutes: int | None
    exact_volume: bool
    to_confirm: bool
    state: str
    counter_delay_minutes: int | None
    reason: str | None
    opened_at: datetime
    answer_before: datetime
    answered_at: datetime | None


class CounterProposalShown(Answer):
    """A standing counter-proposal; the best is first (rule 10)."""

    solicitation_id: UUID
    company_id: UUID
    delay_minutes: int
    best: bool
    regulated: bool = True
    """Whether somebody of the company is there to answer: a promise accepted blindly costs its whole countdown."""


class StepShown(Answer):
    """A step that was passed, when it happened and when it was told (rule 96). ``by`` names who to their own company.

    To everybody else it is the role.
    """

    step_id: UUID
    step: str
    occurred_at: datetime
    recorded_at: datetime
    device_time: datetime | None = None
    by: str
    by_role: str
    reason: str | None = None


class MissionOfDemand(Answer):
    """The vehicle that goes."""

    id: UUID
    vehicle_id: UUID
    company_id: UUID
    assigned_at: datetime
    promised_at: datetime
    deadline: datetime
    step: str
    alarm: str | None
    ended_at: datetime | None
    end_reason: str | None
    end_detail: str | None
    steps: list[StepShown]


class DemandLine(Answer):
    """A demand in a list."""

    id: UUID
    reference: str
    status: DemandStatus
    search: SearchState
    received_at: datetime
    deadline: datetime
    tier_deadline: datetime | None
    max_delay_minutes: int
    volume: str
    pickup: Place
    revision: int
    carence_proposed: bool
    exercise: bool
    mission_id: UUID | None
    ended_at: datetime | None


class GuardPhone(Answer):
    """A guard crew to be called: without a phone in its vehicle, or on a provisional guard.

    A provisional guard waits for its approval: POST /v1/guard/periods/{period_id}/approval.
    """

    sector: str
    company: str
    phone: str | None
    period_id: UUID
    vehicle_id: UUID


class DemandShown(DemandLine):
    """A demand with all that hangs on it. ``patient`` is shown to its SAMU only, and only when it is read."""

    motive: str | None
    instructions: str | None
    company_id: UUID | None
    smur_reference: str | None
    end_reason: str | None
    destination: DestinationShown
    patient: PatientShown | None = None
    solicitations: list[SolicitationOfDemand]
    counter_proposals: list[CounterProposalShown]
    mission: MissionOfDemand | None
    guard_by_phone: list[GuardPhone] = Field(default_factory=list)
    """Guard crews of the place's sector that the platform does not reach yet: call them (rule 59)."""


class DemandPage(Answer):
    """A page of demands, newest first."""

    items: list[DemandLine]
    next_cursor: str | None


class FactShown(Answer):
    """One fact of the journal."""

    seq: int
    kind: str
    at: datetime
    recorded_at: datetime
    position: int
    data: dict[str, JsonValue]


class FactPage(Answer):
    """A page of a demand's journal, in order."""

    items: list[FactShown]
    next_cursor: str | None


class TimelineFact(FactShown):
    """One fact of a demand's, a company's or a guard period's journal."""

    subject: Subject
    subject_id: UUID
    demand_id: UUID | None


class TimelinePage(Answer):
    """A page of all journals, in the order in which they were written."""

    items: list[TimelineFact]
    next_cursor: str
