"""What the doctor makes of figures: one sentence for what is wrong, silence for what is not."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
from typer.testing import CliRunner

from ops.backup import archive
from ops.backup.manifest import FORMAT, Manifest
from ops.cli import build_app
from ops.doctor import backups, configuration, database, demands, duty, engine, machine, workflows
from ops.doctor.command import LOOKS, exit_code
from ops.doctor.findings import Finding, Severity, first_few, in_order, note, soon, span, wrong
from ops.embedded.datadir import DataDir
from settings import Settings

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ID = UUID("01936d2c-0000-7000-8000-000000000001")

SERVER = database.Server(
    version=18,
    clock_ahead=0.2 * SECOND,
    bytes=10**7,
    connections=12,
    most_connections=200,
    oldest_transaction=SECOND,
    oldest_owner="rescousse api",
    waiting=0,
)
DUTY = duty.Duty(
    unwatched=0, mute_posts=0, available=40, silent=0, lag=SECOND, clamped=0, partitions_missing=0
)
LETTERS = duty.Letters(wanted=True, phones=3, behind=0, overdue=None)
QUEUE = engine.Queue(
    what="activities",
    name="rescousse",
    pollers=(engine.Poller("1@here", NOW - 5 * SECOND),),
    backlog=0,
    age=timedelta(),
)


def told(findings: Iterable[Finding], severity: Severity | None = None) -> list[str]:
    return [one.sentence for one in findings if severity in {None, one.severity}]


def is_said(findings: Iterable[Finding], words: str, severity: Severity = Severity.WRONG) -> bool:
    return any(words in sentence for sentence in told(findings, severity))


@pytest.mark.parametrize(
    ("change", "words", "severity"),
    [
        ({"clock_ahead": -5 * SECOND}, "5 s behind this machine's", Severity.WRONG),
        ({"clock_ahead": 90 * SECOND}, "90 s ahead of", Severity.WRONG),
        ({"version": 14}, "PostgreSQL 14 is too old", Severity.WRONG),
        ({"connections": 165}, "165 of 200 connections", Severity.SOON),
        ({"connections": 195}, "195 of 200 connections", Severity.WRONG),
        ({"oldest_transaction": 5 * MINUTE}, "of 'rescousse api' has been open for 5 min", Severity.SOON),
        ({"waiting": 3}, "3 sessions wait for a lock", Severity.SOON),
        ({"not_durable": ("fsync",)}, "can be lost: fsync is off", Severity.WRONG),
    ],
)
def test_postgresql_is_judged_by_its_figures(
    change: dict[str, object], words: str, severity: Severity
) -> None:
    assert not told(database.judge_server(SERVER), Severity.WRONG)
    assert not told(database.judge_server(SERVER), Severity.SOON)
    assert is_said(database.judge_server(replace(SERVER, **change)), words, severity)  # type: ignore[arg-type]  # by name


def test_a_table_of_dead_rows_is_told_and_a_small_one_is_not() -> None:
    bloat = [database.Bloat("journal", 10, 60_000), database.Bloat("alarms", 10, 400)]
    bloat.append(database.Bloat("solicitations", 100_000, 60_000))
    [found] = database.judge_bloat(bloat)
    assert "The table journal has 60000 dead rows" in found.sentence


def test_missing_migrations_are_told_with_the_command() -> None:
    [found] = database.judge_migrations(current=False)
    assert found.action is not None
    assert "rescousse migrate" in found.action
    assert database.judge_migrations(current=True) == []


def test_of_many_alike_the_first_are_told_and_the_rest_is_counted() -> None:
    waiting = [
        demands.Waiting(uuid4(), f"DRM-{number}", "RECEIVED", NOW - 3 * MINUTE, tries=number)
        for number in range(12)
    ]
    found = demands.judge_waiting(waiting, NOW)
    assert len(found) == 6
    assert "DRM-3" in found[3].sentence
    assert "for 3 min, tried 3 times: nobody is asked" in found[3].sentence
    assert found[-1].sentence == "… and 7 more demands wait for the engine."
    assert first_few([], lambda _: note("a", "b"), "things") == []


def test_demands_and_vehicles_that_do_not_move_are_told_with_what_to_do() -> None:
    late = demands.Waiting(ID, "DRM-1", "SOLICITING_SITES", NOW - 4 * MINUTE)
    [silent], [overdue] = demands.judge_silent([late], NOW), demands.judge_overdue([late], NOW)
    assert "no fact of it was recorded since" in silent.sentence
    assert "is SOLICITING_SITES, which should have ended 4 min ago" in overdue.sentence
    assert f"rescousse demand show {ID}" in (overdue.action or "")
    held = demands.Held("ASSU 3", ID, NOW - 2 * timedelta(hours=1), over=True)
    [over], [never] = (
        demands.judge_left_over([held], NOW),
        demands.judge_left_over([replace(held, over=False)], NOW),
    )
    assert f"held for 2 h for the mission {ID}, which has ended" in over.sentence
    assert "of which nothing was written" in never.sentence
    [bare] = demands.judge_bare([ID])
    assert "could be given twice" in bare.sentence
    [ringing] = demands.judge_ringing([demands.Ringing("STUCK", 2, NOW - 7 * MINUTE)], NOW)
    assert ringing.severity is Severity.SOON
    assert "2 alarms STUCK ring and nobody has seen them, the oldest for 7 min" in ringing.sentence


@pytest.mark.parametrize(
    ("change", "words", "severity"),
    [
        ({"unwatched": 2}, "2 guard periods", Severity.WRONG),
        ({"mute_posts": 1}, "1 posts have been silent", Severity.WRONG),
        ({"partitions_missing": 3}, "3 partitions", Severity.SOON),
        ({"lag": 3 * MINUTE}, "Positions come 3 min after", Severity.SOON),
        ({"clamped": 4}, "clocks are ahead", Severity.NOTE),
        ({"silent": 7}, "7 of 40 available vehicles", Severity.NOTE),
    ],
)
def test_what_happens_between_demands_is_judged(
    change: dict[str, object], words: str, severity: Severity
) -> None:
    assert not list(duty.judge_duty(DUTY))
    assert is_said(duty.judge_duty(replace(DUTY, **change)), words, severity)  # type: ignore[arg-type]  # by name


def test_notifications_that_are_late_are_told_only_where_they_are_sent() -> None:
    assert not list(duty.judge_letters(LETTERS))
    late = replace(LETTERS, overdue=5 * MINUTE)
    assert is_said(duty.judge_letters(late), "should have been sent 5 min ago")
    assert is_said(duty.judge_letters(replace(late, wanted=False)), "no push service is named", Severity.NOTE)


def test_a_namespace_without_search_attributes_is_told_before_demands_fail() -> None:
    assert not list(engine.judge_namespace(engine.Namespace("default", timedelta(days=7))))
    assert is_said(engine.judge_namespace(engine.Namespace("samu", None)), "no namespace 'samu'")
    lacking = engine.Namespace("default", timedelta(hours=2), ("Step",))
    assert is_said(engine.judge_namespace(lacking), "not registered (Step)")
    assert is_said(engine.judge_namespace(lacking), "for 2 h only", Severity.SOON)


def test_workers_that_are_gone_frozen_or_behind_are_told_apart() -> None:
    def said(queue: engine.Queue, answered: bool | None, words: str, how: Severity = Severity.WRONG) -> bool:
        return is_said(engine.judge_queues([queue], NOW, answered=answered), words, how)

    assert not told(engine.judge_queues([QUEUE], NOW, answered=True), Severity.WRONG)
    assert not told(engine.judge_queues([QUEUE], NOW, answered=None), Severity.WRONG)
    asleep = replace(QUEUE, pollers=(engine.Poller("1@here", NOW - 3 * MINUTE),))
    assert said(asleep, False, "No worker waits for the work of the queue 'rescousse'")
    assert said(QUEUE, False, "No worker answers")
    assert said(replace(QUEUE, backlog=9, age=5 * SECOND), True, "9 activities wait", Severity.SOON)
    assert said(replace(QUEUE, backlog=9, age=MINUTE), True, "the oldest for 60 s")
    assert not said(replace(QUEUE, backlog=0, age=MINUTE), True, "wait for a worker, the oldest")
    ahead = replace(QUEUE, pollers=(engine.Poller("1@here", NOW + 20 * SECOND, "rescousse.v2"),))
    assert said(ahead, True, "Temporal is 20 s ahead")
    assert said(ahead, True, "1@here (rescousse.v2)", Severity.NOTE)


def _described(**pending: object) -> DescribeWorkflowExecutionResponse:
    told = DescribeWorkflowExecutionResponse(**pending)  # type: ignore[arg-type]  # by name
    told.workflow_execution_info.execution.workflow_id = f"demand-{ID}"
    return told


def test_activities_and_workflow_tasks_that_fail_again_and_again_are_told_without_their_words() -> None:
    told = _described()
    activity = told.pending_activities.add(attempt=12)
    activity.activity_type.name = "record"
    activity.scheduled_time.FromDatetime(NOW - 3 * MINUTE)
    secret = Failure(
        message="Madame Secret", application_failure_info=ApplicationFailureInfo(type="OperationalError")
    )
    activity.last_failure.CopyFrom(secret)
    told.pending_workflow_task.attempt = 7
    told.pending_workflow_task.original_scheduled_time.FromDatetime(NOW - 2 * MINUTE)
    task, recording = workflows.judge_troubles(list(workflows.troubles_of(told)), NOW)
    assert "the workflow task has been tried 7 times" in task.sentence
    assert recording.part == "facts"
    assert (
        "the record has been tried 12 times in 3 min; the last failure is a OperationalError"
        in recording.sentence
    )
    assert "Secret" not in f"{task}{recording}"


def test_work_that_nobody_takes_is_one_sentence_and_healthy_work_none() -> None:
    fresh = _described()
    fresh.pending_workflow_task.attempt = 1
    fresh.pending_workflow_task.scheduled_time.FromDatetime(datetime.now(UTC))
    fresh.pending_activities.add(attempt=1)
    assert list(workflows.troubles_of(fresh)) == []
    waiting = [workflows.Trouble(f"demand-{n}", "workflow task", 1, NOW - n * MINUTE) for n in (1, 3)]
    [found] = workflows.judge_troubles(waiting, NOW)
    assert "2 demands or watches wait for a worker, the first for 3 min" in found.sentence


@pytest.mark.parametrize(
    ("engine_says", "database_says", "words"),
    [
        ("UNKNOWN", "open", "the engine has never heard of it"),
        ("TERMINATED", "open", "the engine says TERMINATED"),
        ("COMPLETED", "watched", "the engine says COMPLETED"),
        ("RUNNING", "ended", "the database says that it has ended"),
        ("RUNNING", "unknown", "restored from an older backup?"),
        ("RUNNING", "open", None),
        ("RUNNING", "fresh", None),
        ("COMPLETED", "ended", None),
        ("UNKNOWN", "fresh", None),
    ],
)
def test_database_and_engine_that_disagree_are_told(
    engine_says: str, database_says: str, words: str | None
) -> None:
    found = told(
        workflows.judge_disagreements([workflows.Disagreement("demand-1", engine_says, database_says)])
    )
    assert len(found) == (words is not None)
    assert all(words is not None and words in sentence for sentence in found)


def test_certificates_files_and_keys_are_told_before_they_fail() -> None:
    ends = [NOW - 2 * timedelta(days=1), NOW + timedelta(days=10), NOW + timedelta(days=100)]
    those = [
        configuration.Certificate("temporal_tls_ca_file", Path(f"{n}.pem"), at) for n, at in enumerate(ends)
    ]
    over, near = configuration.judge_certificates(those, NOW)
    assert (over.severity, near.severity) == (Severity.WRONG, Severity.SOON)
    [missing] = configuration.judge_files(
        {"roads_file": Path("/nowhere/a.roads"), "speeds_file": Path(__file__)}
    )
    assert "RESCOUSSE_ROADS_FILE names /nowhere/a.roads" in missing.sentence
    [key] = configuration.judge_keys(
        [configuration.Sealed("old", 4, False), configuration.Sealed("new", 9, True)]
    )
    assert "'old' cannot be read (4 of those" in key.sentence
    [default] = configuration.judge_secrets(Settings(), embedded=False)
    assert "RESCOUSSE_SECRET_KEY" in default.sentence


def test_processes_apis_and_the_disk_are_judged() -> None:
    frozen, gone = machine.judge_children(
        [
            machine.Child("worker", 12, "frozen"),
            machine.Child("API", 13, "gone"),
            machine.Child("engine", 1, "running"),
        ]
    )
    assert "kill -CONT 12" in (frozen.action or "")
    assert "The API (process 13) is not there" in gone.sentence
    assert not list(machine.judge_answer(machine.Answer("http://a", ready=True)))
    away = machine.Answer("http://a", ready=False, why="ConnectError")
    assert is_said(machine.judge_answer(away), "http://a does not answer (ConnectError)")
    lacking = machine.Answer("http://a", ready=False, missing=("engine",), clock_ahead=-9 * SECOND)
    assert is_said(machine.judge_answer(lacking), "it lacks: engine")
    assert is_said(machine.judge_answer(lacking), "9 s behind")
    assert [one.severity for one in machine.judge_room(Path("/d"), 2**29)] == [Severity.WRONG]
    assert [one.severity for one in machine.judge_room(Path("/d"), 3 * 2**30)] == [Severity.SOON]
    assert machine.judge_room(Path("/d"), 2**40) == []


def test_the_worst_comes_first_and_only_what_is_wrong_now_counts() -> None:
    found: Sequence[Finding] = [note("a", "1"), soon("b", "2", "x"), wrong("c", "3", "x"), note("d", "4")]
    assert told(in_order(found)) == ["3", "2", "1", "4"]
    assert (exit_code(found), exit_code(found[:2]), exit_code([])) == (1, 0, 0)
    assert [span(timedelta(seconds=s)) for s in (40, 300, 7200, 200_000)] == [
        "40 s",
        "5 min",
        "2 h",
        "2 days",
    ]


def test_nowhere_to_look_is_said_with_the_next_action(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def doctor(*options: str) -> tuple[int, str]:
        result = CliRunner().invoke(build_app(["doctor"]), ["doctor", *options])
        return result.exit_code, " ".join(result.output.split())

    code, text = doctor("--data-dir", str(tmp_path))
    assert code == 2
    assert f"There is nothing to look at: no stack runs from {tmp_path}" in text
    DataDir(tmp_path).runtime_file.write_text("{")
    assert "cannot be read" in doctor("--data-dir", str(tmp_path), "--json")[1]
    monkeypatch.setenv("RESCOUSSE_ENVIRONMENT", "production")
    code, text = doctor()
    assert code == 2
    assert "production needs its own secrets" in text
    with pytest.raises(ValidationError):
        Settings()


def test_every_look_has_a_name_and_says_what_it_needs() -> None:
    assert len({(look.part, look.see) for look in LOOKS}) == len(LOOKS)
    assert {look.part for look in LOOKS if not (look.database or look.engine)} >= {"settings", "api", "roads"}


def test_the_newest_backup_is_told_and_an_old_one_or_none_is_a_finding(tmp_path: Path) -> None:
    assert is_said(backups.judge(tmp_path / "none", NOW), "cannot be listed")
    assert is_said(backups.judge(tmp_path, NOW), "There is no backup")
    (tmp_path / "a.backup").write_bytes(b"not a backup")
    assert is_said(backups.judge(tmp_path, NOW), "cannot be read")
    good = tmp_path / "b.backup"
    made = Manifest(
        format=FORMAT,
        made_at=NOW - timedelta(hours=30),
        engine_was_running=True,
        schema_revision="0005",
        postgres=180001,
        temporal="1.32.0",
        sealed=True,
        parts={},
    )
    archive.write(good, made, {})
    os.utime(good, (2e9, 2e9))
    assert is_said(backups.judge(tmp_path, NOW), "is 30 h old", Severity.SOON)
    assert is_said(backups.judge(tmp_path, NOW - timedelta(hours=28)), "is 2 h old", Severity.NOTE)
