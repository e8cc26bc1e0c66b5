"""What happens to regulation and guard although nobody asks: silence is noticed, periods are watched."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from api.duty_sweeper import AT_ONCE, SilenceWatch, WatchStarter
from api.engine import EngineAwayError, StartRefusedError
from api.resources import Resources
from domain.guard_messages import GuardPeriod
from storage import duty, tables
from tests.api.conftest import Clock
from tests.api.engine import RuleEngine
from tests.fixtures.world import World, insert_posts


async def states(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        return set(await connection.scalars(sa.select(tables.leases.c.state)))


@pytest.fixture
async def posts(engine: AsyncEngine, world: World) -> None:
    """Three companies, each regulated, last heard of now."""
    async with engine.begin() as connection:
        await insert_posts(connection, world)


async def test_rule_037_only_silence_that_could_have_been_heard_suspends(
    resources: Resources, engine: AsyncEngine, clock: Clock, posts: None
) -> None:
    clock.advance(seconds=60)  # the API was away for a minute, and is back: no post can have been heard of
    watch = SilenceWatch(resources)
    assert await watch.look() == 0
    clock.advance(seconds=29)
    assert await watch.look() == 0
    assert await states(engine) == {"HELD"}
    clock.advance(seconds=2)
    assert await watch.look() == 3
    assert await states(engine) == {"SUSPENDED"}
    assert await watch.look() == 0


async def test_rule_037_after_an_outage_of_the_database_the_posts_get_their_time_again(
    resources: Resources, engine: AsyncEngine, clock: Clock, posts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = SilenceWatch(resources)
    await watch.look()
    clock.advance(seconds=40)

    async def away(*_: object) -> list[object]:
        raise ConnectionError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr("api.duty_sweeper.regulation.suspend_silent", away)
        with pytest.raises(ConnectionError):
            await watch.look()
    assert await watch.look() == 0
    clock.advance(seconds=31)
    assert await watch.look() == 3


class Roster:
    """Guard periods of the first company, at distances from now."""

    def __init__(self, engine: AsyncEngine, world: World, clock: Clock) -> None:
        self.engine, self.world, self.clock, self.sector_id = engine, world, clock, uuid4()

    async def draw(self) -> None:
        outline = {"type": "Polygon", "coordinates": [[[2.0, 43.0], [2.4, 43.0], [2.4, 43.4], [2.0, 43.0]]]}
        sector = {"id": self.sector_id, "samu_id": self.world.samu_id, "name": "Ouest", "communes": []}
        async with self.engine.begin() as connection:
            await connection.execute(sa.insert(tables.guard_sectors).values(**sector, outline=outline))

    async def period(self, hours: float, **more: object) -> UUID:
        id_, starts_at = uuid4(), self.clock() + timedelta(hours=hours)
        row = {
            "id": id_,
            "samu_id": self.world.samu_id,
            "sector_id": self.sector_id,
            "company_id": self.world.cathare.id,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=12),
            "approved_at": self.clock(),
            **more,
        }
        async with self.engine.begin() as connection:
            await connection.execute(sa.insert(tables.guard_periods).values(row))
        return id_


@pytest.fixture
async def roster(engine: AsyncEngine, world: World, clock: Clock) -> Roster:
    drawn = Roster(engine, world, clock)
    await drawn.draw()
    return drawn


async def test_rule_059_a_period_is_watched_from_a_day_before_once(
    resources: Resources, rules: RuleEngine, roster: Roster, clock: Clock
) -> None:
    starter = WatchStarter(resources)
    soon, later = await roster.period(23), await roster.period(25)
    await roster.period(3, withdrawn_at=clock())
    assert await starter.start() == 1
    assert await starter.start() == 0
    [watched] = rules.watches
    assert (watched.period_id, watched.sector) == (soon, "Ouest")
    assert watched.ends_at - watched.starts_at == timedelta(hours=12)
    clock.advance(hours=2)
    assert await starter.start() == 1
    assert [each.period_id for each in rules.watches] == [soon, later]


async def test_a_period_waits_for_an_engine_that_is_away(
    resources: Resources, rules: RuleEngine, roster: Roster
) -> None:
    starter = WatchStarter(resources)
    period_id = await roster.period(1)
    rules.away = True
    with pytest.raises(EngineAwayError):
        await starter.start()
    rules.away = False
    assert await starter.start() == 1
    assert [each.period_id for each in rules.watches] == [period_id]


async def test_periods_that_the_engine_refuses_do_not_stand_in_the_others_way(
    resources: Resources,
    rules: RuleEngine,
    roster: Roster,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = {await roster.period(1, rank=rank) for rank in range(1, AT_ONCE + 2)}
    taken = await roster.period(2)
    start, asked = rules.start_watch, []

    async def refuse_many(period: GuardPeriod) -> None:
        asked.append(period.period_id)
        if period.period_id in refused:
            raise StartRefusedError
        await start(period)

    monkeypatch.setattr(rules, "start_watch", refuse_many)
    starter = WatchStarter(resources)
    assert await starter.start() == 0
    assert await starter.start() == 1
    assert [each.period_id for each in rules.watches] == [taken]
    clock.advance(seconds=61)
    asked.clear()
    await starter.start()
    assert set(asked) <= refused
    assert len(asked) == AT_ONCE


async def test_rule_037_a_company_that_cannot_be_looked_at_does_not_delay_the_others(
    resources: Resources, engine: AsyncEngine, world: World, clock: Clock, posts: None
) -> None:
    watch = SilenceWatch(resources)
    await watch.look()
    clock.advance(seconds=31)
    async with engine.begin() as busy:
        await duty.lock(busy, min(company.id for company in world.companies))
        assert await watch.look() == 2
    assert await watch.look() == 1
