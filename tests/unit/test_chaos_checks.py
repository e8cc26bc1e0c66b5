"""The checks of the chaos see what they are there for: each is shown evidence that was doctored, and objects."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos.evidence import (
    Blow,
    Ear,
    Engagement,
    Evidence,
    Failure,
    Heard,
    Intent,
    Json,
    Line,
    Phase,
    Workflow,
)
from tests.chaos.gather import differences
from tests.chaos.plan import Deed, Kind, Temper, rounds
from tests.chaos.report import CHECKS, Verdict, figures

T0 = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
SAMU = "samu"

Doctor = Callable[[Evidence], None]


class Told:
    """Writes a journal down, each fact after the last."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def fact(self, demand_id: str, kind: str, *audience: str, **data: object) -> None:
        position = len(self.lines) + 1
        seq = 1 + sum(line.subject_id == demand_id for line in self.lines)
        at = T0 + timedelta(seconds=position)
        told = frozenset(audience)
        self.lines.append(Line(position, "DEMAND", demand_id, seq, kind, at, at, dict(data), SAMU, told))

    def mission(self, demand_id: str, number: int, company: str = "A", vehicle: str = "A1") -> None:
        """It is won by solicitation `s<number>`."""
        asked, mission = f"s{number}", f"m{number}"
        who = {"company_id": company, "vehicle_id": vehicle, "solicitation_id": asked}
        self.fact(demand_id, "solicitation_opened", company, **who)
        self.fact(demand_id, "solicitation_accepted", company, solicitation_id=asked)
        self.fact(demand_id, "mission_assigned", company, mission_id=mission, **who)

    def ended(self, demand_id: str, number: int, reason: str = "COMPLETED") -> None:
        self.fact(demand_id, "mission_ended", "A", mission_id=f"m{number}", reason=reason)


def call(
    method: str, path: str, caller: str = "A", code: int = 200, body: Json | None = None, **answer: object
) -> Intent:
    return Intent(caller, method, f"/v1/{path}", body or {}, 1.0, 2.0, 1, code, dict(answer))


def a_good_run() -> Evidence:
    """One demand that was amended, won, broken down, won again and completed; one that waits."""
    told = Told()
    told.fact("d1", "demand_received", reference="R1")
    told.fact("d2", "demand_received", reference="R2")
    told.fact("d1", "demand_amended", revision=2)
    told.fact("d1", "solicitation_refused", "B", solicitation_id="s9")
    told.mission("d1", 1)
    told.ended("d1", 1, "BREAKDOWN")
    told.mission("d1", 2)
    told.fact("d1", "step_passed", "A", mission_id="m2", step_id="p1")
    told.ended("d1", 2)
    told.fact("d1", "demand_completed", mission_id="m2")
    told.mission("d2", 3, "B", "A1")
    heard = [Heard(line.position, line.subject_id, line.seq, line.kind) for line in told.lines]
    of_a = [h for h, line in zip(heard, told.lines, strict=True) if "A" in line.audience]
    return Evidence(
        journal=told.lines,
        intents=[
            call("POST", "demands", SAMU, 201, {"reference": "R1"}, id="d1"),
            call("POST", "demands", SAMU, 200, {"reference": "R2"}, id="d2"),
            call("PATCH", "demands/d1", SAMU, outcome="RECORDED"),
            call("POST", "solicitations/s1/acceptance", outcome="CONFIRMED", mission_id="m1"),
            call("POST", "missions/m1/breakdown", outcome="RECORDED"),
            call("POST", "solicitations/s2/acceptance", outcome="CONFIRMED", mission_id="m2"),
            call("POST", "missions/m2/steps", body={"step_id": "p1"}, status="recorded"),
            call("POST", "solicitations/s3/acceptance", "B", outcome="CONFIRMED", mission_id="m3"),
        ],
        ears=[Ear("SAMU", SAMU, None, list(heard)), Ear("A", None, "A", of_a)],
        engagements=[Engagement("A1", "d2", "m3")],
        workflows={"d1": Workflow("COMPLETED"), "d2": Workflow("RUNNING", 1, True, "a step")},
        others={"probe": Workflow("RUNNING", 0, True)},
        blows=[Blow("worker-1", "kill -9", 3.0)],
        calls={Phase.ROLLING: 7},
    )


def intent_of(evidence: Evidence, path: str) -> Intent:
    return next(each for each in evidence.intents if each.path == f"/v1/{path}")


def rewrite(evidence: Evidence, where: int, **changes: object) -> None:
    lines = list(evidence.journal)
    lines[where - 1] = replace(lines[where - 1], **changes)  # type: ignore[arg-type]  # names of its fields
    evidence.journal = lines


def place_of(evidence: Evidence, kind: str, **data: object) -> int:
    """Where a fact stands."""
    return next(
        line.position
        for line in evidence.journal
        if line.kind == kind and all(line.data.get(name) == value for name, value in data.items())
    )


def drop(evidence: Evidence, kind: str, **data: object) -> None:
    """A fact was never written."""
    gone = place_of(evidence, kind, **data)
    evidence.journal = [line for line in evidence.journal if line.position != gone]


def not_answerable(evidence: Evidence) -> None:
    evidence.workflows = {**evidence.workflows, "d2": Workflow("RUNNING", 1, False)}


def says_nothing(evidence: Evidence) -> None:
    evidence.workflows = {**evidence.workflows, "d2": Workflow("RUNNING", 1, True, "")}


def never_kept(evidence: Evidence) -> None:
    evidence.intents = [*evidence.intents, call("POST", "demands", SAMU, 201, {"reference": "R3"}, id="d3")]


def posted_twice(evidence: Evidence) -> None:
    rewrite(evidence, place_of(evidence, "demand_received", reference="R2"), data={"reference": "R1"})


def two_missions(evidence: Evidence) -> None:
    drop(evidence, "mission_ended", mission_id="m1")


def vehicle_twice(evidence: Evidence) -> None:
    at = place_of(evidence, "mission_assigned", mission_id="m3")
    last_end = place_of(evidence, "mission_ended", mission_id="m2")
    rewrite(evidence, at, position=last_end - 1)
    rewrite(evidence, last_end, position=at)


def nobody_engaged(evidence: Evidence) -> None:
    evidence.engagements = []


def engaged_for_nothing(evidence: Evidence) -> None:
    evidence.engagements = [*evidence.engagements, Engagement("A2", "d1", "m2")]


def engaged_twice(evidence: Evidence) -> None:
    evidence.engagements = [*evidence.engagements, *evidence.engagements]


def confirmed_and_lost(evidence: Evidence) -> None:
    intent_of(evidence, "solicitations/s2/acceptance").answer["mission_id"] = "m7"


def confirmed_for_another_card(evidence: Evidence) -> None:
    evidence.intents = [
        *evidence.intents,
        call("POST", "solicitations/s9/acceptance", outcome="CONFIRMED", mission_id="m2"),
    ]
    rewrite(evidence, place_of(evidence, "solicitation_refused"), kind="solicitation_opened")


def confirmed_with_another_vehicle(evidence: Evidence) -> None:
    intent_of(evidence, "solicitations/s2/acceptance").body["vehicle_id"] = "A5"


def confirmed_to_two(evidence: Evidence) -> None:
    intent_of(evidence, "solicitations/s2/acceptance").caller = "B"


def told_no(evidence: Evidence) -> None:
    intent = intent_of(evidence, "solicitations/s2/acceptance")
    intent.status, intent.answer = 409, {"code": "already_assigned"}


def learns_of_a_mission_that_broke_down(evidence: Evidence) -> None:
    intent = intent_of(evidence, "solicitations/s1/acceptance")
    intent.status, intent.answer = 409, {"code": "already_assigned"}


def given_unasked(evidence: Evidence) -> None:
    evidence.intents = [each for each in evidence.intents if "s2" not in each.path]


def step_lost(evidence: Evidence) -> None:
    drop(evidence, "step_passed")


def breakdown_lost(evidence: Evidence) -> None:
    rewrite(
        evidence,
        place_of(evidence, "mission_ended", mission_id="m1"),
        data={"mission_id": "m1", "reason": "CANCELLED"},
    )


def refusal_lost(evidence: Evidence) -> None:
    refusal = call("POST", "solicitations/s3/refusal", "B", outcome="RECORDED")
    evidence.intents = [*evidence.intents, refusal]


def promise_of_other_minutes(evidence: Evidence) -> None:
    told = {"solicitation_id": "s3", "delay_minutes": 70}
    rewrite(
        evidence,
        place_of(evidence, "solicitation_accepted", solicitation_id="s3"),
        kind="delay_proposed",
        data=told,
    )
    said = call(
        "POST", "solicitations/s3/counter-proposal", "B", body={"delay_minutes": 80}, outcome="RECORDED"
    )
    evidence.intents = [*evidence.intents, said]


def arbitrated_for_nothing(evidence: Evidence) -> None:
    body = {"decision": "ACCEPT", "solicitation_id": "s3"}
    evidence.intents = [
        *evidence.intents,
        call("POST", "demands/d2/arbitration", SAMU, body=body, outcome="RECORDED"),
    ]


def amended_twice(evidence: Evidence) -> None:
    rewrite(evidence, place_of(evidence, "solicitation_refused"), kind="demand_amended")


def passed_twice(evidence: Evidence) -> None:
    told = {"mission_id": "m2", "step_id": "p1"}
    rewrite(evidence, place_of(evidence, "demand_completed"), kind="step_passed", data=told)


def hole(evidence: Evidence) -> None:
    drop(evidence, "solicitation_accepted", solicitation_id="s1")


def out_of_order(evidence: Evidence) -> None:
    one, other = (place_of(evidence, "solicitation_accepted", solicitation_id=f"s{n}") for n in (1, 2))
    rewrite(evidence, one, position=other)
    rewrite(evidence, other, position=one)


def folds_otherwise(evidence: Evidence) -> None:
    key = ("demand_views", "d2")
    evidence.differences = differences(
        "d2",
        {key: {"demand_id": "d2", "status": "ASSIGNED"}},
        {key: {"demand_id": "d2", "status": "RECEIVED"}},
    )


def never_heard(evidence: Evidence) -> None:
    del evidence.ears[1].heard[2]


def heard_twice(evidence: Evidence) -> None:
    heard = evidence.ears[0].heard
    heard.insert(3, heard[2])


def heard_out_of_order(evidence: Evidence) -> None:
    heard = evidence.ears[0].heard
    heard[2], heard[3] = heard[3], heard[2]


def heard_anothers(evidence: Evidence) -> None:
    line = evidence.journal[-1]
    evidence.ears[1].heard.append(Heard(line.position, line.subject_id, line.seq, line.kind))


def task_fails(evidence: Evidence) -> None:
    evidence.workflows = {**evidence.workflows, "d2": Workflow("RUNNING", 4, True, "a step")}


def watch_fails(evidence: Evidence) -> None:
    evidence.others = {"guard-1": Workflow("RUNNING", 2)}


def runs_on(evidence: Evidence) -> None:
    evidence.workflows = {**evidence.workflows, "d1": Workflow("RUNNING", 0, True, "?")}


def noticed(evidence: Evidence) -> None:
    evidence.failures = [Failure(Phase.ROLLING, "A", "POST missions/steps", "500 internal_error")]


def stays_away(evidence: Evidence) -> None:
    evidence.blows = [*evidence.blows, Blow("postgres", "kill -9", None)]


DOCTORED: list[tuple[str, Doctor, str]] = [
    ("accepted demands have ended or are answerable", not_answerable, "d2"),
    ("accepted demands have ended or are answerable", says_nothing, "d2"),
    ("accepted demands have ended or are answerable", never_kept, "d3"),
    ("a demand that is sent again is one demand", posted_twice, "d2"),
    ("no demand has two missions at once", two_missions, "d1"),
    ("no vehicle has two open missions", vehicle_twice, "d2"),
    ("engaged vehicles are those of the open missions", nobody_engaged, "d2"),
    ("engaged vehicles are those of the open missions", engaged_for_nothing, "d1"),
    ("engaged vehicles are those of the open missions", engaged_twice, "d2"),
    ("confirmations are in the journal", confirmed_and_lost, "d1"),
    ("confirmations are in the journal", confirmed_for_another_card, "d1"),
    ("confirmations are in the journal", confirmed_with_another_vehicle, "d1"),
    ("nobody was confirmed another's mission", confirmed_to_two, "d1"),
    ("nobody was told no and has the mission", told_no, "d1"),
    ("nobody was told no and has the mission", given_unasked, "d1"),
    ("other verdicts are in the journal", step_lost, "d1"),
    ("other verdicts are in the journal", breakdown_lost, "d1"),
    ("other verdicts are in the journal", refusal_lost, "d2"),
    ("other verdicts are in the journal", promise_of_other_minutes, "d2"),
    ("other verdicts are in the journal", arbitrated_for_nothing, "d2"),
    ("nothing was done twice", amended_twice, "d1"),
    ("nothing was done twice", passed_twice, "d1"),
    ("journals are numbered 1 to n", hole, "d1"),
    ("journals are numbered 1 to n", out_of_order, "d1"),
    ("the read model is the fold of the journal", folds_otherwise, "d2"),
    ("streams told every fact once, in order", never_heard, "d1"),
    ("streams told every fact once, in order", heard_twice, "-"),
    ("streams told every fact once, in order", heard_out_of_order, "-"),
    ("streams told every fact once, in order", heard_anothers, "d2"),
    ("no task fails again and again, nothing runs on", task_fails, "d2"),
    ("no task fails again and again, nothing runs on", watch_fails, "-"),
    ("no task fails again and again, nothing runs on", runs_on, "d1"),
    ("rolling restarts turn nobody away", noticed, "-"),
    ("every process came back", stays_away, "-"),
]


def test_a_good_run_has_no_breach() -> None:
    verdict = Verdict.of(a_good_run())
    assert verdict.sentences == []
    looked_at = {name: tally.counted for name, tally in verdict.tallies.items()}
    assert [name for name, counted in looked_at.items() if not counted] == [
        "the read model is the fold of the journal"
    ]


def test_who_learns_late_of_a_mission_that_broke_down_is_told_the_truth() -> None:
    evidence = a_good_run()
    learns_of_a_mission_that_broke_down(evidence)
    assert Verdict.of(evidence).sentences == []


@pytest.mark.parametrize(
    ("name", "doctor", "demand_id"), DOCTORED, ids=lambda each: getattr(each, "__name__", None)
)
def test_a_doctored_run_has(name: str, doctor: Doctor, demand_id: str) -> None:
    evidence = a_good_run()
    doctor(evidence)
    breaches = dict(CHECKS)[name](evidence).breaches
    assert demand_id in {each.demand_id for each in breaches}, breaches


def test_every_check_was_shown_a_doctored_run() -> None:
    assert {name for name, _, _ in DOCTORED} == {name for name, _ in CHECKS}


def test_the_figures_are_told() -> None:
    told = figures(a_good_run())
    assert told["demands"] == "COMPLETED 1, open 1"
    assert told["answers"] == "acceptance CONFIRMED 3"
    assert told["longest away"] == "worker-1, 3.0 s (kill -9)"
    assert told["acceptance → confirmed, repetitions included, s"] == "median 1.00, p99 1.00, most 1.00 (3)"


def test_the_same_seed_gives_the_same_blows_evenly() -> None:
    one, other = rounds(7, Temper()), rounds(7, Temper())
    drawn = [next(one) for _ in range(8)]
    assert drawn == [next(other) for _ in range(8)]
    blows = [strike for each in drawn for strike in each]
    killed = [strike.target.kind for strike in blows if strike.deed is Deed.KILL]
    frozen = [strike.target.kind for strike in blows if strike.deed is not Deed.KILL]
    assert {kind: killed.count(kind) for kind in Kind} == dict.fromkeys(Kind, 8)
    assert {kind: frozen.count(kind) for kind in Kind} == dict.fromkeys(Kind, 2)
