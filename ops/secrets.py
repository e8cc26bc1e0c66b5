"""`rescousse secrets`: makes the files that docker-compose.yml gives to its services. What is there stays as it is."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Console

from ops.embedded.datadir import fresh_keys
from push.keys import new_key

PASSWORDS = ("postgres_password", "temporal_password", "rescousse_password")
FIRST_KEY = "first"
"""The id of the keys that a new deployment begins with."""
ANYONE_READS = 0o444
OWNER_ENTERS = 0o700

DIRECTORY = "Made if need be; nobody but its owner can enter it."


def secrets_command(
    directory: Annotated[Path, typer.Argument(file_okay=False, help=DIRECTORY)],
    database_host: Annotated[
        str, typer.Option(help="Where PostgreSQL is for our processes.")
    ] = "postgres:5432",
) -> None:
    """Make every secret that DIRECTORY lacks: passwords, the signing key, the keys of identities and payloads.

    Files are readable by all, in a directory that only its owner can enter: each service of the compose file runs as
    a user of its own, and is given the files that it needs and no others. Keep a copy: without the keys, what they
    encrypted is lost.
    """
    try:
        made = make_secrets(directory, database_host)
    except OSError as error:
        console = Console(stderr=True, soft_wrap=True)
        console.print(
            f"rescousse: {error.filename}: {error.strerror}.", style="red", markup=False, highlight=False
        )
        raise typer.Exit(1) from error
    typer.echo(f"made: {', '.join(made)}" if made else f"nothing is missing in {directory}")


def make_secrets(directory: Path, database_host: str) -> list[str]:
    """Make what is missing, each file whole or not at all, and return the names of what was made. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(OWNER_ENTERS)
    made = [name for name in PASSWORDS if _keep(directory / name, secrets.token_urlsafe(32))]
    password = (directory / "rescousse_password").read_text(encoding="utf-8").strip()
    rest = {
        "database_url": f"postgresql://rescousse:{quote(password)}@{database_host}/rescousse",
        "secret_key": secrets.token_urlsafe(48),
        "identity_keys": fresh_keys(FIRST_KEY),
        "payload_keys": fresh_keys(FIRST_KEY),
        "push_key": new_key(),
    }
    return [*made, *(name for name, fresh in rest.items() if _keep(directory / name, fresh))]


def _keep(file: Path, fresh: str) -> bool:
    """Write a secret unless it is there; whether it was written."""
    if file.exists():
        return False
    draft = file.with_name(file.name + ".new")
    with suppress(FileNotFoundError):
        draft.unlink()
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(fresh + "\n")
        out.flush()
        os.fsync(out.fileno())
    draft.chmod(ANYONE_READS)
    draft.replace(file)
    return True
