"""How long all vehicles around need to one place by road, PostgreSQL included.

Ours: one search of the place, the cells that it reaches, the rows of those cells with their road nodes, the times of
those nodes. Beside it what could be done instead: every row and an uncut search of the whole graph by scipy, Dijkstra's
algorithm in plain Python; and the matrix of a Valhalla, on the real roads of Andorra, where one is installed.

The roads of the Aude are invented, between real towns.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from psycopg import Connection
from rich.console import Console

from bench.fleet_of_france import AUDE, where_people_live
from bench.lookup_methods import round_trip
from bench.lookup_tables import fill
from bench.report import Group, Report
from bench.roads_methods import Asked, by_plain_python, by_roads, by_roads_in_rows, by_whole_graph, truth_of
from bench.roads_valhalla import against_valhalla
from bench.servers import MissingToolError, connect, our_postgres
from bench.turns import WARM_UP, Method, measure
from geo.roads.build import build
from geo.roads.extract import read_extract
from geo.roads.graph import About, RoadGraph
from geo.roads.speeds import Speeds
from geo.roads.travel import RoadTravel
from geo.straight import StraightTravel
from geo.travel_time import Profile

FLEETS = (50, 500, 5_000)
MINUTES = (20, 40, 60)
DATA = Path(__file__).parents[1] / "data"
STRAIGHT = StraightTravel(speed_kmh=70, detour=1.35, fastest_kmh=90)
SEED = 11
PLACES_COMPARED = 30


@dataclass(frozen=True, slots=True)
class Engines:
    """The same roads, searched in both ways; the others are for baselines, so that nobody profits of another's search."""

    contraction: RoadTravel
    dijkstra: RoadTravel
    dijkstra_again: RoadTravel
    uncut: RoadTravel
    judge: RoadTravel


async def run(console: Console, queries: int = 200) -> Report:
    """Measure every fleet and limit."""
    console.print("roads: making the graph of the Aude", style="dim")
    engines = _engines(await asyncio.to_thread(aude_graph))
    groups: list[Group] = []
    async with our_postgres() as url:
        connection = connect(url)
        for vehicles in FLEETS:
            fill(connection, where_people_live(vehicles, SEED, AUDE), engines.contraction)
            methods = _methods(connection, engines)
            for minutes in MINUTES:
                console.print(f"roads: {vehicles:,} vehicles, {minutes} min, {queries} places", style="dim")
                groups.append(_group(connection, engines, methods, (vehicles, minutes, queries)))
    remarks = [_agreement(engines)]
    try:
        groups += against_valhalla(console, DATA.parent / "tests" / "data" / "andorra.osm.pbf", queries)
    except MissingToolError as error:
        remarks.append(f"not compared with {error}")
        console.print(f"roads: {remarks[-1]}", style="bold yellow")
    return Report("roads", groups, remarks)


def aude_graph() -> RoadGraph:
    """Make the road graph of the Aude from its extract."""
    about = About("aude", "invented roads between real towns", invented=True)
    return build(read_extract(DATA / "aude_synthetic.osm.pbf"), about)[0]


def road_travel(graph: RoadGraph, search: str = "auto") -> RoadTravel:
    """An engine as the service would make it."""
    return RoadTravel(graph, Speeds.load(DATA / "speeds.toml"), STRAIGHT, search)


def _engines(graph: RoadGraph) -> Engines:
    kinds = ("contraction", *["dijkstra"] * 4)
    return Engines(*(road_travel(graph, search) for search in kinds))


def _methods(connection: Connection, engines: Engines) -> list[Method[Asked]]:
    return [
        round_trip(connection),
        by_roads(connection, engines.contraction),
        by_roads_in_rows(connection, engines.contraction),
        by_roads(connection, engines.dijkstra),
        by_roads_in_rows(connection, engines.dijkstra_again),
        by_whole_graph(connection, engines.uncut),
        by_plain_python(connection, engines.uncut),
    ]


def _group(
    connection: Connection, engines: Engines, methods: list[Method[Asked]], size: tuple[int, int, int]
) -> Group:
    vehicles, minutes, queries = size
    # Other places for each limit: an engine remembers the last that it was asked about.
    drawn = where_people_live(2 * (queries + WARM_UP), SEED + minutes, AUDE).points()
    snaps = engines.judge.snap(drawn)
    places = [place for place, snap in zip(drawn, snaps, strict=True) if snap is not None]
    asked = [Asked(place, minutes * 60.0) for place in places[: queries + WARM_UP]]
    lines = measure(methods, asked, truth_of(connection, engines.judge))
    title = f"{vehicles:,} vehicles by road within {minutes} min of {len(asked) - WARM_UP} places of the Aude"
    return Group(title, lines, {"vehicles": vehicles, "minutes": minutes})


def _agreement(engines: Engines) -> str:
    """How far both searches are from each other, from every node to some, by every profile."""
    rng, size = np.random.default_rng(SEED), len(engines.judge.graph.lat)
    every, worst = np.arange(size, dtype=np.int32), 0.0
    for node in rng.integers(0, size, PLACES_COMPARED).tolist():
        for profile in Profile:
            both = (
                one.search.towards(node, every, profile, np.inf)
                for one in (engines.contraction, engines.judge)
            )
            one, other = (np.nan_to_num(times, posinf=-1.0) for times in both)
            worst = max(worst, float(np.abs(one - other).max()))
    pairs = PLACES_COMPARED * size * len(Profile)
    return (
        f"contraction and Dijkstra's search differ by {worst:g} ms at the most, on {pairs:,} pairs of nodes"
    )
