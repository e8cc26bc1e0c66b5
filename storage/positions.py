"""Where the vehicles are: one row each, the newest fix that was received, beside every fix of the last 48 hours.

Thousands of fixes a second are written, so the statement is made for them. All fixes of a batch travel as one array
for each column, packed at once (`storage.columns`). A vehicle's
row changes in place (fillfactor 70, and no index on what changes at every fix), which PostgreSQL calls HOT.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.clocks import held
from storage.columns import (
    Bools,
    Packed,
    micros_of,
    pack_bigints,
    pack_doubles,
    pack_instants,
    pack_integers,
    pack_uuids,
    take_packed,
)
from storage.tables import vehicle_positions


class Fix(NamedTuple):
    """One position of one vehicle: WGS-84 degrees, metres, km/h, degrees from north.

    The cells are `geo.cells.cell_of` the place, at STORED_RESOLUTION and COVER_RESOLUTION. `recorded_at` is the
    device's time.
    """

    vehicle_id: UUID
    lat: float
    lon: float
    cell: int
    cover_cell: int
    recorded_at: datetime
    received_at: datetime
    accuracy_m: float | None = None
    speed_kmh: float | None = None
    heading: float | None = None


FIGURES = Fix._fields[7:]
"""What a device may say besides where it was, and when."""


class Telling(NamedTuple):
    """What one company told at once, of vehicles that may be its own."""

    company_id: UUID
    fixes: Sequence[Fix]


class Taken(NamedTuple):
    """What became of one telling.

    `accepted` fixes are where their vehicles are now, `stale` ones were older than what was known, or than another
    one in the same transaction; `unknown` are the vehicles that are not the company's, each once.
    """

    accepted: int
    stale: int
    unknown: tuple[UUID, ...]


class Roads(NamedTuple):
    """The road nodes of places, each with its distance in metres, ``None`` for those off all roads.

    ``graph`` is `geo.travel_time.Travel.graph_id`: an engine without roads has none, and no ends either.
    """

    graph: str | None = None
    ends: Sequence[tuple[int, float] | None] = ()


class Spot(NamedTuple):
    """A position as it stood when it was read: a later one has another `recorded_at`."""

    vehicle_id: UUID
    lat: float
    lon: float
    recorded_at: datetime


async def write(
    connection: AsyncConnection, tellings: Sequence[Telling], roads: Roads, since: datetime
) -> list[Taken]:
    """Keep each vehicle's newest fix, and every fix recorded at ``since`` or later; what became of each telling.

    ``roads`` has an end for every fix, in their order. An older fix never replaces a newer one, whatever their order
    of arrival, in how many processes; of equal times the first one stays, so that a repetition changes nothing. A
    device's clock that runs ahead is held to the time of reception (rule 96, `storage.clocks`): it could otherwise
    block every later fix. Only a company's own vehicles are touched.
    """
    fixes = [fix for telling in tellings for fix in telling.fixes]
    if not fixes:
        return [Taken(0, 0, ()) for _ in tellings]
    companies = [telling.company_id for telling in tellings]
    sizes = [len(telling.fixes) for telling in tellings]
    given = {
        **_columns(fixes),
        **_ends(roads, len(fixes)),
        "company_id": pack_uuids(companies, sizes),
        "count": len(fixes),
        "since": since,
    }
    await take_packed(connection)
    told = (await connection.exec_driver_sql(_WRITE, given)).one()
    own = _marked(told.own, len(fixes))
    accepted = own.copy() if told.newest is None else _marked(told.newest, len(fixes))
    accepted[np.array(told.beaten, dtype=np.intp) - 1] = False
    return list(_taken(tellings, own, accepted))


def _columns(fixes: Sequence[Fix]) -> Mapping[str, Packed]:
    vehicles, lats, lons, cells, covers, told, received_at, *figures = zip(*fixes, strict=True)
    received = micros_of(received_at)
    return {
        "vehicle_id": pack_uuids(vehicles),
        "lat": pack_doubles(lats),
        "lon": pack_doubles(lons),
        "cell": pack_bigints(cells),
        "cover_cell": pack_bigints(covers),
        "recorded_at": pack_instants(held(vehicles, micros_of(told), received)),
        "received_at": pack_instants(received),
        **dict(zip(FIGURES, map(pack_doubles, figures), strict=True)),
    }


def _ends(roads: Roads, count: int) -> Mapping[str, object]:
    ends = roads.ends or [None] * count
    return {
        "road_graph": roads.graph,
        "road_node": pack_integers([end and end[0] for end in ends]),
        "road_access_m": pack_doubles([end and end[1] for end in ends]),
    }


def _marked(numbers: Sequence[int] | None, count: int) -> Bools:
    """Which fixes have one of these numbers, which count from 1: shape (count,); all of them without any."""
    if numbers is None:
        return np.ones(count, dtype=np.bool_)
    marked = np.zeros(count, dtype=np.bool_)
    marked[np.array(numbers, dtype=np.intp) - 1] = True
    return marked


def _taken(tellings: Sequence[Telling], own: Bools, accepted: Bools) -> Iterator[Taken]:
    begin = 0
    for telling in tellings:
        mine = own[begin : begin + len(telling.fixes)]
        known = int(np.count_nonzero(mine))
        written = int(np.count_nonzero(accepted[begin : begin + len(mine)]))
        strange = (telling.fixes[number].vehicle_id for number in np.flatnonzero(~mine).tolist())
        yield Taken(written, known - written, tuple(dict.fromkeys(strange)))
        begin += len(mine)


# `%(…)b` is psycopg's binary form. Rows are written in the order of their vehicles, so that two processes never wait
# for each other in a ring. `NOT IN` is looked up in a hash, whatever the planner believes of the number of rows; a
# join is not. Most batches are all of own vehicles, each once: then their numbers are not listed. A `real` cannot hold what a device may send (1e-300): below a thousandth it is nothing.
_WRITE = """
WITH given AS (
    SELECT * FROM unnest(
        %(company_id)b::uuid[], %(vehicle_id)b::uuid[],
        %(lat)b::float8[], %(lon)b::float8[], %(cell)b::bigint[], %(cover_cell)b::bigint[],
        %(recorded_at)b::timestamptz[], %(received_at)b::timestamptz[],
        %(accuracy_m)b::float8[], %(speed_kmh)b::float8[], %(heading)b::float8[],
        %(road_node)b::integer[], %(road_access_m)b::float8[]
    ) WITH ORDINALITY AS given (
        company_id, vehicle_id, lat, lon, cell, cover_cell, recorded_at, received_at,
        accuracy_m, speed_kmh, heading, road_node, road_access_m, number
    )
), own AS MATERIALIZED (
    SELECT given.*
    FROM given JOIN vehicles ON vehicles.id = given.vehicle_id AND vehicles.company_id = given.company_id
    ORDER BY vehicle_id, recorded_at DESC, number
), newest AS MATERIALIZED (
    SELECT DISTINCT ON (vehicle_id) * FROM own ORDER BY vehicle_id, recorded_at DESC, number
), written AS (
    INSERT INTO vehicle_positions AS known (
        vehicle_id, lat, lon, cell, cover_cell, road_graph, road_node, road_access_m,
        recorded_at, received_at, accuracy_m, speed_kmh, heading
    )
    SELECT vehicle_id, lat, lon, cell, cover_cell, %(road_graph)b::text, road_node, road_access_m,
        recorded_at, received_at, accuracy_m, speed_kmh, heading
    FROM newest
    ON CONFLICT (vehicle_id) DO UPDATE SET
        lat = excluded.lat, lon = excluded.lon, cell = excluded.cell, cover_cell = excluded.cover_cell,
        road_graph = excluded.road_graph, road_node = excluded.road_node,
        road_access_m = excluded.road_access_m,
        recorded_at = excluded.recorded_at, received_at = excluded.received_at,
        accuracy_m = excluded.accuracy_m, speed_kmh = excluded.speed_kmh, heading = excluded.heading
    WHERE known.recorded_at < excluded.recorded_at
    RETURNING vehicle_id
), kept AS (
    INSERT INTO vehicle_fixes (
        vehicle_id, recorded_at, received_at, lat, lon, cell, accuracy_m, speed_kmh, heading
    )
    SELECT vehicle_id, recorded_at, received_at, lat, lon, cell,
        accuracy_m * (accuracy_m > 1e-3)::integer,
        speed_kmh * (speed_kmh > 1e-3)::integer,
        heading * (heading > 1e-3)::integer
    FROM own
    WHERE recorded_at >= %(since)b
    ON CONFLICT (vehicle_id, recorded_at) DO NOTHING
)
SELECT
    CASE WHEN (SELECT count(*) FROM own) < %(count)b THEN ARRAY(SELECT number FROM own) END AS own,
    CASE WHEN (SELECT count(*) FROM newest) < %(count)b THEN ARRAY(SELECT number FROM newest) END AS newest,
    ARRAY(SELECT number FROM newest WHERE vehicle_id NOT IN (SELECT vehicle_id FROM written)) AS beaten
"""


async def snapped_elsewhere(
    connection: AsyncConnection, graph: str, count: int, after: UUID | None = None
) -> list[Spot]:
    """Up to so many positions that were snapped to another graph, or to none, by vehicle, those behind ``after``."""
    table = vehicle_positions
    query = sa.select(*(table.c[name] for name in Spot._fields))
    query = query.where(table.c.road_graph.is_distinct_from(graph)).order_by(table.c.vehicle_id).limit(count)
    if after is not None:
        query = query.where(table.c.vehicle_id > after)
    return [Spot(*row) for row in await connection.execute(query)]


async def snap_again(connection: AsyncConnection, spots: Sequence[Spot], roads: Roads) -> int:
    """Write the roads of positions that stand as they were read; how many did.

    A row that is being written at this moment is left to whoever writes it: nothing here waits, so nothing waits in a
    ring with those who bring positions.
    """
    if not spots:
        return 0
    given = {
        "vehicle_id": pack_uuids([spot.vehicle_id for spot in spots]),
        "recorded_at": pack_instants(micros_of([spot.recorded_at for spot in spots])),
        **_ends(roads, len(spots)),
    }
    await take_packed(connection)
    return (await connection.exec_driver_sql(_SNAP_AGAIN, given)).rowcount


_SNAP_AGAIN = """
WITH given AS (
    SELECT * FROM unnest(
        %(vehicle_id)b::uuid[], %(recorded_at)b::timestamptz[], %(road_node)b::integer[], %(road_access_m)b::float8[]
    ) AS given (vehicle_id, recorded_at, road_node, road_access_m)
), still AS MATERIALIZED (
    SELECT given.*
    FROM given JOIN vehicle_positions AS known USING (vehicle_id, recorded_at)
    ORDER BY vehicle_id
    FOR UPDATE OF known SKIP LOCKED
)
UPDATE vehicle_positions AS known
SET road_graph = %(road_graph)b::text, road_node = still.road_node, road_access_m = still.road_access_m
FROM still
WHERE known.vehicle_id = still.vehicle_id
"""
