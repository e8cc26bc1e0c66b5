"""The survey of a demand as the worker makes it: search, SQL, verdicts stored, in one durable transaction.

All of France's ambulances are in the database; the SAMU of the Aude may solicit its own companies and the neighbours'
near its border. Every demand is a new one, at a new place, asked once: nothing is remembered of it. In turns with it a
bare transaction through the same driver, one that writes a row, and PostGIS's lookup alone of who is near enough. And
the floor: the same search, the same statement and a row as large, with nobody judged.
"""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from psycopg import Connection
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.search import SearchActivities
from bench.country import SAMU_ID, Country, fill, invent
from bench.fleet_of_france import AUDE, where_people_live
from bench.lookup_methods import GIS_ROWS
from bench.lookup_tables import with_postgis
from bench.report import Group, Line, Report
from bench.roads import STRAIGHT, aude_graph, road_travel
from bench.servers import MissingToolError, connect, debian_postgres, our_postgres
from bench.survey_baselines import BARE, DURABLE, FLOOR, TABLES, Step, bare, durable, floor, postgis
from domain.fleet import Point, Volume
from domain.messages import SurveyRequest
from domain.policy import Policy
from geo.cells import LatLon
from geo.roads.travel import RoadTravel
from geo.travel_time import Travel
from processes import spare_what_stays
from storage.engine import create_engine

MINUTES = (20, 60)
WARM_UP = 20
SEED = 23


@dataclass(frozen=True, slots=True)
class Scene:
    """What the figures are taken on."""

    engine: AsyncEngine
    at: datetime
    postgis: Connection | None


async def run(console: Console, queries: int = 300) -> Report:
    """Measure both limits with both engines of travel times."""
    console.print("survey: making the graph of the Aude, and the country in a database", style="dim")
    graph = await asyncio.to_thread(aude_graph)
    roads, again = road_travel(graph), road_travel(graph)  # each forgets what the other has searched
    country, remarks = invent(), []
    async with AsyncExitStack() as stay:
        try:
            postgis = connect(await stay.enter_async_context(debian_postgres()))
        except MissingToolError as error:
            postgis = None
            remarks.append(f"not compared with {error}")
            console.print(f"survey: {remarks[-1]}", style="bold yellow")
        scene = await _scene(stay, country, roads, postgis)
        remarks.append(_proportions(country))
        spare_what_stays()  # as the worker does
        groups = [await _group(console, scene, (roads, again), minutes, queries) for minutes in MINUTES]
    return Report("survey", groups, remarks)


async def _scene(
    stay: AsyncExitStack, country: Country, travel: RoadTravel, postgis: Connection | None
) -> Scene:
    url, at = await stay.enter_async_context(our_postgres()), datetime.now(UTC)
    with connect(url) as connection:
        fill(connection, country, travel, at)
        connection.execute(TABLES)
    if postgis is not None:
        fill(postgis, country, travel, at)
        with_postgis(postgis)
    engine = create_engine(url, application_name="bench")
    stay.push_async_callback(engine.dispose)
    return Scene(engine, at, postgis)


async def _group(
    console: Console, scene: Scene, roads: tuple[RoadTravel, RoadTravel], minutes: int, queries: int
) -> Group:
    console.print(f"survey: {minutes} min, {queries} demands", style="dim")
    steps = _steps(scene, {"roads": roads[0], "straight": STRAIGHT}, minutes)
    steps[FLOOR] = floor(scene.engine, scene.at, roads[1], minutes)
    took: dict[str, list[float]] = {name: [] for name in steps}
    order, rng = list(steps), random.Random(SEED)
    for number, place in enumerate(where_people_live(queries + WARM_UP, SEED + minutes, AUDE).points()):
        rng.shuffle(order)
        for name in order:
            began = time.perf_counter()
            await steps[name](place)
            if number >= WARM_UP:
                took[name].append((time.perf_counter() - began) * 1000)
    lines = [Line(name, took[name], _against(name, took)) for name in steps]
    return Group(f"survey of a demand within {minutes} min, {queries} demands", lines, {"minutes": minutes})


def _against(name: str, took: Mapping[str, Sequence[float]]) -> str | None:
    if not name.startswith("survey"):
        return None
    return GIS_ROWS if GIS_ROWS in took else DURABLE


def _steps(scene: Scene, engines: Mapping[str, Travel], minutes: int) -> dict[str, Step]:
    """What is timed, by name: each is given the place of a demand."""
    steps: dict[str, Step] = {}
    for name, travel in engines.items():
        steps[f"survey, {name}"] = _survey(SearchActivities(scene.engine, travel), minutes, scene.at)
    steps[BARE] = bare(scene.engine)
    steps[DURABLE] = durable(scene.engine)
    if scene.postgis is not None:
        steps[GIS_ROWS] = postgis(scene.postgis, minutes)
    return steps


def _survey(activities: SearchActivities, minutes: int, at: datetime) -> Step:
    async def survey(place: LatLon) -> object:
        return await activities.survey(
            SurveyRequest(
                demand_id=uuid4(),
                samu_id=SAMU_ID,
                place=Point(lat=place.lat, lon=place.lon),
                max_delay_minutes=minutes,
                volume=Volume.AMBULANCE,
                round=1,
                number=1,
                at=at,
                policy=Policy(),  # a demand has its own copy
            )
        )

    return survey


def _proportions(country: Country) -> str:
    partners = set(country.partners.tolist())
    sites = sum(owner in partners for owner in country.company.tolist())
    vehicles = sum(owner in partners for owner in country.company[country.site].tolist())
    return (
        f"{len(country.vehicles):,} vehicles of {country.companies:,} companies at {len(country.sites):,} sites; "
        f"the SAMU may solicit {vehicles} vehicles of {len(partners)} companies at {sites} sites"
    )
