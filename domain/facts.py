"""The facts of the journal: everything that happened to a demand, in past tense, each with its own shape.

A fact never carries patient identity, an address or a telephone number. Its *audience* lists the companies that may
see it; the demand's SAMU sees all. The kinds are the event names of the public stream: append-only.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domain.fleet import Point, Volume
from domain.people import Actor
from domain.vocabulary import AlarmKind, MissionEndReason, Step, Tier, WithdrawalReason


class Body(BaseModel):
    """Base of all fact bodies."""

    model_config = ConfigDict(frozen=True)


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


class TierOpened(Body):
    """A tier is asked until ``tier_deadline`` at the latest."""

    kind: Literal["tier_opened"] = "tier_opened"
    tier: Tier
    round: int
    tier_deadline: datetime
    candidates: int


class TierSkipped(Body):
    """A tier had no candidate, and took no time."""

    kind: Literal["tier_skipped"] = "tier_skipped"
    tier: Tier
    round: int


class TierClosed(Body):
    """Nothing in the tier is open any more, or its deadline passed."""

    kind: Literal["tier_closed"] = "tier_closed"
    tier: Tier
    round: int


class SolicitationOpened(Body):
    """A company is asked, with a countdown until ``answer_before``."""

    kind: Literal["solicitation_opened"] = "solicitation_opened"
    solicitation_id: UUID
    tier: Tier
    round: int
    company_id: UUID
    site_id: UUID | None = None
    vehicle_id: UUID | None = None
    eta_minutes: int | None = None
    answer_before: datetime
    exact_volume: bool = True
    to_confirm: bool = False
    accepted_delay_minutes: int | None = None


class SolicitationRevised(Body):
    """The demand was amended and this solicitation still holds, on the new terms (rule 91)."""

    kind: Literal["solicitation_revised"] = "solicitation_revised"
    solicitation_id: UUID
    eta_minutes: int | None = None
    answer_before: datetime


class SolicitationsRung(Body):
    """The second ring for one company's open solicitations."""

    kind: Literal["solicitations_rung"] = "solicitations_rung"
    company_id: UUID
    solicitation_ids: tuple[UUID, ...]


class SolicitationAccepted(Body):
    """An acceptance won, with this vehicle."""

    kind: Literal["solicitation_accepted"] = "solicitation_accepted"
    solicitation_id: UUID
    vehicle_id: UUID
    by: Actor


class SolicitationRefused(Body):
    """A company refused."""

    kind: Literal["solicitation_refused"] = "solicitation_refused"
    solicitation_id: UUID
    reason: str | None = None
    by: Actor


class DelayProposed(Body):
    """A company refused with a counter-delay, in minutes."""

    kind: Literal["delay_proposed"] = "delay_proposed"
    solicitation_id: UUID
    company_id: UUID
    delay_minutes: int
    by: Actor


class SolicitationUnavailable(Body):
    """A guard crew declared that it cannot come."""

    kind: Literal["solicitation_unavailable"] = "solicitation_unavailable"
    solicitation_id: UUID
    reason: str
    by: Actor


class SolicitationExpired(Body):
    """Nobody answered in time: counted apart from refusals (rule 7)."""

    kind: Literal["solicitation_expired"] = "solicitation_expired"
    solicitation_id: UUID


class SolicitationWithdrawn(Body):
    """The solicitation was taken back; the devices stop ringing."""

    kind: Literal["solicitation_withdrawn"] = "solicitation_withdrawn"
    solicitation_id: UUID
    reason: WithdrawalReason


class AnswerTurnedAway(Body):
    """An answer that a rule refused, kept for the proof."""

    kind: Literal["answer_turned_away"] = "answer_turned_away"
    solicitation_id: UUID
    answer: str
    outcome: str
    vehicle_id: UUID | None = None
    by: Actor


class ArbitrationOpened(Body):
    """Nobody accepted: the SAMU decides. ``best`` is the solicitation of the best counter-proposal (rule 10)."""

    kind: Literal["arbitration_opened"] = "arbitration_opened"
    round: int
    counter_proposals: int
    best: UUID | None = None


class CounterProposalAccepted(Body):
    """The SAMU accepted a promise: the deadline of arrival is now accepted + counter-delay."""

    kind: Literal["counter_proposal_accepted"] = "counter_proposal_accepted"
    solicitation_id: UUID
    company_id: UUID
    delay_minutes: int
    deadline: datetime
    reason: str | None = None
    by: Actor


class CounterProposalRefused(Body):
    """The SAMU refused a counter-proposal."""

    kind: Literal["counter_proposal_refused"] = "counter_proposal_refused"
    solicitation_id: UUID
    company_id: UUID
    reason: str | None = None
    by: Actor


class PromiseWithdrawn(Body):
    """The company did not stand by its accepted counter-delay (rule 11). ``deadline`` is in force again."""

    kind: Literal["promise_withdrawn"] = "promise_withdrawn"
    solicitation_id: UUID
    company_id: UUID
    deadline: datetime


class CarenceProposed(Body):
    """The machine found nobody; only the SAMU declares it."""

    kind: Literal["carence_proposed"] = "carence_proposed"
    round: int


class MissionAssigned(Body):
    """One company has the mission, with one vehicle. ``promised_at`` is the promised arrival."""

    kind: Literal["mission_assigned"] = "mission_assigned"
    mission_id: UUID
    solicitation_id: UUID
    vehicle_id: UUID
    company_id: UUID
    promised_at: datetime
    deadline: datetime
    by: Actor


class MissionReconfirmed(Body):
    """The company confirmed its mission on the amended terms (rule 91)."""

    kind: Literal["mission_reconfirmed"] = "mission_reconfirmed"
    mission_id: UUID
    solicitation_id: UUID
    by: Actor


class VehicleRelieved(Body):
    """Another vehicle of the company took the mission over."""

    kind: Literal["vehicle_relieved"] = "vehicle_relieved"
    mission_id: UUID
    vehicle_id: UUID
    relieved_vehicle_id: UUID
    reason: str
    by: Actor


class StepPassed(Body):
    """A step was passed. ``occurred_at`` is when it happened, ``device_time`` what the device said (rule 96)."""

    kind: Literal["step_passed"] = "step_passed"
    mission_id: UUID
    step_id: UUID
    step: Step
    occurred_at: datetime
    device_time: datetime | None = None
    reason: str | None = None
    by: Actor


class StepUndone(Body):
    """The last step was taken back within the delay; both facts stay."""

    kind: Literal["step_undone"] = "step_undone"
    mission_id: UUID
    step_id: UUID
    step: Step
    by: Actor


class StepTurnedAway(Body):
    """A step that the order does not allow, kept so that nothing sent is lost."""

    kind: Literal["step_turned_away"] = "step_turned_away"
    mission_id: UUID
    step_id: UUID
    step: Step
    outcome: str
    expected_step: Step | None = None
    by: Actor


class MissionEnded(Body):
    """The mission is over and its vehicle is free. ``last_step`` tells who was en route (rule 90)."""

    kind: Literal["mission_ended"] = "mission_ended"
    mission_id: UUID
    vehicle_id: UUID
    company_id: UUID
    reason: MissionEndReason
    last_step: Step
    deadline: datetime
    detail: str | None = None
    by: Actor | None = None


class DestinationSet(Body):
    """The facility given at the bilan (rule 36)."""

    kind: Literal["destination_set"] = "destination_set"
    facility_id: str
    name: str
    by: Actor


class DemandAmended(Body):
    """New terms of the demand (rule 91)."""

    kind: Literal["demand_amended"] = "demand_amended"
    revision: int
    max_delay_minutes: int
    volume: Volume
    place: Point
    deadline: datetime
    by: Actor


class AlarmRaised(Body):
    """Somebody must look. ``level`` counts how often this alarm was raised for the same cause."""

    kind: Literal["alarm_raised"] = "alarm_raised"
    alarm: AlarmKind
    level: int = 1
    mission_id: UUID | None = None
    company_id: UUID | None = None


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
    """The SAMU cancelled. Always the last fact."""

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
    | DemandAmended
    | AlarmRaised
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
