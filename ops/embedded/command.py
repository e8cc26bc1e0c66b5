"""`rescousse up`: its options, and its one sentence when it cannot start."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.embedded.children import ROOT
from ops.embedded.demo import DemoName
from ops.embedded.errors import StartError
from ops.embedded.screen import Screen
from ops.embedded.stack import UpOptions, up

MAX_PORT = 65_535
MAX_PROCESSES = 32


def up_command(
    data_dir: Annotated[Path, typer.Option(help="Keeps database, engine, logs, secrets.")] = ROOT
    / ".rescousse",
    port: Annotated[int, typer.Option(min=0, max=MAX_PORT, help="The API (0: any free port).")] = 8000,
    temporal_port: Annotated[int, typer.Option(min=0, max=MAX_PORT, help="Temporal.")] = 7233,
    temporal_ui_port: Annotated[int, typer.Option(min=0, max=MAX_PORT, help="Temporal's web UI.")] = 8233,
    demo: Annotated[DemoName, typer.Option(help="The demo département.")] = DemoName.AUDE,
    no_simulation: Annotated[bool, typer.Option("--no-simulation", help="Leave the demo still.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=MAX_PROCESSES, help="Worker processes.")] = 1,
    apis: Annotated[int, typer.Option(min=1, max=MAX_PROCESSES, help="API processes, on one port.")] = 1,
) -> None:
    """Run everything on this machine until Ctrl-C: database, engine, workers, APIs, demo, simulation."""
    options = UpOptions(
        data_dir=data_dir,
        port=port,
        temporal_port=temporal_port,
        temporal_ui_port=temporal_ui_port,
        demo=demo,
        simulation=not no_simulation,
        workers=workers,
        apis=apis,
    )
    try:
        asyncio.run(up(options, Screen(Console())))
    except StartError as error:
        Console(stderr=True).print(
            f"rescousse: {error}", style="red", markup=False, highlight=False, soft_wrap=True
        )
        raise typer.Exit(1) from error
