"""The fingerprint of every workflow: the commands that today's code gives on each committed path, and its doors.

Replay finds a command of another kind, or in another order. It does not find another time limit, another retry policy, a
handler that was renamed, or a ``workflow.patched`` that was taken away: a demand that runs while such code is deployed
breaks all the same, or waits in another way than the one that it began with. The fingerprint is committed, and a test
compares it.

``python -m tests.replay.fingerprints`` writes it again: only what was added, or together with a new ``workflow.patched``.
"""

import ast
import asyncio
import gc
import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from google.protobuf.duration_pb2 import Duration
from rich.console import Console
from temporalio import workflow
from temporalio.api.common.v1 import Payload, RetryPolicy
from temporalio.bridge.proto.workflow_commands import ScheduleActivity, WorkflowCommand
from temporalio.client import WorkflowHistory

import activities
from tests.replay.watching import ROOT, WORKFLOWS, Watched, watch

HERE = Path(__file__).parent
FILE = HERE / "fingerprints.json"
HISTORIES = HERE / "histories"
SHOWN = frozenset({"DemandStatus", "Step", "NeedsAttention"})
"""Search attributes whose value is a word of ours; of the others it is said whether they are set."""

Fingerprint = dict[str, Any]


async def replayed(traced: frozenset[str] = frozenset()) -> dict[str, Watched]:
    """Every committed history, played with today's code, by its name."""
    return {file.stem: await watch(history(file.stem), traced) for file in sorted(HISTORIES.glob("*.json"))}


def history(name: str) -> WorkflowHistory:
    """A committed history."""
    text = (HISTORIES / f"{name}.json").read_text(encoding="utf-8")
    return WorkflowHistory.from_json(f"demand-{name}", text)


def fingerprint(watched: Mapping[str, Watched]) -> Fingerprint:
    """What today's code does with the committed histories, and what it answers to."""
    return {
        "activities": sorted(activity_names()),
        "handlers": {name: sorted(doors) for name, doors in handlers().items()},
        "patches": sorted(patch_ids()),
        "paths": {name: lines(each) for name, each in watched.items()},
    }


def lines(watched: Watched) -> list[str]:
    """The commands of one history, a line each."""
    return [_line(command) for command in watched.commands]


# -- doors ---------------------------------------------------------------------------------------------------------------


def handlers() -> dict[str, list[str]]:
    """What can be said to each workflow, under which names."""
    told = {}
    for each in WORKFLOWS:
        defn = workflow._Definition.must_from_class(each)
        told[defn.name or each.__name__] = [
            *(f"signal {name}" for name in defn.signals),
            *(f"query {name}" for name in defn.queries),
            *(f"update {name}{_validated(update)}" for name, update in defn.updates.items()),
        ]
    return told


def _validated(update: Any) -> str:
    return " with a validator" if update.validator else ""


def activity_names() -> Iterator[str]:
    """Every activity that some worker answers."""
    for module in pkgutil.iter_modules(activities.__path__, "activities."):
        for _, owner in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            for _, method in inspect.getmembers(owner, inspect.isfunction):
                defined = getattr(method, "__temporal_activity_definition", None)
                if defined is not None and owner.__module__ == module.name:
                    yield str(defined.name)


def patch_ids(folder: Path = ROOT / "workflows") -> set[str]:
    """The ids of every ``workflow.patched`` and ``workflow.deprecate_patch``."""
    found = set()
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {
                "patched",
                "deprecate_patch",
            }:
                found |= {str(each.value) for each in node.args if isinstance(each, ast.Constant)}
    return found


# -- commands ------------------------------------------------------------------------------------------------------------


def _line(command: WorkflowCommand) -> str:
    kind = command.WhichOneof("variant")
    match kind:
        case "schedule_activity":
            return _activity(command.schedule_activity)
        case "start_timer":
            return f"timer {_seconds(command.start_timer.start_to_fire_timeout)}"
        case "upsert_workflow_search_attributes":
            given = command.upsert_workflow_search_attributes.search_attributes.indexed_fields
            return "attributes " + ", ".join(f"{name}={_shown(name, given[name])}" for name in sorted(given))
        case "set_patch_marker":
            return f"patch {command.set_patch_marker.patch_id}"
        case "signal_external_workflow_execution":
            return f"signal {command.signal_external_workflow_execution.signal_name}"
        case "update_response":
            return f"update {command.update_response.WhichOneof('response')}"
    return str(kind)


def _activity(command: ScheduleActivity) -> str:
    limits = {
        "start to close": command.start_to_close_timeout,
        "schedule to close": command.schedule_to_close_timeout,
        "schedule to start": command.schedule_to_start_timeout,
        "heartbeat": command.heartbeat_timeout,
    }
    stated = [f"{name} {_seconds(limit)}" for name, limit in limits.items() if limit.ToNanoseconds()]
    return f"activity {command.activity_type}: {', '.join(stated)}; {_retry(command.retry_policy)}"


def _retry(policy: RetryPolicy) -> str:
    waits = f"{_seconds(policy.initial_interval)} x{policy.backoff_coefficient:g}"
    most = f" at most {policy.maximum_attempts} times" if policy.maximum_attempts else ""
    never = f" but {', '.join(policy.non_retryable_error_types)}" if policy.non_retryable_error_types else ""
    return f"again after {waits} up to {_seconds(policy.maximum_interval)}{most}{never}"


def _seconds(duration: Duration) -> str:
    return f"{round(duration.ToNanoseconds() / 1e9, 3):g} s"


def _shown(name: str, payload: Payload) -> str:
    value = json.loads(payload.data) if payload.data else None
    return str(value) if name in SHOWN else "set" if value else "unset"


# -- the committed one ---------------------------------------------------------------------------------------------------


def committed() -> Fingerprint:
    """The fingerprint that the histories were last held against."""
    told: Fingerprint = json.loads(FILE.read_text(encoding="utf-8"))
    return told


def changes(before: Fingerprint, now: Fingerprint) -> list[str]:
    """What a running demand would feel: sentences; what was only added is none."""
    found = [f"the activity {name} is gone" for name in before["activities"] if name not in now["activities"]]
    for name, doors in before["handlers"].items():
        gone = [door for door in doors if door not in now["handlers"].get(name, [])]
        found += [f"{name} does not have its {door} any more" for door in gone]
    found += [f"the patch {name} is gone" for name in before["patches"] if name not in now["patches"]]
    for path, lines in before["paths"].items():
        found += _first_difference(path, lines, now["paths"].get(path))
    return found


def _first_difference(path: str, before: list[str], now: list[str] | None) -> Iterator[str]:
    if now is None:
        yield f"the history {path} is gone"
    elif before != now:
        both = zip([*before, "the end"], [*now, "the end"], strict=False)
        number, (was, is_now) = next((n, pair) for n, pair in enumerate(both, 1) if pair[0] != pair[1])
        yield f"{path}, command {number}: was {was!r}, is {is_now!r}"


def refusal(before: Fingerprint, now: Fingerprint) -> str | None:
    """Why the fingerprint may not be written again, if so."""
    found = changes(before, now)
    lost = [each for each in found if each.endswith("is gone")]
    if lost:
        return f"Histories hold it for as long as they are kept: {'; '.join(lost)}."
    if found and not set(now["patches"]) - set(before["patches"]):
        return (
            "Workflows that run now would go on differently, and no workflow.patched says so: "
            f'{"; ".join(found)}. Keep the old way for them behind a new workflow.patched("...").'
        )
    return None


def write(now: Fingerprint) -> None:
    """Commit it."""
    FILE.write_text(json.dumps(now, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


async def main() -> int:
    """Write the fingerprint again, or say why not."""
    console, now = Console(), fingerprint(await replayed())
    refused = refusal(committed(), now) if FILE.exists() else None
    if refused:
        console.print(f"Not written. {refused}")
    else:
        write(now)
        console.print(f"written: {len(now['paths'])} paths, {len(now['patches'])} patches")
    gc.collect()
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
