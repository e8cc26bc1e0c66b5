"""A site whose place cannot be: no way into the database leads there but SQL, and nobody else's search ends with it."""

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.search import SearchActivities
from api import coverage_means
from api.verdict_sentences import needed, sentence
from domain.fleet import Volume
from domain.policy import Policy
from geo.coverage import Ground
from storage import tables
from storage.verdict_views import Wanted, verdicts_of
from tests.fixtures.world import CARCASSONNE, World
from tests.storage.test_regulated_search import Guard, Search
from tests.unit.roads_fake import aude_travel

NO_PLACES = [(95.0, 2.35), (43.2, 500.0), (float("nan"), 2.35), (43.2, float("inf"))]


@pytest.mark.parametrize("place", NO_PLACES, ids=str)
async def test_rule_012_a_guard_site_that_is_nowhere_on_earth_leaves_out_its_own_vehicle_only(
    engine: AsyncEngine, world: World, place: tuple[float, float]
) -> None:
    search, travel = Search(engine, world), aude_travel()
    search.activities = SearchActivities(engine, travel)
    guard, lost = Guard(search, world), world.cathare.vehicles[0]
    await guard.draw()
    await guard.stand(lost, guard.west)
    fixes, site = tables.vehicle_positions, tables.sites.c.id == world.cathare.site_id
    await search.write(
        sa.delete(fixes).where(fixes.c.vehicle_id == lost.id),
        sa.update(tables.sites).where(site).values(lat=place[0], lon=place[1]),
    )
    found = {one.vehicle_id for one in await search.ask()}
    assert world.minervois.vehicles[0].id in found
    assert world.cathare.vehicles[1].id in found
    assert lost.id not in found
    async with engine.connect() as connection:
        [told] = (await verdicts_of(connection, world.samu_id, Wanted(vehicle_id=lost.id))).lines
        assert "lieu de départ inconnu" in sentence(told)
        assert [each.sentence[:12] for each in needed(told)] == ["Une position"]
        means = await coverage_means.read_means(connection, world.samu_id, Policy(), world.at)
    assert Ground(travel, [CARCASSONNE]).minutes(means.starters(Volume.AMBULANCE)) != [None]
