"""A crew leaves its guard: confirmed, after its mission, into the next one (rule 66)."""

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from storage import tables
from tests.api.caller import Caller, assert_problem
from tests.api.conftest import Api, Clock, Login, another_device
from tests.api.guard_steps import SHIFTS, engage, free, opened, period, solicit, vehicles_on_guard
from tests.api.guard_world import HOUR, GuardWorld, build_guard_world


@pytest.fixture
async def guard(api: Api) -> GuardWorld:
    return await build_guard_world(api)


async def test_rule_066_leaving_before_the_end_is_confirmed(
    crew: Caller, guard: GuardWorld, api: Api, clock: Clock
) -> None:
    period_id = await guard.plan(timedelta(0), 12 * HOUR)
    shift = await opened(crew, guard, period_id)
    path = f"{SHIFTS}/{shift['id']}"
    clock.advance(hours=2)
    told = assert_problem(await crew.send("DELETE", path), 409, "confirmation_required")
    assert "confirm=true" in told["detail"]
    closed = (await crew.send("DELETE", f"{path}?confirm=true")).json()
    assert closed["close_reason"] == "CLOSED_BY_CREW"
    assert closed["served_s"] == pytest.approx(2 * 3600, abs=5)
    assert closed["overtime_s"] == 0
    again = await crew.send("DELETE", path)
    assert again.json() == closed, "it stays as it ended"
    assert await guard.facts(period_id) == ["shift_opened", "shift_closed"]
    assert await vehicles_on_guard(api) == {}
    assert (await period(crew, period_id))["state"] == "LATE", "its sector has nobody"
    assert (await crew.post(SHIFTS, guard.opening(period_id, vehicle=1))).status_code == 201


async def test_rule_066_near_the_end_nobody_is_asked(crew: Caller, guard: GuardWorld, clock: Clock) -> None:
    shift = await opened(crew, guard, await guard.plan(timedelta(0), HOUR))
    clock.advance(minutes=56)
    closed = (await crew.send("DELETE", f"{SHIFTS}/{shift['id']}")).json()
    assert closed["served_s"] == pytest.approx(56 * 60, abs=5)


async def test_rule_066_a_busy_crew_finishes_first_and_is_paid_for_it(
    crew: Caller, guard: GuardWorld, api: Api, clock: Clock
) -> None:
    period_id = await guard.plan(timedelta(0), HOUR)
    path = f"{SHIFTS}/{(await opened(crew, guard, period_id))['id']}?confirm=true"
    mission_id = await engage(api)
    clock.advance(minutes=100)
    assert_problem(await crew.send("DELETE", path), 409, "shift_busy")
    assert (await period(crew, period_id))["shift"]["missions"] == 1
    await free(api, mission_id)
    clock.advance(minutes=30)
    closed = (await crew.send("DELETE", path)).json()
    assert closed["overtime_s"] == pytest.approx(40 * 60, abs=5)
    assert closed["served_s"] == pytest.approx(100 * 60, abs=5)
    assert (await period(crew, period_id))["state"] == "CLOSED"


async def test_rule_066_a_solicited_crew_answers_first(crew: Caller, guard: GuardWorld, api: Api) -> None:
    path = f"{SHIFTS}/{(await opened(crew, guard, await guard.plan(timedelta(0))))['id']}?confirm=true"
    await solicit(api, "GUARD", "EXPIRED")
    await solicit(api, "VEHICLE")
    await solicit(api, "GUARD")
    assert_problem(await crew.send("DELETE", path), 409, "shift_busy")
    async with api.resources.database.begin() as connection:
        await connection.execute(sa.update(tables.solicitations).values(state="REFUSED"))
    assert (await crew.send("DELETE", path)).status_code == 200


async def test_rule_066_consecutive_guards_chain(
    crew: Caller, guard: GuardWorld, api: Api, clock: Clock
) -> None:
    start = api.resources.clock()
    first = await guard.plan(timedelta(0), ends_at=start + HOUR)
    second = await guard.plan(HOUR, starts_at=start + HOUR, sector_id=guard.limoux)
    one = await opened(crew, guard, first)
    two = await opened(crew, guard, second)
    vehicle = api.world.cathare.vehicles[0].id
    assert await vehicles_on_guard(api) == {vehicle: guard.carcassonne}
    await engage(api)
    clock.advance(minutes=70)
    assert await vehicles_on_guard(api) == {vehicle: guard.limoux}
    done = (await crew.send("DELETE", f"{SHIFTS}/{one['id']}")).json()
    assert (done["served_s"], done["overtime_s"]) == (pytest.approx(3600, abs=5), 0), "the next one goes on"
    assert (await period(crew, second))["shift"]["id"] == two["id"]
    assert_problem(await crew.send("DELETE", f"{SHIFTS}/{two['id']}?confirm=true"), 409, "shift_busy")


async def test_rule_066_leaving_early_leaves_the_chained_guard_too(
    crew: Caller, guard: GuardWorld, api: Api
) -> None:
    start = api.resources.clock()
    first = await guard.plan(timedelta(0), ends_at=start + 3 * HOUR)
    second = await guard.plan(3 * HOUR, starts_at=start + 3 * HOUR)
    one, two = await opened(crew, guard, first), await opened(crew, guard, second)
    await crew.send("DELETE", f"{SHIFTS}/{one['id']}?confirm=true")
    assert await vehicles_on_guard(api) == {}
    shown = await period(crew, second)
    assert (shown["state"], shown["shift"]["id"], shown["shift"]["served_s"]) == ("PLANNED", two["id"], 0)
    assert await guard.facts(second) == ["shift_opened", "shift_closed"]


async def test_scope_shifts_of_others(
    crew: Caller, guard: GuardWorld, log_in: Login, api: Api, samu: Caller
) -> None:
    shift = await opened(crew, guard, await guard.plan(timedelta(0)))
    other = await another_device(await log_in(api.people.crews[1]), "MOBILE")
    for caller in (other, samu):
        for path in (f"{SHIFTS}/{shift['id']}?confirm=true", f"{SHIFTS}/{uuid4()}"):
            assert_problem(await caller.send("DELETE", path), 404, "not_found")
    assert_problem(await samu.post(SHIFTS, guard.opening(shift["period_id"])), 404, "not_found")
