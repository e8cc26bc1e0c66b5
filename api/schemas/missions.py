"""Solicitations and missions as companies read and answer them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.fields import Answer, Body, CounterMinutes, Instant, Line
from api.schemas.common import DestinationShown, PatientShown, Place, Recorded
from api.schemas.demands import StepShown
from domain.vocabulary import Receipt, Step


class Openness(StrEnum):
    """Which missions a list is about."""

    OPEN = "OPEN"
    ENDED = "ENDED"


class AcceptanceGiven(Body):
    """Acceptance; a site's or a free choice's names the vehicle (rule 27)."""

    vehicle_id: UUID | None = None


class CounterProposalGiven(Body):
    """A promise: minutes from the moment the SAMU accepts it (rule 7)."""

    delay_minutes: CounterMinutes


class TermsShown(Answer):
    """What a company may know of a demand before it has the mission: no address, no patient."""

    max_delay_minutes: int
    volume: str
    deadline: datetime
    pickup: Place
    exercise: bool
    revision: int


class SolicitationShown(Answer):
    """A question to the company, to be answered before ``answer_before``."""

    id: UUID
    demand_id: UUID
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
    rung_at: datetime | None
    demand: TermsShown
    answerable_here: bool | None
    """Whether the device that asks may answer: it regulates, or is the guard's phone. Null without a device."""


class Confirmed(Recorded):
    """A confirmed mission, and whether a phone is in its vehicle; otherwise ``notice`` says to call the crew."""

    phone_bound: bool | None = None
    notice: str | None = None


class SolicitationPage(Answer):
    """A page of solicitations, newest first."""

    items: list[SolicitationShown]
    next_cursor: str | None


class MissionLine(Answer):
    """The sheet of a mission ("Intervention en cours"), without the patient."""

    id: UUID
    demand_id: UUID
    solicitation_id: UUID
    reference: str
    company_id: UUID
    vehicle_id: UUID
    volume: str
    max_delay_minutes: int
    assigned_at: datetime
    promised_at: datetime
    deadline: datetime
    step: str
    expected_step: str | None
    alarm: str | None
    ended_at: datetime | None
    end_reason: str | None
    end_detail: str | None
    pickup: Place
    motive: str | None
    instructions: str | None
    exercise: bool
    destination: DestinationShown
    phone_bound: bool | None
    """Whether a phone was in the vehicle at confirmation (rule 31)."""
    delivered_at: datetime | None
    opened_at: datetime | None


class MissionShown(MissionLine):
    """The whole sheet. The patient is shown while the mission runs (rule 32); the bilan is told by phone (rule 22)."""

    patient: PatientShown | None = None
    steps: list[StepShown]
    samu_phone: str | None = None


class MissionPage(Answer):
    """A page of missions, newest first."""

    items: list[MissionLine]
    next_cursor: str | None


class StepGiven(Body):
    """A step is passed. ``step_id`` makes it repeatable; ``occurred_at`` may lie in the past (rules 43 and 44)."""

    step: Step
    step_id: UUID
    occurred_at: Instant | None = None
    reason: Line | None = None


class StepAnswer(Answer):
    """What became of a step: written down (200), or kept to be applied (202)."""

    status: Annotated[str, Field(examples=["recorded", "kept, will be applied"])]
    step_id: UUID
    step: Step
    mission_id: UUID
    occurred_at: datetime | None = None
    recorded_at: datetime | None = None
    undone_at: datetime | None = None
    expected_step: str | None = None


class ReliefGiven(Body):
    """Another vehicle of the company takes over, and why."""

    vehicle_id: UUID
    reason: Line


class ReceiptGiven(Body):
    """A device has the mission, or somebody has read it (rule 30)."""

    receipt: Receipt


class ReceiptShown(Answer):
    """How far the mission has come."""

    mission_id: UUID
    delivered_at: datetime | None
    opened_at: datetime | None
