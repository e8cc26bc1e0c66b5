"""The SAMU's desk: arbitration, cancellation, carence, amendment, destination (rules 10, 11, 36, 90, 91)."""

from dataclasses import dataclass
from datetime import timedelta

from domain import facts
from domain.case import SEARCH_TIERS, Case
from domain.destination import judge_destination
from domain.fleet import serves
from domain.messages import (
    AlarmSight,
    Amendment,
    Arbitration,
    Cancellation,
    Candidate,
    Carence,
    Decision,
    Destination,
    Reply,
)
from domain.mission import Mission
from domain.outcomes import Outcome
from domain.people import Role
from domain.solicitation import Solicitation
from domain.vocabulary import DemandStatus, MissionEndReason, Tier, WithdrawalReason


@dataclass(slots=True)
class Decisions:
    """What the SAMU decides."""

    case: Case

    def arbitrate(self, decision: Arbitration) -> Reply:
        """Accept or refuse a counter-proposal (rule 10). Another than the best needs a reason."""
        if self.case.status is not DemandStatus.ARBITRATION:
            return Reply(outcome=Outcome.NOT_IN_ARBITRATION if self.case.is_open else Outcome.DEMAND_CLOSED)
        standing = self.case.book.counter_proposals()
        chosen = [s for s in standing if decision.solicitation_id in (None, s.id)]
        if not chosen:
            return Reply(outcome=Outcome.COUNTER_PROPOSAL_UNKNOWN)
        if decision.decision is Decision.REFUSE:
            return self._refuse_counters(chosen, decision)
        if chosen[0] is not standing[0] and not decision.reason:
            return Reply(outcome=Outcome.REASON_REQUIRED)
        return self._accept_counter(chosen[0], decision)

    def _refuse_counters(self, chosen: list[Solicitation], decision: Arbitration) -> Reply:
        for each in chosen:
            each.counter_settled = True
            body = facts.CounterProposalRefused(
                solicitation_id=each.id, company_id=each.company_id, reason=decision.reason, by=decision.by
            )
            self.case.ledger.add(body, decision.received_at, each.company_id)
        self.case.search.propose_carence(decision.received_at)
        return Reply(outcome=Outcome.RECORDED)

    def _accept_counter(self, counter: Solicitation, decision: Arbitration) -> Reply:
        minutes = counter.counter_delay_minutes
        assert minutes is not None  # noqa: S101 - a standing counter-proposal has its delay
        deadline = decision.received_at + timedelta(minutes=minutes)
        body = facts.CounterProposalAccepted(
            solicitation_id=counter.id,
            company_id=counter.company_id,
            delay_minutes=minutes,
            deadline=deadline,
            reason=decision.reason,
            by=decision.by,
        )
        self.case.ledger.add(body, decision.received_at, counter.company_id)
        self.case.search.accept_promise(counter, decision.received_at, deadline)
        return Reply(outcome=Outcome.RECORDED)

    def cancel(self, order: Cancellation) -> Reply:
        """Cancel at any moment before the patient is on board (rules 44 and 90). Repeating it is harmless."""
        case, mission = self.case, self.case.mission
        if not case.is_open:
            return Reply(outcome=self._after_the_end(DemandStatus.CANCELLED))
        if mission is not None and mission.patient_on_board:
            return Reply(outcome=Outcome.TOO_LATE_TO_CANCEL, expected_step=mission.expected_step)
        self.abandon(order)
        return Reply(outcome=Outcome.RECORDED)

    def abandon(
        self, order: Cancellation, mission_ends: MissionEndReason = MissionEndReason.CANCELLED
    ) -> None:
        """End an open demand at any step: what a cancellation does, and an operator's last resort."""
        case, mission, at = self.case, self.case.mission, order.received_at
        case.search.dismiss(WithdrawalReason.DEMAND_CANCELLED, at)
        if mission is not None:
            case.end_mission(mission, mission_ends, at, order.by, order.reason)
        told = [mission.company_id] if mission else []
        body = facts.DemandCancelled(reason=order.reason, by=order.by)
        case.finish(DemandStatus.CANCELLED, body, at, *told)

    def declare_carence(self, order: Carence) -> Reply:
        """Declare that nobody could come; the machine only proposes it. Repeating it is harmless."""
        case, at = self.case, order.received_at
        if not case.is_open:
            return Reply(outcome=self._after_the_end(DemandStatus.UNFULFILLED))
        if case.status is not DemandStatus.ARBITRATION:
            return Reply(outcome=Outcome.CARENCE_NOT_PROPOSED)
        case.search.dismiss(WithdrawalReason.DEMAND_UNFULFILLED, at)
        body = facts.DemandUnfulfilled(reason=order.reason, by=order.by)
        case.finish(DemandStatus.UNFULFILLED, body, at)
        return Reply(outcome=Outcome.RECORDED)

    def _after_the_end(self, asked_for: DemandStatus) -> Outcome:
        return Outcome.RECORDED if self.case.end is asked_for else Outcome.DEMAND_CLOSED

    def amend(self, order: Amendment) -> Reply:
        """Change the terms (rule 91): solicitations are held against them, a mission must be re-confirmed."""
        case, mission = self.case, self.case.mission
        if not case.is_open:
            return Reply(outcome=Outcome.DEMAND_CLOSED)
        if mission is not None and mission.patient_on_board:
            return Reply(outcome=Outcome.TOO_LATE_TO_AMEND)
        self._take_terms(order)
        self._tell_terms(order, mission)
        if mission is None:
            self._search_on_new_terms(order)
        elif serves(mission.volume, case.volume):
            self._ask_again(mission, order)
        else:
            case.end_mission(mission, MissionEndReason.VEHICLE_TOO_SMALL, order.received_at, order.by)
            case.search_again(order.received_at)
        return Reply(outcome=Outcome.RECORDED)

    def _search_on_new_terms(self, order: Amendment) -> None:
        """Promises were made on the old terms; the patient's own company is asked again if it was being asked."""
        search, at = self.case.search, order.received_at
        free = self.case.book.still_open(Tier.FREE_CHOICE)
        ask_again = any(s.promise is None or s.patients_choice for s in free)
        search.withdraw(free, WithdrawalReason.DEMAND_AMENDED, at)
        search.lapse(WithdrawalReason.DEMAND_AMENDED, at)
        tiers = [Tier.FREE_CHOICE, *SEARCH_TIERS] if ask_again else list(SEARCH_TIERS)
        search.new_round(tiers, at, amended=True)

    def _take_terms(self, order: Amendment) -> None:
        case = self.case
        case.revision += 1
        case.place = order.place or case.place
        case.volume = order.volume or case.volume
        if order.max_delay_minutes is not None:
            case.search.max_delay_minutes = order.max_delay_minutes
            case.search.agreed_deadline = case.received_at + timedelta(minutes=order.max_delay_minutes)
            if case.mission is not None:
                case.mission.deadline = case.search.agreed_deadline

    def _tell_terms(self, order: Amendment, mission: Mission | None) -> None:
        case = self.case
        case.search.promised = None
        body = facts.DemandAmended(
            revision=case.revision,
            max_delay_minutes=case.search.max_delay_minutes,
            volume=case.volume,
            place=case.place,
            deadline=case.deadline,
            by=order.by,
        )
        told = [mission.company_id] if mission else [s.company_id for s in case.book.still_open()]
        case.ledger.add(body, order.received_at, *dict.fromkeys(told))

    def _ask_again(self, mission: Mission, order: Amendment) -> None:
        """An acceptance given on other terms must be given again; silence raises an alarm, and no more."""
        won = self.case.book.get(mission.solicitation_id)
        assert won is not None  # noqa: S101 - the mission came from it
        search, at = self.case.search, order.received_at
        search.withdraw(self.case.book.still_open(), WithdrawalReason.DEMAND_AMENDED, at)
        candidate = Candidate(tier=won.tier, company_id=mission.company_id, vehicle_id=mission.vehicle_id)
        until = at + timedelta(seconds=self.case.policy.reconfirmation_s)
        mission.reconfirmation = search.ask(candidate, at, until).id
        search.mark += 1

    def see_alarm(self, sight: AlarmSight) -> Reply:
        """Somebody of the SAMU, or of the company it concerns, looks after an alarm. Repeating it is harmless."""
        if not self.case.is_open:
            return Reply(outcome=Outcome.ALARM_CLOSED)
        return Reply(outcome=self.case.alarms.see(sight))

    def set_destination(self, order: Destination) -> Reply:
        """The facility is known (rule 36): from the SAMU at any moment, from the company by the rules of its desk."""
        if not self.case.is_open:
            return Reply(outcome=Outcome.DEMAND_CLOSED)
        if order.by.role is not Role.SAMU:
            verdict = judge_destination(self.case, order)
            if verdict is not None:
                return verdict
        told = [self.case.mission.company_id] if self.case.mission else []
        body = facts.DestinationSet(facility_id=order.facility_id, name=order.name, by=order.by)
        self.case.ledger.add(body, order.received_at, *told)
        self.case.destination = order
        return Reply(outcome=Outcome.RECORDED)
