"""What crews may do to a demand, allowed or not."""

from uuid import UUID

from domain.messages import (
    MissionExit,
    ReceiptReport,
    Relief,
    StepReport,
    StepUndo,
)
from domain.mission import Mission
from domain.outcomes import Outcome
from domain.vocabulary import STEPS, Receipt, Step
from tests.unit.stories import uid
from tests.walk.drawing import (
    LATE,
    NOBODY,
    NOBODYS,
    NOT_YET,
    VOLUMES,
    Told,
    mission_id_of,
    own_vehicle,
    the_database_answers,
)
from tests.walk.play import CREW, Play


def pass_the_next_step(play: Play, bits: int) -> Told:
    """The step that is due."""
    mission = play.demand.case.mission
    return _step(play, bits, (mission and mission.expected_step) or Step.ACQUITTE)


def pass_any_step(play: Play, bits: int) -> Told:
    """Some step, perhaps one that was told already: the order is strict."""
    return _step(play, bits, STEPS[bits % len(STEPS)])


def _step(play: Play, bits: int, step: Step) -> Outcome:
    mission = play.demand.case.mission
    expected = mission.expected_step if mission else None
    repeated = mission.steps[-1].step_id if mission and bits >> 8 & 15 == 0 else None
    report = StepReport(
        mission_id=mission_id_of(play, bits >> 12),
        step_id=repeated or UUID(int=play.witness.next_seq),
        step=step,
        occurred_at=play.clock - LATE[bits >> 18 & 7] if bits & 1 << 17 else None,
        received_at=play.clock,
        by=CREW,
    )
    running = mission is not None and report.mission_id == mission.id
    outcome = play.demand.crew.report_step(report)
    passes = running and (step is expected or (mission is not None and repeated is not None))
    assert (outcome is Outcome.RECORDED) == passes, "a step is recorded if it is due, or known, and only then"
    return outcome


def carry_the_patient(play: Play, bits: int) -> Told:
    """Steps come fast to where most of them matter: the patient is on board, or all but."""
    mission = play.demand.case.mission
    last = Step.EN_CHARGE if bits & 3 else Step.BILAN_REALISE
    told: Told = NOBODY
    while mission is not None and mission.step.rank < last.rank:
        play.look()
        told = _step(play, 1 << 8 | 1 << 12, mission.expected_step or Step.DISPONIBLE)
    return told


def undo_the_last_step(play: Play, bits: int) -> Told:
    """A step is taken back: the last one, mostly."""
    mission = play.demand.case.mission
    step_id = mission.steps[-1 if bits & 7 else 0].step_id if mission else NOBODYS
    order = StepUndo(
        mission_id=mission_id_of(play, bits >> 3), step_id=step_id, received_at=play.clock, by=CREW
    )
    return play.demand.crew.undo_step(order).outcome


def break_down(play: Play, bits: int) -> Told:
    """The vehicle cannot go on."""
    return play.demand.crew.break_down(_exit(play, bits)).outcome


def end_without_transport(play: Play, bits: int) -> Told:
    """Nobody is carried."""
    return play.demand.crew.end_without_transport(_exit(play, bits)).outcome


def _exit(play: Play, bits: int) -> MissionExit:
    return MissionExit(mission_id=mission_id_of(play, bits), reason="panne", received_at=play.clock, by=CREW)


def relieve(play: Play, bits: int) -> Told:
    """Another vehicle of the company takes over; the database answers at once, or later."""
    mission: Mission | None = play.demand.case.mission
    company = mission.company_id if mission else uid("A")
    order = Relief(
        mission_id=mission_id_of(play, bits >> 4),
        vehicle_id=own_vehicle(company, bits & 1),
        reason="relève",
        received_at=play.clock,
        by=CREW,
    )
    before = len(play.replies)
    play.procedure.relieve(order, VOLUMES[bits >> 1 & 3])
    if bits & 8:
        the_database_answers(play, bits >> 9)
    return play.replies[-1].outcome if len(play.replies) > before else NOT_YET


def receive_the_mission(play: Play, bits: int) -> Told:
    """A device of the company has the mission, or somebody reads it."""
    report = ReceiptReport(
        mission_id=mission_id_of(play, bits >> 1),
        receipt=Receipt.OPENED if bits & 1 else Receipt.DELIVERED,
        received_at=play.clock,
        by=CREW,
    )
    return play.demand.crew.receive(report)
