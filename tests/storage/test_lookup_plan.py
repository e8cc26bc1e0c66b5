"""With all of France's ambulances in the database, a survey reads what it needs by index, and nothing else (rule 6)."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.search import SearchActivities
from bench.country import SAMU_ID, fill, invent
from domain.fleet import Point, Volume
from domain.messages import SurveyRequest
from geo.straight import StraightTravel
from ops.embedded.postgres import Cluster
from storage.direct import Direct
from storage.engine import create_engine
from storage.migrate import upgrade

TRAVEL = StraightTravel(speed_kmh=70, detour=1.35, fastest_kmh=90)
CARCASSONNE = Point(lat=43.2130, lon=2.3491)
LARGE = {
    "vehicles",
    "vehicle_positions",
    "sites",
    "companies",
    "leases",
    "crews",
    "devices",
    "persons",
    "missions",
}
"""Tables that hold the whole country: nobody reads one of them from end to end.

Not `engagements`: only vehicles that are on a mission now stand there, on a few pages. Read whole or by index, it costs the
same, and PostgreSQL chooses by the sample that it happened to take.
"""


@dataclass
class Statement:
    """What the survey asked, as the driver took it."""

    text: str
    parameters: Mapping[str, Any] | None


@dataclass
class Plan:
    """What PostgreSQL would do."""

    statement: str
    read_whole: list[str] = field(default_factory=list)
    indexes: dict[str, str] = field(default_factory=dict)
    """By name the condition that each is asked."""

    def walk(self, node: Mapping[str, Any]) -> "Plan":
        """Note every scan below a node."""
        if node["Node Type"] == "Seq Scan":
            self.read_whole.append(node["Relation Name"])
        if "Index Name" in node:
            self.indexes[node["Index Name"]] = node.get("Index Cond", "")
        for below in node.get("Plans", ()):
            self.walk(below)
        return self


@pytest.fixture(scope="module")
def country(cluster: Cluster) -> Iterator[str]:
    """The address of a database of this module's own, with 15,640 vehicles in it."""
    name = f"country_{uuid4().hex}"
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        upgrade(cluster.url(name))
        with psycopg.connect(cluster.url(name), autocommit=True) as inside:
            fill(inside, invent(), TRAVEL)
        yield cluster.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
async def engine(country: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(country, pool_size=1, application_name="tests")
    yield made
    await made.dispose()


async def statements_of_a_survey(engine: AsyncEngine, minutes: int) -> list[Statement]:
    """Every statement that one survey sends, in order."""
    sent: list[Statement] = []

    def note(_connection: object, _cursor: object, text: str, given: Any, *_: object) -> None:
        sent.append(Statement(text, given))

    sa.event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        with noted_directly(sent):
            found = await SearchActivities(engine, TRAVEL).survey(request(minutes))
    finally:
        sa.event.remove(engine.sync_engine, "before_cursor_execute", note)
    assert found.candidates
    return sent


@contextmanager
def noted_directly(sent: list[Statement]) -> Iterator[None]:
    """Note the statements, too, that are sent by the driver without SQLAlchemy, with names for their numbers."""
    run = Direct._run

    async def note(self: Direct, connection: AsyncConnection, given: Mapping[str, Any]) -> Any:
        text = self.text.replace("%", "%%")
        sent.append(
            Statement(re.sub(r"\$(\d+)", lambda at: f"%({self.names[int(at[1]) - 1]})s", text), given)
        )
        return await run(self, connection, given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Direct, "_run", note)
        yield


def request(minutes: int) -> SurveyRequest:
    return SurveyRequest(
        demand_id=uuid4(),
        samu_id=SAMU_ID,
        place=CARCASSONNE,
        max_delay_minutes=minutes,
        volume=Volume.AMBULANCE,
        round=1,
        number=1,
        at=datetime.now(UTC),
    )


async def planned(engine: AsyncEngine, statement: Statement, *, generic: bool = False) -> Plan:
    """Its plan for these parameters, or the one that PostgreSQL falls back to when it is asked again and again."""
    async with engine.connect() as connection:
        if generic:
            found = await connection.exec_driver_sql(
                f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {numbered(statement)}"
            )
        else:
            found = await connection.exec_driver_sql(
                f"EXPLAIN (FORMAT JSON) {statement.text}", statement.parameters
            )
        [[told]] = found.all()
    held = json.loads(told) if isinstance(told, str) else told
    return Plan(statement.text).walk(held[0]["Plan"])


def numbered(statement: Statement) -> str:
    """A statement with its parameters as PostgreSQL writes them, without their values."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        name = found[1]
        if name not in names:
            names.append(name)
        kind = "::interval" if isinstance((statement.parameters or {})[name], timedelta) else ""
        return f"${names.index(name) + 1}{kind}"

    return re.sub(r"%\((\w+)\)s", number, statement.text)


@pytest.mark.parametrize("generic", [False, True], ids=["first", "generic"])
@pytest.mark.parametrize("minutes", [20, 60])
async def test_rule_006_a_survey_finds_vehicles_and_sites_by_index(
    engine: AsyncEngine, minutes: int, generic: bool
) -> None:
    sent = await statements_of_a_survey(engine, minutes)
    plans = [await planned(engine, each, generic=generic) for each in sent if explainable(each)]
    assert {plan.statement.split(maxsplit=1)[0] for plan in plans} == {"SELECT", "WITH", "INSERT"}
    for plan in plans:
        assert not LARGE & set(plan.read_whole), plan.statement
    asked = [plan.indexes.get("ix_vehicle_positions_cover_cell") for plan in plans]
    assert any(condition and "cover_cell = ANY" in condition for condition in asked)


def explainable(statement: Statement) -> bool:
    return statement.text.lstrip().split(maxsplit=1)[0] in {"SELECT", "WITH", "INSERT"}


async def test_a_table_read_from_end_to_end_would_be_seen(engine: AsyncEngine) -> None:
    plan = await planned(engine, Statement("SELECT * FROM vehicles WHERE name LIKE 'V9_'", None))
    assert plan.read_whole == ["vehicles"]
