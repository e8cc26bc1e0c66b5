"""`rescousse demand why`: an operator tells a company that calls why its vehicle was, or was not, solicited."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from activities.search import SearchActivities
from domain.facts import DemandReceived, Fact
from domain.fleet import Volume
from domain.messages import Candidate, DemandStart, FactBatch, SurveyRequest
from domain.vocabulary import Tier
from geo.roads.graph import RoadGraph
from geo.straight import StraightTravel
from geo.travel_time import Travel
from ops.cli import build_app
from ops.embedded.datadir import DataDir
from ops.embedded.runtime_file import Pids, Runtime, write_runtime
from storage import demands, tables
from storage.demands import NewDemand
from storage.projection import record
from tests.api.engine import RuleEngine
from tests.fixtures.world import World, insert_posts
from tests.unit.roads_fake import aude_travel

STRAIGHT = StraightTravel(speed_kmh=70, detour=1.35, fastest_kmh=90)
SECRETS = ("12 rue de Verdun", "digicode 7", "Chute du patient", "Chien")
WIDTH = 80

Ask = Callable[..., Awaitable[Result]]


@dataclass
class Case:
    """A demand of twenty minutes that was surveyed, and whose first vehicle was asked."""

    engine: AsyncEngine
    world: World
    start: DemandStart

    @property
    def id(self) -> str:
        return str(self.start.demand_id)

    async def survey(self, travel: Travel = STRAIGHT, number: int = 1) -> None:
        start = self.start
        request = SurveyRequest(
            demand_id=start.demand_id,
            samu_id=start.samu_id,
            place=start.place,
            max_delay_minutes=start.max_delay_minutes,
            volume=start.volume,
            round=1,
            number=number,
            at=start.received_at,
            opens=Tier.VEHICLE,
        )
        await SearchActivities(self.engine, travel).survey(request)

    async def change(self, table: sa.Table, id_: UUID, **columns: object) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(sa.update(table).where(table.c.id == id_).values(columns))


@pytest.fixture
async def case(engine: AsyncEngine, world: World) -> Case:
    start = DemandStart(
        demand_id=uuid4(),
        samu_id=world.samu_id,
        reference="DR11-000042",
        received_at=world.at,
        max_delay_minutes=20,
        volume=Volume.AMBULANCE,
        place=world.pickup,
    )
    received = DemandReceived(
        reference=start.reference,
        max_delay_minutes=20,
        volume=start.volume,
        place=start.place,
        deadline=start.received_at + timedelta(minutes=20),
    )
    first = Fact(seq=1, at=start.received_at, body=received)
    async with engine.begin() as connection:
        await insert_posts(connection, world)
        await demands.insert_demand(connection, NewDemand(start, b"", *SECRETS))
        await record(connection, FactBatch(demand_id=start.demand_id, samu_id=start.samu_id, facts=(first,)))
    vehicle = world.cathare.vehicles[1]
    asked = Candidate(
        tier=Tier.VEHICLE,
        company_id=vehicle.company_id,
        vehicle_id=vehicle.id,
        eta_minutes=0,
        earliest_minutes=0,
    )
    await RuleEngine(engine, (asked,)).start(start)
    return Case(engine, world, start)


@pytest.fixture
def ask(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Run the command as an operator does."""
    monkeypatch.setenv("RESCOUSSE_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", str(WIDTH))

    async def run(*words: object) -> Result:
        arguments = ["demand", "why", *map(str, words)]
        # In a thread, since the command has an event loop of its own.
        return await asyncio.to_thread(CliRunner().invoke, build_app(arguments), arguments)

    return run


def told(result: Result) -> str:
    """What was printed, without its line breaks."""
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def refused(result: Result) -> str:
    """The one sentence of a refusal."""
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    return " ".join(result.stderr.split())


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that is sent to the database meanwhile, by anybody."""
    sent: list[str] = []

    def heard(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", heard)
    try:
        yield sent
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", heard)


async def test_a_vehicle_that_was_asked_is_told_with_every_figure_and_computed_again(
    case: Case, ask: Ask
) -> None:
    await case.survey()
    vehicle = case.world.cathare.vehicles[1]
    done = await ask(case.id, vehicle.id)
    text = told(done)
    for part in (
        "DR11-000042",
        "SAMU de test",
        "AMBULANCE within 20 min at 43.21300 2.34910",
        f"{vehicle.name} {vehicle.id}",
        "survey 1, round 1, VEHICLE SOLICITED",
        "Sollicité : là en 0 min, pour 20 min demandées.",
        "as the crow flies 0.00 km",
        "arrival, latest 0 min (0 s)",
        "regulation HELD",
        "engine straight speed=70 fastest=90 detour=1.35",
        "computed again: the same, bit for bit",
        "solicited",
        ": OPEN",
    ):
        assert part in text
    assert all(len(line) <= WIDTH for line in done.output.splitlines())


async def test_what_would_have_made_it_eligible_is_told_and_that_nobody_asked_it(
    case: Case, ask: Ask
) -> None:
    near = case.world.minervois.vehicles[0]
    await case.change(tables.vehicles, near.id, available=False)
    await case.survey()
    text = told(await ask("DR11-000042", near.name.upper()))
    assert "Pas sollicité : pas coché disponible." in text
    assert "would have been eligible with all of this: - Le cocher disponible." in text
    assert "never solicited for this demand" in text


async def test_every_survey_that_says_something_of_it_is_told(case: Case, ask: Ask) -> None:
    near, far = case.world.minervois.vehicles
    await case.survey()
    await case.change(tables.vehicles, near.id, available=False)
    await case.survey(number=2)
    text = told(await ask(case.id, near.id))
    assert text.index("survey 1, round 1") < text.index("survey 2, round 1")
    assert text.count("computed again: the same, bit for bit") == 2
    beyond = told(await ask(case.id, far.id))
    assert beyond.count("TOO_FAR") == 2
    assert "as the crow flies about" in beyond
    site = told(await ask(case.id, case.world.cathare.site_id))
    assert site.count("SITE NOT_YET_ASKED") == 2


async def test_for_software_it_is_json_with_all_that_was_known(case: Case, ask: Ask) -> None:
    await case.survey()
    vehicle = case.world.cathare.vehicles[1]
    given = json.loads((await ask(case.id, vehicle.id, "--json")).stdout)
    assert given["demand"]["reference"] == "DR11-000042"
    assert given["target"] == {
        "id": str(vehicle.id),
        "name": vehicle.name,
        "company_id": str(vehicle.company_id),
        "company": case.world.cathare.name,
        "is_site": False,
    }
    [survey] = given["surveys"]
    assert survey["verdict"]["verdict"] == "SOLICITED"
    assert survey["known"]["earliest_s"] == survey["known"]["way_s"] == 0.0
    assert survey["again"] == {"same": True, "differences": []}
    [asked] = given["solicitations"]
    assert (asked["state"], asked["tier"], asked["answered_at"]) == ("OPEN", "VEHICLE", None)


async def test_nothing_of_the_patient_is_read_or_told(case: Case, ask: Ask) -> None:
    await case.survey()
    with statements() as sent:
        done = await ask(case.id, case.world.cathare.vehicles[1].id, "--json")
    assert done.exit_code == 0
    assert len(sent) > 4
    for word in ("patient", "address", "access,", "motive", "instructions", "place_texts"):
        assert not [statement for statement in sent if word in statement]
    assert not [secret for secret in SECRETS if secret in done.output]


async def test_a_sheet_that_somebody_changed_is_told(case: Case, ask: Ask) -> None:
    await case.survey()
    table, vehicle_id = tables.surveys, case.world.minervois.vehicles[0].id
    async with case.engine.begin() as connection:
        sheet = (await connection.execute(sa.select(table.c.sheet))).scalar_one()
        place = sheet["columns"].index("eta_minutes")
        for row in sheet["rows"]:
            row[place] = 19 if row[1] == str(vehicle_id) else row[place]
        await connection.execute(sa.update(table).values(sheet=sheet))
    text = told(await ask(case.id, vehicle_id))
    assert "computed again: - eta_minutes was 19, computed again it is 9" in text
    given = json.loads((await ask(case.id, vehicle_id, "--json")).stdout)
    assert given["surveys"][0]["again"]["same"] is False


async def test_another_engine_is_named_and_nothing_is_compared(
    case: Case, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    await case.survey()
    monkeypatch.setenv("RESCOUSSE_TRAVEL_FASTEST_KMH", "110")
    vehicle_id = case.world.minervois.vehicles[0].id
    text = told(await ask(case.id, vehicle_id))
    assert "computed with straight speed=70 fastest=90 detour=1.35" in text
    assert "this machine has straight speed=70 fastest=110 detour=1.35: not compared" in text
    monkeypatch.setenv("RESCOUSSE_TRAVEL_ENGINE", "roads")
    monkeypatch.setenv("RESCOUSSE_ROADS_FILE", "/nowhere/aude.roads")
    assert "the engine of the settings cannot be made: not compared" in told(await ask(case.id, vehicle_id))


async def test_the_running_stack_is_asked_by_its_directory_with_the_roads_that_it_used(
    case: Case, ask: Ask, aude: RoadGraph, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await case.survey(aude_travel())
    monkeypatch.setenv("RESCOUSSE_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")
    vehicle_id = case.world.minervois.vehicles[0].id
    assert "no stack runs from" in refused(await ask(case.id, vehicle_id, "--data-dir", tmp_path))
    data = DataDir(tmp_path)
    url = database_url.replace("postgresql+psycopg", "postgresql")
    pids = Pids(postgres=1, temporal=1, worker=[1], api=[1])
    runtime = Runtime(api="", temporal="", temporal_ui="", database=url, pids=pids, accounts=None)
    write_runtime(data.runtime_file, runtime)
    other = replace(aude, limit_kmh=aude.limit_kmh.clip(max=50))
    for name, graph in (("a-newer", other), ("b-used", aude)):
        graph.save(data.roads / f"{name}.roads")
    (data.roads / "c-damaged.roads").write_bytes(b"not a graph")
    text = told(await ask(case.id, vehicle_id, "--data-dir", tmp_path))
    assert f"roads aude {aude.graph_id}" in text
    assert "computed again: the same, bit for bit" in text
    data.runtime_file.write_text("{}")
    assert "cannot be read" in refused(await ask(case.id, vehicle_id, "--data-dir", tmp_path))


async def test_who_is_not_known_is_refused_with_the_nearest_names(case: Case, ask: Ask) -> None:
    vehicle_id, unknown = case.world.cathare.vehicles[0].id, uuid4()
    assert refused(await ask(unknown, vehicle_id)) == f"rescousse: no demand has the id {unknown}"
    near = refused(await ask("DR11-00042", vehicle_id))
    assert near.endswith("no demand has the id or the reference 'DR11-00042'; the nearest: DR11-000042")
    assert refused(await ask(case.id, unknown)) == f"rescousse: no vehicle or site has the id {unknown}"
    for wrong in ("canal fictif", "Ambulance du Canal Fictife 1"):
        sentence = refused(await ask(case.id, wrong))
        assert f"no vehicle or site of SAMU de test is called {wrong!r}; the nearest:" in sentence.replace(
            '"', "'"
        )
        assert "Ambulances du Canal Fictif 1" in sentence
    assert refused(await ask(case.id, "zzzz")).endswith("is called 'zzzz'")


async def test_a_name_that_several_have_is_refused_with_their_ids(case: Case, ask: Ask) -> None:
    first, second = case.world.cathare.vehicles[0], case.world.minervois.vehicles[0]
    for one in (first, second):
        await case.change(tables.vehicles, one.id, name="VSAV [1]")
    sentence = refused(await ask(case.id, "vsav [1]"))
    assert "2 are called 'vsav [1]': give the id (" in sentence
    assert f"{second.id} is the vehicle VSAV [1] of Ambulances du Canal Fictif" in sentence
    await case.survey()
    assert "VSAV [1]" in told(await ask(case.id, first.id))


async def test_a_demand_that_was_not_surveyed_yet_and_a_database_that_is_away(
    case: Case, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    vehicle_id = case.world.minervois.vehicles[0].id
    assert "No survey said anything of it" in told(await ask(case.id, vehicle_id))
    monkeypatch.setenv("RESCOUSSE_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")
    assert "rescousse: the database does not answer:" in refused(await ask(case.id, vehicle_id))
    monkeypatch.setenv("RESCOUSSE_TRAVEL_ENGINE", "roads")
    monkeypatch.delenv("RESCOUSSE_ROADS_FILE", raising=False)
    said = refused(await ask(case.id, vehicle_id))
    assert said.startswith("rescousse: the settings cannot be used: the engine `roads` needs a road graph")
