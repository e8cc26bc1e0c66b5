"""Coverage as it is kept: how communes stand, which vehicles might come, and its alarm beside those of others."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.alarm_facts import AlarmClosed, AlarmRaised
from domain.coverage import Commune, Look, Standing
from domain.duty_facts import DutyFact, of_company, of_samu
from domain.fleet import Box, Volume
from domain.vocabulary import AlarmKind
from storage import alarms, coverage, duty, tables
from storage.views import Page, Scope
from tests.fixtures.world import World
from tests.storage.rosters import Roster

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOTHING = Look({}, frozenset(), ())
HERE = Standing(covered=True, since=AT, minutes=12)
FALLEN = Standing(covered=False, since=AT + timedelta(minutes=2), minutes=None)


async def saved(
    engine: AsyncEngine, world: World, look: Look, volume: Volume = Volume.ASSU
) -> dict[str, Standing]:
    async with engine.begin() as connection:
        await coverage.save(connection, world.samu_id, volume, look)
    async with engine.connect() as connection:
        return await coverage.standings_of(connection, world.samu_id, volume)


async def test_what_a_look_changes_is_read_at_the_next(engine: AsyncEngine, world: World) -> None:
    first = replace(NOTHING, standings={"11069": HERE, "11262": FALLEN})
    assert await saved(engine, world, first) == first.standings
    assert await saved(engine, world, NOTHING) == first.standings
    assert await saved(engine, world, replace(NOTHING, standings={"11069": FALLEN})) == {
        "11069": FALLEN,
        "11262": FALLEN,
    }
    assert await saved(engine, world, replace(NOTHING, gone=frozenset({"11262", "00000"}))) == {
        "11069": FALLEN
    }
    assert await saved(engine, world, NOTHING, Volume.AMBULANCE) == {}


async def test_communes_are_found_by_their_place_and_their_people(engine: AsyncEngine) -> None:
    rows = [
        {"insee": insee, "name": "X", "population": people, "lat": lat, "lon": lon}
        for insee, people, lat, lon in (
            ("11004", 9, 43.0, 2.0),
            ("11001", 584, 43.2, 2.5),
            ("11002", 0, 43.2, 2.5),
            ("66136", 120_000, 42.7, 2.9),
        )
    ]
    async with engine.begin() as connection:
        await connection.execute(sa.insert(tables.communes), rows)
        box = Box(south=43.0, north=44.0, west=2.0, east=2.5)
        found = await coverage.communes_within(connection, box, 1)
        assert [each.commune for each in found] == [Commune("11001", "X", 584), Commune("11004", "X", 9)]
        assert (found[0].lat, found[0].lon) == (43.2, 2.5)
        assert len(await coverage.communes_within(connection, box, 0)) == 3
        assert len(await coverage.communes_within(connection, box, 10)) == 1


async def test_vehicles_that_are_neither_ticked_nor_on_guard_are_not_read(
    engine: AsyncEngine, world: World, roster: Roster
) -> None:
    on_guard, ticked, *_ = world.vehicles
    await roster.shift(await roster.period())
    async with engine.begin() as connection:
        others = sa.update(tables.vehicles).where(tables.vehicles.c.id != ticked.id)
        await connection.execute(others.values(available=False))
        found = await coverage.vehicles_that_might_come(connection, world.samu_id)
        assert {each.vehicle_id: each.on_guard for each in found} == {on_guard.id: True, ticked.id: False}
        assert await coverage.vehicles_that_might_come(connection, uuid4()) == []


def raised_twice(world: World, ids: Mapping[Volume, UUID]) -> list[DutyFact]:
    """The alarm of each volume, which rings again a minute later."""
    kind = AlarmKind.COVERAGE_LOST
    return [
        of_samu(
            world.samu_id,
            AlarmRaised(alarm=kind, alarm_id=alarm_id, level=level, volume=volume),
            AT + timedelta(minutes=level),
        )
        for volume, alarm_id in ids.items()
        for level in (1, 2)
    ]


async def test_the_alarm_of_a_volume_counts_who_is_still_out_of_reach(
    engine: AsyncEngine, world: World
) -> None:
    ids = {volume: uuid4() for volume in Volume}
    facts = raised_twice(world, ids)
    company = world.cathare.id
    other = AlarmRaised(alarm=AlarmKind.LEASE_LOST, alarm_id=uuid4(), company_id=company)
    look = replace(NOTHING, standings={"11069": FALLEN, "11262": HERE, "11397": FALLEN})
    async with engine.begin() as connection:
        town = {"insee": "11069", "name": "Ville", "population": 46_031, "lat": 43.2, "lon": 2.3}
        await connection.execute(sa.insert(tables.communes).values(town))
        await coverage.save(connection, world.samu_id, Volume.ASSU, look)
        await duty.tell(connection, [*facts, of_company(company, other, AT, samu_id=world.samu_id)])
    async with engine.connect() as connection:
        seen = await alarms.list_alarms(connection, Scope(samu_id=world.samu_id), Page(10))
        told = {each.id: (each.volume, each.level, each.commune_count, each.population) for each in seen}
        assert told == {
            # of a commune that is not there any more nobody is counted
            ids[Volume.ASSU]: ("ASSU", 2, 2, 46_031),
            ids[Volume.AMBULANCE]: ("AMBULANCE", 2, 0, 0),
            other.alarm_id: (None, 1, None, None),
        }
        assert {
            each.kind for each in await alarms.list_alarms(connection, Scope(company_id=company), Page(10))
        } == {AlarmKind.LEASE_LOST}
        ringing = await coverage.ringing_of(connection, world.samu_id, Volume.ASSU)
    assert ringing is not None
    assert (ringing.alarm_id, ringing.level) == (ids[Volume.ASSU], 2)
    assert ringing.raised_at == AT + timedelta(minutes=2)


async def test_an_alarm_that_is_over_rings_no_more(engine: AsyncEngine, world: World) -> None:
    alarm_id, kind = uuid4(), AlarmKind.COVERAGE_LOST
    raised = AlarmRaised(alarm=kind, alarm_id=alarm_id, volume=Volume.ASSU)
    closed = AlarmClosed(alarm_id=alarm_id, alarm=kind)
    async with engine.begin() as connection:
        await duty.tell(connection, [of_samu(world.samu_id, raised, AT)])
        assert await coverage.ringing_of(connection, world.samu_id, Volume.AMBULANCE) is None
        assert await coverage.ringing_of(connection, world.samu_id, Volume.ASSU) is not None
        await duty.tell(connection, [of_samu(world.samu_id, closed, AT)])
        assert await coverage.ringing_of(connection, world.samu_id, Volume.ASSU) is None


async def test_one_looks_at_a_time(engine: AsyncEngine, world: World) -> None:
    async with engine.begin() as one, engine.begin() as other:
        assert await duty.try_lock(one, world.samu_id)
        assert not await duty.try_lock(other, world.samu_id)
        assert await duty.try_lock(other, uuid4())
    async with engine.begin() as third:
        assert await duty.try_lock(third, world.samu_id)


async def test_more_communes_are_written_at_once_than_a_statement_has_parameters(
    engine: AsyncEngine, world: World
) -> None:
    many = replace(NOTHING, standings={f"{number:05}": HERE for number in range(12_000)})
    assert len(await saved(engine, world, many)) == 12_000
