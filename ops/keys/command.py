"""The commands below `rescousse keys`."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.service import RPCError

from connecting import engine_access
from ops.embedded.datadir import DataDir
from ops.keys import rings, trail
from ops.keys.histories import Need, needs
from ops.keys.retiring import check_digests, check_histories, check_identities, check_restarted
from ops.keys.rings import Ring, RingError
from ops.operators import By, operator
from ops.where import DATA_DIR, NowhereError, running, settings_for
from settings import Settings
from storage.audit import AuditKind
from storage.engine import create_engine
from storage.keyring import Keyring
from storage.resealing import reseal_batch, sealed_with
from workflows.client import connect

APPLICATION = "rescousse keys"
Where = Annotated[Path | None, typer.Option(file_okay=False, help=DATA_DIR)]
Directory = Annotated[Path, typer.Option(file_okay=False, help="The data directory of `rescousse up`.")]
WhichRing = Annotated[
    Ring, typer.Argument(metavar="RING", help="identity (patients) or payload (the engine).")
]
KeyId = Annotated[str, typer.Argument(metavar="KID", help="The key's id, as `keys show` writes it.")]
Engine = Annotated[
    bool, typer.Option("--histories", help="Count the engine's histories too: reads all of them.")
]
Done = TypeVar("Done")

AFTERWARDS = {
    Ring.IDENTITY: "then `rescousse keys reseal`, and a day later `rescousse keys retire identity <old key>`",
    Ring.PAYLOAD: "then, when the engine has forgotten what was sealed with the old one, "
    "`rescousse keys retire payload <old key>`",
}


def show_command(histories: Engine = False, data_dir: Where = None) -> None:
    """List the keys of both rings by their ids, and what each still encrypts. No key is shown."""
    settings, patients, engine = _answered(_looked(histories, data_dir))
    table = Table("ring", "key", "", "patients", "running", "ended", box=None, pad_edge=False)
    for place, kid in enumerate(settings.identity_key_ring):
        table.add_row("identity", kid, _role(place), str(patients.pop(kid, 0)), "", "")
    for place, kid in enumerate(settings.payload_key_ring):
        need = engine.pop(kid, Need())
        counted = (str(need.running), str(need.ended)) if histories else ("?", "?")
        table.add_row("payload", kid, _role(place), "", *counted)
    for kid, count in patients.items():
        table.add_row("identity", kid, "MISSING", str(count), "", "")
    for kid, need in engine.items():
        table.add_row("payload", kid, "MISSING", "", str(need.running), str(need.ended))
    Console(highlight=False, soft_wrap=True).print(table)


def add_command(ring: WhichRing, data_dir: Directory, by: By = "") -> None:
    """Put a fresh key in front of a ring of a data directory. The others stay: they still decrypt."""
    actor = operator(by)
    try:
        kid = rings.put_in_front(_data(data_dir), ring, datetime.now(UTC))
    except RingError as error:
        raise _refused(error) from error
    typer.echo(f"The {ring} ring has a new first key, {kid}.")
    typer.echo(f"Next: restart `rescousse up`; {AFTERWARDS[ring]}.")
    trail.write_if_possible(data_dir, trail.line_of(AuditKind.RING_KEY_ADDED, actor, ring, kid))


def reseal_command(by: By = "", data_dir: Where = None) -> None:
    """Seal every patient again with the first identity key. It may be stopped and begun again at any moment."""
    done, unreadable, kid = _answered(_resealed(operator(by), data_dir))
    typer.echo(f"{done} patients were sealed again with {kid}.")
    if unreadable:
        raise _refused(RingError(f"{unreadable} patients cannot be opened: a key of theirs is missing"))


def retire_command(ring: WhichRing, kid: KeyId, by: By = "", data_dir: Where = None) -> None:
    """Take an old key off a ring, once nothing needs it. With the settings of a deployment: say whether it may go.

    For an identity key: no patient is sealed with it, and requests that it knows again are a day old. For a payload
    key: no workflow runs, and no history is kept, that has anything sealed with it. With a data directory, every
    process was also started after the ring was changed.
    """
    actor = operator(by) if data_dir is not None else ""  # else nothing is changed here
    _answered(_free(ring, kid, data_dir))
    if data_dir is None:
        setting = f"RESCOUSSE_{ring.setting.upper()}"
        typer.echo(
            f"Nothing kept needs {kid}. Take it off {setting} once every process has worked for a day with another "
            "first key: that cannot be seen from here."
        )
        return
    try:
        rings.take_off(_data(data_dir), ring, kid)
    except RingError as error:
        raise _refused(error) from error
    typer.echo(f"{kid} is off the {ring} ring, for good. Next: restart `rescousse up`.")
    typer.echo(
        "Backups without their secrets from before need it: make a new one now, or keep a copy of the key."
    )
    trail.write_if_possible(data_dir, trail.line_of(AuditKind.RING_KEY_RETIRED, actor, ring, kid))


async def _looked(histories: bool, data_dir: Path | None) -> tuple[Settings, dict[str, int], dict[str, Need]]:
    settings = settings_for(data_dir)
    async with _database(settings) as database, database.connect() as connection:
        patients = await sealed_with(connection)
    return settings, patients, await needs(await _client(settings)) if histories else {}


async def _resealed(actor: str, data_dir: Path | None) -> tuple[int, int, str]:
    settings = settings_for(data_dir)
    if data_dir is not None:
        data = _data(data_dir)
        check_restarted(data, running(data), Ring.IDENTITY)  # else whoever runs now could read nobody
    keyring, last, done, unreadable = Keyring(settings.identity_key_ring), None, 0, 0
    line = trail.line_of(AuditKind.PATIENTS_RESEALED, actor, Ring.IDENTITY, keyring.first)
    async with _database(settings) as database:
        await trail.write(database, line)  # first: whoever stops it in the middle stands there, too
        while (batch := await reseal_batch(database, keyring, last)).last is not None:
            last, done, unreadable = batch.last, done + batch.resealed, unreadable + batch.unreadable
            typer.echo(f"… {done} sealed again, up to {last}", err=True)
    return done, unreadable, keyring.first


async def _free(ring: Ring, kid: str, data_dir: Path | None) -> None:
    """Raise RingError unless the key may go."""
    settings = settings_for(data_dir)
    on_ring = settings.identity_key_ring if ring is Ring.IDENTITY else settings.payload_key_ring
    rings.check_leaves(tuple(on_ring), ring, kid)
    since = None
    if data_dir is not None:
        data = _data(data_dir)
        since = check_restarted(data, running(data), ring)
    if ring is Ring.PAYLOAD:
        await check_histories(await _client(settings), kid)
        return
    async with _database(settings) as database:
        await check_identities(database, kid)
    if since is not None:
        check_digests(since, datetime.now(UTC))


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(settings.database_url, pool_size=1, application_name=APPLICATION)
    try:
        yield engine
    finally:
        await engine.dispose()


async def _client(settings: Settings) -> Client:
    try:
        return await connect(engine_access(settings))
    except (ValueError, RuntimeError) as error:
        raise RingError(f"the engine does not answer: {error}") from error


def _answered(doing: Coroutine[None, None, Done]) -> Done:
    """What it returns; typer's Exit, with the reason said, when it cannot be done."""
    try:
        return asyncio.run(doing)
    except (RingError, NowhereError) as error:
        raise _refused(error) from error
    except SQLAlchemyError as error:
        raise _refused(RingError(f"the database does not answer: {str(error).splitlines()[0]}")) from error
    except RPCError as error:
        raise _refused(RingError(f"the engine does not answer: {error.message}")) from error


def _refused(error: Exception) -> typer.Exit:
    Console(stderr=True).print(
        f"rescousse: {error}", style="red", markup=False, highlight=False, soft_wrap=True
    )
    return typer.Exit(1)


def _data(data_dir: Path) -> DataDir:
    return DataDir(data_dir.expanduser().absolute())


def _role(place: int) -> str:
    return "encrypts" if place == 0 else "decrypts"
