"""The same fleet in every place that is asked about it: our tables, PostGIS's copy of them, Redis."""

from datetime import UTC, datetime
from uuid import UUID

from psycopg import Connection

from bench.fleet_of_france import Places
from bench.redis_wire import RedisWire
from geo.cells import COVER_RESOLUTION, STORED_RESOLUTION, cell_of
from geo.travel_time import Travel

REDIS_KEY = "vehicles"
LAMBERT_93 = 2154
"""What maps of France are drawn in: metres on a plane, up to some tenths of a per cent wrong."""

AT_ONCE = 1_000

_COMPANY = UUID(int=1)
_POSITION = """vehicle_id, lat, lon, cell, cover_cell, road_graph, road_node, road_access_m,
    recorded_at, received_at, accuracy_m, speed_kmh"""


def fill(connection: Connection, fleet: Places, travel: Travel | None = None) -> None:
    """Write a fleet into tables at Alembic's head, instead of any that was there: vehicle n has the id ``UUID(int=n)``.

    With an engine that knows roads each is snapped to them.
    """
    connection.execute("TRUNCATE vehicle_positions, vehicles, companies CASCADE")
    connection.execute(
        "INSERT INTO companies (id, name) VALUES (%s, 'Ambulances de la Carte Vide')", [_COMPANY]
    )
    with connection.cursor().copy(
        "COPY vehicles (id, company_id, name, category, available) FROM STDIN"
    ) as rows:
        for number in range(len(fleet)):
            rows.write_row((UUID(int=number), _COMPANY, f"VSAB {number}", "C", True))
    at, places = datetime.now(UTC), fleet.points()
    graph, snaps = (travel.graph_id, travel.snap(places)) if travel else (None, [None] * len(fleet))
    with connection.cursor().copy(f"COPY vehicle_positions ({_POSITION}) FROM STDIN") as rows:
        for number, (place, snap) in enumerate(zip(places, snaps, strict=True)):
            cells = (cell_of(*place, STORED_RESOLUTION), cell_of(*place, COVER_RESOLUTION))
            rows.write_row(
                (UUID(int=number), *place, *cells, graph, *(snap or (None, None)), at, at, 5.0, 50.0)
            )
    connection.execute("VACUUM (FULL, ANALYZE) vehicle_positions")


def with_postgis(connection: Connection) -> None:
    """Beside our table the same rows with what PostGIS searches: on the sphere, and on the plane of Lambert 93."""
    connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    connection.execute("DROP TABLE IF EXISTS postgis_positions")
    connection.execute(f"""
        CREATE TABLE postgis_positions WITH (fillfactor = 70) AS
        SELECT *, ST_MakePoint(lon, lat)::geography AS sphere,
               ST_Transform(ST_SetSRID(ST_MakePoint(lon, lat), 4326), {LAMBERT_93})::geometry(Point, {LAMBERT_93}) AS plane
        FROM vehicle_positions""")  # noqa: S608 - a constant
    connection.execute("ALTER TABLE postgis_positions ADD PRIMARY KEY (vehicle_id)")
    connection.execute("CREATE INDEX ix_sphere ON postgis_positions USING gist (sphere)")
    connection.execute("CREATE INDEX ix_plane ON postgis_positions USING gist (plane)")
    connection.execute("VACUUM (FULL, ANALYZE) postgis_positions")


def sort_by_place(connection: Connection, *, postgis: bool) -> None:
    """Lay the rows of neighbours side by side on disk, for both alike."""
    connection.execute("CLUSTER vehicle_positions USING ix_vehicle_positions_cover_cell")
    connection.execute("VACUUM ANALYZE vehicle_positions")
    if postgis:
        connection.execute("CLUSTER postgis_positions USING ix_sphere")
        connection.execute("VACUUM ANALYZE postgis_positions")


def fill_redis(wire: RedisWire, fleet: Places) -> None:
    """Write a fleet under one key, by number."""
    wire.delete(REDIS_KEY)
    rows = list(zip(fleet.lon.tolist(), fleet.lat.tolist(), map(str, range(len(fleet))), strict=True))
    for start in range(0, len(rows), AT_ONCE):
        wire.add(REDIS_KEY, rows[start : start + AT_ONCE])
