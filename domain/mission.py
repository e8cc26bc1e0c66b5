"""A mission, step by step: the strict order, the real times, and the legal exits (rule 44)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from domain import facts
from domain.fleet import Volume
from domain.ledger import Ledger
from domain.messages import StepReport
from domain.outcomes import Outcome
from domain.people import Role
from domain.policy import Policy
from domain.vocabulary import Receipt, Step

BACKDATED_AT_MOST = timedelta(minutes=30)
"""How far back a regulator may date a step that was told by telephone (rule 43)."""


def backdated_too_far(report: StepReport) -> bool:
    """Whether a regulator tells a step too late; a crew's phone may have been without network for longer (rule 43)."""
    if report.by.role is not Role.REGULATOR or report.occurred_at is None:
        return False
    return report.received_at - report.occurred_at > BACKDATED_AT_MOST


@dataclass(frozen=True, slots=True)
class PassedStep:
    """One step that was passed: when it happened, and when it was told to us."""

    step_id: UUID
    step: Step
    occurred_at: datetime
    received_at: datetime


@dataclass(slots=True)
class Mission:
    """One vehicle on its way for one demand."""

    id: UUID
    solicitation_id: UUID
    company_id: UUID
    vehicle_id: UUID
    volume: Volume
    assigned_at: datetime
    deadline: datetime
    steps: list[PassedStep] = field(default_factory=list)
    undone: set[UUID] = field(default_factory=set)
    acknowledgement_alarmed: bool = False
    stuck_alarmed: bool = False
    reconfirmation: UUID | None = None
    receipts: set[Receipt] = field(default_factory=set)
    unreached_alarmed: bool = False
    overdue: bool = False
    """The deadline of arrival had passed when somebody last looked; :attr:`is_late` says whether it still matters."""
    vehicle_name: str | None = None
    company_name: str | None = None

    @property
    def step(self) -> Step:
        """The last step passed."""
        return self.steps[-1].step if self.steps else Step.AFFECTE

    @property
    def expected_step(self) -> Step | None:
        """The only step that may come now; ``None`` when the vehicle is available again."""
        return self.step.next

    @property
    def has_alarm(self) -> bool:
        """Whether nobody acknowledged, or no step came for long."""
        unacknowledged = self.acknowledgement_alarmed and self.step is Step.AFFECTE
        unreached = self.unreached_alarmed and not self.receipts and self.step is Step.AFFECTE
        return unacknowledged or unreached or self.stuck_alarmed

    @property
    def has_arrived(self) -> bool:
        """Whether the vehicle is where the patient is, or was."""
        return self.step.rank >= Step.LIEU_INTERVENTION.rank

    @property
    def is_late(self) -> bool:
        """Whether the deadline of arrival has passed without an arrival."""
        return self.overdue and not self.has_arrived

    @property
    def patient_on_board(self) -> bool:
        """Whether it is too late to cancel: the patient is in the vehicle."""
        return self.step.rank >= Step.EN_CHARGE.rank

    def knows(self, step_id: UUID) -> bool:
        """Whether this report was already applied, or applied and undone: a repetition changes nothing."""
        return step_id in self.undone or any(p.step_id == step_id for p in self.steps)

    def pass_step(self, report: StepReport, ledger: Ledger) -> None:
        """Apply a step that was judged right. The server's time bounds what the device says (rule 96)."""
        told = report.occurred_at or report.received_at
        earliest = self.steps[-1].occurred_at if self.steps else self.assigned_at
        occurred_at = max(earliest, min(told, report.received_at))
        self.steps.append(PassedStep(report.step_id, report.step, occurred_at, report.received_at))
        self.stuck_alarmed = False
        body = facts.StepPassed(
            mission_id=self.id,
            step_id=report.step_id,
            step=report.step,
            occurred_at=occurred_at,
            device_time=report.occurred_at,
            reason=report.reason,
            by=report.by,
        )
        ledger.add(body, report.received_at, self.company_id)

    def judge_undo(self, step_id: UUID, at: datetime, policy: Policy) -> Outcome:
        """Whether a step may be taken back: only the last, only for a short while, never the assignment itself."""
        if step_id in self.undone:
            return Outcome.RECORDED
        last = self.steps[-1]
        if last.step_id != step_id or last.step is Step.AFFECTE:
            return Outcome.STEP_NOT_LAST
        late = at - last.received_at > timedelta(seconds=policy.undo_step_s)
        return Outcome.UNDO_TOO_LATE if late else Outcome.RECORDED

    def undo(self) -> PassedStep:
        """Take the last step back."""
        passed = self.steps.pop()
        self.undone.add(passed.step_id)
        return passed

    def acknowledgement_alarm_at(self, policy: Policy) -> datetime | None:
        """When to raise the alarm that nobody acknowledged, if that is still to come."""
        if self.acknowledgement_alarmed or self.step is not Step.AFFECTE:
            return None
        return self.assigned_at + timedelta(seconds=policy.acknowledgement_alarm_s)

    def unreached_alarm_at(self, policy: Policy) -> datetime | None:
        """When to raise the alarm that no device of the company was reached, if that is still to come (rule 28)."""
        answered = self.receipts or self.undone or self.step is not Step.AFFECTE
        if self.unreached_alarmed or answered:
            return None
        return self.assigned_at + timedelta(seconds=policy.unreached_alarm_s)

    def stuck_alarm_at(self, policy: Policy) -> datetime | None:
        """When to flag the mission as stuck, if no new step comes."""
        if self.stuck_alarmed:
            return None
        return self.steps[-1].received_at + timedelta(seconds=policy.stuck_after_s)

    def late_at(self) -> datetime | None:
        """When it will be late, if the vehicle does not arrive before and that is still to come."""
        return None if self.overdue or self.has_arrived else self.deadline
