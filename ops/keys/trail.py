"""What operators do to keys, in the audit trail; and keys can be changed where no database answers."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ops.keys.rings import Ring
from ops.where import NowhereError, settings_for
from storage import audit
from storage.audit import AuditEvent, AuditKind
from storage.engine import create_engine, transaction


def line_of(kind: AuditKind, actor: str, ring: Ring, kid: str) -> AuditEvent:
    """A line that says what is done now to a key of a ring. Keys are named by their ids, here as well."""
    return AuditEvent(at=datetime.now(UTC), kind=kind, actor=actor, subject=f"ring:{ring} {kid}")


async def write(database: AsyncEngine, line: AuditEvent) -> None:
    """Add the line, in a transaction of its own."""
    async with transaction(database) as connection:
        await audit.write(connection, line)


def write_if_possible(data_dir: Path, line: AuditEvent) -> None:
    """Add the line to the trail of the stack that runs from a directory; if none answers, say so, and what it said.

    The key is changed already: a data directory's keys must be changeable while its database is not there.
    """
    try:
        asyncio.run(_write_once(data_dir, line))
    except NowhereError as error:
        _warn(str(error), line)
    except (SQLAlchemyError, OSError) as error:
        _warn(f"the database does not answer: {str(error).strip().splitlines()[0]}", line)


async def _write_once(data_dir: Path, line: AuditEvent) -> None:
    database = create_engine(settings_for(data_dir).database_url, pool_size=1)
    try:
        await write(database, line)
    finally:
        await database.dispose()


def _warn(reason: str, line: AuditEvent) -> None:
    told = f"{line.at:%Y-%m-%d %H:%M:%S}Z {line.kind} {line.subject} by {line.actor}"
    Console(stderr=True).print(
        f"rescousse: warning: it is done, but the audit trail has no line of it: {reason}. Keep this one: {told}",
        style="yellow",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
