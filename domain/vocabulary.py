"""The closed sets of the field: statuses, tiers, steps, alarms. The same words in code, database, API and pages."""

from enum import StrEnum


class Subject(StrEnum):
    """Whose journal a fact is written in."""

    DEMAND = "DEMAND"
    COMPANY = "COMPANY"
    GUARD = "GUARD"
    """One guard period: a line of the roster."""
    SAMU = "SAMU"
    """What concerns a SAMU as a whole: its coverage."""


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
    GUARD_ENDED = "GUARD_ENDED"
    VEHICLE_ON_GUARD = "VEHICLE_ON_GUARD"


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
    REASSIGNED = "REASSIGNED"
    """An operator took it from its vehicle; the demand is searched again."""
    CLOSED = "CLOSED"
    """An operator closed the demand."""


class OperatorAct(StrEnum):
    """What an operator may do to a demand that is stuck."""

    RING = "RING"
    NEXT_TIER = "NEXT_TIER"
    REASSIGN = "REASSIGN"
    CLOSE = "CLOSE"


class AlarmKind(StrEnum):
    """What somebody must look at."""

    ACKNOWLEDGEMENT_LATE = "ACKNOWLEDGEMENT_LATE"
    ARBITRATION_WAITING = "ARBITRATION_WAITING"
    RECONFIRMATION_MISSING = "RECONFIRMATION_MISSING"
    MISSION_STUCK = "MISSION_STUCK"
    DEVICE_UNREACHED = "DEVICE_UNREACHED"
    LEASE_LOST = "LEASE_LOST"
    GUARD_NOT_OPENED = "GUARD_NOT_OPENED"
    GUARD_PERIOD_MISSING = "GUARD_PERIOD_MISSING"
    COVERAGE_LOST = "COVERAGE_LOST"
    """Somewhere people live that a free vehicle could reach in time, and now none can."""


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
    NOT_REGULATED = "NOT_REGULATED"
    """Nobody holds the regulation of its site: a solicitation would reach no one (rule 37)."""
    REGULATION_SUSPENDED = "REGULATION_SUSPENDED"
    """The post that regulates its site is silent for too long (rule 37)."""
    OTHER_SECTOR = "OTHER_SECTOR"
    """On guard, for a sector that is not asked (rule 12)."""
    NO_GUARD_PHONE = "NO_GUARD_PHONE"
    """On guard, and no phone in it can answer: call its company (rules 14 and 55)."""
    NO_WAY = "NO_WAY"
    """No road leads from there to the place."""


class Freshness(StrEnum):
    """What a vehicle's last position is worth (rules 6 and 95)."""

    FRESH = "FRESH"
    RESTING = "RESTING"
    """Older, but the vehicle stood still and its device is alive: it is where it was."""
    SILENT = "SILENT"
    """Nothing says that it is still there: to confirm."""


class LeaseState(StrEnum):
    """How a site is regulated (rule 37)."""

    FREE = "FREE"
    HELD = "HELD"
    SUSPENDED = "SUSPENDED"


class DeviceKind(StrEnum):
    """What a person is on."""

    PLUGIN = "PLUGIN"
    WEB = "WEB"
    MOBILE = "MOBILE"


class Receipt(StrEnum):
    """How far a confirmed mission has come to its company; the acknowledgement is a step (rule 30)."""

    DELIVERED = "DELIVERED"
    OPENED = "OPENED"


class Mode(StrEnum):
    """How a vehicle's company works at the moment: seen, never set (rules 15 to 19)."""

    R1 = "R1"
    R2 = "R2"
    R3 = "R3"
    R4 = "R4"
    G1 = "G1"


class Diploma(StrEnum):
    """What a crew member is: the one with the diploma of State, or an auxiliary (R. 6312-7)."""

    DEA = "DEA"
    AUXILIAIRE = "AUXILIAIRE"


class CrewLeft(StrEnum):
    """Why a phone is in a vehicle no more."""

    LEFT = "LEFT"
    MOVED = "MOVED"
    DEVICE_CLOSED = "DEVICE_CLOSED"


class ShiftEnd(StrEnum):
    """Why a guard shift ended."""

    CLOSED_BY_CREW = "CLOSED_BY_CREW"
    PERIOD_OVER = "PERIOD_OVER"
    BREAKDOWN = "BREAKDOWN"
    REFUSED = "REFUSED"
    """The SAMU did not approve the provisional guard."""
