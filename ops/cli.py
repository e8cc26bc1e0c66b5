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


@dataclass(frozen=True, slots=True)
class Group:
    """Commands under one word: ``rescousse roads build``."""

    name: str
    help: str
    entries: tuple[Entry, ...]


ENTRIES: tuple[Entry | Group, ...] = (
    Entry("up", "ops.embedded.command", "up_command", "Run everything on this machine until Ctrl-C."),
    Entry("migrate", "ops.migrate", "migrate_command", "Bring the database to its newest shape."),
    Entry("seed", "ops.seed", "seed_command", "Write the demo département into the database (repeatable)."),
    Entry("sectors", "ops.sectors", "sectors_command", "Load the guard sectors of a SAMU (repeatable)."),
    Entry("communes", "ops.communes", "communes_command", "Load communes and their people (repeatable)."),
    Group(
        "roads",
        "Make and look at road graphs.",
        (
            Entry("build", "ops.roads", "build_command", "Make a road graph from an OpenStreetMap extract."),
            Entry("show", "ops.roads", "show_command", "Say what is in a road graph."),
        ),
    ),
    Group(
        "demand",
        "Ask about one demand.",
        (Entry("why", "ops.demand", "why_command", "Why a vehicle or a site was, or was not, solicited."),),
    ),
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
    _fill(app, ENTRIES, [argument for argument in arguments if not argument.startswith("-")])
    return app


def _fill(app: typer.Typer, entries: Sequence[Entry | Group], words: Sequence[str]) -> None:
    """Add the entries; the first of the words names the one that is asked for, if any."""
    for entry in entries:
        # The command that is asked for tells all about itself.
        own = words[:1] == [entry.name]
        if isinstance(entry, Group):
            group = typer.Typer(help=entry.help, no_args_is_help=True)
            _fill(group, entry.entries, words[1:] if own else [])
            app.add_typer(group, name=entry.name)
        else:
            app.command(entry.name, help=None if own else entry.help)(entry.load() if own else _listed)


def _listed() -> None:
    """A command that stands in the help and was not asked for."""
