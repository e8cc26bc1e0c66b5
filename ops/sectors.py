"""`rescousse sectors`: loads the guard sectors of a SAMU from a file, all or nothing, as often as you like."""

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from geo.geojson import CommuneOutline, explain, read_communes
from geo.sectors import NEAR_M, check_polygons
from ops.csv_lines import BadFileError
from ops.sector_file import read_sectors
from ops.sector_rows import Loaded, NewSector, RefusedError, choose_samu, load_sectors, plan_sectors
from settings import Settings
from storage.engine import create_engine, transaction

FILE = (
    "CSV with the columns sector and insee: all sectors of the SAMU, one commune a line. A sector is known by its name"
    " and keeps its roster; one that is not named any more is removed, unless the roster refers to it."
)
COMMUNES = "GeoJSON with the polygon, the INSEE code and the name of each commune."

NAMED = 10
"""So many communes without a sector are named, the others counted."""


def sectors_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=FILE)],
    communes: Annotated[Path, typer.Option(exists=True, dir_okay=False, help=COMMUNES)],
    samu: Annotated[
        UUID | None, typer.Option(help="Whose sectors these are; needed if the database has several SAMUs.")
    ] = None,
) -> None:
    """Load the guard sectors of a SAMU into the database of the settings.

    Every bad line is named, and nothing is written unless everything is.
    """
    try:
        outlines = _read_communes(communes)
        members = _read_members(file, outlines)
        loaded = asyncio.run(_load(Settings().database_url, samu, plan_sectors(members, outlines)))
    except RefusedError as error:
        Console(stderr=True).print(f"rescousse: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    console = Console()
    console.print(_table(loaded))
    listed = {insee for own in members.values() for insee in own}
    left = [f"{one.name} ({insee})" for insee, one in sorted(outlines.items()) if insee not in listed]
    if left:
        console.print(_left_over(left), markup=False)


async def _load(database_url: str, samu: UUID | None, plan: Sequence[NewSector]) -> list[Loaded]:
    engine = create_engine(database_url, pool_size=1, application_name="rescousse sectors")
    try:
        async with transaction(engine) as connection:
            return await load_sectors(connection, await choose_samu(connection, samu), plan)
    finally:
        await engine.dispose()


def _read_communes(file: Path) -> dict[str, CommuneOutline]:
    try:
        communes = read_communes(file.read_bytes())
    except ValueError as error:
        raise RefusedError(f"{file.name} is no GeoJSON of communes: {explain(error)}") from error
    known: dict[str, CommuneOutline] = {}
    for one in communes:
        try:
            check_polygons(one.polygons)
        except ValueError as error:
            raise RefusedError(f"{file.name}, commune {one.insee} {one.name}: {error}") from error
        if known.setdefault(one.insee, one) is not one:
            raise RefusedError(f"{file.name}: commune {one.insee} {one.name} comes twice")
    return known


def _read_members(file: Path, known: Collection[str]) -> dict[str, tuple[str, ...]]:
    try:
        return read_sectors(file.read_text(encoding="utf-8-sig"), known)
    except BadFileError as error:
        raise RefusedError(f"{file.name} cannot be used, and nothing was written.\n{error}") from error
    except UnicodeDecodeError as error:
        raise RefusedError(f"{file.name} is not UTF-8 text: save it as 'CSV UTF-8'") from error


def _table(loaded: Sequence[Loaded]) -> Table:
    table = Table(title="Guard sectors", title_justify="left", box=None)
    for column in ("sector", "communes", "neighbours", "what"):
        table.add_column(column, justify="right" if column == "communes" else "left", overflow="fold")
    for one in loaded:
        table.add_row(escape(one.name), str(one.communes), escape(", ".join(one.neighbours)), one.what)
    return table


def _left_over(communes: Sequence[str]) -> str:
    more = f" and {len(communes) - NAMED} more" if len(communes) > NAMED else ""
    return (
        f"In no sector: {', '.join(communes[:NAMED])}{more}.\nA place there counts for a sector at most"
        f" {NEAR_M / 1000:.0f} km away, else for none. Of a commune that was merged, list the former codes too."
    )
