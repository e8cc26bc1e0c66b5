"""What workflow code does while a committed history is played: the commands that it gives, and the lines that it runs."""

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from tests.workflow.story import PASSED_THROUGH
from workflows.client import DATA_CONVERTER
from workflows.demand import DemandWorkflow
from workflows.guard_watch import GuardWatchWorkflow
from workflows.probe import ProbeWorkflow

ROOT = Path(__file__).parents[2]
WORKFLOWS = (DemandWorkflow, GuardWatchWorkflow, ProbeWorkflow)
Line = tuple[str, int]
Trace = Callable[[FrameType, str, Any], Any]


class Watched:
    """What was seen of one replay."""

    def __init__(self) -> None:
        self.commands: list[WorkflowCommand] = []
        self.lines: set[Line] = set()


class WatchingRunner(WorkflowRunner):
    """The sandboxed runner of the worker, watched; ``traced`` are the files whose lines are noted."""

    def __init__(self, watched: Watched, traced: frozenset[str] = frozenset()) -> None:
        restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
        self._inner, self._watched, self._traced = (
            SandboxedWorkflowRunner(restrictions=restrictions),
            watched,
            traced,
        )

    def prepare_workflow(self, defn: Any) -> None:
        self._inner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        instance = self._inner.create_instance(det)
        inner = instance.activate

        def activate(act: WorkflowActivation) -> WorkflowActivationCompletion:
            before = sys.gettrace()
            sys.settrace(self._trace if self._traced else before)
            try:
                completion = inner(act)
            finally:
                sys.settrace(before)
            self._watched.commands += completion.successful.commands
            return completion

        setattr(instance, "activate", activate)  # noqa: B010 - of this instance only
        return instance

    def _trace(self, frame: FrameType, event: str, _: object) -> Trace | None:
        if frame.f_code.co_filename not in self._traced:
            return None
        if event == "line":
            self._watched.lines.add((frame.f_code.co_filename, frame.f_lineno))
        return self._trace

    def set_worker_level_failure_exception_types(self, types: Any) -> None:
        self._inner.set_worker_level_failure_exception_types(types)


async def watch(history: WorkflowHistory, traced: frozenset[str] = frozenset()) -> Watched:
    """Play a history with today's code. Raises what the replayer raises when the code does something else."""
    watched = Watched()
    replayer = Replayer(
        workflows=list(WORKFLOWS),
        data_converter=DATA_CONVERTER,
        workflow_runner=WatchingRunner(watched, traced),
        debug_mode=True,  # noting lines takes longer than the deadlock detector waits
    )
    await replayer.replay_workflow(history)
    return watched


def code_lines(code: CodeType) -> Iterator[tuple[str, int]]:
    """Every line of the functions in a module, with the qualified name of its function; not the module's own."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from code_lines(inner)
            if inner.co_flags & inspect.CO_OPTIMIZED:  # a function, not the body of a class
                head = 0 if inner.co_name == "<lambda>" else inner.co_firstlineno
                yield from (
                    (inner.co_qualname, line) for _, _, line in inner.co_lines() if line not in {None, head}
                )
