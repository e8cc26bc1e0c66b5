"""The alarm when people fall out of reach: when it rings, for whom, and when it is over."""

import asyncio
import json
from uuid import UUID

import pytest
import sqlalchemy as sa

from api import sweeper
from api.coverage_watch import CoverageWatch, look_at
from api.resources import Resources
from domain.duty_facts import AvailabilitySet, of_company
from domain.people import Actor, Role
from storage import duty, tables
from tests.api.caller import Caller, Json, assert_problem
from tests.api.conftest import Api, Clock, Login
from tests.api.coverage_world import IdleWatch, put_people_and_posts, write
from tests.api.test_stream import listening
from tests.fixtures.world import World


@pytest.fixture(autouse=True)
def only_the_test_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "CoverageWatch", IdleWatch)


@pytest.fixture
async def posts(resources: Resources, world: World) -> None:
    await put_people_and_posts(resources, world)


class Samu:
    """A SAMU whose coverage the test looks at, minute by minute."""

    def __init__(self, resources: Resources, world: World, clock: Clock) -> None:
        self.resources, self.world, self.clock = resources, world, clock

    async def looks(self, *available: bool, count: int = 1) -> None:
        """Tick the vehicles of each company, or not; then look so many times."""
        ticks = [
            sa.update(tables.vehicles).where(tables.vehicles.c.company_id == one.id).values(available=tick)
            for one, tick in zip((self.world.cathare, self.world.minervois), available, strict=False)
        ]
        await write(self.resources, *ticks)
        for _ in range(count):
            self.clock.advance(minutes=1)
            await look_at(self.resources, self.world.samu_id)

    async def facts(self) -> list[tuple[str, Json]]:
        lines = tables.journal
        query = sa.select(lines.c.kind, lines.c.data).where(lines.c.subject_id == self.world.samu_id)
        async with self.resources.database.connect() as connection:
            return [(kind, data) for kind, data in await connection.execute(query.order_by(lines.c.seq))]

    async def kinds(self, volume: str = "AMBULANCE") -> list[str]:
        """What was told of a volume; the closing of an alarm does not name it."""
        return [kind for kind, data in await self.facts() if data.get("volume", volume) == volume]


@pytest.fixture
def watched(resources: Resources, world: World, clock: Clock, posts: None) -> Samu:
    return Samu(resources, world, clock)


async def alarms(caller: Caller, **wanted: str) -> list[Json]:
    found: list[Json] = (await caller.get("/v1/alarms", **wanted)).raise_for_status().json()["items"]
    return found


async def test_the_samu_hears_of_it_and_no_company(
    samu: Caller, log_in: Login, api: Api, watched: Samu
) -> None:
    company = api.world.cathare
    ticked = AvailabilitySet(site_id=company.site_id, available=True, by=Actor(role=Role.REGULATOR, name="x"))
    async with listening(samu) as heard, listening(await log_in(api.people.regulators[0])) as overheard:
        await watched.looks(True, True)
        await watched.looks(True, False, count=2)
        async with api.resources.database.begin() as connection:
            await duty.tell(connection, [of_company(company.id, ticked, watched.clock())])
        async with asyncio.timeout(10):
            told = [json.loads((await anext(heard)).data) for _ in range(4)]
            assert (await anext(overheard)).event == "availability_set", "the first that a company hears"
    assert [each["kind"] for each in told] == ["coverage_lost", "alarm_raised"] * 2
    assert {(each["subject"], each["subject_id"]) for each in told} == {("SAMU", str(api.world.samu_id))}
    for lost in (each["data"] for each in told if each["kind"] == "coverage_lost"):
        assert lost["communes"] == [
            {"insee": "11262", "name": "Narbonne", "population": 54_700, "minutes": 62},
            {"insee": "11203", "name": "Lézignan-Corbières", "population": 11_196, "minutes": 39},
        ]
        assert (lost["population"], lost["commune_count"], lost["threshold_minutes"]) == (65_896, 2, 30)


async def test_an_alarm_stands_from_the_fall_of_people_until_all_are_covered_again(
    samu: Caller, watched: Samu
) -> None:
    await watched.looks(True, True)
    await watched.looks(True, False)
    assert await alarms(samu) == []
    await watched.looks(True, False)
    standing = {each["volume"]: each for each in await alarms(samu, state="OPEN")}
    assert set(standing) == {"AMBULANCE", "ASSU"}
    assert {(each["kind"], each["level"], each["company_id"]) for each in standing.values()} == {
        ("COVERAGE_LOST", 1, None)
    }
    small = standing["AMBULANCE"]
    assert (small["commune_count"], small["population"]) == (2, 65_896)
    assert small["sentence"].replace("\N{NARROW NO-BREAK SPACE}", " ") == (
        "Couverture petit volume, 2 communes, 65 896 habitants : plus aucun véhicule libre n'y serait à temps,"
        " faites-en avancer un ou appelez une entreprise."
    )
    await watched.looks(True, True)
    assert len(await alarms(samu, state="OPEN")) == 2, "one look does not end it"
    await watched.looks(True, True)
    assert await alarms(samu, state="OPEN") == []
    [closed] = [each for each in await alarms(samu, state="CLOSED") if each["volume"] == "AMBULANCE"]
    assert (closed["id"], closed["commune_count"]) == (small["id"], None)
    assert closed["sentence"].startswith("Couverture petit volume : plus")
    kinds = [kind for kind, _ in await watched.facts()]
    assert kinds == ["coverage_lost", "alarm_raised"] * 2 + ["coverage_restored", "alarm_closed"] * 2


async def test_the_alarm_is_the_samus_alone_and_seen_once(
    samu: Caller, neighbour: Caller, log_in: Login, api: Api, watched: Samu
) -> None:
    coordinator = await log_in(api.people.coordinator)
    company = [await log_in(each) for each in (api.people.regulators[1], api.people.crews[1])]
    await watched.looks(True, True)
    await watched.looks(True, False, count=2)
    alarm, _ = await alarms(samu)
    path = f"/v1/alarms/{alarm['id']}"
    for other in (neighbour, *company):
        assert await alarms(other) == []
        assert_problem(await other.get(path), 404, "not_found")
        assert_problem(await other.post(f"{path}/acknowledgement"), 404, "not_found")
    for caller in (coordinator, samu):
        told = (await caller.post(f"{path}/acknowledgement")).raise_for_status().json()
        assert (told["state"], told["seen_by_role"]) == ("SEEN", "COORDINATOR")
    assert [kind for kind, _ in await watched.facts()].count("alarm_seen") == 1
    await watched.looks(True, True, count=2)
    assert_problem(await samu.post(f"{path}/acknowledgement"), 409, "alarm_closed")


async def test_processes_that_look_at_once_raise_one_alarm(watched: Samu) -> None:
    await watched.looks(True, True)
    await watched.looks(False, False)
    watched.clock.advance(minutes=1)
    await asyncio.gather(*(look_at(watched.resources, watched.world.samu_id) for _ in range(8)))
    told = [(kind, data.get("volume")) for kind, data in await watched.facts()]
    assert sorted(told) == [
        ("alarm_raised", "AMBULANCE"),
        ("alarm_raised", "ASSU"),
        ("coverage_lost", "AMBULANCE"),
        ("coverage_lost", "ASSU"),
    ]


async def test_it_rings_again_for_more_people_after_ten_minutes(watched: Samu) -> None:
    await watched.looks(True, True)
    await watched.looks(True, False, count=2)
    await watched.looks(False, False, count=8)
    assert (await watched.kinds()).count("alarm_raised") == 1
    await watched.looks(False, False, count=4)
    raised = [data for kind, data in await watched.facts() if kind == "alarm_raised"]
    assert sorted((each["volume"], each["level"]) for each in raised) == [
        ("AMBULANCE", 1),
        ("AMBULANCE", 2),
        ("ASSU", 1),
        ("ASSU", 2),
    ]


async def test_a_service_that_begins_with_nobody_raises_nothing(watched: Samu) -> None:
    await watched.looks(False, False, count=5)
    assert await watched.facts() == []


async def test_the_duty_looks_when_the_time_has_come_and_not_before(watched: Samu) -> None:
    watch = CoverageWatch(watched.resources)
    assert await watch.look() == 0
    await write(watched.resources, sa.update(tables.samus).values(policy={"coverage_look_every_s": 120}))
    seen = sa.select(sa.func.count()).select_from(tables.coverage_gaps)

    async def looked() -> bool:
        await watch.look()
        async with watched.resources.database.begin() as connection:
            found = bool(await connection.scalar(seen))
            await connection.execute(sa.delete(tables.coverage_gaps))
        return found

    assert not await looked()
    watched.clock.advance(seconds=59)
    assert not await looked()
    watched.clock.advance(seconds=2)
    assert await looked()
    assert not await looked()


async def test_a_samu_whose_policy_cannot_be_read_blinds_no_other(watched: Samu, people: object) -> None:
    watch, mine = CoverageWatch(watched.resources), tables.samus.c.id == watched.world.samu_id
    bad = {"coverage_look_every_s": "often"}
    await write(watched.resources, sa.update(tables.samus).where(~mine).values(policy=bad))
    await watch.look()
    watched.clock.advance(seconds=61)
    await watch.look()
    async with watched.resources.database.connect() as connection:
        looked = await connection.scalars(sa.select(tables.coverage_gaps.c.samu_id).distinct())
    assert looked.all() == [watched.world.samu_id]


async def test_a_samu_that_cannot_be_looked_at_delays_no_other(
    watched: Samu, people: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, looked = CoverageWatch(watched.resources), []

    async def fails_for_the_first(_: Resources, samu_id: UUID) -> int:
        looked.append(samu_id)
        if len(looked) == 1:
            raise ValueError("anything")
        return 1

    monkeypatch.setattr("api.coverage_watch.look_at", fails_for_the_first)
    await watch.look()
    watched.clock.advance(seconds=61)
    assert await watch.look() == 1
    assert len(set(looked)) == 2
