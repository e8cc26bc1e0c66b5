"""The commands below `rescousse directory`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ops.directory.exporting import written
from ops.directory.faults import RefusedError
from ops.directory.known import Known, read_known
from ops.directory.loading import Asked, Loaded, load_directory
from ops.directory.reading import read_directory
from ops.directory.screen import show_plan
from ops.operators import By, operator
from ops.where import DATA_DIR, NowhereError, settings_for
from storage.engine import create_engine, with_snapshots

Answer = TypeVar("Answer")
Where = Annotated[Path | None, typer.Option(file_okay=False, help=DATA_DIR)]

TEMPLATE = Path(__file__).with_name("template.toml")
STDIN = Path("-")
FILE = "TOML, as `rescousse directory template` explains it; `-` reads what is piped in."
DRY_RUN = "Say what would be done, and do nothing."
KEYS = "Also make a key for the software of each SAMU that is new."
SECRETS_TO = "Write passwords and keys to this new file, for its owner alone (0600), instead of showing them."


def load_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help=FILE)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help=DRY_RUN)] = False,
    keys: Annotated[bool, typer.Option("--keys", help=KEYS)] = False,
    secrets_to: Annotated[Path | None, typer.Option(dir_okay=False, help=SECRETS_TO)] = None,
    by: By = "",
    data_dir: Where = None,
) -> None:
    """Load SAMUs, companies, sites, vehicles, conventions and accounts: all of the file, or nothing.

    Repeatable: names, user names and registrations say what is the same. What the
    database has and the file does not name stays, and is listed. New accounts get
    a password, shown this once.
    """
    asked = Asked("" if dry_run else operator(by), dry_run, keys, secrets_to)

    async def load(engine: AsyncEngine) -> Loaded:
        name, content, beside = _read(file)
        return await load_directory(engine, read_directory(name, content, beside), asked)

    loaded = _answered(load, data_dir)
    show_plan(Console(highlight=False, markup=False), loaded.plan, dry_run=dry_run)
    _hand_over(loaded, secrets_to)


def export_command(data_dir: Where = None) -> None:
    """Write the directory of the database in the format that `load` reads. No password and no key is in it."""

    async def read(engine: AsyncEngine) -> Known:
        async with with_snapshots(engine).begin() as connection:
            return await read_known(connection)

    typer.echo(written(_answered(read, data_dir)), nl=False)


def template_command() -> None:
    """Print an example that explains every line: change it, and load it."""
    typer.echo(TEMPLATE.read_text(encoding="utf-8"), nl=False)


def _read(file: Path) -> tuple[str, bytes, Path]:
    """Name and content of a file, and where the outlines lie that it names."""
    if file == STDIN:
        return "what was piped in", sys.stdin.buffer.read(), Path()
    return file.name, file.read_bytes(), file.parent


def _answered(asked: Callable[[AsyncEngine], Awaitable[Answer]], data_dir: Path | None) -> Answer:
    """What came of it; whatever keeps it from that is said in sentences, with exit code 1."""
    try:
        return asyncio.run(_ask(settings_for(data_dir).database_url, asked))
    except (NowhereError, RefusedError) as error:
        reason = str(error)
    except OSError as error:
        reason = f"{error.filename or 'the database'}: {error.strerror or error}; nothing was written"
    except SQLAlchemyError as error:
        reason = f"the database does not answer: {str(error).strip().splitlines()[0]}"
    console = Console(stderr=True, soft_wrap=True)
    console.print(f"rescousse: {reason}", style="red", markup=False, highlight=False)
    raise typer.Exit(1)


async def _ask(database_url: str, asked: Callable[[AsyncEngine], Awaitable[Answer]]) -> Answer:
    engine = create_engine(database_url, pool_size=1, application_name="rescousse directory")
    try:
        return await asked(engine)
    finally:
        await engine.dispose()


def _hand_over(loaded: Loaded, secrets_to: Path | None) -> None:
    """Show the secrets, or where they are; as plain lines, which no table folds."""
    lines = loaded.secrets.lines()
    if not lines:
        return
    if secrets_to is not None:
        typer.echo(f"Secrets in {secrets_to}: {len(lines)}. Hand them over, then destroy the file.")
        return
    typer.echo("Shown this once:")
    for line in lines:
        typer.echo(line)
