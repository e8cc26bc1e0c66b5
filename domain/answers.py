"""The companies' desk: accepting, refusing, promising a longer delay (rules 7, 9, 13, 26-29, 94)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from domain import facts
from domain.case import Case
from domain.fleet import VehicleCard
from domain.messages import (
    Acceptance,
    CounterProposal,
    EngageRequest,
    Refusal,
    Reply,
    StepReport,
    Unavailability,
    VehicleTaken,
)
from domain.mission import Mission
from domain.outcomes import Outcome
from domain.policy import LONGEST_COUNTER_DELAY_MINUTES
from domain.solicitation import Solicitation
from domain.vocabulary import AlarmKind, MissionEndReason, SolicitationState, Step, Tier, WithdrawalReason

State = SolicitationState
Answer = Acceptance | Refusal | CounterProposal | Unavailability


GIVES_UP = {
    Outcome.VEHICLE_ENGAGED: WithdrawalReason.VEHICLE_ENGAGED,
    Outcome.VEHICLE_ON_GUARD: WithdrawalReason.VEHICLE_ENGAGED,
    Outcome.VEHICLE_TOO_SMALL: WithdrawalReason.VEHICLE_ENGAGED,
    Outcome.VEHICLE_UNKNOWN: WithdrawalReason.VEHICLE_ENGAGED,
    Outcome.GUARD_ENDED: WithdrawalReason.GUARD_ENDED,
}
"""Why a vehicle's own solicitation closes when the vehicle cannot be had; whoever regulates now may still answer one
that was refused for a lease that changed hands."""


@dataclass(slots=True)
class Answers:
    """What companies say, and what the rules make of it."""

    case: Case

    # -- accepting: claim, engage the vehicle, confirm ------------------------------------------------------------

    def claim(self, answer: Acceptance) -> Reply:
        """Whether the acceptance may win. ``CLAIM_ALLOWED`` means: engage the vehicle, then :meth:`confirm`.

        Any other outcome is final. A refused claim is kept in the journal; a repeated winner is confirmed again.
        """
        asked = self.case.book.get(answer.solicitation_id)
        if asked is None:
            return Reply(outcome=Outcome.SOLICITATION_UNKNOWN)
        if self._holds_mission(asked, answer):
            return self._confirm_again(asked, answer)
        outcome = self._judge(asked, answer)
        if outcome is not Outcome.CLAIM_ALLOWED:
            self._turn_away(asked, answer, outcome, answer.vehicle_id)
        return Reply(outcome=outcome)

    def engagement(self, answer: Acceptance) -> EngageRequest:
        """What to engage for a claim that is allowed. The mission's id is the same when the claim is repeated."""
        asked = self._asked(answer)
        vehicle_id = asked.candidate.vehicle_id or answer.vehicle_id
        assert vehicle_id is not None  # noqa: S101 - judged by the claim
        return EngageRequest(
            demand_id=self.case.id,
            mission_id=uuid5(self.case.id, f"mission:{self.case.missions_begun + 1}"),
            vehicle_id=vehicle_id,
            company_id=asked.company_id,
            volume=self.case.volume,
            place=self.case.place,
            at=answer.received_at,
            on_guard=asked.tier is Tier.GUARD,
            lease=answer.lease,
            samu_id=self.case.samu_id,
            max_delay_minutes=self.case.search.max_delay_minutes,
            policy=self.case.policy,
        )

    def confirm(self, answer: Acceptance, engaged: EngageRequest, vehicle: VehicleCard) -> Reply:
        """Give the mission to the claim whose vehicle is engaged, unless the demand changed meanwhile (rule 28)."""
        asked = self._asked(answer)
        outcome = self._judge(asked, answer)
        if outcome is not Outcome.CLAIM_ALLOWED:
            self._turn_away(asked, answer, outcome, engaged.vehicle_id)
            return Reply(outcome=outcome)
        self._assign(asked, answer, engaged, vehicle)
        return Reply(outcome=Outcome.CONFIRMED, mission_id=engaged.mission_id)

    def engagement_refused(self, answer: Acceptance, engaged: EngageRequest, outcome: Outcome) -> Reply:
        """The vehicle cannot be had. A vehicle's own solicitation closes; a site may name another (rule 94)."""
        asked = self._asked(answer)
        self._turn_away(asked, answer, outcome, engaged.vehicle_id)
        reason = GIVES_UP.get(outcome)
        if reason and asked.tier.names_a_vehicle and asked.is_open and self.case.is_searching:
            self.case.search.withdraw([asked], reason, answer.received_at)
            self.case.search.settle(answer.received_at)
        return Reply(outcome=outcome)

    def vehicle_taken(self, signal: VehicleTaken) -> None:
        """A vehicle solicited here went to another demand: its solicitation closes (rule 94)."""
        asked = [s for s in self.case.book.still_open() if s.candidate.vehicle_id == signal.vehicle_id]
        if self.case.is_searching and asked:
            self.case.search.withdraw(asked, WithdrawalReason.VEHICLE_ENGAGED, signal.at)
            self.case.search.settle(signal.at)

    def _assign(
        self, asked: Solicitation, answer: Acceptance, engaged: EngageRequest, vehicle: VehicleCard
    ) -> None:
        at, case = answer.received_at, self.case
        asked.close(State.ACCEPTED, at)
        deadline = asked.arrival_deadline or case.search.agreed_deadline
        mission = Mission(
            engaged.mission_id, asked.id, asked.company_id, engaged.vehicle_id, vehicle.volume, at, deadline
        )
        mission.vehicle_name, mission.company_name = vehicle.name, vehicle.company_name
        won = facts.SolicitationAccepted(
            solicitation_id=asked.id, vehicle_id=mission.vehicle_id, by=answer.by
        )
        case.ledger.add(won, at, mission.company_id)
        body = facts.MissionAssigned(
            mission_id=mission.id,
            solicitation_id=asked.id,
            vehicle_id=mission.vehicle_id,
            company_id=mission.company_id,
            promised_at=_promised_arrival(asked, vehicle, deadline, at),
            deadline=deadline,
            phone_bound=vehicle.phone_bound,
            on_guard=vehicle.on_guard,
            by=answer.by,
        )
        case.ledger.add(body, at, mission.company_id)
        mission.pass_step(_assignment(mission, answer), case.ledger)
        case.begin_mission(mission, asked, at)

    def _holds_mission(self, asked: Solicitation, answer: Acceptance) -> bool:
        mission = self.case.mission
        if mission is None or asked.id not in (mission.solicitation_id, mission.reconfirmation):
            return False
        return answer.vehicle_id in (None, mission.vehicle_id)

    def _confirm_again(self, asked: Solicitation, answer: Acceptance) -> Reply:
        """The winner repeats itself, or confirms the amended terms (rule 91)."""
        mission = self.case.mission
        assert mission is not None  # noqa: S101 - it holds the mission
        if asked.id == mission.reconfirmation and asked.state is not State.ACCEPTED:
            asked.close(State.ACCEPTED, answer.received_at)
            body = facts.MissionReconfirmed(mission_id=mission.id, solicitation_id=asked.id, by=answer.by)
            self.case.ledger.add(body, answer.received_at, mission.company_id)
            self.case.alarms.close(answer.received_at, AlarmKind.RECONFIRMATION_MISSING)
        return Reply(outcome=Outcome.CONFIRMED, mission_id=mission.id)

    # -- refusing ------------------------------------------------------------------------------------------------

    def refuse(self, answer: Refusal) -> Reply:
        """A company refuses; a guard crew may not (rules 7 and 13)."""
        asked = self.case.book.get(answer.solicitation_id)
        if asked is None:
            return Reply(outcome=Outcome.SOLICITATION_UNKNOWN)
        mission = self.case.mission
        if mission is not None and _may_refuse_new_terms(mission, asked, answer.received_at):
            return self._refuse_new_terms(mission, asked, answer)
        if asked.tier is Tier.GUARD:
            return self._refused(asked, answer, Outcome.GUARD_MUST_ACCEPT)
        body = facts.SolicitationRefused(solicitation_id=asked.id, reason=answer.reason, by=answer.by)
        return self._close(asked, answer, State.REFUSED, body)

    def propose_delay(self, answer: CounterProposal) -> Reply:
        """A company promises a longer delay (rule 7): more than the demand's, at most 240 minutes."""
        asked = self.case.book.get(answer.solicitation_id)
        if asked is None:
            return Reply(outcome=Outcome.SOLICITATION_UNKNOWN)
        impossible = self._judge_delay(asked, answer.delay_minutes)
        if impossible:
            return self._refused(asked, answer, impossible)
        body = facts.DelayProposed(
            solicitation_id=asked.id,
            company_id=asked.company_id,
            delay_minutes=answer.delay_minutes,
            by=answer.by,
        )
        return self._close(asked, answer, State.COUNTERED, body)

    def declare_unavailable(self, answer: Unavailability) -> Reply:
        """A guard crew cannot come, with a reason (rule 13)."""
        asked = self.case.book.get(answer.solicitation_id)
        if asked is None:
            return Reply(outcome=Outcome.SOLICITATION_UNKNOWN)
        if asked.tier is not Tier.GUARD:
            return self._refused(asked, answer, Outcome.NOT_A_GUARD_SOLICITATION)
        body = facts.SolicitationUnavailable(solicitation_id=asked.id, reason=answer.reason, by=answer.by)
        return self._close(asked, answer, State.UNAVAILABLE, body)

    def _close(self, asked: Solicitation, answer: Answer, state: State, body: facts.AnyBody) -> Reply:
        closed = self._why_closed(asked, answer.received_at)
        if closed:
            return self._refused(asked, answer, closed)
        delay = answer.delay_minutes if isinstance(answer, CounterProposal) else None
        if (asked.state, asked.counter_delay_minutes) == (state, delay):
            return Reply(outcome=Outcome.RECORDED)
        asked.close(state, answer.received_at)
        asked.counter_delay_minutes, asked.counter_settled = delay, False
        self.case.ledger.add(body, answer.received_at, asked.company_id)
        if asked.id == self.case.search.promised:
            self.case.search.break_promise(asked, answer.received_at)
        self.case.search.settle(answer.received_at)
        return Reply(outcome=Outcome.RECORDED)

    def _refuse_new_terms(self, mission: Mission, asked: Solicitation, answer: Refusal) -> Reply:
        at = answer.received_at
        asked.close(State.REFUSED, at)
        body = facts.SolicitationRefused(solicitation_id=asked.id, reason=answer.reason, by=answer.by)
        self.case.ledger.add(body, at, asked.company_id)
        self.case.end_mission(mission, MissionEndReason.NOT_RECONFIRMED, at, answer.by, answer.reason)
        self.case.search_again(at)
        return Reply(outcome=Outcome.RECORDED)

    # -- judging -------------------------------------------------------------------------------------------------

    def _judge(self, asked: Solicitation, answer: Acceptance) -> Outcome:
        return self._why_closed(asked, answer.received_at) or _judge_named_vehicle(asked, answer.vehicle_id)

    def _why_closed(self, asked: Solicitation, received_at: datetime) -> Outcome | None:
        """Why no answer to this solicitation counts any more, if so."""
        if not self.case.is_open:
            return Outcome.DEMAND_CLOSED
        if self.case.mission is not None:
            return Outcome.ALREADY_ASSIGNED
        if asked.state is State.WITHDRAWN and asked.withdrawn_for is WithdrawalReason.VEHICLE_ENGAGED:
            return Outcome.VEHICLE_ENGAGED
        if asked.state in {State.WITHDRAWN, State.ACCEPTED} or self._is_of_old_terms(asked):
            return Outcome.SOLICITATION_CLOSED
        return None if asked.answerable(received_at) else Outcome.TOO_LATE

    def _is_of_old_terms(self, asked: Solicitation) -> bool:
        """Asked in an earlier round, and not waiting to be held against the new terms."""
        waiting = self.case.search.amended and asked.is_open
        return asked.round != self.case.search.round and not waiting

    def _judge_delay(self, asked: Solicitation, minutes: int) -> Outcome | None:
        if asked.tier is Tier.GUARD:
            return Outcome.GUARD_MUST_ACCEPT
        asked_for = self.case.search.max_delay_minutes
        if minutes <= asked_for:
            return Outcome.COUNTER_DELAY_NOT_LONGER
        return Outcome.COUNTER_DELAY_TOO_LONG if minutes > LONGEST_COUNTER_DELAY_MINUTES else None

    def _refused(self, asked: Solicitation, answer: Answer, outcome: Outcome) -> Reply:
        self._turn_away(asked, answer, outcome)
        return Reply(outcome=outcome)

    def _turn_away(
        self, asked: Solicitation, answer: Answer, outcome: Outcome, vehicle_id: UUID | None = None
    ) -> None:
        """Keep a refused answer for the proof; after the end the journal is closed too."""
        if not self.case.is_open:
            return
        body = facts.AnswerTurnedAway(
            solicitation_id=asked.id,
            answer=type(answer).__name__,
            outcome=outcome,
            vehicle_id=vehicle_id,
            by=answer.by,
        )
        self.case.ledger.add(body, answer.received_at, asked.company_id)

    def _asked(self, answer: Answer) -> Solicitation:
        asked = self.case.book.get(answer.solicitation_id)
        assert asked is not None  # noqa: S101 - judged by the claim
        return asked


def _judge_named_vehicle(asked: Solicitation, vehicle_id: UUID | None) -> Outcome:
    """A site acceptance must name a vehicle, a vehicle's own may not name another (rules 9 and 27)."""
    if not asked.tier.names_a_vehicle:
        return Outcome.CLAIM_ALLOWED if vehicle_id else Outcome.VEHICLE_REQUIRED
    right = vehicle_id in (None, asked.candidate.vehicle_id)
    return Outcome.CLAIM_ALLOWED if right else Outcome.VEHICLE_NOT_SOLICITED


def _may_refuse_new_terms(mission: Mission, asked: Solicitation, received_at: datetime) -> bool:
    """Only while it is asked, and never with the patient on board: who confirmed and cannot go on, breaks down."""
    asked_now = asked.state in {State.OPEN, State.EXPIRED} and asked.answerable(received_at)
    return asked.id == mission.reconfirmation and asked_now and not mission.patient_on_board


def _promised_arrival(
    asked: Solicitation, vehicle: VehicleCard, deadline: datetime, at: datetime
) -> datetime:
    if asked.arrival_deadline:
        return asked.arrival_deadline
    eta = vehicle.eta_minutes if vehicle.eta_minutes is not None else asked.candidate.eta_minutes
    return at + timedelta(minutes=eta) if eta is not None else deadline


def _assignment(mission: Mission, answer: Acceptance) -> StepReport:
    """The first step is passed by the confirmation itself."""
    return StepReport(
        received_at=answer.received_at,
        by=answer.by,
        mission_id=mission.id,
        step_id=uuid5(mission.id, Step.AFFECTE),
        step=Step.AFFECTE,
    )
