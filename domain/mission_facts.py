"""Facts of a mission: who has it, its steps, its end. Read them through ``domain.facts``."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.fact_body import Body
from domain.people import Actor
from domain.vocabulary import MissionEndReason, Receipt, Step


class MissionAssigned(Body):
    """One company has the mission, with one vehicle. ``promised_at`` is the promised arrival."""

    kind: Literal["mission_assigned"] = "mission_assigned"
    mission_id: UUID
    solicitation_id: UUID
    vehicle_id: UUID
    company_id: UUID
    promised_at: datetime
    deadline: datetime
    phone_bound: bool | None = None
    """Whether a phone is in the vehicle; if not, the regulator calls the crew (rule 31)."""
    on_guard: bool = False
    by: Actor


class MissionReceived(Body):
    """A device of the company has the mission, or somebody read it: the two facts before ACQUITTE (rule 30)."""

    kind: Literal["mission_received"] = "mission_received"
    mission_id: UUID
    receipt: Receipt
    by: Actor


class MissionRung(Body):
    """Nobody has acknowledged the mission: an operator had its crew and its company told once more."""

    kind: Literal["mission_rung"] = "mission_rung"
    mission_id: UUID
    vehicle_id: UUID
    company_id: UUID
    reason: str | None = None
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
