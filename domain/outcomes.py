"""What the rules answer. A refusal by the rules is one of these values, never an exception."""

from enum import StrEnum


class Outcome(StrEnum):
    """The verdict given to whoever sent a message. The values are the stable codes of the public API."""

    CONFIRMED = "confirmed"
    RECORDED = "recorded"
    CLAIM_ALLOWED = "claim_allowed"

    ALREADY_ASSIGNED = "already_assigned"
    TOO_LATE = "too_late"
    DEMAND_CLOSED = "demand_closed"
    SOLICITATION_UNKNOWN = "solicitation_unknown"
    SOLICITATION_CLOSED = "solicitation_closed"
    GUARD_MUST_ACCEPT = "guard_must_accept"
    NOT_A_GUARD_SOLICITATION = "not_a_guard_solicitation"
    COUNTER_DELAY_NOT_LONGER = "counter_delay_not_longer"
    COUNTER_DELAY_TOO_LONG = "counter_delay_too_long"

    VEHICLE_REQUIRED = "vehicle_required"
    VEHICLE_NOT_SOLICITED = "vehicle_not_solicited"
    VEHICLE_UNKNOWN = "vehicle_unknown"
    VEHICLE_ENGAGED = "vehicle_engaged"
    VEHICLE_ON_GUARD = "vehicle_on_guard"
    VEHICLE_TOO_SMALL = "vehicle_too_small"

    NOT_IN_ARBITRATION = "not_in_arbitration"
    COUNTER_PROPOSAL_UNKNOWN = "counter_proposal_unknown"
    REASON_REQUIRED = "reason_required"
    CARENCE_NOT_PROPOSED = "carence_not_proposed"
    TOO_LATE_TO_CANCEL = "too_late_to_cancel"
    TOO_LATE_TO_AMEND = "too_late_to_amend"

    MISSION_UNKNOWN = "mission_unknown"
    MISSION_ENDED = "mission_ended"
    WRONG_STEP = "wrong_step"
    STEP_NOT_LAST = "step_not_last"
    UNDO_TOO_LATE = "undo_too_late"
    NO_TRANSPORT_NOT_ALLOWED = "no_transport_not_allowed"

    @property
    def accepted(self) -> bool:
        """Whether the message was taken, rather than turned away by a rule."""
        return self in {Outcome.CONFIRMED, Outcome.RECORDED}
