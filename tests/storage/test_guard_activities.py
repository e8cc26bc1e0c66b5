"""What the watch of a guard period does to the world: each can be repeated, and none acts on what is no more."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from activities.guard import GuardActivities
from domain import facts
from domain.duty_facts import ShiftClosed
from domain.guard_messages import GuardAlarm, GuardClosing, GuardLook, GuardPeriod, GuardStanding
from domain.messages import EngageRequest
from domain.outcomes import Outcome
from domain.vocabulary import AlarmKind, MissionEndReason, ShiftEnd
from storage import tables
from storage.projection import record
from tests.storage.rosters import END, HOUR, START, Roster
from tests.storage.telling import Telling
from tests.unit.stories import Story, vehicle


@pytest.fixture
def watch(roster: Roster) -> GuardActivities:
    return GuardActivities(roster.engine)


async def look(watch: GuardActivities, period_id: UUID) -> GuardStanding:
    return await watch.look(GuardLook(period_id=period_id, at=START))


async def kinds(roster: Roster, subject_id: UUID) -> list[str]:
    table = tables.journal
    query = sa.select(table.c.kind).where(table.c.subject_id == subject_id).order_by(table.c.seq)
    async with roster.engine.connect() as connection:
        return list(await connection.scalars(query))


def watched(roster: Roster, period_id: UUID) -> GuardPeriod:
    return GuardPeriod(
        period_id=period_id,
        samu_id=roster.world.samu_id,
        company_id=roster.world.cathare.id,
        sector="Carcassonne",
        starts_at=START,
        ends_at=END,
    )


async def test_a_period_is_seen_as_it_stands(roster: Roster, watch: GuardActivities) -> None:
    period = await roster.period()
    assert await look(watch, period) == GuardStanding(ends_at=END)
    shift = await roster.shift(period)
    assert await look(watch, period) == GuardStanding(covered=True, shift_id=shift, ends_at=END)
    assert await roster.engage(roster.wanted(on_guard=True)) is Outcome.CONFIRMED
    assert (await look(watch, period)).busy
    assert not (await look(watch, await roster.period(withdrawn_at=START, rank=2))).exists


async def test_rule_059_a_crew_that_waits_for_approval_is_there(
    roster: Roster, watch: GuardActivities
) -> None:
    period = await roster.period(provisional=True, approved_at=None)
    await roster.shift(period)
    assert (await look(watch, period)).covered


async def test_rule_059_the_alarm_of_an_empty_guard_is_told_once_and_closed_once(
    roster: Roster, watch: GuardActivities
) -> None:
    period = await roster.period()
    for raised in (True, True, False, False):
        await watch.tell_alarm(GuardAlarm(period=watched(roster, period), at=START, raised=raised))
    assert await kinds(roster, period) == ["alarm_raised", "alarm_closed"]
    async with roster.engine.connect() as connection:
        row = (await connection.execute(sa.select(tables.alarms))).one()
    assert (row.kind, row.samu_id, row.company_id) == (
        AlarmKind.GUARD_NOT_OPENED,
        roster.world.samu_id,
        roster.world.cathare.id,
    )
    assert row.closed_at is not None


async def test_rule_059_the_alarm_rings_again_when_the_guard_is_empty_again(
    roster: Roster, watch: GuardActivities
) -> None:
    period = await roster.period()
    for raised in (True, False, True):
        await watch.tell_alarm(GuardAlarm(period=watched(roster, period), at=START, raised=raised))
    async with roster.engine.connect() as connection:
        row = (await connection.execute(sa.select(tables.alarms))).one()
    assert (row.closed_at, row.seen_at) == (None, None)


async def test_rule_066_the_watch_closes_the_shift_once(roster: Roster, watch: GuardActivities) -> None:
    period = await roster.period()
    shift = await roster.shift(period)
    for _ in range(2):
        await watch.close_shift(GuardClosing(period_id=period, shift_id=shift, at=END))
    assert await kinds(roster, period) == ["shift_closed"]
    assert await look(watch, period) == GuardStanding(left_at=END, ends_at=END)


async def test_rule_066_the_watch_does_not_close_the_shift_of_a_crew_on_a_mission_nor_the_next_crews(
    roster: Roster, watch: GuardActivities
) -> None:
    period = await roster.period()
    first = await roster.shift(period)
    assert await roster.engage(roster.wanted(on_guard=True)) is Outcome.CONFIRMED
    await watch.close_shift(GuardClosing(period_id=period, shift_id=first, at=END))
    assert await kinds(roster, period) == []
    async with roster.engine.begin() as connection:
        await connection.execute(sa.delete(tables.engagements))
    await roster.close(first, START + HOUR)
    second = await roster.shift(period, opened_at=START + 2 * HOUR)
    await watch.close_shift(GuardClosing(period_id=period, shift_id=first, at=END))
    assert (await look(watch, period)).shift_id == second


async def test_rule_092_a_vehicle_that_breaks_down_on_guard_is_on_guard_no_more(
    roster: Roster, watch: GuardActivities
) -> None:
    period = await roster.period()
    await roster.shift(period)
    broken: EngageRequest = roster.wanted(on_guard=True)
    assert await roster.engage(broken) is Outcome.CONFIRMED
    telling = Telling(roster.engine, Story(vehicle("A1")))
    await telling.tell()
    telling.story.accept("A1")
    mission = telling.case.mission
    assert mission is not None
    mission.vehicle_id = broken.vehicle_id
    telling.story.clock += timedelta(minutes=5)
    telling.story.break_down()
    batch = telling.batch()
    ended = [fact.body for fact in batch.facts if isinstance(fact.body, facts.MissionEnded)]
    assert [(body.vehicle_id, body.reason) for body in ended] == [
        (broken.vehicle_id, MissionEndReason.BREAKDOWN)
    ]
    async with roster.engine.begin() as connection:
        await record(connection, batch)
    assert not (await look(watch, period)).covered
    [closed] = await closings(roster, period)
    assert closed.reason is ShiftEnd.BREAKDOWN


async def closings(roster: Roster, period_id: UUID) -> list[ShiftClosed]:
    table = tables.journal
    query = sa.select(table.c.data).where(table.c.subject_id == period_id, table.c.kind == "shift_closed")
    async with roster.engine.connect() as connection:
        return [ShiftClosed.model_validate(data) for data in await connection.scalars(query)]
