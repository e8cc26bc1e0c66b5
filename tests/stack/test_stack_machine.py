"""Random stories on the real API, the real engine, a real worker and a real database; two things at once, again and again.

``RESCOUSSE_STACK_STORIES`` says how many stories, for a long run by hand.
"""

import asyncio
import os
from collections.abc import Coroutine, Sequence
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts import Fact
from storage import journal, tables
from storage.engine import create_engine, with_snapshots
from storage.projection import rebuild
from tests.stack.conftest import Play
from tests.stack.crowd import OFTEN, Crowd
from tests.walk.sentences import read_journal

STORIES = int(os.environ.get("RESCOUSSE_STACK_STORIES", "8"))
STEPS_OF_A_STORY = 12
WITHIN_S = 60

pytestmark = pytest.mark.timeout(60 + 30 * STORIES)

act, pick = st.sampled_from(OFTEN), st.integers(0, 999)


class OnTheStack(RuleBasedStateMachine):
    """Hypothesis drives it in a thread of its own; who acts lives in the loop of the test."""

    crowd: Crowd
    loop: asyncio.AbstractEventLoop

    def do(self, *acts: Coroutine[Any, Any, None]) -> None:
        """All at once; returns when all are done."""

        async def at_once() -> None:
            await asyncio.gather(*acts)

        asyncio.run_coroutine_threadsafe(at_once(), self.loop).result(WITHIN_S)

    @initialize()
    def post(self) -> None:
        self.do(self.crowd.begin())

    @rule(name=act, number=pick)
    def somebody_acts(self, name: str, number: int) -> None:
        self.do(self.crowd.act(name, number))

    @rule(one=act, other=act, number=pick, another=pick)
    def two_act_at_once(self, one: str, other: str, number: int, another: int) -> None:
        self.do(self.crowd.act(one, number), self.crowd.act(other, another))

    @rule(number=pick)
    def both_companies_accept_at_once(self, number: int) -> None:
        self.do(self.crowd.act("accept", number), self.crowd.act("accept", number + 1))

    def teardown(self) -> None:
        if self.crowd.demands:
            self.do(self.crowd.end())
            self.do(nothing_was_lost(self.crowd))


async def test_whatever_everybody_does_at_once_no_sentence_breaks(play: Play) -> None:
    crowd = Crowd(play)
    told = settings(
        max_examples=STORIES,
        stateful_step_count=STEPS_OF_A_STORY,
        deadline=None,
        database=None,
        phases=(Phase.generate,),  # to shorten a race would be to race again
        suppress_health_check=list(HealthCheck),
    )
    made = type("AnyStory", (OnTheStack,), {"crowd": crowd, "loop": asyncio.get_running_loop()})
    await asyncio.to_thread(run_state_machine_as_test, made, settings=told)
    assert crowd.told["accept: CONFIRMED"], crowd.told


# -- what must be true when everybody has gone home ------------------------------------------------------------------------


async def nothing_was_lost(crowd: Crowd) -> None:
    """The journals keep every sentence, and every answer that was given; the read model is their fold; vehicles are free."""
    engine = create_engine(crowd.play.stack.database, pool_size=1, application_name="tests")
    demands = [UUID(each) for each in crowd.demands]
    try:
        async with with_snapshots(engine).connect() as connection:
            facts = {demand: await journal.facts_of(connection, demand) for demand in demands}
            for demand in demands:
                _every_sentence_and_every_answer(crowd, demand, facts[demand])
            given = tables.engagements.c
            left = await connection.scalars(sa.select(given.vehicle_id).where(given.demand_id.in_(demands)))
            assert list(left) == [], "vehicles are free at the end"
            await _no_vehicle_had_two_missions(connection, demands)
            for demand in demands:
                await _the_read_model_is_the_fold(connection, demand)
    finally:
        await engine.dispose()


def _every_sentence_and_every_answer(crowd: Crowd, demand: UUID, facts: Sequence[Fact]) -> None:
    read = read_journal(facts)
    assert read.ended
    assert read.mission is None
    passed = {str(fact.body.step_id) for fact in facts if fact.body.kind == "step_passed"}
    for each in crowd.taken:
        if UUID(each.demand_id) == demand:
            assert UUID(each.mission_id) in read.assigned, "a confirmation is in the journal"
            assert set(each.steps) <= passed, "a step that was said to be recorded is in the journal"


async def _no_vehicle_had_two_missions(connection: AsyncConnection, demands: list[UUID]) -> None:
    line = tables.journal.c
    query = sa.select(line.kind, line.data).where(line.subject_id.in_(demands)).order_by(line.position)
    on_mission: dict[str, str] = {}
    for kind, data in await connection.execute(query):
        if kind in {"mission_assigned", "vehicle_relieved"}:
            assert on_mission.get(data["vehicle_id"], data["mission_id"]) == data["mission_id"], data
            on_mission = {v: m for v, m in on_mission.items() if m != data["mission_id"]}
            on_mission[data["vehicle_id"]] = data["mission_id"]
        elif kind == "mission_ended":
            assert on_mission.pop(data["vehicle_id"]) == data["mission_id"], data


async def _the_read_model_is_the_fold(connection: AsyncConnection, demand: UUID) -> None:
    """Folded again from nothing, in a transaction that is never committed."""
    before = await _rows(connection, demand)
    await rebuild(connection, demand)
    assert await _rows(connection, demand) == before


async def _rows(connection: AsyncConnection, demand: UUID) -> list[list[tuple[object, ...]]]:
    missions, steps = tables.missions, tables.mission_steps
    mine = sa.select(missions.c.id).where(missions.c.demand_id == demand)
    queries = [
        sa.select(table).where(table.c.demand_id == demand).order_by(*table.primary_key)
        for table in (tables.demand_views, tables.solicitations, missions)
    ]
    queries.append(sa.select(steps).where(steps.c.mission_id.in_(mine)).order_by(*steps.primary_key))
    return [[tuple(row) for row in await connection.execute(query)] for query in queries]
