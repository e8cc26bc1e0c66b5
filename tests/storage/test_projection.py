"""The read model is a fold over the journal, and says at every moment what the domain says."""

import asyncio
import copy
from collections.abc import Callable
from typing import get_args
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain import facts
from domain.facts import Fact
from domain.fleet import Volume
from domain.messages import Decision, FactBatch
from domain.mission import Mission
from domain.policy import Policy
from domain.vocabulary import STEPS, AlarmKind, DemandStatus, MissionEndReason, Receipt, Step
from storage import tables
from storage.engine import transaction
from storage.projection import rebuild, record
from storage.projection.fold import fold
from storage.projection.recording import FOLDS
from tests.storage.telling import Telling, read_model
from tests.unit.stories import Story, guard, regulator, site, uid, vehicle

Move = Callable[[Story], object]


def _relieve(story: Story) -> None:
    """Another vehicle takes over; the workflow has engaged it."""
    mission = story.demand.case.mission
    assert mission is not None
    body = facts.VehicleRelieved(
        mission_id=mission.id,
        vehicle_id=uid("A9"),
        relieved_vehicle_id=mission.vehicle_id,
        reason="relève",
        by=regulator("A"),
    )
    mission.vehicle_id = uid("A9")
    story.demand.ledger.add(body, story.clock, mission.company_id)


STORIES: dict[str, tuple[Story, list[Move]]] = {}


def story(name: str, told: Story, *moves: Move) -> None:
    """A story is told move by move, and compared after each."""
    STORIES[name] = (told, list(moves))


def passed(step: Step) -> Move:
    """The step is passed a minute later."""

    def move(told: Story) -> None:
        told.wait(60)
        told.step(step)

    return move


story(
    "a vehicle accepts and carries the patient",
    Story(guard("G1"), vehicle("A1"), vehicle("A2", exact=False), vehicle("B1"), site("Cs")),
    lambda s: s.refuse("G1", "not possible on guard"),
    lambda s: s.wait(76),
    lambda s: s.refuse("A1", "trop loin"),
    lambda s: s.counter("B1", 55),
    lambda s: s.accept("A1"),
    *map(passed, STEPS[1:]),
)
story(
    "a counter-delay is arbitrated, the promise broken, the next one kept",
    Story(vehicle("A1"), vehicle("B1"), site("Cs")),
    lambda s: (s.counter("A1", 50), s.counter("B1", 60)),
    lambda s: s.refuse("Cs"),
    lambda s: s.arbitrate(Decision.ACCEPT),
    lambda s: s.refuse("A", "plus personne"),
    lambda s: s.arbitrate(Decision.ACCEPT),
    lambda s: s.accept("B", named="B1"),
    lambda s: s.steps_until(Step.BILAN_REALISE),
    lambda s: s.demand.crew.end_without_transport(s.exit()),
)
story(
    "a promise is kept, then the vehicle breaks down: it does not stand again",
    Story(vehicle("A1"), vehicle("B1")),
    lambda s: s.counter("A1", 70),
    lambda s: s.counter("B1", 90),
    lambda s: s.arbitrate(Decision.ACCEPT),
    lambda s: s.accept("A", named="A1"),
    lambda s: s.break_down(),
    lambda s: s.counter("B1", 80),
    lambda s: s.arbitrate(Decision.ACCEPT),
    lambda s: s.accept("B", named="B1"),
    lambda s: s.steps_until(STEPS[-1]),
)
story(
    "nobody comes: alarms, carence",
    Story(vehicle("A1"), site("Bs")),
    lambda s: s.wait(120),
    lambda s: s.wait(120),
    lambda s: s.wait(300),
    lambda s: s.declare_carence(),
)
story(
    "counter-proposals are refused, then the SAMU cancels",
    Story(vehicle("A1")),
    lambda s: s.counter("A1", 50),
    lambda s: s.arbitrate(Decision.REFUSE),
    lambda s: s.cancel(),
)
story(
    "amended while tiers run",
    Story(vehicle("A1"), vehicle("B1", eta=30), site("Cs"), policy=Policy(wave_size=1)),
    lambda s: s.wait(31),
    lambda s: s.amend(max_delay_minutes=20),
    lambda s: s.amend(volume=Volume.ASSU),
    lambda s: s.wait(400),
    lambda s: s.amend(max_delay_minutes=90),
)
story(
    "amended after the assignment: re-confirmed late, after an alarm",
    Story(vehicle("A1"), vehicle("B1")),
    lambda s: s.accept("A1"),
    lambda s: s.step(Step.ACQUITTE),
    lambda s: s.amend(max_delay_minutes=60),
    lambda s: s.wait(50),
    lambda s: s.step(Step.EN_APPROCHE),
    lambda s: s.accept("A1"),
    lambda s: s.amend(max_delay_minutes=30),
    lambda s: s.refuse("A1", "trop court"),
    lambda s: s.accept("B1"),
)
story(
    "the vehicle becomes too small",
    Story(vehicle("A1"), vehicle("B1")),
    lambda s: s.accept("A1", volume=Volume.AMBULANCE),
    lambda s: s.amend(volume=Volume.ASSU),
    lambda s: s.accept("B1"),
    lambda s: s.cancel(),
)
story(
    "breakdown, then undone steps, a relief, and nobody acknowledges",
    Story(vehicle("A1"), vehicle("B1")),
    lambda s: s.accept("A1"),
    lambda s: s.wait(130),
    lambda s: s.break_down(),
    lambda s: s.accept("B1"),
    lambda s: s.step(Step.ACQUITTE, name="step"),
    lambda s: s.undo("step"),
    lambda s: s.wait(125),
    lambda s: s.step(Step.ACQUITTE, name="again"),
    lambda s: s.step(Step.EN_CHARGE),
    _relieve,
    lambda s: s.steps_until(Step.DISPONIBLE),
)
story(
    "the guard cannot come, the next one can, and is reached late",
    Story(guard("G1"), guard("H1"), vehicle("A1")),
    lambda s: s.unavailable("G1", "mission en cours"),
    lambda s: s.accept("H1"),
    lambda s: s.wait(70),
    lambda s: s.see(s.last("alarm_raised").alarm_id),
    lambda s: s.receive(Receipt.OPENED),
    lambda s: s.wait(60),
    lambda s: s.step(Step.ACQUITTE, name="step"),
    lambda s: s.undo("step"),
    lambda s: s.tick(),
    lambda s: s.steps_until(Step.EN_CHARGE),
    lambda s: s.wait(2800),
    lambda s: s.see(s.last("alarm_raised").alarm_id),
    lambda s: s.steps_until(Step.DISPONIBLE),
)
story(
    "the patient's own company is asked first",
    Story(vehicle("A1"), chosen_company_id=uid("Z")),
    lambda s: s.wait(46),
    lambda s: s.accept_engaged("A1"),
    lambda s: s.wait(46),
)


@pytest.mark.parametrize("name", STORIES)
async def test_the_read_model_says_what_the_domain_says(engine: AsyncEngine, name: str) -> None:
    told, moves = _again(name)
    telling = Telling(engine, told)
    await telling.tell()
    for move in moves:
        move(told)
        await telling.tell()
    async with transaction(engine) as connection:
        before = await read_model(connection)
        await rebuild(connection, told.demand.case.id)
        assert await read_model(connection) == before


def _again(name: str) -> tuple[Story, list[Move]]:
    """A story is told once, so each test gets its own."""
    told, moves = STORIES[name]
    return copy.deepcopy(told), moves


async def test_every_kind_of_fact_has_its_fold() -> None:
    assert FOLDS
    bodies = get_args(get_args(facts.AnyBody)[0])
    assert [body.__name__ for body in bodies if fold.dispatch(body) is fold.dispatch(object)] == []


async def test_a_whole_story_in_one_batch_gives_the_same_rows(engine: AsyncEngine) -> None:
    told, moves = _again("a vehicle accepts and carries the patient")
    for move in moves:
        move(told)
    telling = Telling(engine, told)
    await telling.tell()
    assert told.status() is DemandStatus.COMPLETED


async def test_the_same_batch_by_many_writers_at_once_is_written_once(engine: AsyncEngine) -> None:
    told = Story(*(vehicle(f"A{number}") for number in range(30)))
    telling = Telling(engine, told)
    for _ in range(2):  # the demand's first facts, then later ones
        batch = telling.batch()
        new = await asyncio.gather(*(_record(engine, batch) for _ in range(8)))
        assert sorted(len(one) for one in new) == [0] * 7 + [len(batch.facts)]
        telling.told += len(batch.facts)
        told.accept("A1")
    await telling.tell()


async def test_a_batch_that_overlaps_the_last_one_adds_its_end_only(engine: AsyncEngine) -> None:
    telling = Telling(engine, Story(vehicle("A1"), vehicle("B1")))
    early = telling.batch()
    await _record(engine, early)
    telling.story.accept("A1")
    whole = telling.batch()
    new = await _record(engine, whole)
    assert new == list(whole.facts[len(early.facts) :])
    assert await _record(engine, whole) == []
    await telling.compare()


async def test_rule_044_a_mission_that_ended_frees_its_vehicle(engine: AsyncEngine) -> None:
    told = Story(vehicle("A1"), vehicle("B1"))
    telling = Telling(engine, told)
    told.accept("A1")
    mission = told.demand.case.mission
    assert mission is not None
    await telling.tell()
    async with transaction(engine) as connection:
        await _engage(connection, mission, told)
    told.break_down()
    await telling.tell()
    async with engine.connect() as connection:
        assert (await connection.execute(sa.select(tables.engagements))).all() == []
        row = (await connection.execute(sa.select(tables.missions))).mappings().one()
    assert row["end_reason"] == MissionEndReason.BREAKDOWN
    assert row["ended_at"] == told.clock


@pytest.mark.parametrize("how", ["cancelled", "nobody came"])
async def test_rule_094_a_demand_that_ended_holds_no_vehicle(engine: AsyncEngine, how: str) -> None:
    """One whose engagement was never confirmed: no mission began, and none ends."""
    told = Story(vehicle("A1"), vehicle("B1"))
    telling = Telling(engine, told)
    await telling.tell()
    held, others = uuid4(), uuid4()
    async with transaction(engine) as connection:
        await _hold(connection, told.demand.case.id, held, told)
        await _hold(connection, uuid4(), others, told)
    told.refuse("B1")
    await telling.tell()
    assert await _held(engine) == {held, others}
    if how == "cancelled":
        told.cancel()
    else:
        told.refuse("A1")
        told.declare_carence()
    await telling.tell()
    assert told.status().has_ended
    assert await _held(engine) == {others}


async def test_an_alarm_stands_until_what_it_asks_for_is_done(engine: AsyncEngine) -> None:
    told = Story(vehicle("A1"))
    telling = Telling(engine, told)
    told.accept("A1")
    told.wait(121)
    await telling.tell()
    assert await _alarm(engine) == AlarmKind.ACKNOWLEDGEMENT_LATE
    told.step(Step.ACQUITTE)
    await telling.tell()
    assert await _alarm(engine) is None
    told.amend(max_delay_minutes=60)
    told.wait(46)
    told.step(Step.EN_APPROCHE)
    await telling.tell()
    assert await _alarm(engine) == AlarmKind.RECONFIRMATION_MISSING
    told.accept("A1")
    await telling.tell()
    assert await _alarm(engine) is None


async def test_rule_044_an_acknowledgement_that_is_taken_back_was_late_as_before(engine: AsyncEngine) -> None:
    told = Story(vehicle("A1"), vehicle("B1"))
    telling = Telling(engine, told)
    told.accept("A1")
    told.wait(121)
    told.step(Step.ACQUITTE, name="step")
    await telling.tell()
    assert await _alarm(engine) is None
    told.undo("step")
    await telling.tell()
    mission = told.demand.case.mission
    assert mission is not None
    assert mission.has_alarm
    assert await _alarm(engine) == AlarmKind.ACKNOWLEDGEMENT_LATE
    await _rebuilt_alike(engine, told)


async def test_rule_044_an_acknowledgement_in_time_that_is_taken_back_raises_nothing(
    engine: AsyncEngine,
) -> None:
    told = Story(vehicle("A1"))
    telling = Telling(engine, told)
    told.accept("A1")
    told.step(Step.ACQUITTE, name="step")
    told.undo("step")
    await telling.tell()
    assert await _alarm(engine) is None


async def _rebuilt_alike(engine: AsyncEngine, told: Story) -> None:
    async with transaction(engine) as connection:
        before = await read_model(connection)
        await rebuild(connection, told.demand.case.id)
        assert await read_model(connection) == before


async def _record(engine: AsyncEngine, batch: FactBatch) -> list[Fact]:
    async with transaction(engine) as connection:
        return await record(connection, batch)


async def _alarm(engine: AsyncEngine) -> str | None:
    async with engine.connect() as connection:
        alarm: str | None = await connection.scalar(sa.select(tables.missions.c.alarm))
    return alarm


async def _hold(connection: AsyncConnection, demand_id: UUID, vehicle_id: UUID, told: Story) -> None:
    """A vehicle of a company of its own, engaged for the demand."""
    company = {"id": uuid4(), "name": f"of {vehicle_id}"}
    vehicle_row = {"id": vehicle_id, "company_id": company["id"], "name": "A1", "category": "A"}
    ids = {"vehicle_id": vehicle_id, "demand_id": demand_id, "mission_id": uuid4()}
    await connection.execute(sa.insert(tables.companies), company)
    await connection.execute(sa.insert(tables.vehicles), vehicle_row)
    await connection.execute(sa.insert(tables.engagements), {**ids, "engaged_at": told.clock})


async def _held(engine: AsyncEngine) -> set[UUID]:
    async with engine.connect() as connection:
        return set(await connection.scalars(sa.select(tables.engagements.c.vehicle_id)))


async def _engage(connection: AsyncConnection, mission: Mission, told: Story) -> None:
    company = {"id": mission.company_id, "name": "A"}
    vehicle_row = {"id": mission.vehicle_id, "company_id": mission.company_id, "name": "A1", "category": "A"}
    engagement = {
        "vehicle_id": mission.vehicle_id,
        "demand_id": told.demand.case.id,
        "mission_id": mission.id,
        "engaged_at": told.clock,
    }
    await connection.execute(sa.insert(tables.companies), company)
    await connection.execute(sa.insert(tables.vehicles), vehicle_row)
    await connection.execute(sa.insert(tables.engagements), engagement)
