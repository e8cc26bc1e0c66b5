"""The operators' desk: what may be done to a demand that is stuck (architecture paper, "Operators").

Nothing here decides in place of a company or of the SAMU. Whoever is awaited is told again, the next tier is asked
sooner, a mission is taken from a vehicle that does not answer, and as a last resort the demand is closed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain import facts
from domain.case import Case
from domain.decisions import Decisions
from domain.messages import Cancellation, Intervention, Reply
from domain.mission import Mission
from domain.outcomes import Outcome
from domain.solicitation import Solicitation
from domain.vocabulary import AlarmKind, DemandStatus, MissionEndReason, OperatorAct, Step

PAUSE_BETWEEN_RINGS = timedelta(seconds=15)
"""An operator who is impatient must not drown the one who is about to answer."""

NEEDS_A_REASON = frozenset({OperatorAct.REASSIGN, OperatorAct.CLOSE})
"""What takes something from somebody is explained to them."""


@dataclass(slots=True)
class OperatorDesk:
    """What operators do, and what the rules make of it."""

    case: Case
    rung_at: datetime | None = None

    def act(self, order: Intervention) -> Reply:
        """Do it, or say by which rule it cannot be done; a refusal changes nothing."""
        refusal = self._refusal(order)
        if refusal is not None:
            return Reply(outcome=refusal)
        match order.act:
            case OperatorAct.RING:
                return self._ring(order)
            case OperatorAct.NEXT_TIER:
                return self._next_tier(order)
            case OperatorAct.REASSIGN:
                return self._reassign(order)
            case OperatorAct.CLOSE:
                return self._close(order)

    def _refusal(self, order: Intervention) -> Outcome | None:
        if not self.case.is_open:
            return Outcome.DEMAND_CLOSED
        mission = self.case.mission
        if order.mission_id is not None and (mission is None or mission.id != order.mission_id):
            return Outcome.MISSION_ENDED
        if order.act in NEEDS_A_REASON and not (order.reason or "").strip():
            return Outcome.REASON_REQUIRED
        return None

    # -- ringing again ---------------------------------------------------------------------------------------------

    def _ring(self, order: Intervention) -> Reply:
        """Tell whoever is awaited once more: companies, a crew that has not acknowledged, the SAMU that arbitrates."""
        at, asked = order.received_at, self._still_asked(order.received_at)
        crew, samu = self._silent_mission(), self.case.status is DemandStatus.ARBITRATION
        if not (asked or crew or samu):
            return Reply(outcome=Outcome.NOTHING_TO_RING)
        if self.rung_at is not None and at < self.rung_at + PAUSE_BETWEEN_RINGS:
            return Reply(outcome=Outcome.RUNG_JUST_NOW)
        self.rung_at = at
        self.case.search.ring(asked, at, order.by, order.reason)
        if crew is not None:
            self._ring_crew(crew, order)
        if samu:
            self.case.alarms.sound(AlarmKind.ARBITRATION_WAITING, at, by=order.by, reason=order.reason)
        return Reply(outcome=Outcome.RECORDED, mission_id=crew.id if crew else None)

    def _still_asked(self, at: datetime) -> list[Solicitation]:
        return [each for each in self.case.book.still_open() if at < each.answer_before]

    def _silent_mission(self) -> Mission | None:
        mission = self.case.mission
        return mission if mission is not None and mission.step is Step.AFFECTE else None

    def _ring_crew(self, mission: Mission, order: Intervention) -> None:
        body = facts.MissionRung(
            mission_id=mission.id,
            vehicle_id=mission.vehicle_id,
            company_id=mission.company_id,
            reason=order.reason,
            by=order.by,
        )
        self.case.ledger.add(body, order.received_at, mission.company_id)

    # -- going on --------------------------------------------------------------------------------------------------

    def _next_tier(self, order: Intervention) -> Reply:
        """Ask the next tier at once; nobody who rings is taken back, and an answer in time still wins."""
        if self.case.mission is not None:
            return Reply(outcome=Outcome.ALREADY_ASSIGNED)
        search = self.case.search
        if search.tier is None or order.tier not in (None, search.tier):
            return Reply(outcome=Outcome.NO_TIER_RUNNING)
        search.leave_tier(order.received_at, order.by, order.reason)
        return Reply(outcome=Outcome.RECORDED)

    def _reassign(self, order: Intervention) -> Reply:
        """Take the mission from its vehicle and search again without it (as rule 92); never with the patient on board."""
        case, mission = self.case, self.case.mission
        if mission is None:
            return Reply(outcome=Outcome.MISSION_ENDED if case.missions_begun else Outcome.MISSION_UNKNOWN)
        if mission.patient_on_board:
            return Reply(outcome=Outcome.TOO_LATE_TO_REASSIGN, expected_step=mission.expected_step)
        case.book.out_of_order.add(mission.vehicle_id)
        case.end_mission(mission, MissionEndReason.REASSIGNED, order.received_at, order.by, order.reason)
        case.search_again(order.received_at)
        return Reply(outcome=Outcome.RECORDED, mission_id=mission.id)

    def _close(self, order: Intervention) -> Reply:
        """End the demand at any step: the vehicle is free, everybody is told, the SAMU reads who did it and why."""
        mission, reason = self.case.mission, (order.reason or "").strip()
        ending = Cancellation(reason=reason, received_at=order.received_at, by=order.by)
        Decisions(self.case).abandon(ending, MissionEndReason.CLOSED)
        return Reply(outcome=Outcome.RECORDED, mission_id=mission.id if mission else None)
