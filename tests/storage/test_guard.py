"""Who is on guard, how a period stands, how a shift ends: on a real database, with what runs at the same time."""

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.duty_facts import GuardPlanned, of_guard
from domain.outcomes import Outcome
from domain.vocabulary import ShiftEnd
from storage import duty, engagement, guard, tables
from tests.storage.rosters import BY, END, HOUR, START, Roster


async def test_rule_055_a_vehicle_is_on_guard_while_its_shift_is_open_and_its_period_counts(
    roster: Roster,
) -> None:
    asked = await roster.period(provisional=True, approved_at=None)
    shift = await roster.shift(asked)
    assert await roster.vehicles(START) == []
    assert not (await roster.standing(asked)).covered
    async with roster.engine.begin() as connection:
        await connection.execute(sa.update(tables.guard_periods).values(approved_at=START))
    (found,) = await roster.vehicles(START)
    vehicle = roster.world.cathare.vehicles[0]
    assert found == guard.GuardVehicle(vehicle.id, vehicle.company_id, roster.sector_id, asked, shift, 0, 1)
    assert (await roster.standing(asked)).covered
    assert await roster.engage(roster.wanted(on_guard=False)) is Outcome.VEHICLE_ON_GUARD
    await roster.close(shift, START + HOUR)
    assert await roster.vehicles(START) == []
    assert await roster.engage(roster.wanted(on_guard=True)) is Outcome.GUARD_ENDED


async def test_rule_012_missions_are_counted_since_the_shift(roster: Roster) -> None:
    period = await roster.period()
    await roster.mission(START - HOUR, START - HOUR / 2)
    await roster.shift(period, opened_at=START - timedelta(minutes=10))
    for minutes in (-5, 30):
        await roster.mission(START + timedelta(minutes=minutes), START + HOUR)
    await roster.mission(START + HOUR, vehicle=1)
    assert [each.missions for each in await roster.vehicles(START + HOUR)] == [2]


async def test_rule_065_a_guard_vehicle_is_there_again_when_its_mission_is_over(roster: Roster) -> None:
    period = await roster.period()
    await roster.shift(period)
    first, second = roster.wanted(on_guard=True), roster.wanted(on_guard=True)
    assert await roster.engage(first) is Outcome.CONFIRMED
    assert (await roster.standing(period)).busy
    assert await roster.engage(second) is Outcome.VEHICLE_ENGAGED
    async with roster.engine.begin() as connection:
        await engagement.release(connection, first.mission_id)
    assert not (await roster.standing(period)).busy
    assert await roster.engage(second) is Outcome.CONFIRMED


async def test_a_period_that_does_not_exist_has_no_standing(roster: Roster) -> None:
    async with roster.engine.connect() as connection:
        assert await guard.period_standing(connection, uuid4()) is None
    standing = await roster.standing(await roster.period())
    assert (standing.shift, standing.busy, standing.covered) == (None, False, False)


async def test_rule_066_a_shift_ends_once(roster: Roster) -> None:
    shift = await roster.shift(period := await roster.period())
    (told,) = await roster.close(shift, START + 2 * HOUR)
    assert (told.served_s, told.overtime_s, told.reason) == (7200, 0, ShiftEnd.CLOSED_BY_CREW)
    assert await roster.close(shift, START + 3 * HOUR) == []
    assert await roster.close(uuid4(), START) == []
    assert (await roster.standing(period)).shift is None
    async with roster.engine.connect() as connection:
        kept = await guard.read_shift(connection, shift)
    assert kept is not None
    assert (kept.closed_at, kept.served_s, kept.close_reason) == (START + 2 * HOUR, 7200, "CLOSED_BY_CREW")


async def test_rule_066_two_who_end_a_shift_at_once_end_it_once(roster: Roster) -> None:
    shift = await roster.shift(await roster.period())
    reasons = (ShiftEnd.PERIOD_OVER, ShiftEnd.CLOSED_BY_CREW, ShiftEnd.REFUSED)
    told = await asyncio.gather(*(roster.close(shift, END, reason) for reason in reasons))
    assert sum(len(each) for each in told) == 1


@pytest.mark.parametrize(
    ("mission_ends", "overtime_minutes"),
    [(None, 0), (END - HOUR, 0), (END + timedelta(minutes=25), 25)],
)
async def test_rule_066_overtime_is_for_a_mission_that_ran_over_the_end(
    roster: Roster, mission_ends: datetime | None, overtime_minutes: int
) -> None:
    shift = await roster.shift(await roster.period())
    if mission_ends:
        await roster.mission(END - 2 * HOUR, mission_ends)
    (told,) = await roster.close(shift, END + 3 * HOUR, ShiftEnd.PERIOD_OVER)
    assert (told.overtime_s, told.served_s) == (overtime_minutes * 60, (12 * 60 + overtime_minutes) * 60)


async def test_rule_066_a_shift_does_not_close_itself_under_a_mission(roster: Roster) -> None:
    shift = await roster.shift(await roster.period())
    wanted = roster.wanted(on_guard=True)
    assert await roster.engage(wanted) is Outcome.CONFIRMED
    assert await roster.close(shift, END, ShiftEnd.PERIOD_OVER) == []
    assert len(await roster.close(shift, END, ShiftEnd.BREAKDOWN)) == 1, (
        "whoever says so ends it all the same"
    )


async def test_rule_066_a_chained_guard_takes_over_with_the_mission(roster: Roster) -> None:
    first, second = await roster.period(), await roster.period(END, END + 12 * HOUR)
    one, two = await roster.shift(first), await roster.shift(second)
    await roster.mission(END - HOUR)
    assert await roster.engage(roster.wanted(on_guard=True)) is Outcome.CONFIRMED
    assert not (await roster.standing(first)).busy
    assert (await roster.standing(second)).busy
    assert [(each.shift_id, each.missions) for each in await roster.vehicles(END - HOUR)] == [(one, 1)]
    assert [(each.shift_id, each.missions) for each in await roster.vehicles(END)] == [(two, 0)]
    (told,) = await roster.close(one, END + timedelta(minutes=1), ShiftEnd.PERIOD_OVER)
    assert (told.served_s, told.overtime_s) == (12 * 3600, 0)
    assert [each.shift_id for each in await roster.vehicles(START)] == [two]


async def test_rule_066_a_chained_guard_that_is_not_approved_does_not_take_over_in_mid_mission(
    roster: Roster,
) -> None:
    first = await roster.period()
    second = await roster.period(END, END + 12 * HOUR, provisional=True, approved_at=None)
    await roster.shift(first)
    await roster.shift(second)
    assert await roster.engage(roster.wanted(on_guard=True)) is Outcome.CONFIRMED
    assert (await roster.standing(first)).busy


async def test_rule_066_a_breakdown_ends_the_chained_guard_too(roster: Roster) -> None:
    ends = [START + 3 * HOUR * number for number in range(4)]
    periods = [await roster.period(a, b) for a, b in pairwise(ends)]
    shifts = [await roster.shift(each) for each in periods]
    told = await roster.close(shifts[0], START + HOUR, ShiftEnd.BREAKDOWN)
    assert [each.shift_id for each in told] == shifts
    assert [each.served_s for each in told] == [3600, 0, 0]


@pytest.mark.parametrize("opens", [True, False])
async def test_rule_055_a_vehicle_engaged_at_the_moment_that_decides(roster: Roster, opens: bool) -> None:
    """Whoever waits for the vehicle sees what the one before has decided, not what was true when it came."""
    period = await roster.period()
    shift = None if opens else await roster.shift(period)
    async with roster.engine.begin() as connection:
        vehicle = sa.select(tables.vehicles).where(
            tables.vehicles.c.id == roster.world.cathare.vehicles[0].id
        )
        await connection.execute(vehicle.with_for_update(key_share=True))
        claim = asyncio.create_task(roster.engage(roster.wanted(on_guard=not opens)))
        await _waiting(roster.engine, 1)
        if shift is None:
            await roster.insert_shift(connection, period)
        else:
            await guard.close_shift(connection, shift, START + HOUR, ShiftEnd.CLOSED_BY_CREW, BY)
    assert await claim is (Outcome.VEHICLE_ON_GUARD if opens else Outcome.GUARD_ENDED)


async def test_rule_092_a_breakdown_and_a_crew_that_leaves_its_next_guard_do_not_wait_for_each_other(
    roster: Roster,
) -> None:
    """One comes from either end of the chain: the first shift ends the second, too."""
    second_starts = START + 3 * HOUR
    one = await roster.shift(await roster.period(START, second_starts))
    two = await roster.shift(await roster.period(second_starts, END))
    async with roster.engine.begin() as connection:
        await guard.lock_shift(connection, one)  # the vehicle is being engaged
        broken = asyncio.create_task(roster.close(one, START + HOUR, ShiftEnd.BREAKDOWN))
        await _waiting(roster.engine, 1)
        left = asyncio.create_task(roster.close(two, START + HOUR))
        await _waiting(roster.engine, 2)
    assert [each.shift_id for each in await broken] == [one, two]
    assert await left == []


async def _waiting(engine: AsyncEngine, count: int) -> None:
    """Until so many wait for a lock."""
    waiting = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    async with asyncio.timeout(10):
        while True:
            async with engine.connect() as connection:
                if (await connection.scalar(waiting) or 0) >= count:
                    return


async def test_facts_of_many_periods_are_numbered_in_one_go(roster: Roster) -> None:
    periods = [await roster.period(START + number * HOUR) for number in range(3)]
    planned = GuardPlanned(
        sector_id=roster.sector_id,
        company_id=roster.world.cathare.id,
        starts_at=START,
        ends_at=END,
        by=BY,
    )
    facts = [
        of_guard(each, roster.world.samu_id, roster.world.cathare.id, planned, START) for each in periods
    ]
    async with roster.engine.begin() as connection:
        await duty.tell(connection, facts[:1])
    async with roster.engine.begin() as connection:
        await duty.tell_held(connection, [*facts, facts[2]])
        await duty.tell_held(connection, [])
    async with roster.engine.connect() as connection:
        rows = await connection.execute(sa.select(tables.journal.c.subject_id, tables.journal.c.seq))
        told = sorted((periods.index(row.subject_id), row.seq) for row in rows)
    assert told == [(0, 1), (0, 2), (1, 1), (2, 1), (2, 2)]
