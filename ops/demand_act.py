"""`rescousse demand ring|next-tier|reassign|close`: what an operator may do to a demand that is stuck.

Each is one update of the demand's workflow: the domain decides (domain/operators.py), and the journal keeps who did it
and why. Repeated after a failure it is safe: it names the mission or the tier that the operator looked at.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import typer
from rich.console import Console
from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from domain.messages import Intervention, Reply
from domain.outcomes import Outcome
from domain.people import Actor, Role
from domain.vocabulary import OperatorAct, Tier
from ops.at_engine import CALL, RefusedError, reach
from ops.demand_bound import BoundError, UnseenError, mission_of, needed, tier_of
from ops.demand_engine import workers_of
from ops.demand_look import full_id, read_database
from ops.demand_rows import NotFoundError
from ops.demand_show import DEMAND, NOT_ANSWERED, REFUSED, complain
from ops.demand_state import DemandState
from ops.demand_words import BEFORE, DONE, NAME_IT, REFUSALS
from ops.operators import person
from ops.where import DATA_DIR, NowhereError, settings_for
from settings import Settings
from workflows.client import demand_handle
from workflows.demand import DemandWorkflow

ANSWER = timedelta(seconds=10)
"""How long a worker may take to answer: as long as one that died is waited for, and a replay."""
LONGEST_REASON = 300
BY = "Who does it, as the journal keeps it; the system account otherwise. Needed in a container."
WHY = "Why, as the SAMU and the company read it. Never write of the patient here."
YES = "Do not ask before doing it."
MISSION = (
    "The mission that is taken, by its id or the first eight digits of it; no other is. Needed with --yes."
)
TIER = "The tier that is closed; no other is. Needed with --yes."

Demand = Annotated[str, typer.Argument(metavar="ID", help=DEMAND)]
Reason = Annotated[str, typer.Option(help=WHY)]
By = Annotated[str, typer.Option(metavar="NAME", help=BY)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help=YES)]
Dir = Annotated[Path | None, typer.Option(file_okay=False, help=DATA_DIR)]


class UnansweredError(Exception):
    """The engine, or a worker, does not answer; the text says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an operator typed."""

    act: OperatorAct
    demand: str
    reason: str | None
    by: str
    yes: bool
    data_dir: Path | None
    mission: str = ""
    """The one that is taken; the one that runs, when none is named."""
    tier: Tier | None = None
    """The one that is closed; the one that runs, when none is named."""


def ring_command(
    demand: Demand, reason: Reason = "", by: By = "", yes: Yes = False, data_dir: Dir = None
) -> None:
    """Tell once more whoever is awaited: companies, the crew, the SAMU that arbitrates.

    Fifteen seconds must lie between two rings. Exit code 0: done. 1: refused, with
    the reason. 3: Temporal, or a worker, does not answer.
    """
    _do(Wanted(OperatorAct.RING, demand, reason, by, yes, data_dir))


def next_tier_command(
    demand: Demand,
    tier: Annotated[Tier | None, typer.Option(help=TIER)] = None,
    reason: Reason = "",
    by: By = "",
    yes: Yes = False,
    data_dir: Dir = None,
) -> None:
    """Ask the next tier now, without waiting for the end of the one that runs.

    Nobody who rings is taken back: an answer in time still wins. Exit codes as
    those of `ring`.
    """
    _do(Wanted(OperatorAct.NEXT_TIER, demand, reason, by, yes, data_dir, tier=tier))


def reassign_command(
    demand: Demand,
    reason: Annotated[str, typer.Option(help=WHY)],
    mission: Annotated[str, typer.Option(metavar="ID", help=MISSION)] = "",
    by: By = "",
    yes: Yes = False,
    data_dir: Dir = None,
) -> None:
    """Take the mission from its vehicle, and search again without that vehicle.

    Never with the patient on board. The deadline of arrival stays what it was.
    Telephone the crew first: it may be on its way. Exit codes as those of `ring`.
    """
    _do(Wanted(OperatorAct.REASSIGN, demand, reason, by, yes, data_dir, mission=mission))


def close_command(
    demand: Demand,
    reason: Annotated[str, typer.Option(help=WHY)],
    by: By = "",
    yes: Yes = False,
    data_dir: Dir = None,
) -> None:
    """End a demand for good, at any step: the last resort.

    Nobody goes any more, and the vehicle is free. Telephone the SAMU first. Exit
    codes as those of `ring`.
    """
    _do(Wanted(OperatorAct.CLOSE, demand, reason, by, yes, data_dir))


def _do(wanted: Wanted) -> None:
    """Look, ask the operator, do it, say what came of it."""
    missing = needed(wanted.act, yes=wanted.yes, mission=wanted.mission, tier=wanted.tier)
    if missing is not None:
        raise typer.BadParameter(NAME_IT, param_hint=missing)
    person(wanted.by)  # before anything is asked
    try:
        settings = settings_for(wanted.data_dir)
        state, why = asyncio.run(read_database(settings, wanted.demand))
        demand_id = state.demand.id if state else full_id(wanted.demand)
        if demand_id is None:
            raise UnansweredError(f"{why}. Give the whole id of the demand to go on without it")
        order = _order(wanted, state)
        _agree(wanted, state)
        reply = asyncio.run(_send(settings, demand_id, order))
    except BoundError as error:
        complain(str(error))
        raise typer.Exit(0 if error.done else REFUSED) from error
    except (NotFoundError, NowhereError) as error:
        complain(str(error))
        raise typer.Exit(REFUSED) from error
    except (UnansweredError, UnseenError, RefusedError) as error:
        complain(str(error))
        raise typer.Exit(NOT_ANSWERED) from error
    _tell(wanted, reply)


def _order(wanted: Wanted, state: DemandState | None) -> Intervention:
    """What is sent; it names what the operator looked at, so that nothing else is touched."""
    return Intervention(
        act=wanted.act,
        reason=(wanted.reason or "").strip()[:LONGEST_REASON] or None,
        mission_id=mission_of(state, wanted.mission) if wanted.act is OperatorAct.REASSIGN else None,
        tier=tier_of(state, wanted.tier) if wanted.act is OperatorAct.NEXT_TIER else None,
        received_at=datetime.now(UTC),
        by=Actor(role=Role.ADMIN, name=person(wanted.by)),
    )


def _agree(wanted: Wanted, state: DemandState | None) -> None:
    """Say what it is about, and ask. Raises typer.Abort."""
    console = Console(highlight=False)
    if state is not None:
        demand, mission = state.demand, state.runs
        goes = f", {mission.vehicle} of {mission.company}, {mission.step}" if mission else ""
        console.print(f"{demand.reference} of {demand.samu}: {demand.status}{goes}.", markup=False)
    if not wanted.yes:
        typer.confirm(BEFORE[wanted.act], abort=True)


async def _send(settings: Settings, demand_id: UUID, order: Intervention) -> Reply:
    """One update, with its time limits. Raises UnansweredError, or RefusedError when Temporal is away."""
    client = await reach(settings, CALL)
    handle = demand_handle(client, demand_id)
    try:
        async with asyncio.timeout(ANSWER.total_seconds()):
            return await handle.execute_update(
                DemandWorkflow.operate, order, id=str(uuid4()), rpc_timeout=ANSWER
            )
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise UnansweredError(await _why_silent(client, settings)) from error
    except WorkflowUpdateFailedError as error:
        raise UnansweredError(f"the demand did not take it: {error.cause}") from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return Reply(outcome=Outcome.DEMAND_CLOSED)
        raise UnansweredError(f"Temporal does not answer: {error.message}") from error


async def _why_silent(client: Client, settings: Settings) -> str:
    again = "nothing is known to be done: give the same command again when it does"
    try:
        workers = await workers_of(client, settings.task_queue)
    except RPCError:
        return f"Temporal does not answer; {again}"
    if not workers:
        return f"no worker answers: none asks for work on {settings.task_queue!r}. Start one; {again}"
    return f"no worker answers within {ANSWER.seconds} s, although {', '.join(workers)} is known; {again}"


def _tell(wanted: Wanted, reply: Reply) -> None:
    if not reply.outcome.accepted:
        complain(f"{REFUSALS.get(reply.outcome, 'refused')} ({reply.outcome})")
        raise typer.Exit(REFUSED)
    Console(highlight=False).print(f"{DONE[wanted.act]} ({reply.outcome})", markup=False)
    typer.echo(f"See it: rescousse demand show {wanted.demand}")
