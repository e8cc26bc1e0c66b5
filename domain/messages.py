"""What crosses a Temporal boundary: the start of a demand, answers, steps, and what activities take and give.

Frozen and append-only: histories are replayed for as long as they are kept, so a field is never renamed or removed
and every new field has a default. No patient identity, address or telephone number may be added here.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from domain.facts import Fact
from domain.fleet import Point, VehicleCard, Volume
from domain.outcomes import Outcome
from domain.people import Actor
from domain.policy import Policy
from domain.vocabulary import OperatorAct, Receipt, Step, Tier


class Message(BaseModel):
    """Base of all wire models: frozen, unknown fields of a newer writer are ignored by an older reader."""

    model_config = ConfigDict(frozen=True)


class DemandStart(Message):
    """What a demand's workflow is started with. ``next_seq`` follows the facts that the API has written itself."""

    demand_id: UUID
    samu_id: UUID
    reference: str
    received_at: datetime
    max_delay_minutes: int
    volume: Volume
    place: Point
    chosen_company_id: UUID | None = None
    exercise: bool = False
    smur_reference: str | None = None
    policy: Policy = Policy()
    next_seq: int = 2


class FromOutside(Message):
    """A message that somebody sent. ``received_at`` is the API's clock when it arrived: deadlines are judged by it."""

    received_at: datetime
    by: Actor


class LeaseStamp(Message):
    """Under which regulation a company answers: the epoch of a site's lease, its fencing token (rule 37)."""

    site_id: UUID
    epoch: int


class Acceptance(FromOutside):
    """A company takes the mission. ``vehicle_id`` is required for a site or free-choice solicitation (rule 27).

    ``lease`` is held against the lease once more where the vehicle is engaged.
    """

    solicitation_id: UUID
    vehicle_id: UUID | None = None
    lease: LeaseStamp | None = None


class Refusal(FromOutside):
    """A company refuses (rule 7)."""

    solicitation_id: UUID
    reason: str | None = None


class CounterProposal(FromOutside):
    """A company refuses with a counter-delay: a promise, in minutes from the moment the SAMU accepts it (rule 7)."""

    solicitation_id: UUID
    delay_minutes: int


class Unavailability(FromOutside):
    """A guard crew cannot come; the reason is recorded (rule 13)."""

    solicitation_id: UUID
    reason: str


class Decision(StrEnum):
    """What the SAMU says of a counter-proposal."""

    ACCEPT = "ACCEPT"
    REFUSE = "REFUSE"


class Arbitration(FromOutside):
    """The SAMU's decision on the counter-proposals; without ``solicitation_id`` the best one, or all when refusing."""

    decision: Decision
    solicitation_id: UUID | None = None
    reason: str | None = None


class Cancellation(FromOutside):
    """The SAMU no longer needs the vehicle (rule 90)."""

    reason: str


class Carence(FromOutside):
    """The SAMU declares that nobody could come."""

    reason: str | None = None


class Amendment(FromOutside):
    """The SAMU changes the place, the delay (minutes) or the volume (rule 91). ``None`` leaves a term as it is."""

    place: Point | None = None
    max_delay_minutes: int | None = None
    volume: Volume | None = None


class Destination(FromOutside):
    """The facility given at the bilan (rule 36): by the SAMU, or by whom it told it to, who names their mission."""

    facility_id: str
    name: str
    mission_id: UUID | None = None


class StepReport(FromOutside):
    """A crew or a regulator passes a step (rule 44). ``step_id`` makes it repeatable.

    ``occurred_at`` is the device's own time and may lie in the past (no network, or told by telephone: rule 43).
    """

    mission_id: UUID
    step_id: UUID
    step: Step
    occurred_at: datetime | None = None
    reason: str | None = None


class ReceiptReport(FromOutside):
    """A device of the company has the mission, or somebody has read it (rule 30)."""

    mission_id: UUID
    receipt: Receipt


class AlarmSight(FromOutside):
    """Somebody has seen an alarm and looks after it."""

    alarm_id: UUID


class Intervention(FromOutside):
    """What an operator does to a demand that is stuck. The reason is read by the SAMU, and names no patient.

    ``mission_id`` and ``tier`` are what the operator looked at, if any: when it is over, the next one is left alone.
    """

    act: OperatorAct
    reason: str | None = None
    mission_id: UUID | None = None
    tier: Tier | None = None


class StepUndo(FromOutside):
    """Take back the last step, within the policy's delay (rule 44)."""

    mission_id: UUID
    step_id: UUID


class MissionExit(FromOutside):
    """A legal exit of a mission: vehicle breakdown, or no transport after the bilan (rule 44)."""

    mission_id: UUID
    reason: str


class Relief(FromOutside):
    """Another vehicle of the company takes the mission over (rules 27 and 44)."""

    mission_id: UUID
    vehicle_id: UUID
    reason: str


class Reply(Message):
    """The verdict that the sender of an update gets."""

    outcome: Outcome
    mission_id: UUID | None = None
    expected_step: Step | None = None


class VehicleTaken(Message):
    """Signal: a vehicle solicited here was given to another demand (rule 94)."""

    vehicle_id: UUID
    demand_id: UUID
    at: datetime


class DemandEnd(Message):
    """How a demand ended: the result of its workflow."""

    demand_id: UUID
    status: str
    facts: int


class Candidate(Message):
    """A vehicle or a site that can be there within the delay. Minutes are rounded up.

    ``earliest_minutes`` is why it is asked, ``eta_minutes`` what it promises: the latest arrival. ``to_confirm`` marks a
    stale position (rule 95), or a time that is no more than an estimate.
    """

    tier: Tier
    company_id: UUID
    vehicle_id: UUID | None = None
    site_id: UUID | None = None
    eta_minutes: int | None = None
    exact_volume: bool = True
    to_confirm: bool = False
    earliest_minutes: int | None = None


class SurveyRequest(Message):
    """Ask who could be there in time. ``number`` counts the surveys of the demand, ``round`` its searches.

    ``opens`` is the tier that this survey opens: then its verdicts are kept, whatever the one before found.
    """

    demand_id: UUID
    samu_id: UUID
    place: Point
    max_delay_minutes: int
    volume: Volume
    round: int
    number: int
    at: datetime
    policy: Policy | None = None
    chosen_company_id: UUID | None = None
    opens: Tier | None = None


class SurveyResult(Message):
    """The candidates of every tier, each tier in the order of rule 89."""

    candidates: tuple[Candidate, ...] = ()


class EngageRequest(Message):
    """Ask for the one row that gives a vehicle to a mission. ``replaces`` is the vehicle that is relieved."""

    demand_id: UUID
    mission_id: UUID
    vehicle_id: UUID
    company_id: UUID
    volume: Volume
    place: Point
    at: datetime
    replaces: UUID | None = None
    on_guard: bool = False
    """Whether the vehicle was asked for as a guard vehicle: then, and only then, it must be on guard (rule 55)."""
    lease: LeaseStamp | None = None
    samu_id: UUID | None = None
    """Whose policy and clocks the promise follows; with the delay that was searched."""
    max_delay_minutes: int | None = None
    policy: Policy | None = None


class EngageResult(Message):
    """``CONFIRMED`` when the row is ours, or the rule that forbids it.

    ``rivals`` are the other demands that solicit the vehicle at this moment: they are told that it is taken.
    """

    outcome: Outcome
    vehicle: VehicleCard | None = None
    rivals: tuple[UUID, ...] = ()


class ReleaseRequest(Message):
    """Give a vehicle back that was engaged for a mission which never began."""

    mission_id: UUID
    vehicle_id: UUID | None = None
    """Only this one: the next claim has the same mission's id, and another vehicle perhaps. Unknown to older workers."""


class FactBatch(Message):
    """Facts of one demand, in order, to be written in one transaction."""

    demand_id: UUID
    samu_id: UUID
    facts: tuple[Fact, ...]
