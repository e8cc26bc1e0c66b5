"""What a survey is held against, each as a step that is given the place of a demand."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import uuid4

import sqlalchemy as sa
from psycopg import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.country import SAMU_ID
from bench.lookup_methods import GIS_ROWS, Query, by_postgis
from bench.roads import STRAIGHT
from geo.cells import LatLon
from geo.travel_time import Profile, Travel
from storage.engine import transaction, without_transactions
from storage.survey_reading import Question
from storage.survey_statement import STATEMENT

BARE, DURABLE = "bare transaction", "transaction that writes a row"
FLOOR = "nobody judged: search, statement, a row as large"
SHEET = {20: "x" * 30_000, 60: "x" * 95_000}
"""As many characters as the sheet of a typical survey has, by minutes."""

TABLES = """
CREATE TABLE bench_rows (id uuid PRIMARY KEY, at timestamptz);
CREATE TABLE bench_sheets (id uuid PRIMARY KEY, sheet text);
ALTER TABLE bench_sheets ALTER COLUMN sheet SET STORAGE EXTERNAL
"""
"""Where the baselines write; a sheet is not compressed, as that of a survey is not."""

Step = Callable[[LatLon], Awaitable[object]]


def bare(engine: AsyncEngine) -> Step:
    """A transaction that does nothing, through the same driver."""

    async def ask(_: LatLon) -> object:
        async with transaction(engine) as connection:
            return await connection.scalar(sa.text("SELECT 1"))

    return ask


def durable(engine: AsyncEngine) -> Step:
    """A transaction that writes a row of two columns."""

    async def write(_: LatLon) -> object:
        async with transaction(engine) as connection:
            return await connection.execute(
                sa.text("INSERT INTO bench_rows VALUES (:id, now())"), {"id": uuid4()}
            )

    return write


def floor(engine: AsyncEngine, at: datetime, travel: Travel, minutes: int) -> Step:
    """What no way of judging could do without: two trips to PostgreSQL, and one search of the roads between them."""
    alone, profile = without_transactions(engine), Profile.DAY

    async def ask(place: LatLon) -> object:
        id_, approach = uuid4(), travel.approach(place, minutes * 60.0, profile)
        question = Question(SAMU_ID, approach.cells, at, id_, 1)
        async with alone.connect() as connection:
            await STATEMENT.rows(connection, question.parameters())
            approach.ways(())
            given = {"id": id_, "sheet": SHEET[minutes]}
            return await connection.execute(sa.text("INSERT INTO bench_sheets VALUES (:id, :sheet)"), given)

    return ask


def postgis(connection: Connection, minutes: int) -> Step:
    """Every vehicle that the great circle lets be there in time, in the whole country, straight through the driver."""
    [rows] = [method for method in by_postgis(connection) if method.name == GIS_ROWS]
    radius_m = STRAIGHT.reach_m(minutes * 60.0)

    async def ask(place: LatLon) -> object:
        return rows.ask(Query(*place, radius_m, ""))

    return ask
