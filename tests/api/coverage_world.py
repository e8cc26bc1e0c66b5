"""People and posts around Carcassonne, and what tests of coverage ask again and again."""

from datetime import UTC, datetime
from math import ceil

import sqlalchemy as sa

from api.coverage_memory import CoverageMemory
from api.coverage_watch import CoverageWatch
from api.resources import Resources
from domain.fleet import Point
from geo.cells import at_resolution, cell_of, centre_of, great_circle_m, name_of, with_rings
from storage import tables
from tests.api.caller import Caller, Json
from tests.fixtures.world import CARCASSONNE, LEZIGNAN, NARBONNE, TREBES, World, insert_posts

ROUTE = "/v1/coverage"
SECONDS_A_METRE = 3.6 * 1.35 / 70
"""Of the engine that these tests use."""
FOR_EVER = datetime(2100, 1, 1, tzinfo=UTC)
PEOPLE = {
    "11069": ("Carcassonne", 46_031, CARCASSONNE),
    "11397": ("Trèbes", 5_588, TREBES),
    "11203": ("Lézignan-Corbières", 11_196, LEZIGNAN),
    "11262": ("Narbonne", 54_700, NARBONNE),
}


class IdleWatch(CoverageWatch):
    """Instead of the sweeper's: that of a running API would look at its own times."""

    async def look(self) -> int:
        return 0


async def put_people_and_posts(resources: Resources, world: World) -> None:
    """Every site is regulated, for as long as a test puts the clock ahead; people live where they live."""
    async with resources.database.begin() as connection:
        await insert_posts(connection, world)
        await connection.execute(sa.update(tables.leases).values(heartbeat_at=FOR_EVER))
        rows = [
            {"insee": insee, "name": name, "population": people, "lat": place.lat, "lon": place.lon}
            for insee, (name, people, place) in PEOPLE.items()
        ]
        await connection.execute(sa.insert(tables.communes), rows)


async def write(resources: Resources, *statements: sa.Executable) -> None:
    """Change something, and forget what was answered before."""
    async with resources.database.begin() as connection:
        for statement in statements:
            await connection.execute(statement)
    forget(resources)


def forget(resources: Resources) -> None:
    object.__setattr__(resources, "coverage", CoverageMemory())


async def coverage(caller: Caller, **wanted: str) -> Json:
    asked = {"volume": "AMBULANCE", "resolution": "5", "format": "compact"} | wanted
    told: Json = (await caller.get(ROUTE, **asked)).raise_for_status().json()
    return told


def expected(world: World, resolution: int, *places: Point) -> dict[str, int]:
    """The minutes from the nearest of some places to each cell of the area, found one by one."""
    cells = at_resolution(_area(world), resolution)
    return {
        name_of(cell): ceil(
            min(great_circle_m(p.lat, p.lon, *centre_of(cell)) for p in places) * SECONDS_A_METRE / 60
        )
        for cell in cells
    }


def _area(world: World) -> list[int]:
    del world
    return sorted(with_rings([cell_of(CARCASSONNE.lat, CARCASSONNE.lon, 5)], 8))
