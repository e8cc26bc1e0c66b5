"""`rescousse communes`: loads where people live from a file, all or nothing, as often as you like."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
from rich.console import Console
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.csv_lines import BadFileError, BadLine, insee_code, rows_of
from ops.sector_rows import RefusedError
from settings import Settings
from storage.bulk import given_rows
from storage.engine import create_engine, transaction
from storage.tables import communes

COLUMNS = ("insee", "nom", "population", "lat", "lon")
FILE = f"CSV with the columns {', '.join(COLUMNS)}, one commune a line; the place is that of the town hall, in degrees."
REMOVE = "Also remove the communes of the file's départements that it does not name, such as those that were merged."

INSEE = re.compile(r"(\d\d|2[AB])\d{3}")
MOST_PEOPLE = 10_000_000
MOST_NAMED = 100
"""So many bad lines are named, the others counted."""


@dataclass(frozen=True, slots=True)
class CommuneLine:
    """A commune as the file has it; degrees."""

    insee: str
    name: str
    population: int
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many communes were there, new, changed and removed."""

    lines: int
    new: int
    changed: int
    removed: int


def communes_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=FILE)],
    remove: Annotated[bool, typer.Option("--remove", help=REMOVE)] = False,
) -> None:
    """Load communes with their people into the database of the settings: coverage is watched where people live.

    Every bad line is named, and nothing is written unless everything is. Communes that are not in the file stay.
    """
    try:
        lines = _read(file)
        done = asyncio.run(_load(Settings().database_url, lines, remove=remove))
    except RefusedError as error:
        Console(stderr=True).print(f"rescousse: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    Console().print(
        f"{done.lines} communes: {done.new} new, {done.changed} changed, {done.removed} removed.",
        markup=False,
        highlight=False,
    )


def read_communes(text: str) -> list[CommuneLine]:
    """Return the communes in the order of the file.

    Separated by commas or semicolons; other columns and empty lines are passed over. A code of four figures has lost
    its first zero in a spreadsheet and gets it back. Raises BadFileError: a column that lacks, a code, a name, a number
    of people or a place that cannot be, a commune that comes twice, no line at all.
    """
    bad: list[BadLine] = []
    found: dict[str, CommuneLine] = {}
    stands: dict[str, int] = {}
    for number, values in rows_of(text, COLUMNS):
        line = _commune(values)
        if isinstance(line, CommuneLine) and line.insee in stands:
            line = f"commune {line.insee} stands on line {stands[line.insee]} already"
        if isinstance(line, str):
            bad.append(BadLine(number, line))
        else:
            stands[line.insee] = number
            found[line.insee] = line
    if not bad and not found:
        bad = [BadLine(1, "there is no commune in the file")]
    if bad:
        raise BadFileError(bad)
    return list(found.values())


async def load_communes(
    connection: AsyncConnection, lines: Sequence[CommuneLine], *, remove: bool = False
) -> Loaded:
    """Write what is new or has changed, in the caller's transaction; the same lines again change nothing."""
    rows = [asdict(line) for line in lines]
    statement = insert(communes).from_select(list(communes.c), sa.select(given_rows(communes.c)))
    new = {column.name: statement.excluded[column.name] for column in communes.c if not column.primary_key}
    differs = sa.or_(*(communes.c[name].is_distinct_from(value) for name, value in new.items()))
    inserted = sa.literal_column("communes.xmax = 0", sa.Boolean)  # a row that no transaction replaced
    upsert = statement.on_conflict_do_update(index_elements=[communes.c.insee], set_=new, where=differs)
    written = list(await connection.scalars(upsert.returning(inserted), {"rows": rows}))
    removed = await _remove_others(connection, [line.insee for line in lines]) if remove else 0
    return Loaded(len(lines), sum(written), len(written) - sum(written), removed)


async def _remove_others(connection: AsyncConnection, named: Sequence[str]) -> int:
    departments = sorted({department_of(insee) for insee in named})
    own = sa.or_(*(communes.c.insee.startswith(code) for code in departments))
    kept = communes.c.insee == sa.any_(sa.literal(list(named), sa.ARRAY(sa.Text)))
    gone = await connection.scalars(sa.delete(communes).where(own, ~kept).returning(communes.c.insee))
    return len(gone.all())


def department_of(insee: str) -> str:
    """The département of a commune: the first two signs of its code, three overseas."""
    return insee[:3] if insee.startswith(("97", "98")) else insee[:2]


async def _load(database_url: str, lines: Sequence[CommuneLine], *, remove: bool) -> Loaded:
    engine = create_engine(database_url, pool_size=1, application_name="rescousse communes")
    try:
        async with transaction(engine) as connection:
            return await load_communes(connection, lines, remove=remove)
    except SQLAlchemyError as error:
        first = str(error).strip().splitlines()[0]
        raise RefusedError(f"the database does not take them, and nothing was written: {first}") from error
    finally:
        await engine.dispose()


def _read(file: Path) -> list[CommuneLine]:
    try:
        return read_communes(file.read_text(encoding="utf-8-sig"))
    except BadFileError as error:
        more = len(error.lines) - MOST_NAMED
        told = [f"line {one.number}: {one.why}" for one in error.lines[:MOST_NAMED]]
        told += [f"and {more} more"] if more > 0 else []
        raise RefusedError(
            "\n".join([f"{file.name} cannot be used, and nothing was written.", *told])
        ) from error
    except UnicodeDecodeError as error:
        raise RefusedError(f"{file.name} is not UTF-8 text: save it as 'CSV UTF-8'") from error


def _commune(values: Sequence[str]) -> CommuneLine | str:
    """A commune, or what is wrong with its line."""
    written, name, people, *place = values
    insee = insee_code(written)
    if not INSEE.fullmatch(insee) or not insee.isascii():
        return "its INSEE code (column 'insee') has five signs, as 11069 or 2A004"
    if not name:
        return f"commune {insee} has no name (column 'nom')"
    if not (people.isascii() and people.isdigit() and int(people) <= MOST_PEOPLE):
        return f"commune {insee}: its population is a whole number up to {MOST_PEOPLE}"
    lat, lon = map(_degrees, place)
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180:  # noqa: PLR2004 - degrees
        return f"commune {insee}: lat is a number from -90 to 90, lon one from -180 to 180"
    return CommuneLine(insee, " ".join(name.split()), int(people), lat, lon)


def _degrees(written: str) -> float | None:
    """A number, written with a point or with a decimal comma."""
    try:
        number = float(written.replace(",", "."))
    except ValueError:
        return None
    return number if isfinite(number) else None
