"""The guard: nights on the wall and in real time, the roster, the crews, the SAMU's alarms."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from simulation import habits
from simulation.calendar import HOUR, Calendar
from simulation.client import ApiClient
from simulation.clock import Clock, derive
from simulation.coordinator import Coordinator
from simulation.fleet import Fleet, fleet_of
from simulation.guard_means import GuardMeans
from simulation.guard_room import GuardRoom
from simulation.habits import Answer, Habits, Watch
from simulation.identity import KeyIdentity
from simulation.kit import Kit
from simulation.ledger import Ledger
from simulation.missing_period import MissingPeriod
from simulation.places import Commune
from simulation.samu_alarms import SamuAlarms
from simulation.sectors import SectorPlace, read_sectors
from simulation.stage import Stage
from simulation.stream import StreamEvent
from simulation.wire import FactBody, FactData, Point
from tests.unit.simulation_fake import FakeApi, FakeDemand, runtime
from tests.unit.simulation_fake_duty import until

SECTOR = SectorPlace("north", "Secteur Nord", Point(lat=43.2130, lon=2.3491))
CARCASSONNE = Commune("11069", "Carcassonne", "11000", 46_000, 43.2130, 2.3491)
DEMAND = {"reference": "R1", "max_delay_minutes": 40, "volume": "ASSU", "pickup": {"lat": 43.2, "lon": 2.35}}


@dataclass
class Scene:
    """The guard of one company of the fake, with the coordinator and the SAMU."""

    api: FakeApi
    stage: Stage
    room: GuardRoom
    missing: MissingPeriod
    fleet: Fleet
    kit: Kit
    samu: ApiClient

    @property
    def guard(self) -> dict[str, int]:
        return dict(+self.stage.ledger.guard)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        async def work() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.room.run(group))
                group.create_task(self.missing.run())

        task = asyncio.create_task(work())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def scene(people: Habits | None = None, speed: float = 12_000.0) -> AsyncIterator[Scene]:
    """19:45 by the clock on the wall."""
    api, clock = FakeApi(), Clock(speed)
    stage = Stage(
        clock,
        people or Habits(guard_misses_period=0.0),
        5,
        Ledger(),
        poll_every=0.05,
        beat_every=0.05,
        calendar=Calendar(clock, 19.75),
    )
    account = runtime().accounts.companies[0]
    fleet = fleet_of(account)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=api.app), base_url="http://fake") as http:
        kit = Kit(account, http, stage)
        samu = ApiClient(http, KeyIdentity("key"), derive(1))
        means = GuardMeans(account, kit, fleet, stage, [SECTOR])
        yield Scene(api, stage, GuardRoom(means), MissingPeriod(means), fleet, kit, samu)


def plan_night(one: Scene) -> None:
    night = one.stage.calendar.night(one.stage.calendar.day)
    starts, ends = (one.stage.calendar.instant(moment) for moment in (night.starts, night.ends))
    one.api._plan("north", "company0", starts.isoformat(), ends.isoformat())


def decide(monkeypatch: pytest.MonkeyPatch, answer: Answer, watch: Watch) -> None:
    monkeypatch.setattr(habits, "choose_answer", lambda *_, **__: answer)
    monkeypatch.setattr(habits, "draw_watch", lambda *_: watch)


# -- the clock on the wall -----------------------------------------------------------------------------------------------


def test_a_night_of_twelve_hours_lasts_six_real_minutes_at_speed_120() -> None:
    calendar = Calendar(Clock(120.0), 18.0)
    night = calendar.night(calendar.day)
    starts, ends = calendar.instant(night.starts), calendar.instant(night.ends)
    assert ends - starts == pytest.approx(timedelta(minutes=6), abs=timedelta(milliseconds=1))
    assert calendar.moment(starts) == pytest.approx(night.starts, abs=1.0)
    assert not calendar.by_night


@pytest.mark.parametrize(
    ("hour", "by_night"), [(7.9, True), (8.1, False), (19.9, False), (20.1, True), (0.5, True)]
)
def test_the_guard_keeps_the_night_from_20_to_8(hour: float, by_night: bool) -> None:
    calendar = Calendar(Clock(1.0), hour)
    assert calendar.by_night is by_night
    night = calendar.night(calendar.day)
    assert night.ends - night.starts == 12 * HOUR
    assert (night.starts <= calendar.now() < night.ends) is by_night


# -- the roster ----------------------------------------------------------------------------------------------------------


async def test_the_coordinator_plans_one_company_for_each_sector_and_night() -> None:
    async with scene() as one:
        sectors = await read_sectors(one.samu, one.stage, {"11069": CARCASSONNE})
        assert sectors == [SECTOR]
        coordinator = Coordinator(one.samu, one.stage, runtime().accounts.companies)
        await coordinator.begin(sectors)
        [period] = one.api.periods.values()
        night = one.stage.calendar.night(one.stage.calendar.day)
        assert period["starts_at"] == one.stage.calendar.instant(night.starts).isoformat()
        assert one.guard == {"periods planned": 1}


async def test_companies_take_turns_as_the_seed_says() -> None:
    async with scene() as one:
        coordinator = Coordinator(one.samu, one.stage, runtime().accounts.companies)
        chosen = [coordinator._company_for(SECTOR, day, set()).id for day in range(12)]
        assert chosen == [coordinator._company_for(SECTOR, day, set()).id for day in range(12)]
        assert len(set(chosen)) > 1
        assert coordinator._company_for(SECTOR, 0, {chosen[0]}).id != chosen[0]


# -- a crew on guard -----------------------------------------------------------------------------------------------------


async def test_rule_055_the_guard_phone_alone_answers_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    decide(monkeypatch, Answer.ACCEPT, Watch(-300.0, closes_itself=False))
    async with scene(speed=3_000.0) as one, one.at_work():
        plan_night(one)
        one.room.look()
        await until(lambda: one.guard.get("shifts opened") == 1)
        [shift] = one.api.open_shifts()
        vehicle = str(shift["vehicle_id"])
        assert shift["device_id"] == one.kit.phone_of(vehicle).post.device_id == one.api.crews[vehicle]
        assert one.fleet.vehicles[vehicle].on_guard
        assert not one.fleet.vehicles[vehicle].free, "nobody else names it (rule 5)"
        demand = FakeDemand(dict(DEMAND))
        one.api.demands[demand.id] = demand
        one.api._solicit(demand, "GUARD", vehicle, "company0")
        await until(lambda: one.guard.get("missions") == 1)
        assert demand.mission is not None
        assert one.fleet.vehicles[vehicle].mission_id == demand.mission["id"]


async def test_rule_013_a_guard_card_is_never_refused_but_declared_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decide(monkeypatch, Answer.REFUSE, Watch(-300.0, closes_itself=False))
    async with scene(speed=3_000.0) as one, one.at_work():
        plan_night(one)
        one.room.look()
        await until(lambda: one.guard.get("shifts opened") == 1)
        demand = FakeDemand(dict(DEMAND))
        one.api.demands[demand.id] = demand
        one.api._solicit(demand, "GUARD", str(one.api.open_shifts()[0]["vehicle_id"]), "company0")
        await until(lambda: one.guard.get("unavailabilities") == 1)
        assert demand.mission is None


@pytest.mark.parametrize("closes_itself", [True, False])
async def test_rule_066_a_shift_ends_with_its_period(
    closes_itself: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(monkeypatch, Answer.SILENCE, Watch(10.0, closes_itself))
    async with scene() as one, one.at_work():
        plan_night(one)
        one.room.look()
        await until(lambda: one.guard.get("shifts over") == 1)
        assert ("shifts closed by the crew" in one.guard) is closes_itself
        assert not one.api.open_shifts()
        assert not any(vehicle.on_guard for vehicle in one.fleet.vehicles.values())


async def test_a_period_that_nobody_opens_stays_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    decide(monkeypatch, Answer.ACCEPT, Watch(None, closes_itself=True))
    async with scene() as one, one.at_work():
        plan_night(one)
        one.room.look()
        await until(lambda: one.guard.get("periods that nobody opens") == 1)
        assert not one.api.open_shifts()


async def test_a_shift_that_an_earlier_run_left_open_is_ended_and_opened_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decide(monkeypatch, Answer.ACCEPT, Watch(-300.0, closes_itself=False))
    async with scene(speed=3_000.0) as one:
        plan_night(one)
        [period] = one.api.periods.values()
        left: dict[str, object] = {"id": "old", "vehicle_id": "c0v0", "device_id": "gone", "closed_at": None}
        period["shift"] = left
        async with one.at_work():
            await until(lambda: one.guard.get("shifts opened") == 1)
        assert left["closed_at"] is not None


async def test_rule_059_a_missing_period_is_asked_for_and_the_samu_approves_it() -> None:
    people = Habits(
        guard_misses_period=1.0, guard_missed=0.0, look_at_alarm_after=5.0, approve_guard_after=5.0
    )
    async with scene(people) as one, one.at_work():
        alarms = SamuAlarms(one.samu, one.stage)
        looking = asyncio.create_task(alarms.run())
        await until(lambda: one.guard.get("missing periods approved") == 1)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        [period] = one.api.periods.values()
        assert period["provisional"]
        assert period["approved"]
        assert one.guard["missing periods asked for"] == 1


def test_most_guards_are_opened_around_their_start_and_a_few_never() -> None:
    drawn = [habits.draw_watch(derive(2, number), Habits()) for number in range(400)]
    opened = [watch.opens_at for watch in drawn if watch.opens_at is not None]
    assert 0 < len(drawn) - len(opened) < 40
    assert sum(moment < 0 for moment in opened) > sum(moment > 0 for moment in opened)
    assert any(moment > 1000 for moment in opened)
    assert all(moment >= -900 for moment in opened), "the server opens 15 minutes before, at the earliest"


# -- the SAMU's alarms -----------------------------------------------------------------------------------------------------


async def test_the_samu_acknowledges_an_alarm_after_a_while_and_hears_when_it_is_over() -> None:
    async with scene() as one:
        alarms = SamuAlarms(one.samu, one.stage)
        looking = asyncio.create_task(alarms.run())
        alarm_id = one.api.sound("GUARD_NOT_OPENED")
        await until(lambda: one.api.alarms[alarm_id]["state"] == "SEEN")
        await until(lambda: one.stage.ledger.alarms[alarm_id].seen)
        alarms.notice(StreamEvent("alarm_closed", FactBody(data=FactData(alarm_id=alarm_id, alarm="X"))))
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        record = one.stage.ledger.alarms[alarm_id]
        assert (record.kind, record.seen, record.closed) == ("GUARD_NOT_OPENED", True, True)
