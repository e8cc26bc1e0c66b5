"""Committed histories replay: what runs when new code is deployed goes on."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from tests.replay.stories import PATHS
from tests.workflow.story import PASSED_THROUGH
from workflows.client import DATA_CONVERTER
from workflows.demand import DemandWorkflow

HISTORIES = Path(__file__).parent / "histories"
FILES = sorted(HISTORIES.glob("*.json"))


def replayer() -> Replayer:
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    return Replayer(
        workflows=[DemandWorkflow],
        data_converter=DATA_CONVERTER,
        workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
    )


def committed(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(f"demand-{file.stem}", file.read_text(encoding="utf-8"))


def test_every_path_has_a_committed_history() -> None:
    assert {file.stem for file in FILES} == {path.__name__ for path in PATHS}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_committed_history_replays(file: Path) -> None:
    await replayer().replay_workflow(committed(file))


async def test_a_doctored_history_does_not_replay() -> None:
    told = json.loads(committed(HISTORIES / "completed.json").to_json())
    for event in told["events"]:
        scheduled = event.get("activityTaskScheduledEventAttributes")
        if scheduled and scheduled["activityType"]["name"] == "engage":
            scheduled["activityType"]["name"] = "release"
    history = WorkflowHistory.from_json("demand-doctored", json.dumps(told))
    with pytest.raises(Exception, match=r"[Nn]ondeterminism"):
        await replayer().replay_workflow(history)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_identity_is_in_a_history(file: Path) -> None:
    text = " ".join(_texts(json.loads(file.read_text(encoding="utf-8"))))
    assert "demand_id" in text  # the control: what is looked through is what was said
    for forbidden in ("last_name", "first_name", "birth_year", "callback_phone", "address"):
        assert forbidden not in text


def _texts(told: object) -> Iterator[str]:
    """Every text of a history, the contents of its payloads decoded."""
    if isinstance(told, dict):
        for name, value in told.items():
            yield name
            if name == "data" and isinstance(value, str):
                yield base64.b64decode(value, validate=True).decode()
            else:
                yield from _texts(value)
    elif isinstance(told, list):
        for each in told:
            yield from _texts(each)
    else:
        yield str(told)
