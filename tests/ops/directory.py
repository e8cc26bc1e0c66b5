"""What the tests of `rescousse directory` load, how they run it, and what they look at afterwards."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from ops.cli import build_app
from storage import tables

AUDE = """
[[samus]]
name = "SAMU 11"
phone = "+33 4 65 71 00 15"
departments = ["11"]
policy = { resurvey_s = 20 }

[[companies]]
name = "Ambulances du Lac"
phone = "+33 4 65 71 00 21"
conventions = ["SAMU 11"]

[[companies.sites]]
name = "Carcassonne"
lat = 43.2130
lon = 2.3491
mobilisation_s = 120

[[companies.vehicles]]
name = "Lac 1"
category = "A"
registration = "AA-111-ZZ"
site = "Carcassonne"

[[companies.vehicles]]
name = "Lac 2"
category = "C"

[[persons]]
username = "regulation.samu11"
role = "SAMU"
samu = "SAMU 11"

[[persons]]
username = "regulation.lac"
role = "REGULATOR"
company = "Ambulances du Lac"
"""

DIRECTORY = (
    tables.samus,
    tables.companies,
    tables.sites,
    tables.vehicles,
    tables.conventions,
    tables.persons,
    tables.api_keys,
    tables.audit_events,
)
Rows = dict[str, list[tuple[object, ...]]]
Run = Callable[..., Awaitable[Result]]
SECRET = re.compile(r"^(password|key) +(.+?) +(\S+)$", re.MULTILINE)


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `rescousse directory …` as an operator does."""
    monkeypatch.setenv("RESCOUSSE_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "250")

    async def run(*words: str, typed: str | None = None) -> Result:
        arguments = ["directory", *words]
        # In a thread, since the command has an event loop of its own.
        return await asyncio.to_thread(CliRunner().invoke, build_app(arguments), arguments, input=typed)

    return run


@pytest.fixture
def load(run: Run, tmp_path: Path) -> Run:
    """Load this text, and see that it could be loaded."""

    async def load(text: str, *options: str) -> Result:
        file = tmp_path / "who.toml"
        file.write_text(text, encoding="utf-8")
        return await run("load", str(file), "--by", "Ada", *options)

    return load


def changed(text: str, old: str, new: str) -> str:
    """The text with one place changed; it must be there once."""
    assert text.count(old) == 1, old
    return text.replace(old, new)


def secrets_in(output: str) -> dict[str, str]:
    """What was shown, by whose it is."""
    return {name: secret for _, name, secret in SECRET.findall(output)}


def outcomes(output: str) -> dict[str, list[int]]:
    """New, changed, unchanged and not in the file, for each kind of entry."""
    rows = re.findall(r"^(\w+) +(\d+) +(\d+) +(\d+) +(\d+) *$", output, re.MULTILINE)
    return {kind: [int(count) for count in counts] for kind, *counts in rows}


async def everything(engine: AsyncEngine) -> Rows:
    """Every row that a loading could touch."""
    async with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in await connection.execute(sa.select(table))), key=str)
            for table in DIRECTORY
        }


async def column(engine: AsyncEngine, wanted: sa.Column[object]) -> list[object]:
    """The values of a column, sorted."""
    async with engine.connect() as connection:
        return sorted(await connection.scalars(sa.select(wanted)), key=str)


async def details(engine: AsyncEngine) -> list[tuple[str, str, dict[str, object]]]:
    """The lines of the audit trail, in their order: kind, what was named, detail."""
    events = tables.audit_events
    query = sa.select(events.c.kind, events.c.subject, events.c.detail).order_by(events.c.id)
    async with engine.connect() as connection:
        found = (await connection.execute(query)).all()
    return [(row.kind, re.sub(r":\S+", "", row.subject), row.detail) for row in found]
