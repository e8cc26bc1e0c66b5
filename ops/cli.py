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
    Entry("doctor", "ops.doctor.command", "doctor_command", "What is wrong, and what to do next."),
    Entry(
        "register", "ops.register", "register_command", "Make namespace and search attributes in Temporal."
    ),
    Entry("secrets", "ops.secrets", "secrets_command", "Make the secret files of a deployment."),
    Group(
        "versions",
        "Versions of the workers, where several work at once.",
        (
            Entry("show", "ops.versions", "show_command", "List them, and say which can go."),
            Entry("promote", "ops.versions", "promote_command", "Let new demands begin with a version."),
        ),
    ),
    Entry("backup", "ops.backup.command", "backup_command", "Put both databases and the keys into one file."),
    Entry("restore", "ops.backup.command", "restore_command", "Make a data directory from a backup."),
    Entry("seed", "ops.seed", "seed_command", "Write the demo département into the database (repeatable)."),
    Entry("sectors", "ops.sectors", "sectors_command", "Load the guard sectors of a SAMU (repeatable)."),
    Entry("communes", "ops.communes", "communes_command", "Load communes and their people (repeatable)."),
    Group(
        "directory",
        "Who is who: SAMUs, companies, their means, accounts.",
        (
            Entry(
                "load", "ops.directory.command", "load_command", "Load all of it from a file (repeatable)."
            ),
            Entry(
                "export", "ops.directory.command", "export_command", "Write it as such a file, no secrets."
            ),
            Entry("template", "ops.directory.command", "template_command", "Print an example that explains."),
        ),
    ),
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
        "Ask about one demand, and help one that is stuck.",
        (
            Entry("show", "ops.demand_show", "show_command", "What it waits for, what is wrong, what to do."),
            Entry("ring", "ops.demand_act", "ring_command", "Tell whoever is awaited once more."),
            Entry("next-tier", "ops.demand_act", "next_tier_command", "Ask the next tier now."),
            Entry("reassign", "ops.demand_act", "reassign_command", "Take the mission from its vehicle."),
            Entry("close", "ops.demand_act", "close_command", "End it for good: the last resort."),
            Entry("why", "ops.demand", "why_command", "Why a vehicle or a site was, or was not, solicited."),
        ),
    ),
    Group(
        "access",
        "Who may log in, and which software may call.",
        (
            Entry("list", "ops.access", "list_command", "List accounts and keys."),
            Entry("new-key", "ops.access", "new_key_command", "Make a key for a SAMU's software."),
            Entry("revoke-key", "ops.access", "revoke_key_command", "Refuse a key from now on."),
            Entry("disable", "ops.access", "disable_command", "Shut an account."),
            Entry("enable", "ops.access", "enable_command", "Open an account again."),
            Entry("new-password", "ops.access", "new_password_command", "Give an account a new password."),
            Entry("end-sessions", "ops.access", "end_sessions_command", "End every login of an account."),
        ),
    ),
    Group(
        "keys",
        "The keys that encrypt patients, and what the engine keeps.",
        (
            Entry("show", "ops.keys.command", "show_command", "List the keys, and what each still encrypts."),
            Entry("add", "ops.keys.command", "add_command", "Put a fresh key in front."),
            Entry("reseal", "ops.keys.command", "reseal_command", "Seal every patient with the first key."),
            Entry("retire", "ops.keys.command", "retire_command", "Take off a key that nothing needs."),
        ),
    ),
    Group(
        "audit",
        "Who read, who logged in, who changed what.",
        (
            Entry("patients", "ops.audit", "patients_command", "Who read who a patient is."),
            Entry("events", "ops.audit", "events_command", "Logins, and what operators did."),
        ),
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
