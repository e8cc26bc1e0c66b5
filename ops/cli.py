"""The `rescousse` command: what it offers; each part is loaded only when it is asked for."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import typer


@dataclass(frozen=True, slots=True)
class Entry:
    """A command, and the function elsewhere that does it; the function's signature says its options."""

    name: str
    module: str
    function: str
    help: str

    def load(self) -> Callable[..., object]:
        """Import the function."""
        loaded: Callable[..., object] = getattr(importlib.import_module(self.module), self.function)
        return loaded


ENTRIES = (
    Entry("up", "ops.embedded.command", "up_command", "Run everything on this machine until Ctrl-C."),
    Entry("migrate", "ops.migrate", "migrate_command", "Bring the database to its newest shape."),
    Entry("seed", "ops.seed", "seed_command", "Write the demo département into the database (repeatable)."),
    Entry("sectors", "ops.sectors", "sectors_command", "Load the guard sectors of a SAMU (repeatable)."),
    Entry(
        "simulate", "simulation.cli", "simulate_command", "Play a SAMU, regulators and crews through the API."
    ),
)


def build_app(arguments: Sequence[str]) -> typer.Typer:
    """The command for these arguments: only the part that they name is imported, so that help is fast."""
    app = typer.Typer(
        help="Rescousse carries urgent ambulance demands from the SAMU to ambulance companies.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,  # they may hold secrets
    )
    wanted = next((argument for argument in arguments if not argument.startswith("-")), None)
    for entry in ENTRIES:
        # The command that is asked for tells all about itself.
        own = entry.name == wanted
        app.command(entry.name, help=None if own else entry.help)(entry.load() if own else _listed)
    return app


def _listed() -> None:
    """A command that stands in the help and was not asked for."""
