"""`rescousse backup` and `rescousse restore`: their options, and what they say."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from ops.backup.making import back_up
from ops.backup.manifest import BackupError
from ops.backup.restoring import restore
from ops.embedded.children import ROOT

DATA_DIR = ROOT / ".rescousse"
MEGABYTE = 1e6

Answer = TypeVar("Answer")


def backup_command(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Written whole or not at all (.tar.gz).")],
    data_dir: Annotated[
        Path, typer.Option(file_okay=False, help="What `rescousse up` runs from.")
    ] = DATA_DIR,
    without_secrets: Annotated[
        bool, typer.Option("--without-secrets", help="Leave the keys out: keep them elsewhere.")
    ] = False,
) -> None:
    """Put both databases of the embedded stack, at one moment, and its keys into FILE.

    The stack may run: it goes on. Whoever has FILE can read every patient's name, unless the keys are left out.
    """
    manifest = _obeyed(back_up(data_dir, target, datetime.now(UTC), with_secrets=not without_secrets))
    _say(
        f"{target}: {_size(target)}, as of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC, readable by its owner only."
    )
    if manifest.has_secrets:
        _say("It holds the keys: whoever has it can read everything. Keep it as you keep them.")
    else:
        _say(
            f"The keys are not in it, and it is of no use without them: keep a copy of {data_dir / 'secrets'}."
        )


def restore_command(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="What `rescousse backup` wrote.")],
    data_dir: Annotated[Path, typer.Option(file_okay=False, help="Filled; must be empty.")] = DATA_DIR,
    force: Annotated[
        bool,
        typer.Option("--force", help="Put what is in the directory aside, beside it; nothing is deleted."),
    ] = False,
) -> None:
    """Make a data directory from a backup: it is checked first, and the directory appears whole or not at all.

    What happened after the backup is forgotten; demands go on where they were. Two stacks must never run from one
    backup: both would look for vehicles.
    """
    manifest, aside = _obeyed(restore(source, data_dir, datetime.now(UTC), force=force))
    _say(f"{data_dir} is as of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.")
    if aside is not None:
        _say(f"What was there is in {aside}.")
    if not manifest.has_secrets:
        _say(f"The keys were not in the backup: put them into {data_dir / 'secrets'} before anything else.")
    _say(f"Next: rescousse up --data-dir {data_dir}")
    _say("Then: rescousse doctor, and tell the SAMU which demands since then must be entered again.")


def _obeyed(doing: Coroutine[None, None, Answer]) -> Answer:
    """What it returns; what cannot be done is one red sentence and exit code 1."""
    try:
        return asyncio.run(doing)
    except BackupError as error:
        console = Console(stderr=True, soft_wrap=True)
        console.print(f"rescousse: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error


def _size(file: Path) -> str:
    return f"{file.stat().st_size / MEGABYTE:.1f} MB"


def _say(line: str) -> None:
    typer.echo(line)
