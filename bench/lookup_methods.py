"""The ways to ask which vehicles are within so many metres, each with the same answer: who, and where."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection

from bench.fleet_of_france import Floats, Places
from bench.lookup_tables import LAMBERT_93, REDIS_KEY
from bench.redis_wire import LINES_A_MEMBER, REDIS_SPHERE_M, RedisWire
from bench.turns import Method, Numbers
from geo.cells import EARTH_RADIUS_M, cover

POSTGIS_SPHERE_M = 6_371_008.771415
"""Other spheres have another radius than ours: each is asked for the length that spans the same angle."""
REDIS_STEP_M = 1.0
"""Redis keeps places to half a metre: asked for a metre more, and checked with the true places, it misses nobody."""

PACKED = np.dtype([("high", ">u8"), ("number", ">u8"), ("lat", ">f8"), ("lon", ">f8")])
_PACK = "string_agg(uuid_send(vehicle_id) || float8send(lat) || float8send(lon), '')"
_BY_CELLS = "FROM vehicle_positions WHERE cover_cell = ANY(%t::bigint[])"
_ON_SPHERE = "FROM postgis_positions WHERE ST_DWithin(sphere, ST_MakePoint(%b, %b)::geography, %b, false)"
_ON_PLANE = f"""FROM postgis_positions WHERE ST_DWithin(
    plane, ST_Transform(ST_SetSRID(ST_MakePoint(%b, %b), 4326), {LAMBERT_93}), %b)"""

GIS_PACKED, GIS_ROWS = "PostGIS geography, packed", "PostGIS geography, rows"


class Query(NamedTuple):
    """One place in degrees, a radius in metres, and its cover as PostgreSQL reads an array."""

    lat: float
    lon: float
    radius_m: float
    cells: str

    @staticmethod
    def written(cells: Sequence[int]) -> str:
        """Cells as PostgreSQL reads an array: passed as one string they cost the driver nothing each."""
        return f"{{{','.join(map(str, cells))}}}"

    def holds(self, lat: Floats, lon: Floats) -> NDArray[np.bool_]:
        """Whether each place is within the radius, by great circle (haversine); shapes (n,)."""
        here, there = np.radians(self.lat), np.radians(lat)
        half_lat, half_lon = (there - here) / 2, np.radians(lon - self.lon) / 2
        square = np.sin(half_lat) ** 2 + np.cos(here) * np.cos(there) * np.sin(half_lon) ** 2
        near: NDArray[np.bool_] = square <= np.sin(self.radius_m / (2 * EARTH_RADIUS_M)) ** 2
        return near


def brute_force(fleet: Places) -> Method[Query]:
    """A dot product with every vehicle: needs the whole fleet in memory, always up to date."""
    points = fleet.unit()

    def ask(query: Query) -> Numbers:
        lat, lon = np.radians(query.lat), np.radians(query.lon)
        here = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        near: Numbers = np.flatnonzero(points @ here >= np.cos(query.radius_m / EARTH_RADIUS_M))
        return near

    return Method("numpy, whole fleet in memory", ask, lambda near: near)


def round_trip(connection: Connection) -> Method[Any]:
    """What asking PostgreSQL anything costs."""
    cursor = connection.cursor(binary=True)
    return Method("SELECT 1 (round trip)", lambda _: cursor.execute("SELECT 1", prepare=True).fetchall())


def by_cells(connection: Connection, where: str) -> list[Method[Query]]:
    """Ours: the cover's cells by index, then the exact distance; with a new cover, a known one, and as rows."""
    cursor = connection.cursor(binary=True)

    def packed(query: Query, cells: str) -> Any:
        [told] = cursor.execute(f"SELECT {_PACK} {_BY_CELLS}", (cells,), prepare=True).fetchone() or (b"",)
        found = np.frombuffer(told or b"", dtype=PACKED)
        return found[query.holds(found["lat"].astype(np.float64), found["lon"].astype(np.float64))]

    def new_cover(query: Query) -> Any:
        return packed(query, Query.written(cover(query.lat, query.lon, query.radius_m)))

    def rows(query: Query) -> Any:
        statement = f"SELECT vehicle_id, lat, lon {_BY_CELLS}"
        found = cursor.execute(statement, (query.cells,), prepare=True).fetchall()
        lat = np.fromiter((row[1] for row in found), np.float64, len(found))
        lon = np.fromiter((row[2] for row in found), np.float64, len(found))
        return [found[at] for at in np.flatnonzero(query.holds(lat, lon)).tolist()]

    return [
        Method(f"cells ({where}), packed", lambda query: packed(query, query.cells), _of_packed, GIS_PACKED),
        Method(f"cells ({where}), packed, new cover", new_cover, _of_packed, GIS_PACKED),
        Method(f"cells ({where}), rows", rows, _of_rows, GIS_ROWS),
    ]


def by_postgis(connection: Connection) -> list[Method[Query]]:
    """``ST_DWithin`` on the sphere, and on the plane: fewer sums, and distances that are a little wrong."""
    cursor = connection.cursor(binary=True)
    wider = POSTGIS_SPHERE_M / EARTH_RADIUS_M

    def packed(query: Query, where: str, metres: float) -> Any:
        given = (query.lon, query.lat, metres)
        [told] = cursor.execute(f"SELECT {_PACK} {where}", given, prepare=True).fetchone() or (b"",)
        return np.frombuffer(told or b"", dtype=PACKED)

    def rows(query: Query) -> Any:
        given = (query.lon, query.lat, query.radius_m * wider)
        return cursor.execute(f"SELECT vehicle_id, lat, lon {_ON_SPHERE}", given, prepare=True).fetchall()

    return [
        Method(GIS_PACKED, lambda query: packed(query, _ON_SPHERE, query.radius_m * wider), _of_packed),
        Method(GIS_ROWS, rows, _of_rows),
        Method(
            "PostGIS Lambert 93, packed", lambda query: packed(query, _ON_PLANE, query.radius_m), _of_packed
        ),
    ]


def by_redis(wire: RedisWire, fleet: Places) -> list[Method[Query]]:
    """``GEOSEARCH`` as it is, and asked for a metre more with the exact distance after."""
    wider = REDIS_SPHERE_M / EARTH_RADIUS_M

    def raw(query: Query) -> list[bytes]:
        return wire.within(REDIS_KEY, query.lat, query.lon, query.radius_m * wider)

    def checked(query: Query) -> Numbers:
        more = query.radius_m * wider + REDIS_STEP_M
        near = _of_redis(wire.within(REDIS_KEY, query.lat, query.lon, more))
        kept: Numbers = near[query.holds(fleet.lat[near], fleet.lon[near])]
        return kept

    return [
        Method("Redis GEOSEARCH", raw, _of_redis, GIS_PACKED),
        Method("Redis GEOSEARCH, exact check", checked, lambda near: near, GIS_PACKED),
    ]


def _of_packed(found: NDArray[np.void]) -> Numbers:
    return found["number"].astype(np.int64)


def _of_rows(found: Sequence[tuple[Any, float, float]]) -> Numbers:
    return np.array([row[0].int for row in found], dtype=np.int64)


def _of_redis(lines: list[bytes]) -> Numbers:
    return np.array(lines[3::LINES_A_MEMBER], dtype="S12").astype(np.int64)
