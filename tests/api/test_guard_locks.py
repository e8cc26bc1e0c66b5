"""Whoever decides about the guards of one vehicle at once waits in one order: none is thrown out (rules 59, 66, 92)."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa

from domain.people import Actor, Role
from domain.vocabulary import ShiftEnd
from storage import duty, tables
from storage import guard as on_guard
from tests.api.caller import Caller
from tests.api.conftest import Api
from tests.api.guard_steps import MISSING, PERIODS, SHIFTS, opened
from tests.api.guard_world import HOUR, GuardWorld, build_guard_world

Say = Callable[[Caller, Caller, GuardWorld, "Chained"], Coroutine[Any, Any, httpx.Response]]


class Chained:
    """A guard, and behind it one that waits for the SAMU's word: the same phone, in the same vehicle."""

    def __init__(self, guard: GuardWorld, ids: list[UUID]) -> None:
        self.guard = guard
        self.first, self.second = ids
        self.one, self.two = uuid4(), uuid4()

    async def open(self, crew: Caller) -> None:
        at = self.guard.api.resources.clock()
        then = at + 3 * HOUR
        period_id = await self.guard.plan(timedelta(0), id=self.first, ends_at=then)
        self.one = UUID((await opened(crew, self.guard, period_id))["id"])
        waits: dict[str, Any] = {"provisional": True, "approved_at": None, "asked_at": at}
        await self.guard.plan(3 * HOUR, id=self.second, starts_at=then, **waits)
        shifts = tables.guard_shifts
        async with self.guard.api.resources.database.begin() as connection:
            row = (await connection.execute(sa.select(shifts))).mappings().one()
            changed = {**row, "id": self.two, "period_id": self.second}
            await connection.execute(sa.insert(shifts).values(changed))

    async def break_down(self) -> None:
        by, at = Actor(role=Role.CREW, name="crew"), self.guard.api.resources.clock()
        async with self.guard.api.resources.database.begin() as connection:
            facts = await on_guard.close_shift(connection, self.one, at, ShiftEnd.BREAKDOWN, by)
            await duty.tell(connection, facts)


async def leave(crew: Caller, _: Caller, __: GuardWorld, chained: Chained) -> httpx.Response:
    return await crew.send("DELETE", f"{SHIFTS}/{chained.two}?confirm=true")


async def refuse(_: Caller, samu: Caller, __: GuardWorld, chained: Chained) -> httpx.Response:
    return await samu.post(f"{PERIODS}/{chained.second}/refusal", {"reason": "autre équipage"})


async def ask_again(crew: Caller, _: Caller, guard: GuardWorld, __: Chained) -> httpx.Response:
    return await crew.post(MISSING, guard.missing(phone="0468000001"))


@pytest.mark.parametrize(
    ("say", "newer_first"),
    [(leave, False), (refuse, False), (ask_again, True)],
    ids=["the crew leaves it", "the SAMU refuses it", "the crew reports it again"],
)
async def test_rule_092_a_breakdown_while_somebody_decides_about_the_next_guard(
    crew: Caller, samu: Caller, api: Api, say: Say, newer_first: bool
) -> None:
    guard = await build_guard_world(api)
    ids = sorted((uuid4(), uuid4()), reverse=newer_first)
    chained = Chained(guard, ids)
    await chained.open(crew)
    async with api.resources.database.begin() as connection:
        await on_guard.lock_periods(connection, [min(ids)])
        broken = asyncio.create_task(chained.break_down())
        await _waiting(api, 1)
        said = asyncio.create_task(say(crew, samu, guard, chained))
        await _waiting(api, 2)
    await broken
    assert (await said).status_code < 500
    async with api.resources.database.connect() as connection:
        closed = sa.select(tables.guard_shifts.c.id).where(tables.guard_shifts.c.closed_at.is_not(None))
        assert {chained.one, chained.two} <= set(await connection.scalars(closed))


async def _waiting(api: Api, count: int) -> None:
    """Until so many wait for a lock."""
    waiting = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    async with asyncio.timeout(10):
        while True:
            async with api.resources.database.connect() as connection:
                if (await connection.scalar(waiting) or 0) >= count:
                    return
            await asyncio.sleep(0.01)
