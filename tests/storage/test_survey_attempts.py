"""A survey that is asked for again keeps the proof of what was decided; one that waits too long looks for nobody."""

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities import search
from activities.search import SURVEYS_AT_ONCE, SearchActivities
from domain.messages import SurveyRequest, SurveyResult
from domain.vocabulary import Tier, VehicleVerdict
from storage import tables
from tests.fixtures.verdicts import kept_surveys
from tests.fixtures.world import World
from tests.storage.test_search import TRAVEL, request


async def survey(engine: AsyncEngine, asked: SurveyRequest, attempt: int) -> SurveyResult:
    """What an attempt answers."""
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, attempt=attempt)
    found: SurveyResult = await environment.run(SearchActivities(engine, TRAVEL).survey, asked)
    return found


async def tick(engine: AsyncEngine, world: World, *, available: bool) -> None:
    """The first vehicle is there, or not."""
    table = tables.vehicles
    first = sa.update(table).where(table.c.id == world.cathare.vehicles[0].id)
    async with engine.begin() as connection:
        await connection.execute(first.values(available=available))


async def asked_first(engine: AsyncEngine, world: World) -> list[bool]:
    """Whether the first vehicle was asked, by each survey that was kept."""
    return [
        row.verdict == VehicleVerdict.SOLICITED
        for one in await kept_surveys(engine)
        for row in one.rows
        if row.target_id == world.cathare.vehicles[0].id
    ]


def was_asked(found: SurveyResult, world: World) -> bool:
    return world.cathare.vehicles[0].id in {each.vehicle_id for each in found.candidates}


@pytest.mark.parametrize("opens", [Tier.VEHICLE, None])
async def test_rule_006_what_is_kept_is_what_the_last_attempt_decided(
    engine: AsyncEngine, world: World, opens: Tier | None
) -> None:
    asked = request(world).model_copy(update={"opens": opens})
    assert was_asked(await survey(engine, asked, 1), world)  # and the answer is lost
    await tick(engine, world, available=False)
    assert not was_asked(await survey(engine, asked, 2), world)
    assert await asked_first(engine, world) == [False]


@pytest.mark.parametrize("opens", [Tier.VEHICLE, None])
async def test_an_attempt_that_comes_late_changes_nothing(
    engine: AsyncEngine, world: World, opens: Tier | None
) -> None:
    asked = request(world).model_copy(update={"opens": opens})
    await tick(engine, world, available=False)
    assert not was_asked(await survey(engine, asked, 2), world)
    await tick(engine, world, available=True)
    await survey(engine, asked, 1)
    assert await asked_first(engine, world) == [False]


async def test_an_attempt_that_comes_late_changes_nothing_where_the_last_one_found_nothing_new(
    engine: AsyncEngine, world: World
) -> None:
    await survey(engine, request(world), 1)
    again = request(world, number=2)
    await survey(engine, again, 2)
    await tick(engine, world, available=False)
    await survey(engine, again, 1)
    assert await asked_first(engine, world) == [True, True]


async def test_a_survey_that_waits_too_long_for_its_turn_gives_up(
    engine: AsyncEngine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine has asked for it again by then; it would keep engagements and facts from being written."""
    monkeypatch.setattr(search, "DECIDE_SECONDS", 0.2)
    activities = SearchActivities(engine, TRAVEL)
    for _ in range(SURVEYS_AT_ONCE):
        await activities._turns.acquire()
    async with asyncio.timeout(5):
        with pytest.raises(TimeoutError):
            await activities.survey(request(world))
    activities._turns.release()
    monkeypatch.setattr(search, "DECIDE_SECONDS", 5)
    assert (await activities.survey(request(world))).candidates
