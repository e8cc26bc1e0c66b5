"""Loads a file that has its shape: looks first, then does all of it in one transaction, or nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ops.directory.deeds import Deed, Plan, What
from ops.directory.faults import Fault
from ops.directory.handing import Secrets, check_free, make_secrets, write_secrets
from ops.directory.known import Kind, engaged, lock_directory, read_known
from ops.directory.planning import make_plan
from ops.directory.reading import Given
from ops.directory.writing import write_plan
from storage.engine import transaction

HELD_BY_A_MISSION = {"category": "category", "site_id": "site"}
"""What of a vehicle is not changed while it is on a mission. Its name and registration are labels: they may be."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a file is loaded, and who does it, as the audit trail names them."""

    actor: str
    dry_run: bool = False
    keys: bool = False
    secrets_to: Path | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was done, or would be, and the secrets that came of it."""

    plan: Plan
    secrets: Secrets


async def load_directory(engine: AsyncEngine, given: Given, asked: Asked) -> Loaded:
    """Make the database say what the file says; what the file does not name stays.

    Raises RefusedError, which names every fault, and OSError if the secrets cannot be written. Nothing is written then.
    """
    check_free(asked.secrets_to)
    async with transaction(engine) as connection:
        looked = await _plan(connection, given)
    if asked.dry_run:
        return Loaded(looked, Secrets())
    # Between the transactions: a hundred passwords take longer to hash than a transaction may wait.
    secrets = make_secrets(looked, keys=asked.keys)
    return await _written(engine, given, asked, Loaded(looked, secrets))


async def _written(engine: AsyncEngine, given: Given, asked: Asked, looked: Loaded) -> Loaded:
    """Look again, and write; the file of secrets goes with the transaction."""
    lines, file = looked.secrets.lines(), None
    try:
        async with transaction(engine) as connection:
            await lock_directory(connection)
            plan = await _plan(connection, given)
            _check_same(plan, looked.plan, given)
            await write_plan(connection, plan, looked.secrets, asked.actor, datetime.now(UTC))
            if asked.secrets_to is not None and lines:
                write_secrets(asked.secrets_to, lines)
                file = asked.secrets_to
    except BaseException:
        if file is not None:
            file.unlink(missing_ok=True)
        raise
    return Loaded(plan, looked.secrets)


async def _plan(connection: AsyncConnection, given: Given) -> Plan:
    """Raises RefusedError if it cannot be carried out."""
    plan = make_plan(given, await read_known(connection))
    faults = [*plan.faults] or await _held(connection, plan)
    if faults:
        raise given.source.refuse(faults)
    return plan


async def _held(connection: AsyncConnection, plan: Plan) -> list[Fault]:
    """A fault for each vehicle on a mission that would become another."""
    changed = [(deed, _kept_by_a_mission(deed)) for deed in plan.those(What.CHANGED, Kind.VEHICLE)]
    busy = await engaged(connection, [deed.row["id"] for deed, what in changed if what])
    return [
        Fault(deed.loc, f"it is on a mission, and keeps its {' and its '.join(what)} until it is free")
        for deed, what in changed
        if what and deed.row["id"] in busy
    ]


def _kept_by_a_mission(deed: Deed) -> list[str]:
    return [name for column, name in HELD_BY_A_MISSION.items() if column in deed.changes]


def _check_same(plan: Plan, looked: Plan, given: Given) -> None:
    """Raise RefusedError if others need a secret now than when secrets were made."""
    for kind in (Kind.SAMU, Kind.PERSON):
        then, now = ({deed.name for deed in each.those(What.NEW, kind)} for each in (looked, plan))
        if then != now:
            why = f"somebody else changes a {kind} at this moment: load it again"
            raise given.source.refuse([Fault((), why)])
