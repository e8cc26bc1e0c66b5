"""A guard crew is asked only if a phone can answer for it; whoever must know otherwise is told (rules 12, 14, 59)."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from activities.guard import GuardActivities
from domain.guard_messages import GuardLook, GuardStanding
from domain.vocabulary import Tier, VehicleVerdict
from storage import guard, tables
from storage.projection import rebuild
from tests.fixtures.world import World
from tests.storage.rosters import END, START, Roster
from tests.storage.telling import Telling
from tests.storage.test_regulated_search import Guard, Search
from tests.unit.stories import Story, uid
from tests.unit.stories import guard as on_guard

MINUTE = timedelta(minutes=1)


@pytest.fixture
def search(roster: Roster) -> Search:
    return Search(roster.engine, roster.world)


@pytest.fixture
async def sectors(search: Search, world: World) -> Guard:
    """Two sectors that can be drawn, in place of the roster's."""
    await search.write(sa.delete(tables.guard_sectors))
    drawn = Guard(search, world)
    await drawn.draw()
    return drawn


async def write(roster: Roster, *statements: sa.Executable) -> None:
    async with roster.engine.begin() as connection:
        for statement in statements:
            await connection.execute(statement)


def binding(roster: Roster, vehicle: int, **more: object) -> sa.Insert:
    """The roster's phone is in a vehicle of the first company."""
    row: dict[str, object] = {
        "id": uuid4(),
        "company_id": roster.world.cathare.id,
        "vehicle_id": roster.world.cathare.vehicles[vehicle].id,
        "device_id": roster.device_id,
        "person_id": roster.person_id,
        "is_primary": True,
        "members": [],
        "bound_at": START,
    }
    return sa.insert(tables.crews).values(row | more)


async def phones(roster: Roster) -> list[int]:
    return [each.phones for each in await roster.vehicles(START)]


async def test_rule_055_the_phone_that_opened_a_guard_answers_for_it_unless_it_is_elsewhere(
    roster: Roster,
) -> None:
    await roster.shift(await roster.period())
    assert await phones(roster) == [1]
    await write(roster, binding(roster, 0))
    assert await phones(roster) == [1], "in the vehicle it is the same phone"
    await write(roster, sa.delete(tables.crews), binding(roster, 1))
    assert await phones(roster) == [0]
    await write(roster, sa.update(tables.crews).values(left_at=START, is_primary=False))
    assert await phones(roster) == [1]


async def test_rule_055_any_open_phone_in_the_vehicle_answers_for_it(roster: Roster) -> None:
    await roster.shift(await roster.period())
    closed = sa.update(tables.devices).where(tables.devices.c.id == roster.device_id)
    await write(roster, closed.values(closed_at=START))
    assert await phones(roster) == [0]
    other = uuid4()
    device = {"id": other, "person_id": roster.person_id, "kind": "MOBILE", "name": "téléphone 2"}
    await write(roster, sa.insert(tables.devices).values(device), binding(roster, 0, device_id=other))
    assert await phones(roster) == [1]
    await write(roster, sa.update(tables.devices).values(closed_at=START))
    assert await phones(roster) == [0], "a device that was closed answers nothing"


async def stranded(sectors: Guard, roster: Roster) -> UUID:
    """A guard vehicle whose only phone drove away in another one."""
    vehicle = roster.world.cathare.vehicles[1]
    await sectors.stand(vehicle, sectors.west)
    opened_by = sa.select(tables.guard_shifts.c.device_id).scalar_subquery()
    await write(roster, binding(roster, 0, device_id=opened_by))
    return vehicle.id


async def test_rule_012_a_guard_without_a_phone_is_not_asked_and_the_verdict_says_so(
    sectors: Guard, search: Search, roster: Roster
) -> None:
    vehicle_id = await stranded(sectors, roster)
    assert vehicle_id not in {each.vehicle_id for each in await search.ask()}, "nor as an ordinary vehicle"
    assert await search.verdict(vehicle_id) == VehicleVerdict.NO_GUARD_PHONE
    await write(roster, sa.delete(tables.crews))
    asked = [each for each in await search.ask() if each.vehicle_id == vehicle_id]
    assert [each.tier for each in asked] == [Tier.GUARD]


async def test_rule_059_a_guard_without_a_phone_is_called_unless_it_is_on_a_mission(
    sectors: Guard, roster: Roster
) -> None:
    await sectors.stand(roster.world.cathare.vehicles[1], sectors.west)
    at = roster.world.at

    async def called() -> list[tuple[UUID, str | None]]:
        async with roster.engine.connect() as connection:
            found = await guard.guards_by_phone(connection, sectors.west, at)
        return [(each.vehicle_id, each.phone) for each in found]

    assert await called() == []
    opened_by = sa.select(tables.guard_shifts.c.device_id).scalar_subquery()
    await write(
        roster,
        binding(roster, 0, device_id=opened_by),
        sa.update(tables.companies).values(phone="0468000001"),
    )
    vehicle_id = roster.world.cathare.vehicles[1].id
    assert await called() == [(vehicle_id, "0468000001")]
    await write(roster, sa.update(tables.guard_periods).values(phone="0600000001"))
    assert await called() == [(vehicle_id, "0600000001")]
    ids = {"vehicle_id": vehicle_id, "demand_id": uuid4(), "mission_id": uuid4()}
    await write(roster, sa.insert(tables.engagements).values(**ids, engaged_at=at))
    assert await called() == []


async def look(roster: Roster, period_id: UUID) -> GuardStanding:
    return await GuardActivities(roster.engine).look(GuardLook(period_id=period_id, at=START))


async def test_rule_059_a_period_whose_crew_has_no_phone_is_not_covered_since_the_phone_left(
    roster: Roster,
) -> None:
    period = await roster.period()
    shift = await roster.shift(period)
    assert (await look(roster, period)).covered
    gone_at = START + 20 * MINUTE
    await write(
        roster,
        binding(roster, 0, left_at=gone_at, is_primary=False),
        binding(roster, 1, bound_at=gone_at),
    )
    assert await look(roster, period) == GuardStanding(shift_id=shift, left_at=gone_at, ends_at=END)


async def test_rule_059_a_crew_that_waits_for_approval_is_there_with_or_without_a_phone(
    roster: Roster,
) -> None:
    period = await roster.period(provisional=True, approved_at=None)
    await roster.shift(period)
    await write(roster, binding(roster, 1))
    assert (await look(roster, period)).covered


async def test_rule_014_a_guard_that_accepts_after_all_gives_no_reason_any_more(roster: Roster) -> None:
    telling = Telling(roster.engine, Story(on_guard("G1"), on_guard("H1")))
    telling.story.unavailable("G1", "pneu crevé")
    await telling.tell()

    async def reason() -> tuple[str, str | None]:
        asked = tables.solicitations
        query = sa.select(asked.c.state, asked.c.reason).where(asked.c.vehicle_id == uid("G1"))
        async with roster.engine.connect() as connection:
            row = (await connection.execute(query)).one()
        return row.state, row.reason

    assert await reason() == ("UNAVAILABLE", "pneu crevé")
    assert telling.story.accept("G1").outcome.accepted
    await telling.tell()
    assert await reason() == ("ACCEPTED", None)
    async with roster.engine.begin() as connection:
        await rebuild(connection, telling.case.id)
    assert await reason() == ("ACCEPTED", None)
