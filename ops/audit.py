"""`rescousse audit`: who read which patient, who logged in, what operators did to accounts."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.demand_rows import NotFoundError, find_demand
from ops.where import DATA_DIR, NowhereError, settings_for
from storage import audit
from storage.audit import AuditEvent, AuditKind, PatientRead, ReadsAsked
from storage.engine import create_engine

Found = TypeVar("Found")
DURATION = re.compile(r"(\d{1,5})([mhd])")
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
SINCE = "From then on: an instant (2026-11-22, 2026-11-22T14:00+01:00), or how long ago (30m, 12h, 7d)."

Since = Annotated[str | None, typer.Option(help=SINCE)]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the newest.")]
AsJson = Annotated[bool, typer.Option("--json", help="For software: one line for each.")]
Where = Annotated[Path | None, typer.Option(file_okay=False, help=DATA_DIR)]


class BadMomentError(Exception):
    """No moment; the text says what is one."""


def patients_command(
    demand: Annotated[
        str | None, typer.Option(help="Of this demand: its id, or its SAMU's reference.")
    ] = None,
    since: Since = None,
    reader: Annotated[str | None, typer.Option(help="By this reader: a part of the name, or an id.")] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    data_dir: Where = None,
) -> None:
    """List who read who a patient is, the newest first.

    Each reading of an identity is a line, written in the transaction that read
    it. The list says who, when and of which demand; it reads no identity.
    """

    async def read(connection: AsyncConnection) -> list[PatientRead]:
        found = await find_demand(connection, demand) if demand else None
        asked = ReadsAsked(
            demand_id=found.id if found else None, since=moment(since), reader=reader, limit=limit
        )
        return await audit.patient_reads_of(connection, asked)

    found = answered(read, data_dir)
    if as_json:
        _lines(found)
    else:
        _show(("when", "who", "role", "of", "demand"), [_patient_row(each) for each in found])


def events_command(
    since: Since = None,
    kind: Annotated[list[AuditKind] | None, typer.Option(help="Of this kind; may be repeated.")] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    data_dir: Where = None,
) -> None:
    """List logins, failed logins, and what operators did to accounts and keys, the newest first."""

    async def read(connection: AsyncConnection) -> list[AuditEvent]:
        return await audit.events(connection, moment(since), tuple(kind or ()), limit)

    found = answered(read, data_dir)
    if as_json:
        _lines(found)
    else:
        _show(("when", "what", "who", "from", "to whom"), [_event_row(each) for each in found])


def answered(asked: Callable[[AsyncConnection], Awaitable[Found]], data_dir: Path | None) -> Found:
    """What the database says, in one transaction; whatever keeps it from that is said in one sentence, with exit code 1."""
    try:
        return asyncio.run(_ask(settings_for(data_dir).database_url, asked))
    except (NowhereError, NotFoundError, BadMomentError) as error:
        reason = str(error)
    except (SQLAlchemyError, OSError) as error:
        reason = f"the database does not answer: {str(error).strip().splitlines()[0]}"
    Console(stderr=True).print(f"rescousse: {reason}", style="red", markup=False, highlight=False)
    raise typer.Exit(1)


async def _ask(database_url: str, asked: Callable[[AsyncConnection], Awaitable[Found]]) -> Found:
    engine = create_engine(database_url, pool_size=1, application_name="rescousse")
    try:
        async with engine.begin() as connection:
            return await asked(connection)
    finally:
        await engine.dispose()


def moment(text: str | None) -> datetime | None:
    """An instant, or how long ago. Raises BadMomentError."""
    if text is None:
        return None
    ago = DURATION.fullmatch(text)
    if ago:
        return datetime.now(UTC) - int(ago[1]) * UNITS[ago[2]]
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise BadMomentError(
            f"{text!r} is no moment: write 2026-11-22, 2026-11-22T14:00+01:00, or 12h"
        ) from None
    return told if told.tzinfo else told.astimezone()


def _lines(found: Sequence[PatientRead | AuditEvent]) -> None:
    for each in found:
        typer.echo(json.dumps(asdict(each), default=str, ensure_ascii=False))


def _show(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False, markup=False)
    console.print(table if rows else "nothing")


def _patient_row(read: PatientRead) -> tuple[str, ...]:
    return _when(read.at), read.name, read.role, read.organisation or "", read.reference


def _event_row(event: AuditEvent) -> tuple[str, ...]:
    ident, _, name = event.actor.partition(" ")
    return _when(event.at), event.kind, name or ident, event.address or "", event.subject or ""


def _when(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
