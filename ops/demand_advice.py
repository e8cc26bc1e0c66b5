"""What looks wrong with one demand, and what an operator does next. Pure: from what database and engine say."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.vocabulary import DemandStatus, Step
from ops.demand_engine import Doing, EngineState, Task
from ops.demand_state import DemandState, OnMission

SETTLED = timedelta(seconds=15)
"""Whatever should have happened a moment ago may still happen."""
TRIED_OFTEN = 3
ARBITRATES_LONG = timedelta(seconds=60)
ACKNOWLEDGES_LATE = timedelta(seconds=60)
STUCK = timedelta(minutes=45)
"""Without a step (rule 65)."""
RUNBOOK = "docs/runbook.md"
WORK = {
    "survey": "looking at the fleet",
    "engage": "engaging a vehicle",
    "release": "giving a vehicle back",
    "record": "writing facts to the journal",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that looks wrong, in a sentence, and what to do."""

    sentence: str
    action: str


def judge(state: DemandState | None, engine: EngineState | None, at: datetime) -> list[Advice]:
    """Everything that looks wrong at ``at``, what keeps it from moving first. ``None`` is what did not answer."""
    found = list(_machinery(state, engine, at))
    if state is not None and not state.has_ended:
        found += _field(state, at)
    return found


def waits_for(state: DemandState) -> tuple[str, datetime | None]:
    """What it waits for as far as the database knows, and until when."""
    mission, demand = state.runs, state.demand
    if state.has_ended:
        return f"nothing: {demand.status}, {state.end_reason or 'as it should'}", None
    if mission is not None:
        expected = Step(mission.step).next
        return (
            f"{mission.vehicle} of {mission.company} to pass {expected or 'nothing more'}",
            mission.deadline,
        )
    open_now = [each for each in state.asked if each.is_open]
    last = max((each.answer_before for each in open_now), default=None)
    if demand.status == DemandStatus.ARBITRATION:
        return f"{demand.samu} to decide" + (", and for who is still asked" if open_now else ""), last
    if demand.status == DemandStatus.SOLICITING_FREE_CHOICE:
        return "the company that promised to name a vehicle", last
    if open_now:
        return f"{len(open_now)} solicitations to be answered", state.tier_deadline or last
    return "a survey of the fleet", None


def _machinery(state: DemandState | None, engine: EngineState | None, at: datetime) -> Iterator[Advice]:
    if state is None:
        yield Advice("The database does not answer: nothing is decided or written.", "rescousse doctor")
    if engine is None:
        yield Advice("Temporal does not answer: nothing moves. Nothing is lost.", "rescousse doctor")
        return
    if engine.status != "RUNNING":
        yield from _not_running(state, engine, at)
        return
    if state is not None and state.has_ended and at - _ended(state) > SETTLED:
        yield Advice("It has ended in the database, and the engine still runs it.", f"See {RUNBOOK}")
    if not engine.workers:
        yield Advice(
            "No worker asks for work: nothing moves until one does. Answers and steps are kept.",
            "Start a worker; `rescousse doctor` says which ones are known",
        )
    if engine.task is not None:
        yield from _task(engine.task, engine, at)
    for doing in engine.activities:
        yield from _activity(doing)


def _ended(state: DemandState) -> datetime:
    assert state.demand.ended_at is not None  # noqa: S101 - asked of what has ended
    return state.demand.ended_at


def _not_running(state: DemandState | None, engine: EngineState, at: datetime) -> Iterator[Advice]:
    if state is None or state.has_ended:
        return
    if state.started_at is None and at - state.demand.received_at > SETTLED:
        yield Advice(
            "The engine was not given it yet: an API does that every second, as soon as Temporal answers.",
            "rescousse doctor",
        )
    elif state.started_at is not None and at - state.started_at > SETTLED:
        what = "has never heard of it" if engine.status == "UNKNOWN" else f"says {engine.status}"
        yield Advice(
            f"It is open in the database, and the engine {what}: nothing moves it any more.",
            f"Telephone the SAMU, which posts it again; then see {RUNBOOK}",
        )


def _task(task: Task, engine: EngineState, at: datetime) -> Iterator[Advice]:
    if task.failure is not None and task.attempt > 1:
        yield Advice(
            f"Its workflow task fails, {task.attempt} times so far: {task.failure}.",
            f"A fault of the code that the workers run: roll it back, it goes on by itself ({RUNBOOK})",
        )
    elif engine.workers and at - task.since > SETTLED:
        yield Advice(
            f"A workflow task waits since {_ago(at - task.since)}, although workers are there.",
            "Restart the worker that hangs: nothing is lost by it",
        )


def _activity(doing: Doing) -> Iterator[Advice]:
    if doing.attempt >= TRIED_OFTEN:
        work = WORK.get(doing.name, doing.name)
        why = f": {doing.failure}" if doing.failure else ""
        yield Advice(
            f"{work.capitalize()} was tried {doing.attempt} times{why}.",
            f"Mend what fails, it goes on by itself; `rescousse doctor` looks at the database ({RUNBOOK})",
        )


def _field(state: DemandState, at: datetime) -> Iterator[Advice]:
    """What people have to be told, or to do."""
    mission, name = state.runs, state.demand.reference
    if mission is not None:
        yield from _mission(mission, name, at)
    elif state.demand.status in {DemandStatus.ARBITRATION, DemandStatus.SOLICITING_FREE_CHOICE}:
        yield from _arbitration(state, at)
    elif state.tier_deadline is not None and at - state.tier_deadline > SETTLED:
        yield Advice(
            f"Its tier should have ended {_ago(at - state.tier_deadline)} ago.",
            f"rescousse demand next-tier {name}",
        )
    if mission is None and at > state.deadline:
        yield Advice(
            f"The deadline of arrival passed {_ago(at - state.deadline)} ago, and no vehicle goes.",
            "Telephone the SAMU, and the nearest company",
        )


def _mission(mission: OnMission, name: str, at: datetime) -> Iterator[Advice]:
    call = f"{mission.company} ({mission.company_phone or 'no telephone number known'})"
    silent = at - mission.moved_at
    if mission.step == Step.AFFECTE and silent > ACKNOWLEDGES_LATE:
        read = (
            "read it" if mission.opened_at else "received it" if mission.delivered_at else "was not reached"
        )
        bound = ", and no phone is in the vehicle" if mission.phone_bound is False else ""
        yield Advice(
            f"Nobody acknowledged it for {_ago(silent)}: {mission.vehicle} {read}{bound}.",
            f"rescousse demand ring {name}; call {call}; if nobody goes: rescousse demand reassign {name} --mission {mission.id} --reason …",
        )
    elif silent > STUCK:
        yield Advice(
            f"No step for {_ago(silent)} since {mission.step}.",
            f"Call {call}; a regulator may pass the steps; if the vehicle is back: rescousse demand close {name} --reason …",
        )
    if Step(mission.step).rank < Step.LIEU_INTERVENTION.rank and at > mission.deadline:
        yield Advice(
            f"The deadline of arrival passed {_ago(at - mission.deadline)} ago, and nobody is there.",
            f"Call {call}",
        )


def _arbitration(state: DemandState, at: datetime) -> Iterator[Advice]:
    since = max((fact.at for fact in state.facts if fact.kind == "arbitration_opened"), default=None)
    if state.demand.status != DemandStatus.ARBITRATION or since is None or at - since < ARBITRATES_LONG:
        return
    standing = sum(each.proposes for each in state.asked)
    yield Advice(
        f"The SAMU has not decided for {_ago(at - since)}; {standing} counter-proposals stand.",
        f"rescousse demand ring {state.demand.reference}; call {state.demand.samu}",
    )


def _ago(span: timedelta) -> str:
    """Rounded down: 42 s, 3 min, 2 h 05."""
    seconds = int(span.total_seconds())
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds} s"
    minutes, hours = seconds // 60, seconds // 3600
    return f"{minutes} min" if hours == 0 else f"{hours} h {minutes % 60:02}"
