"""The crew's desk: steps, undo, and the legal exits of a mission (rules 28, 44, 92)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain import facts
from domain.case import Case
from domain.edition import Edition
from domain.fleet import VehicleCard
from domain.messages import EngageRequest, MissionExit, ReceiptReport, Relief, Reply, StepReport, StepUndo
from domain.mission import Mission
from domain.outcomes import Outcome
from domain.vocabulary import (
    AlarmKind,
    DemandStatus,
    MissionEndReason,
    Receipt,
    SolicitationState,
    Step,
    WithdrawalReason,
)

ENDED_BY_A_STEP = (AlarmKind.ACKNOWLEDGEMENT_LATE, AlarmKind.DEVICE_UNREACHED, AlarmKind.MISSION_STUCK)
"""Whoever passes a step was reached, has acknowledged, and is not stuck."""


@dataclass(slots=True)
class CrewDesk:
    """What crews (or their regulator, rule 40) report."""

    case: Case

    def report_step(self, report: StepReport) -> Outcome:
        """A step is passed, if it is the one expected (rule 44). A report already known changes nothing."""
        mission = self._running(report.mission_id)
        if mission is None:
            return self._no_mission()
        if mission.knows(report.step_id):
            return Outcome.RECORDED
        if report.step is not mission.expected_step:
            self._turn_away(mission, report)
            return Outcome.WRONG_STEP
        self._wake_if_stuck(mission)
        mission.pass_step(report, self.case.ledger)
        self.case.alarms.close(report.received_at, *ENDED_BY_A_STEP)
        if report.step is Step.DISPONIBLE:
            self._complete(mission, MissionEndReason.COMPLETED, report, report.reason)
        return Outcome.RECORDED

    def _wake_if_stuck(self, mission: Mission) -> None:
        """Who has raised the last alarm sleeps without a timer: from this step on, the next one may fall due."""
        if mission.stuck_alarmed and self.case.edition >= Edition.OPERATORS:
            self.case.search.mark += 1

    def _turn_away(self, mission: Mission, report: StepReport) -> None:
        body = facts.StepTurnedAway(
            mission_id=mission.id,
            step_id=report.step_id,
            step=report.step,
            outcome=Outcome.WRONG_STEP,
            expected_step=mission.expected_step,
            by=report.by,
        )
        self.case.ledger.add(body, report.received_at, mission.company_id)

    def undo_step(self, order: StepUndo) -> Reply:
        """Take back the last step, within 60 s; both facts stay in the journal (rule 44)."""
        mission = self._running(order.mission_id)
        if mission is None:
            return Reply(outcome=self._no_mission())
        outcome = mission.judge_undo(order.step_id, order.received_at, self.case.policy)
        if outcome is Outcome.RECORDED and order.step_id not in mission.undone:
            undone = mission.undo()
            self._acknowledge_anew(mission)
            self.case.search.mark += 1  # an alarm may fall due earlier again
            body = facts.StepUndone(
                mission_id=mission.id, step_id=undone.step_id, step=undone.step, by=order.by
            )
            self.case.ledger.add(body, order.received_at, mission.company_id)
        return Reply(outcome=outcome, mission_id=mission.id, expected_step=mission.expected_step)

    def _acknowledge_anew(self, mission: Mission) -> None:
        """An acknowledgement that came late and was taken back: its alarm, closed by it, falls due again."""
        if self.case.edition >= Edition.REGULATION and mission.step is Step.AFFECTE:
            mission.acknowledgement_alarmed = False

    def receive(self, report: ReceiptReport) -> Outcome:
        """A device of the company has the mission, or somebody read it (rule 30); repeated, it changes nothing."""
        mission = self._running(report.mission_id)
        if mission is None:
            return self._no_mission()
        delivered_first = [Receipt.DELIVERED, Receipt.OPENED]  # what was read has arrived
        for receipt in delivered_first[: delivered_first.index(report.receipt) + 1]:
            if receipt not in mission.receipts:
                mission.receipts.add(receipt)
                body = facts.MissionReceived(mission_id=mission.id, receipt=receipt, by=report.by)
                self.case.ledger.add(body, report.received_at, mission.company_id)
        self.case.alarms.close(report.received_at, AlarmKind.DEVICE_UNREACHED)
        return Outcome.RECORDED

    def break_down(self, order: MissionExit) -> Reply:
        """The vehicle cannot go on: search again, the deadline stays (rule 92)."""
        mission = self._running(order.mission_id)
        if mission is None:
            return Reply(outcome=self._no_mission())
        self.case.book.out_of_order.add(mission.vehicle_id)
        self.case.end_mission(mission, MissionEndReason.BREAKDOWN, order.received_at, order.by, order.reason)
        self.case.search_again(order.received_at)
        return Reply(outcome=Outcome.RECORDED, mission_id=mission.id)

    def end_without_transport(self, order: MissionExit) -> Reply:
        """After the bilan the SAMU's doctor decided that nobody is carried (rule 44)."""
        mission = self._running(order.mission_id)
        if mission is None:
            return Reply(outcome=self._no_mission())
        if mission.step is not Step.BILAN_REALISE:
            return Reply(outcome=Outcome.NO_TRANSPORT_NOT_ALLOWED, expected_step=mission.expected_step)
        self._complete(mission, MissionEndReason.NO_TRANSPORT, order, order.reason)
        return Reply(outcome=Outcome.RECORDED, mission_id=mission.id)

    def relief(self, order: Relief) -> EngageRequest | Reply:
        """What to engage so that another vehicle takes over, or why there is nothing to engage."""
        mission = self._running(order.mission_id)
        if mission is None:
            return Reply(outcome=self._no_mission())
        if order.vehicle_id == mission.vehicle_id:
            return Reply(outcome=Outcome.CONFIRMED, mission_id=mission.id)
        return EngageRequest(
            demand_id=self.case.id,
            mission_id=mission.id,
            vehicle_id=order.vehicle_id,
            company_id=mission.company_id,
            volume=self.case.volume,
            place=self.case.place,
            at=order.received_at,
            replaces=mission.vehicle_id,
            samu_id=self.case.samu_id,
            max_delay_minutes=self.case.search.max_delay_minutes,
            policy=self.case.policy,
        )

    def relieve(self, order: Relief, vehicle: VehicleCard) -> Reply:
        """The other vehicle is engaged: it has the mission now (rules 27 and 44)."""
        mission = self._running(order.mission_id)
        if mission is None:
            return Reply(outcome=self._no_mission())
        relieved = mission.vehicle_id
        mission.vehicle_id, mission.volume = order.vehicle_id, vehicle.volume
        mission.vehicle_name, mission.company_name = vehicle.name, vehicle.company_name
        self.case.search.mark += 1
        body = facts.VehicleRelieved(
            mission_id=mission.id,
            vehicle_id=order.vehicle_id,
            relieved_vehicle_id=relieved,
            reason=order.reason,
            by=order.by,
        )
        self.case.ledger.add(body, order.received_at, mission.company_id)
        return Reply(outcome=Outcome.CONFIRMED, mission_id=mission.id)

    # -- time ----------------------------------------------------------------------------------------------------

    def next_moment(self, mission: Mission) -> datetime | None:
        """When an alarm falls due if nothing is reported before."""
        policy = self.case.policy
        due = [
            mission.acknowledgement_alarm_at(policy),
            mission.stuck_alarm_at(policy),
            self._unreached_at(mission),
            mission.late_at() if self.case.edition >= Edition.OPERATORS else None,
        ]
        due += [s.answer_before for s in self.case.book.still_open()]
        return min((moment for moment in due if moment), default=None)

    def watch(self, mission: Mission, at: datetime) -> None:
        """Raise the alarms that are due: nobody acknowledged, no news, new terms not re-confirmed."""
        due = mission.acknowledgement_alarm_at(self.case.policy)
        if due and at >= due:
            mission.acknowledgement_alarmed = True
            self._alarm(AlarmKind.ACKNOWLEDGEMENT_LATE, mission, at)
        due = self._unreached_at(mission)
        if due and at >= due:
            mission.unreached_alarmed = True
            self._alarm(AlarmKind.DEVICE_UNREACHED, mission, at)
        due = mission.stuck_alarm_at(self.case.policy)
        if due and at >= due:
            mission.stuck_alarmed = True
            self._alarm(AlarmKind.MISSION_STUCK, mission, at)
        mission.overdue = at >= mission.deadline  # the pages show it by themselves: no fact tells it
        self._watch_reconfirmation(mission, at)

    def _watch_reconfirmation(self, mission: Mission, at: datetime) -> None:
        for each in self.case.book.still_open():
            if at >= each.answer_before:
                each.close(SolicitationState.EXPIRED)
                self.case.ledger.add(facts.SolicitationExpired(solicitation_id=each.id), at, each.company_id)
                self._alarm(AlarmKind.RECONFIRMATION_MISSING, mission, at)

    def _alarm(self, kind: AlarmKind, mission: Mission, at: datetime) -> None:
        self.case.alarms.sound(kind, at, mission_id=mission.id, company_id=mission.company_id)

    def _unreached_at(self, mission: Mission) -> datetime | None:
        known = self.case.edition >= Edition.REGULATION
        return mission.unreached_alarm_at(self.case.policy) if known else None

    # -- helpers -------------------------------------------------------------------------------------------------

    def _complete(
        self, mission: Mission, reason: MissionEndReason, order: StepReport | MissionExit, detail: str | None
    ) -> None:
        case, at = self.case, order.received_at
        case.search.dismiss(WithdrawalReason.ALREADY_ASSIGNED, at)
        case.end_mission(mission, reason, at, order.by, detail)
        transported = reason is MissionEndReason.COMPLETED
        body = facts.DemandCompleted(mission_id=mission.id, transported=transported)
        case.finish(DemandStatus.COMPLETED, body, at, mission.company_id)

    def _running(self, mission_id: UUID) -> Mission | None:
        mission = self.case.mission
        return mission if mission is not None and mission.id == mission_id else None

    def _no_mission(self) -> Outcome:
        return Outcome.MISSION_ENDED if self.case.missions_begun else Outcome.MISSION_UNKNOWN
