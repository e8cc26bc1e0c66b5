"""Which vehicles are within so many kilometres: our cells in PostgreSQL beside all that could be asked instead.

Every method is asked the same places in turns, in a random order, so that what else the machine does hits all alike.
Each must tell id and place of the vehicles within the radius, by great circle on the same sphere, and is checked
against brute force: who was missed, who was too many.

One PostgreSQL (Debian's) holds both our table and PostGIS's, with the same columns, rows and settings; ours is measured
once more in the embedded one. Answers travel as rows, and packed in one string, for both.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import numpy as np
from psycopg import Connection
from rich.console import Console

from bench.fleet_of_france import Places, where_people_live
from bench.lookup_methods import Query, brute_force, by_cells, by_postgis, by_redis, round_trip
from bench.lookup_tables import fill, fill_redis, sort_by_place, with_postgis
from bench.redis_wire import RedisWire
from bench.report import Group, Report
from bench.servers import MissingToolError, connect, debian_postgres, our_postgres, redis
from bench.turns import WARM_UP, Method, measure
from geo.cells import cover

FLEETS = (1_000, 15_640, 100_000)
RADII_KM = (20, 40, 80)
SORTED_RADIUS_KM = 40
SEED = 1


@dataclass(slots=True)
class Servers:
    """Connections to what there is."""

    ours: Connection
    debian: Connection | None = None
    redis: RedisWire | None = None


async def run(console: Console, queries: int = 300) -> Report:
    """Measure every fleet and radius; what is not installed is left out, with a word."""
    groups: list[Group] = []
    async with AsyncExitStack() as stay:
        servers, remarks = await _start(stay)
        for remark in remarks:
            console.print(f"lookup: {remark}", style="bold yellow")
        for vehicles in FLEETS:
            fleet, places = where_people_live(vehicles, SEED), where_people_live(queries + WARM_UP, SEED + 6)
            methods = _methods(servers, fleet)
            for radius_km in RADII_KM:
                console.print(f"lookup: {vehicles:,} vehicles, {radius_km} km, {queries} places", style="dim")
                groups.append(_group(methods, fleet, places, radius_km))
            _sort(servers)
            groups.append(_group(methods, fleet, places, SORTED_RADIUS_KM, ", rows sorted by place"))
    return Report("lookup", groups, remarks)


async def _start(stay: AsyncExitStack) -> tuple[Servers, list[str]]:
    remarks = []
    servers = Servers(connect(await stay.enter_async_context(our_postgres())))
    try:
        servers.debian = connect(await stay.enter_async_context(debian_postgres()))
    except MissingToolError as error:
        remarks.append(f"not compared with {error}")
    try:
        servers.redis = RedisWire(await stay.enter_async_context(redis()))
        stay.callback(servers.redis.close)
    except MissingToolError as error:
        remarks.append(f"not compared with {error}")
    return servers, remarks


def _methods(servers: Servers, fleet: Places) -> list[Method[Query]]:
    """Put the fleet everywhere, and say how each is asked."""
    fill(servers.ours, fleet)
    methods = [brute_force(fleet), round_trip(servers.ours), *by_cells(servers.ours, "embedded 18")]
    if servers.debian is not None:
        fill(servers.debian, fleet)
        with_postgis(servers.debian)
        methods += [*by_cells(servers.debian, "same server"), *by_postgis(servers.debian)]
    if servers.redis is not None:
        fill_redis(servers.redis, fleet)
        methods += by_redis(servers.redis, fleet)
    return methods


def _sort(servers: Servers) -> None:
    sort_by_place(servers.ours, postgis=False)
    if servers.debian is not None:
        sort_by_place(servers.debian, postgis=True)


def _group(
    methods: Sequence[Method[Query]], fleet: Places, places: Places, radius_km: int, how: str = ""
) -> Group:
    radius_m = radius_km * 1_000.0
    queries = [Query(*one, radius_m, Query.written(cover(*one, radius_m))) for one in places.points()]
    lines = measure(methods, queries, lambda query: np.flatnonzero(query.holds(fleet.lat, fleet.lon)))
    title = f"{len(fleet):,} vehicles, within {radius_km} km of {len(places) - WARM_UP} places{how}"
    return Group(title, lines, {"vehicles": len(fleet), "radius_km": radius_km, "sorted": bool(how)})
