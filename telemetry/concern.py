"""What the work at hand concerns: the fields that every log line carries that is written meanwhile.

They hold for the running task and for those that it starts. Ids only: no name, no address, no free text.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from structlog.contextvars import bind_contextvars, bound_contextvars, clear_contextvars
from temporalio import activity

UUID_TEXT = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
DEMAND_WORKFLOW = re.compile(f"demand-({UUID_TEXT})")
NAMED = re.compile(f"/v1/(demand|mission|solicitation)s/({UUID_TEXT})(?:/|$)", re.IGNORECASE)
"""The addresses that say by themselves what they are about."""


def begin_request(request_id: str, path: str) -> None:
    """Forget what concerned whoever was served before, and begin with what the path names."""
    clear_contextvars()
    bind_contextvars(request_id=request_id)
    found = NAMED.match(path)
    if found:
        bind_contextvars(**{f"{found[1].lower()}_id": found[2].lower()})


def concerns_demand(demand_id: UUID) -> None:
    """From here on it is about this demand."""
    bind_contextvars(demand_id=str(demand_id))


@contextmanager
def in_activity() -> Iterator[None]:
    """While an activity runs: its workflow, its attempt, and the demand, if it is one's."""
    info = activity.info()
    fields: dict[str, object] = {
        "workflow_id": info.workflow_id,
        "activity_type": info.activity_type,
        "attempt": info.attempt,
    }
    demand_id = demand_of(info.workflow_id or "")
    if demand_id is not None:
        fields["demand_id"] = demand_id
    with bound_contextvars(**fields):
        yield


def demand_of(workflow_id: str) -> str | None:
    """The demand whose workflow has this id; None for a guard period's watch, or the probe."""
    found = DEMAND_WORKFLOW.fullmatch(workflow_id)
    return found[1] if found else None
