"""Looks everywhere at once, each look with its time limit: what is down is a finding, never a crash."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.service import RPCError

from connecting import engine_access
from ops.doctor.findings import Finding, in_order, note, wrong
from ops.doctor.place import Place
from storage.engine import create_engine
from workflows.client import connect

OPEN_SECONDS = 2.0
"""How long a connection may take."""
LOOK_SECONDS = 3.5
"""How long one look may take: all of them run at once, so that the answer comes within six seconds. Those that need
neither database nor engine begin with the opening, and have both times together."""
CONNECTIONS = 6
RUNBOOK = "docs/runbook.md"


@dataclass(frozen=True, slots=True)
class Opened:
    """What could be opened of a place; ``None`` for what does not answer."""

    place: Place
    database: AsyncEngine | None
    engine: Client | None
    at: datetime
    """When the doctor looks, by this machine's clock."""


@dataclass(frozen=True, slots=True)
class Look:
    """One thing to look at, and whether the database or the engine is needed for it."""

    part: str
    see: Callable[[Opened], Awaitable[Sequence[Finding]]]
    database: bool = False
    engine: bool = False

    def lacks(self, opened: Opened) -> bool:
        """Whether what it needs does not answer."""
        return (self.database and opened.database is None) or (self.engine and opened.engine is None)


@dataclass(frozen=True, slots=True)
class Examination:
    """What came of it."""

    findings: Sequence[Finding]
    looked_at: Sequence[str]


async def examine(place: Place, looks: Sequence[Look]) -> Examination:
    """Take every look whose needs answer; say what could not be looked at."""
    nothing = Opened(place, None, None, datetime.now(UTC))
    alone = [look for look in looks if not look.lacks(nothing)]
    async with _database(place) as database:
        looking = asyncio.gather(*(_take(look, nothing, OPEN_SECONDS + LOOK_SECONDS) for look in alone))
        reached, client = await asyncio.gather(_reach_database(database), _reach_engine(place))
        opened = Opened(
            place,
            None if isinstance(reached, Finding) else database,
            None if isinstance(client, Finding) else client,
            datetime.now(UTC),
        )
        rest = [look for look in looks if look.lacks(nothing) and not look.lacks(opened)]
        seen = await asyncio.gather(*(_take(look, opened, LOOK_SECONDS) for look in rest))
        seen += await looking
    found = [one for one in (reached, client) if isinstance(one, Finding)]
    found += [finding for findings in seen for finding in findings]
    found += _left_out(looks, opened)
    return Examination(in_order(found), list(dict.fromkeys(look.part for look in [*alone, *rest])))


@asynccontextmanager
async def _database(place: Place) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(place.settings.database_url, CONNECTIONS, "rescousse doctor")
    try:
        yield engine
    finally:
        await engine.dispose()


async def _reach_database(engine: AsyncEngine) -> Finding | None:
    """Why the database cannot be asked; ``None`` when it can."""
    try:
        async with asyncio.timeout(OPEN_SECONDS), engine.connect() as connection:
            await connection.execute(sa.select(1))
    except TimeoutError:
        why = f"does not answer within {OPEN_SECONDS:g} s"
    except (SQLAlchemyError, psycopg.Error, OSError) as error:
        why = f"refuses: {first_line(error)}"
    else:
        return None
    return wrong(
        "database",
        f"PostgreSQL {why}. Nothing is decided or written before it is back; what was accepted waits in the engine.",
        f"Start it, or look into its log; then read {RUNBOOK}.",
    )


async def _reach_engine(place: Place) -> Client | Finding:
    settings = place.settings
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            return await connect(engine_access(settings))
    except TimeoutError:
        why = f"does not answer within {OPEN_SECONDS:g} s"
    except (RuntimeError, RPCError, OSError) as error:
        why = f"cannot be reached ({type(error).__name__})"
    except ValueError as error:
        why = f"cannot be reached with these settings: {error}"
    return wrong(
        "engine",
        f"Temporal at {settings.temporal_address} {why}. New demands are kept as RECEIVED; running ones wait.",
        f"Start it, or look into its log; then read {RUNBOOK}.",
    )


async def _take(look: Look, opened: Opened, seconds: float) -> Sequence[Finding]:
    """What a look finds; a look that fails is a finding itself."""
    try:
        async with asyncio.timeout(seconds):
            return await look.see(opened)
    except TimeoutError:
        why = f"took longer than {seconds:g} s"
    except Exception as error:  # noqa: BLE001 - one look that fails must not hide what the others saw
        why = f"failed ({type(error).__name__}: {first_line(error)})"
    return [
        wrong(look.part, f"The look at the {look.part} {why}.", "Run the doctor again; nothing was changed.")
    ]


def _left_out(looks: Sequence[Look], opened: Opened) -> list[Finding]:
    left = list(dict.fromkeys(look.part for look in looks if look.lacks(opened)))
    if not left:
        return []
    return [note("doctor", f"Not looked at, since what holds them does not answer: {', '.join(left)}.")]


def first_line(error: BaseException) -> str:
    """The first line of an error's text, at most 200 characters."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
