"""What today's code does with every committed history: the same commands, with the same options, on every line."""

import copy
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.common import RetryPolicy

from tests.replay import fingerprints
from tests.replay.fingerprints import Fingerprint
from tests.replay.watching import ROOT, Watched, code_lines, watch
from workflows import options

TRACED = {
    ROOT / "workflows" / f"{name}.py"
    for name in ("demand", "guard_watch", "lookout", "probe", "recorder", "sign")
}
"""Where the commands come from; what else is in the room is text, names and options, or runs in a client."""
NOT_REPLAYED = (
    *("DemandWorkflow.snapshot", "ProbeWorkflow.answers"),  # a query leaves no history
    *(
        "DemandWorkflow._not_too_many_",
        "DemandWorkflow._keep_room_for_the_samu",
    ),  # nor does what a validator refuses
)


@pytest.fixture(scope="module")
async def watched() -> dict[str, Watched]:
    return await fingerprints.replayed(frozenset(str(file) for file in TRACED))


def test_running_workflows_go_on_as_they_began(watched: Mapping[str, Watched]) -> None:
    """Write the fingerprint again with ``python -m tests.replay.fingerprints``, which says why if it may not be."""
    before, now = fingerprints.committed(), fingerprints.fingerprint(watched)
    assert not fingerprints.changes(before, now), fingerprints.refusal(before, now)
    assert now == before, "something was added: python -m tests.replay.fingerprints"


def test_every_line_that_can_be_replayed_is_on_a_committed_path(watched: Mapping[str, Watched]) -> None:
    """Record what is missing: a new path in `tests.replay.stories`, then ``python -m tests.replay.record NAME``."""
    walked: set[tuple[str, int]] = set().union(*(each.lines for each in watched.values()))
    assert [never for file in sorted(TRACED) for never in _never_walked(file, walked)] == []


def _never_walked(file: Path, walked: set[tuple[str, int]]) -> list[str]:
    text = file.read_text(encoding="utf-8")
    source = text.splitlines()
    return [
        f"{file.name}:{line} in {name}: {source[line - 1].strip()}"
        for name, line in sorted(set(code_lines(compile(text, str(file), "exec"))))
        if (str(file), line) not in walked
        and not name.startswith(NOT_REPLAYED)
        and source[line - 1].strip()
        != "raise"  # a workflow that fails for a bug of ours: none may be committed
    ]


# -- what replay does not see ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "given", "said"),
    [
        ("start_to_close_timeout", timedelta(seconds=30), "start to close 30 s"),
        ("retry_policy", RetryPolicy(maximum_attempts=3), "at most 3 times"),
        ("schedule_to_close_timeout", timedelta(minutes=1), "schedule to close 60 s"),
    ],
)
async def test_another_option_of_an_activity_is_noticed_though_it_replays(
    option: str, given: object, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprints.committed()
    monkeypatch.setitem(options.SURVEY, option, given)
    now = copy.deepcopy(before)
    now["paths"]["completed"] = fingerprints.lines(await watch(fingerprints.history("completed")))
    [change] = fingerprints.changes(before, now)
    assert change.startswith("completed, command 1: was 'activity survey: start to close 3 s;")
    assert said in change
    assert "workflow.patched" in (fingerprints.refusal(before, now) or "")


@pytest.mark.parametrize(
    ("kind", "gone", "said"),
    [
        ("patches", "2026-11-regulation", "the patch 2026-11-regulation is gone"),
        ("activities", "release", "the activity release is gone"),
        ("handlers", "signal step_reported", "Demand does not have its signal step_reported any more"),
        (
            "handlers",
            "update refuse with a validator",
            "Demand does not have its update refuse with a validator any",
        ),
        ("paths", "completed", "the history completed is gone"),
    ],
)
def test_what_was_taken_away_is_noticed(kind: str, gone: str, said: str) -> None:
    before = fingerprints.committed()
    now = _without(before, kind, gone)
    assert said in " ".join(fingerprints.changes(before, now))
    assert fingerprints.refusal(before, now)


def _without(told: Fingerprint, kind: str, gone: str) -> Fingerprint:
    now = copy.deepcopy(told)
    if kind == "paths":
        del now["paths"][gone]
    else:
        (now["handlers"]["Demand"] if kind == "handlers" else now[kind]).remove(gone)
    return now


def test_a_change_is_written_only_together_with_a_new_patch() -> None:
    before = fingerprints.committed()
    now = copy.deepcopy(before)
    now["paths"]["completed"] = now["paths"]["completed"][1:]
    assert "completed, command 1" in (fingerprints.refusal(before, now) or "")
    now["patches"].append("2027-01-another-way")
    assert fingerprints.refusal(before, now) is None
    assert fingerprints.changes(before, now), "it is still to be written down"


def test_what_is_only_added_is_written_without_a_word() -> None:
    now = fingerprints.committed()
    before = _without(_without(now, "paths", "completed"), "handlers", "signal step_reported")
    assert not fingerprints.changes(before, now)
    assert fingerprints.refusal(before, now) is None
