"""The closed sets of the field: statuses, tiers, steps, alarms. The same words in code, database, API and pages."""

from enum import StrEnum


class DemandStatus(StrEnum):
    """Where a demand stands."""

    RECEIVED = "RECEIVED"
    SOLICITING_GUARD = "SOLICITING_GUARD"
    SOLICITING_VEHICLES = "SOLICITING_VEHICLES"
    SOLICITING_SITES = "SOLICITING_SITES"
    ARBITRATION = "ARBITRATION"
    SOLICITING_FREE_CHOICE = "SOLICITING_FREE_CHOICE"
    ASSIGNED = "ASSIGNED"
    COMPLETED = "COMPLETED"
    UNFULFILLED = "UNFULFILLED"
    CANCELLED = "CANCELLED"

    @property
    def has_ended(self) -> bool:
        """Whether nothing more can happen to the demand."""
        return self in ENDED

    @property
    def is_searching(self) -> bool:
        """Whether a vehicle is still looked for, so that an acceptance can win."""
        return not self.has_ended and self is not DemandStatus.ASSIGNED


ENDED = frozenset({DemandStatus.COMPLETED, DemandStatus.UNFULFILLED, DemandStatus.CANCELLED})


class Tier(StrEnum):
    """Who is solicited together, in the order of the procedure."""

    GUARD = "GUARD"
    VEHICLE = "VEHICLE"
    SITE = "SITE"
    FREE_CHOICE = "FREE_CHOICE"

    @property
    def status(self) -> DemandStatus:
        """The status of a demand while this tier is asked."""
        return TIER_STATUS[self]

    @property
    def names_a_vehicle(self) -> bool:
        """Whether the solicitation is for one vehicle; otherwise the acceptance must name it (rule 27)."""
        return self in {Tier.GUARD, Tier.VEHICLE}


TIER_STATUS = {
    Tier.GUARD: DemandStatus.SOLICITING_GUARD,
    Tier.VEHICLE: DemandStatus.SOLICITING_VEHICLES,
    Tier.SITE: DemandStatus.SOLICITING_SITES,
    Tier.FREE_CHOICE: DemandStatus.SOLICITING_FREE_CHOICE,
}


class SolicitationState(StrEnum):
    """What became of one solicitation."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    COUNTERED = "COUNTERED"
    UNAVAILABLE = "UNAVAILABLE"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


class WithdrawalReason(StrEnum):
    """Why a solicitation was taken back, as the company is told."""

    ALREADY_ASSIGNED = "ALREADY_ASSIGNED"
    DEMAND_CANCELLED = "DEMAND_CANCELLED"
    DEMAND_UNFULFILLED = "DEMAND_UNFULFILLED"
    DEMAND_AMENDED = "DEMAND_AMENDED"
    VEHICLE_ENGAGED = "VEHICLE_ENGAGED"


class Step(StrEnum):
    """The steps of a mission, in the only order that is allowed (rule 44)."""

    AFFECTE = "AFFECTE"
    ACQUITTE = "ACQUITTE"
    EN_APPROCHE = "EN_APPROCHE"
    LIEU_INTERVENTION = "LIEU_INTERVENTION"
    BILAN_REALISE = "BILAN_REALISE"
    EN_CHARGE = "EN_CHARGE"
    LIEU_DESTINATION = "LIEU_DESTINATION"
    DISPONIBLE = "DISPONIBLE"

    @property
    def rank(self) -> int:
        """Position in the order, from 0."""
        return STEPS.index(self)

    @property
    def next(self) -> "Step | None":
        """The step that must follow; ``None`` after the last."""
        return STEPS[self.rank + 1] if self.rank + 1 < len(STEPS) else None


STEPS = tuple(Step)


class MissionEndReason(StrEnum):
    """How a mission ended."""

    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    NO_TRANSPORT = "NO_TRANSPORT"
    BREAKDOWN = "BREAKDOWN"
    NOT_RECONFIRMED = "NOT_RECONFIRMED"
    VEHICLE_TOO_SMALL = "VEHICLE_TOO_SMALL"


class AlarmKind(StrEnum):
    """What somebody must look at."""

    ACKNOWLEDGEMENT_LATE = "ACKNOWLEDGEMENT_LATE"
    ARBITRATION_WAITING = "ARBITRATION_WAITING"
    RECONFIRMATION_MISSING = "RECONFIRMATION_MISSING"
    MISSION_STUCK = "MISSION_STUCK"


class VehicleVerdict(StrEnum):
    """Why a vehicle or a site was, or was not, solicited: a closed list."""

    SOLICITED = "SOLICITED"
    NOT_AVAILABLE = "NOT_AVAILABLE"
    TOO_SMALL = "TOO_SMALL"
    ENGAGED = "ENGAGED"
    ON_GUARD = "ON_GUARD"
    NO_POSITION = "NO_POSITION"
    POSITION_TOO_OLD = "POSITION_TOO_OLD"
    TOO_FAR = "TOO_FAR"
    NOT_YET_ASKED = "NOT_YET_ASKED"
    NO_SUITABLE_VEHICLE = "NO_SUITABLE_VEHICLE"
