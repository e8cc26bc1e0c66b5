"""A company's desk, its evening and its phones, against the fake API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import httpx

from simulation.calendar import Calendar
from simulation.clock import Clock, derive
from simulation.day_plan import DayPlan, draw_day
from simulation.desk import Desk
from simulation.fleet import Fleet, fleet_of
from simulation.habits import Habits
from simulation.kit import Kit
from simulation.ledger import Ledger
from simulation.stage import Stage
from simulation.telematics import Telematics
from simulation.wire import OpenSolicitation
from simulation.workday import Workday
from tests.unit.simulation_fake import FakeApi, runtime
from tests.unit.simulation_fake_duty import until

R2 = DayPlan("R2", None, None, open_at_night=False, closes_at=0.0, opens_at=0.0)
SITE_CARD = OpenSolicitation(id="s", demand_id="d", tier="SITE", site_id="site0")


@dataclass
class Scene:
    """One company of the fake, with its devices."""

    api: FakeApi
    stage: Stage
    kit: Kit
    fleet: Fleet
    http: httpx.AsyncClient

    def desk(self) -> Desk:
        return Desk(runtime().accounts.companies[0], self.stage, self.kit.desk_post(R2))

    def workday(self) -> Workday:
        account = runtime().accounts.companies[0]
        telematics = Telematics(self.kit.office, self.stage, self.fleet, account.name)
        return Workday(account, self.kit, self.fleet, self.stage, telematics)


@asynccontextmanager
async def scene(
    habits: Habits | None = None, start_hour: float = 12.0, speed: float = 20_000.0
) -> AsyncIterator[Scene]:
    api, clock = FakeApi(), Clock(speed)
    calendar = Calendar(clock, start_hour)
    stage = Stage(clock, habits or Habits(), 5, Ledger(), beat_every=0.02, frozen_for=0.1, calendar=calendar)
    account = runtime().accounts.companies[0]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=api.app), base_url="http://fake") as http:
        yield Scene(api, stage, Kit(account, http, stage), fleet_of(account), http)


@asynccontextmanager
async def kept(desk: Desk) -> AsyncIterator[None]:
    """The desk's heart beats meanwhile."""
    beating = asyncio.create_task(desk.keep())
    try:
        yield
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


@asynccontextmanager
async def living(day: Workday) -> AsyncIterator[None]:
    """The company lives through its days meanwhile."""

    async def live() -> None:
        async with asyncio.TaskGroup() as work:
            await day.live(work)

    task = asyncio.create_task(live())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_rule_037_answers_go_under_the_epoch_of_the_lease() -> None:
    async with scene() as one:
        desk = one.desk()
        await desk.open(desk.post)
        assert one.api.leases == {"site0": (desk.post.device_id, 1)}
        assert desk.epoch_for(SITE_CARD, None) == 1
        assert desk.epoch_for(SITE_CARD.model_copy(update={"site_id": None}), "site0") == 1
        assert desk.epoch_for(SITE_CARD.model_copy(update={"site_id": "elsewhere"}), None) is None


async def test_rule_037_a_lease_that_was_lost_is_noticed_at_the_next_heartbeat_and_taken_again() -> None:
    async with scene() as one:
        desk = one.desk()
        await desk.open(desk.post)
        one.api.deaf = True
        async with kept(desk):
            await until(lambda: desk.epochs == {"site0": 2})
        assert one.stage.ledger.duty["lease lost"] == 1


async def test_rule_037_a_frozen_desk_beats_no_more_until_it_is_awake() -> None:
    async with scene() as one:
        desk = one.desk()
        await desk.open(desk.post)
        freezing = asyncio.create_task(desk.freeze())
        await asyncio.sleep(0)
        one.api.deaf = True
        async with kept(desk):
            await asyncio.sleep(0.05)
            assert one.api.deaf, "no heartbeat has come"
            await freezing
            await until(lambda: not one.api.deaf)


async def test_rule_038_a_hand_over_is_offered_accepted_and_the_old_post_is_logged_out() -> None:
    async with scene() as one:
        desk = one.desk()
        await desk.open(desk.post)
        old, evening = desk.post.device_id, one.kit.evening_post(0)
        assert await desk.hand_over(evening)
        assert one.api.leases["site0"] == (evening.device_id, 2)
        assert desk.epochs == {"site0": 2}
        assert desk.client is evening.client
        assert one.api.closed_devices == {old}
        assert one.stage.ledger.duty["site handed over"] == 1
        assert not one.stage.ledger.refusals


async def test_rule_038_whoever_had_the_night_hands_over_in_the_morning_and_stays_logged_in() -> None:
    async with scene() as one:
        desk, day = one.desk(), one.kit.desk_post(R2)
        night = one.kit.phone_of("c0v0").post
        await desk.open(night)
        await desk.open(day)
        assert one.api.leases["site0"] == (day.device_id, 2)
        assert one.stage.ledger.duty["site handed over"] == 1
        assert not one.api.closed_devices


async def test_rule_038_what_is_given_up_is_not_taken_again() -> None:
    async with scene() as one:
        desk = one.desk()
        await desk.open(desk.post)
        await desk.give_up()
        async with kept(desk):
            await asyncio.sleep(0.1)
        assert not desk.is_open
        assert not one.api.leases
        assert not await desk.hand_over(one.kit.evening_post(0)), "there is nothing to hand over"


async def test_a_small_company_may_do_everything_on_one_phone() -> None:
    plans = [draw_day(derive(1, number), Habits(), 1) for number in range(200)]
    large = [draw_day(derive(1, number), Habits(), 6) for number in range(200)]
    assert {plan.mode for plan in plans} == {"R1", "R2", "R3", "R4"}
    assert {plan.mode for plan in large} == {"R1", "R2", "R3"}
    assert all(plan.hands_over_at is None for plan in plans if plan.mode == "R4")
    assert plans == [draw_day(derive(1, number), Habits(), 1) for number in range(200)]


async def test_rule_018_in_r4_the_phone_that_regulates_is_the_one_in_the_vehicle() -> None:
    async with scene() as one:
        plan = DayPlan("R4", None, None, open_at_night=False, closes_at=0.0, opens_at=0.0)
        first = next(iter(one.fleet.vehicles))
        assert one.kit.desk_post(plan) is one.kit.phone_of(first).post


async def test_the_mode_of_a_vehicle_is_what_regulates_and_what_is_aboard() -> None:
    async with scene(Habits(late_on_duty=0.0)) as one:
        day = one.workday()
        vehicle = one.fleet.vehicles["c0v0"]
        day.desk.post = one.kit.desk_post(R2)
        assert day.mode_of(vehicle) == "R2"
        assert await one.kit.phone_of("c0v0").come_aboard(derive(1))
        assert one.api.crews["c0v0"] == one.kit.phone_of("c0v0").post.device_id
        assert day.mode_of(vehicle) == "R1"
        day.desk.post = one.kit.evening_post(0)
        day.desk.post.kind = "MOBILE"
        assert day.mode_of(vehicle) == "R3"
        day.desk.post = one.kit.phone_of("c0v0").post
        assert day.mode_of(vehicle) == "R4"
        vehicle.on_guard = True
        assert day.mode_of(vehicle) == "G1"


async def test_a_company_closes_in_the_evening_and_opens_again_in_the_morning() -> None:
    people = Habits(open_at_night=0.0, late_on_duty=0.0, hand_over=0.0, freeze=0.0, on_the_road=0.0)
    async with scene(people, start_hour=19.8, speed=6_000.0) as one:
        day = one.workday()
        await day.begin()
        one.stage.calendar.begin()
        assert one.api.available == set(one.fleet.vehicles)
        async with living(day):
            await until(lambda: one.stage.ledger.duty["company closed for the night"] == 1)
            assert not one.api.available
            assert not one.api.leases
            assert not one.api.crews
            assert one.stage.calendar.by_night
            await until(lambda: one.api.available == set(one.fleet.vehicles), within=20.0)
            assert one.stage.calendar.now() % 86_400 > 7 * 3600
            assert set(one.api.leases) == {"site0"}
        assert not one.stage.ledger.errors


async def test_a_company_that_is_closed_when_the_run_begins_regulates_nothing() -> None:
    async with scene(Habits(open_at_night=0.0), start_hour=23.0) as one:
        day = one.workday()
        await day.begin()
        assert not one.api.leases
        assert not one.api.available
        assert day.desk.post.device_id is not None, "its missions of the day are still passed on by somebody"
