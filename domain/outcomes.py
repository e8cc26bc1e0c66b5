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
    BACKDATED_TOO_FAR = "backdated_too_far"
    DESTINATION_TOO_EARLY = "destination_too_early"
    DESTINATION_GIVEN_BY_SAMU = "destination_given_by_samu"

    LEASE_LOST = "lease_lost"
    LEASE_HELD_ELSEWHERE = "lease_held_elsewhere"
    HANDOVER_UNKNOWN = "handover_unknown"
    CONFIRMATION_REQUIRED = "confirmation_required"
    PHONE_REQUIRED = "phone_required"
    PHONE_ON_GUARD = "phone_on_guard"
    NOT_THE_GUARD_PHONE = "not_the_guard_phone"

    NOTHING_TO_RING = "nothing_to_ring"
    RUNG_JUST_NOW = "rung_just_now"
    NO_TIER_RUNNING = "no_tier_running"
    TOO_LATE_TO_REASSIGN = "too_late_to_reassign"

    ALARM_CLOSED = "alarm_closed"
    GUARD_ENDED = "guard_ended"

    GUARD_NOT_ROSTERED = "guard_not_rostered"
    GUARD_NOT_YET_OPEN = "guard_not_yet_open"
    GUARD_PERIOD_OVER = "guard_period_over"
    GUARD_PERIOD_INVALID = "guard_period_invalid"
    GUARD_PERIOD_OFFERED = "guard_period_offered"
    GUARD_ALREADY_OPEN = "guard_already_open"
    GUARD_ALREADY_SETTLED = "guard_already_settled"
    GUARD_PHONE_TAKEN = "guard_phone_taken"
    GUARD_VEHICLE_TAKEN = "guard_vehicle_taken"
    VEHICLE_CATEGORY_REFUSED = "vehicle_category_refused"
    LEASE_HELD = "lease_held"
    SHIFT_BUSY = "shift_busy"

    @property
    def accepted(self) -> bool:
        """Whether the message was taken, rather than turned away by a rule."""
        return self in {Outcome.CONFIRMED, Outcome.RECORDED}
