"""Committed histories replay: what runs when new code is deployed goes on."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

import pytest
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from temporalio.worker import (
    Interceptor,
    Replayer,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import ActivityHandle

from domain.messages import FactBatch
from tests.replay.stories import PATHS, PROBED, WATCHES, Path
from tests.replay.watching import WORKFLOWS
from tests.workflow.story import PASSED_THROUGH
from workflows.client import DATA_CONVERTER

HISTORIES = FilePath(__file__).parent / "histories"
FILES = sorted(HISTORIES.glob("*.json"))
PURE = tuple(
    {*PASSED_THROUGH, "alembic", "numpy", "scipy", "shapely", "structlog", "survey", "telemetry"}
    - {"workflows"}
)
"""What the sandbox need not watch. It watches workflows/: workers run without it (ADR 38), and what it would have stopped
there is stopped here, for together the histories walk every line."""


def replayer(*interceptors: Interceptor) -> Replayer:
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PURE)
    return Replayer(
        workflows=[*WORKFLOWS],
        interceptors=[*interceptors],
        data_converter=DATA_CONVERTER,
        workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
    )


def committed(file: FilePath) -> WorkflowHistory:
    return WorkflowHistory.from_json(f"demand-{file.stem}", file.read_text(encoding="utf-8"))


def test_every_path_has_a_committed_history() -> None:
    assert {file.stem for file in FILES} == {PROBED, *(path.__name__ for path in (*PATHS, *WATCHES))}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_committed_history_replays(file: FilePath) -> None:
    await replayer().replay_workflow(committed(file))


class Listening(Interceptor):
    """Keeps what a replayed demand gives to its recorder."""

    def __init__(self) -> None:
        self.batches: list[FactBatch] = []

    def workflow_interceptor_class(
        self, _: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        batches = self.batches

        class Outbound(WorkflowOutboundInterceptor):
            def start_activity(self, given: StartActivityInput) -> ActivityHandle[Any]:
                if given.activity == "record":
                    batches.append(given.args[0])
                return super().start_activity(given)

        class Inbound(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(Outbound(outbound))

        return Inbound


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
async def test_a_replayed_demand_writes_the_same_facts_under_the_same_numbers(path: Path) -> None:
    """The engine compares commands, not what they carry: one fact more, and the next could never be recorded."""
    history = committed(HISTORIES / f"{path.__name__}.json")
    listening = Listening()
    await replayer(listening).replay_workflow(history)
    written = [_batch(event) for event in history.events if _is_record(event)]
    assert [_told(batch) for batch in listening.batches] == [_told(batch) for batch in written]
    assert written


def _is_record(event: HistoryEvent) -> bool:
    return event.activity_task_scheduled_event_attributes.activity_type.name == "record"


def _batch(event: HistoryEvent) -> FactBatch:
    [payload] = event.activity_task_scheduled_event_attributes.input.payloads
    return FactBatch.model_validate_json(payload.data)


def _told(batch: FactBatch) -> list[tuple[int, str]]:
    return [(fact.seq, fact.body.model_dump_json()) for fact in batch.facts]


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
def test_no_identity_is_in_a_history(file: FilePath) -> None:
    text = " ".join(_texts(json.loads(file.read_text(encoding="utf-8"))))
    # The control: what is looked through is what was said. The probe is told nothing.
    assert "demand_id" in text or "period_id" in text or file.stem == PROBED
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
