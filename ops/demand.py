"""`rescousse demand`: what an operator asks about one demand."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from geo.engines import EngineChoice
from ops.demand_rows import NotFoundError, find_demand, find_target
from ops.demand_screen import show
from ops.demand_why import Engines, Explanation, engine_choices, explain
from ops.embedded.datadir import DataDir
from ops.embedded.runtime_file import Runtime
from settings import Settings
from storage.engine import create_engine
from storage.survey_sheet import BadSheetError

DEMAND = "The demand's id, or its SAMU's reference."
TARGET = "The vehicle's or the site's id, or its name."
DATA_DIR = (
    "Ask the stack that `rescousse up` runs from this directory, instead of the database of the settings."
)


class RefusedError(Exception):
    """It cannot be answered; the text says why to the operator, in one sentence."""


def why_command(
    demand: Annotated[str, typer.Argument(metavar="ID", help=DEMAND)],
    target: Annotated[str, typer.Argument(metavar="VEHICLE", help=TARGET)],
    as_json: Annotated[bool, typer.Option("--json", help="For software.")] = False,
    data_dir: Annotated[Path | None, typer.Option(file_okay=False, help=DATA_DIR)] = None,
) -> None:
    """Say why a vehicle or a site was, or was not, solicited for a demand.

    For each survey that said something of it: the verdict, every figure, what
    would have made it eligible, and whether the same comes out when it is
    computed again. The sentences are those that companies read. Nothing of the
    patient is read.
    """
    try:
        told = asyncio.run(_explain(demand, target, data_dir))
    except (NotFoundError, RefusedError, BadSheetError) as error:
        Console(stderr=True).print(f"rescousse: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(told.model_dump_json(indent=1))
    else:
        show(Console(highlight=False), told)


async def _explain(demand: str, target: str, data_dir: Path | None) -> Explanation:
    database_url, choices = _where(data_dir)
    engine = create_engine(database_url, pool_size=1, application_name="rescousse demand why")
    try:
        async with engine.connect() as connection:
            found = await find_demand(connection, demand)
            asked = await find_target(connection, found, target)
            return await explain(connection, found, asked, Engines(choices))
    except SQLAlchemyError as error:
        raise RefusedError(f"the database does not answer: {_first_line(error)}") from error
    finally:
        await engine.dispose()


def _where(data_dir: Path | None) -> tuple[str, list[EngineChoice]]:
    """The database, and the engines of travel times that this machine has."""
    settings = _settings()
    if data_dir is None:
        return settings.database_url, engine_choices(settings.travel_choice, None)
    data = DataDir(data_dir.expanduser().absolute())
    try:
        runtime = Runtime.model_validate_json(data.runtime_file.read_bytes())
    except FileNotFoundError as error:
        raise RefusedError(f"no stack runs from {data.root}: start it with `rescousse up`") from error
    except (OSError, ValidationError) as error:
        raise RefusedError(f"{data.runtime_file} cannot be read") from error
    return runtime.database, engine_choices(settings.travel_choice, data.roads)


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        why = "; ".join(
            each["msg"].removeprefix("Value error, ") for each in error.errors(include_input=False)
        )
        raise RefusedError(f"the settings cannot be used: {why}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
