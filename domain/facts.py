"""The facts of the journal: everything that happened to a demand, in past tense, each with its own shape.

A fact never carries patient identity, an address or a telephone number. Its *audience* lists the companies that may
see it; the demand's SAMU sees all. The kinds are the event names of the public stream: append-only.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domain.alarm_facts import AlarmClosed, AlarmRaised, AlarmSeen
from domain.fact_body import Body
from domain.fleet import Point, Volume
from domain.mission_facts import (
    MissionAssigned,
    MissionEnded,
    MissionReceived,
    MissionReconfirmed,
    MissionRung,
    StepPassed,
    StepTurnedAway,
    StepUndone,
    VehicleRelieved,
)
from domain.people import Actor
from domain.search_facts import (
    AnswerTurnedAway,
    ArbitrationOpened,
    CarenceProposed,
    CounterProposalAccepted,
    CounterProposalLapsed,
    CounterProposalRefused,
    DelayProposed,
    PromiseWithdrawn,
    SolicitationAccepted,
    SolicitationExpired,
    SolicitationOpened,
    SolicitationRefused,
    SolicitationRevised,
    SolicitationsRung,
    SolicitationUnavailable,
    SolicitationWithdrawn,
    TierClosed,
    TierOpened,
    TierSkipped,
)

__all__ = [
    "AlarmClosed",
    "AlarmRaised",
    "AlarmSeen",
    "AnswerTurnedAway",
    "AnyBody",
    "ArbitrationOpened",
    "Body",
    "CarenceProposed",
    "CounterProposalAccepted",
    "CounterProposalLapsed",
    "CounterProposalRefused",
    "DelayProposed",
    "DemandAmended",
    "DemandCancelled",
    "DemandCompleted",
    "DemandReceived",
    "DemandUnfulfilled",
    "DestinationDropped",
    "DestinationSet",
    "Fact",
    "MissionAssigned",
    "MissionEnded",
    "MissionReceived",
    "MissionReconfirmed",
    "MissionRung",
    "PromiseWithdrawn",
    "SolicitationAccepted",
    "SolicitationExpired",
    "SolicitationOpened",
    "SolicitationRefused",
    "SolicitationRevised",
    "SolicitationUnavailable",
    "SolicitationWithdrawn",
    "SolicitationsRung",
    "StepPassed",
    "StepTurnedAway",
    "StepUndone",
    "TierClosed",
    "TierOpened",
    "TierSkipped",
    "VehicleRelieved",
]


class DemandReceived(Body):
    """A SAMU posted a demand. Always the first fact."""

    kind: Literal["demand_received"] = "demand_received"
    reference: str
    max_delay_minutes: int
    volume: Volume
    place: Point
    deadline: datetime
    chosen_company_id: UUID | None = None
    exercise: bool = False
    smur_reference: str | None = None
    by: Actor | None = None


class DestinationSet(Body):
    """The facility given at the bilan (rule 36)."""

    kind: Literal["destination_set"] = "destination_set"
    facility_id: str
    name: str
    by: Actor


class DestinationDropped(Body):
    """What a company had written down was of its mission, and that one ended: whoever comes next asks the SAMU."""

    kind: Literal["destination_dropped"] = "destination_dropped"
    facility_id: str
    name: str


class DemandAmended(Body):
    """New terms of the demand (rule 91)."""

    kind: Literal["demand_amended"] = "demand_amended"
    revision: int
    max_delay_minutes: int
    volume: Volume
    place: Point
    deadline: datetime
    by: Actor


class DemandCompleted(Body):
    """The mission was carried out, or ended without transport. Always the last fact."""

    kind: Literal["demand_completed"] = "demand_completed"
    mission_id: UUID
    transported: bool = True


class DemandUnfulfilled(Body):
    """The SAMU declared that nobody could come. Always the last fact."""

    kind: Literal["demand_unfulfilled"] = "demand_unfulfilled"
    reason: str | None = None
    by: Actor


class DemandCancelled(Body):
    """The SAMU cancelled, or an operator closed the demand. Always the last fact."""

    kind: Literal["demand_cancelled"] = "demand_cancelled"
    reason: str
    by: Actor


AnyBody = Annotated[
    DemandReceived
    | TierOpened
    | TierSkipped
    | TierClosed
    | SolicitationOpened
    | SolicitationRevised
    | SolicitationsRung
    | SolicitationAccepted
    | SolicitationRefused
    | DelayProposed
    | SolicitationUnavailable
    | SolicitationExpired
    | SolicitationWithdrawn
    | AnswerTurnedAway
    | ArbitrationOpened
    | CounterProposalAccepted
    | CounterProposalRefused
    | CounterProposalLapsed
    | PromiseWithdrawn
    | CarenceProposed
    | MissionAssigned
    | MissionReconfirmed
    | VehicleRelieved
    | StepPassed
    | StepUndone
    | StepTurnedAway
    | MissionEnded
    | DestinationSet
    | DestinationDropped
    | DemandAmended
    | AlarmRaised
    | AlarmSeen
    | AlarmClosed
    | MissionReceived
    | MissionRung
    | DemandCompleted
    | DemandUnfulfilled
    | DemandCancelled,
    Field(discriminator="kind"),
]


class Fact(BaseModel):
    """One line of a demand's journal. ``seq`` counts from 1 without a hole."""

    model_config = ConfigDict(frozen=True)

    seq: int
    at: datetime
    audience: tuple[UUID, ...] = ()
    body: AnyBody
