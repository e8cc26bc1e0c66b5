"""`rescousse demand show`: one demand on one screen, with what looks wrong and what to do about it."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.demand_look import look
from ops.demand_rows import NotFoundError
from ops.demand_show_screen import show
from ops.where import DATA_DIR, NowhereError, settings_for

DEMAND = "The demand's id, the beginning of it (8 digits at least), or its SAMU's reference."
OK, REFUSED, NOT_ANSWERED = 0, 1, 3


def show_command(
    demand: Annotated[str, typer.Argument(metavar="ID", help=DEMAND)],
    as_json: Annotated[bool, typer.Option("--json", help="For software.")] = False,
    data_dir: Annotated[Path | None, typer.Option(file_okay=False, help=DATA_DIR)] = None,
) -> None:
    """Show one demand: what it waits for, who is asked, who goes, what failed, what to do.

    Names and telephone numbers of companies; nothing of the patient. What does not
    answer, the database or Temporal, is said, and the rest is shown all the same.
    """
    try:
        settings = settings_for(data_dir)
        told = asyncio.run(look(settings, demand))
    except (NotFoundError, NowhereError) as error:
        complain(str(error))
        raise typer.Exit(REFUSED) from error
    if as_json:
        typer.echo(told.model_dump_json(indent=1))
    else:
        show(Console(highlight=False), told)
    if told.state is None and told.engine is None:
        raise typer.Exit(NOT_ANSWERED)


def complain(sentence: str) -> None:
    """Say to stderr why nothing was done."""
    Console(stderr=True).print(f"rescousse: {sentence}", style="red", markup=False, highlight=False)
