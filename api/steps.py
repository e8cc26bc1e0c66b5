"""Passing a step: checked against the read model, told to the engine, then waited for (rule 44)."""

from collections.abc import Collection
from uuid import UUID

from api.engine import DemandEndedError, EngineAwayError
from api.problems import Problem, refused
from api.resources import Resources
from api.schemas.missions import StepAnswer
from api.updates import closed
from api.waiting import wait_for_fact
from domain.messages import StepReport
from domain.mission import backdated_too_far
from domain.outcomes import Outcome
from domain.vocabulary import Step
from storage import kept_steps, timeline, views
from storage.timeline import JournalLine
from storage.views import MissionView, StepView

WAIT_SECONDS = 2.0
KEPT = "kept, will be applied"
RECORDED = "recorded"


async def pass_step(resources: Resources, mission: MissionView, report: StepReport) -> StepAnswer:
    """What became of the step: recorded, or kept until the engine gets to it. Raises Problem for a refusal."""
    since = await resources.tail.end()  # before anything is read: what is not there then comes after it
    async with resources.reading.connect() as connection:
        # In this order: a step that is recorded between the two is seen in both. The other way round it is in neither,
        # and the crew's next one would be out of order.
        waiting = await kept_steps.waiting(connection, mission.demand_id, mission.id)
        steps = await views.steps_of(connection, mission.id)
    known = next((each for each in steps if each.step_id == report.step_id), None)
    if known is not None:
        return _again(mission, known)
    if report.step_id not in waiting:
        _check_order(mission, steps, waiting.values(), report.step)
        _check_time(report)
    try:
        await resources.engine.tell(mission.demand_id, report)
    except EngineAwayError as error:
        raise Problem("engine_unavailable") from error
    except DemandEndedError as error:
        raise await _after_the_end(resources, mission.demand_id) from error
    fact = await _wait_for_fact(resources, mission, report.step_id, since)
    if fact is None:
        await _keep(resources, report)
    return _told(mission, report, fact)


async def _keep(resources: Resources, report: StepReport) -> None:
    """The engine has it, and it will be applied in its turn: until then the next one may follow it."""
    async with resources.database.begin() as connection:
        await kept_steps.keep(connection, report.mission_id, report.step_id, report.step, report.received_at)


def _check_order(
    mission: MissionView, steps: Collection[StepView], waiting: Collection[Step], step: Step
) -> None:
    """The next step is the one after the last recorded, and after those that wait for the engine."""
    if mission.ended_at is not None:
        raise refused(Outcome.MISSION_ENDED)
    standing = [Step(each.step) for each in steps if each.undone_at is None]
    expected = max(standing, key=lambda each: each.rank, default=Step(mission.step)).next
    while expected is not None and expected in waiting:
        expected = expected.next
    if step is not expected:
        raise refused(Outcome.WRONG_STEP, expected)


def _check_time(report: StepReport) -> None:
    """What a regulator was told by telephone is written down within 30 minutes (rule 43)."""
    if backdated_too_far(report):
        raise refused(Outcome.BACKDATED_TOO_FAR)


async def _after_the_end(resources: Resources, demand_id: UUID) -> Problem:
    problem = await closed(resources, demand_id)
    return refused(Outcome.MISSION_ENDED) if problem.code == Outcome.DEMAND_CLOSED else problem


async def _wait_for_fact(
    resources: Resources, mission: MissionView, step_id: UUID, since: int | None
) -> JournalLine | None:
    """What the recorder wrote of the step; when nothing was heard of it in time, the database is asked itself."""
    told = str(step_id)

    def is_it(line: JournalLine) -> bool:
        of_step = line.kind in timeline.STEP_KINDS and line.subject_id == mission.demand_id
        return of_step and line.data.get("step_id") == told

    heard = None
    if since is not None:
        heard = await wait_for_fact(resources.feed, resources.tail, since, is_it, WAIT_SECONDS)
    if heard is not None:
        return heard
    async with resources.reading.connect() as connection:
        return await timeline.fact_of_step(connection, mission.demand_id, step_id)


def _told(mission: MissionView, report: StepReport, fact: JournalLine | None) -> StepAnswer:
    if fact is None:
        return StepAnswer(status=KEPT, step_id=report.step_id, step=report.step, mission_id=mission.id)
    if fact.kind == "step_turned_away":
        expected = fact.data.get("expected_step")
        raise refused(Outcome.WRONG_STEP, str(expected) if expected else None)
    return StepAnswer.model_validate(
        {
            "status": RECORDED,
            "step_id": report.step_id,
            "step": report.step,
            "mission_id": mission.id,
            "occurred_at": fact.data.get("occurred_at"),
            "recorded_at": fact.at,
            "expected_step": report.step.next,
        }
    )


def _again(mission: MissionView, known: StepView) -> StepAnswer:
    """A repetition gets what the first one got, whatever happened since."""
    step = Step(known.step)
    return StepAnswer(
        status=RECORDED,
        step_id=known.step_id,
        step=step,
        mission_id=mission.id,
        occurred_at=known.occurred_at,
        recorded_at=known.recorded_at,
        undone_at=known.undone_at,
        expected_step=Step(mission.step).next if mission.ended_at is None else None,
    )
