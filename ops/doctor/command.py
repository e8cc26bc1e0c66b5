"""`rescousse doctor`: its options, its looks, and what its exit code says."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ops.doctor import backups as kept
from ops.doctor import configuration, database, demands, duty, engine, machine, workflows
from ops.doctor.findings import Finding, Severity, wrong
from ops.doctor.looking import Examination, Look, examine
from ops.doctor.place import find_place
from ops.doctor.screen import show
from ops.where import NowhereError

LOOKS: Sequence[Look] = (
    Look("settings", configuration.look),
    Look("roads", configuration.look_at_roads),
    Look("processes", machine.look_at_children),
    Look("api", machine.look_at_apis),
    Look("disk", machine.look_at_disk),
    Look("backup", kept.look),
    Look("keys", machine.look_at_secrets),
    Look("keys", configuration.look_at_keys, database=True),
    Look("database", database.look, database=True),
    Look("migrations", database.look_at_migrations, database=True),
    Look("engine", engine.look, engine=True),
    Look("workers", engine.look_at_workers, engine=True),
    Look("demands", demands.look, database=True),
    Look("demands", workflows.look, engine=True),
    Look("demands", workflows.look_at_both, database=True, engine=True),
    Look("vehicles", demands.look_at_vehicles, database=True),
    Look("guard", duty.look, database=True),
    Look("push", duty.look_at_push, database=True),
)
NOWHERE_ACTION = "rescousse up starts a stack; the settings of a deployment are RESCOUSSE_… (settings.py)."
HEALTHY, SICK, NOWHERE = 0, 1, 2
BACKUPS = "Where backups are kept: say how old the newest is."
API = "Also ask this API (or the proxy before it); may be repeated."
DATA_DIR = "Look at the stack that `rescousse up` runs from this directory, instead of the settings' one."


def doctor_command(
    as_json: Annotated[bool, typer.Option("--json", help="For software.")] = False,
    data_dir: Annotated[Path | None, typer.Option(file_okay=False, help=DATA_DIR)] = None,
    api: Annotated[list[str] | None, typer.Option(help=API)] = None,
    backups: Annotated[Path | None, typer.Option(file_okay=False, help=BACKUPS)] = None,
) -> None:
    """Say what is wrong, in sentences, with the next action.

    It looks, and changes nothing; what does not answer is said, and the rest is
    looked at all the same. Exit code 0: nothing is wrong. 1: something is.
    2: there was nothing to look at.
    """
    try:
        place = find_place(data_dir, api or [], backups)
    except NowhereError as error:
        sentence = f"There is nothing to look at: {error}."
        _tell(Examination([wrong("place", sentence, NOWHERE_ACTION)], []), as_json=as_json)
        raise typer.Exit(NOWHERE) from error
    examination = asyncio.run(examine(place, LOOKS))
    _tell(examination, as_json=as_json)
    raise typer.Exit(exit_code(examination.findings))


def exit_code(findings: Sequence[Finding]) -> int:
    """0 when nothing is wrong now; what will be wrong soon does not count."""
    return SICK if any(one.severity is Severity.WRONG for one in findings) else HEALTHY


def _tell(examination: Examination, *, as_json: bool) -> None:
    if as_json:
        told = {
            "healthy": exit_code(examination.findings) == HEALTHY,
            "looked_at": list(examination.looked_at),
            "findings": [asdict(one) for one in examination.findings],
        }
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        show(Console(highlight=False, soft_wrap=True), examination)
