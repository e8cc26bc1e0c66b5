"""The rhythm of a company: its desk opens, crews come, somebody takes over in the evening, it closes, or stays open."""

import asyncio

from simulation.day_plan import DayPlan, draw_day
from simulation.desk import Desk
from simulation.fleet import Fleet, Leg, Vehicle
from simulation.kit import Kit
from simulation.runtime import CompanyAccount
from simulation.stage import Stage
from simulation.telematics import Telematics
from simulation.wire import Point

CREWS_COME_WITHIN = 900.0
"""Simulated seconds in which the crews of a morning come to their vehicles."""
WAITS_FOR_CREW = 60.0
"""Simulated seconds between two looks whether a crew has come home."""


class Workday:
    """Days and nights of one company."""

    def __init__(
        self, account: CompanyAccount, kit: Kit, fleet: Fleet, stage: Stage, telematics: Telematics
    ) -> None:
        """Nothing is asked of the server before ``begin``."""
        self._account = account
        self._kit = kit
        self._fleet = fleet
        self._stage = stage
        self._calendar = stage.calendar
        self._telematics = telematics
        self._day = stage.calendar.day
        self.plan = self._draw(self._day)
        self.desk = Desk(account, stage, kit.desk_post(self.plan))

    async def begin(self) -> None:
        """Begin in the middle of a day, or of a night: positions first, so that what is ticked is found at once."""
        for vehicle in self._fleet.vehicles.values():
            self._settle_in(vehicle)
        await self._telematics.report()
        if self._calendar.by_night and not self.plan.open_at_night:
            await self.desk.post.connect(self._stage)
            self._send_home()
            await self._tick_all(available=False)
            return
        await self._open()
        for vehicle in self._fleet.vehicles.values():
            if vehicle.on_duty and self._has_phone(vehicle):
                await self._come_aboard(vehicle, within=0.0)

    async def live(self, work: asyncio.TaskGroup) -> None:
        """Live through the days until cancelled."""
        while True:
            if self.desk.is_open:
                self._schedule(work)
            following = self._draw(self._day + 1)
            await self._calendar.until(self._calendar.morning(self._day + 1) + following.opens_at)
            self._day, self.plan = self._day + 1, following
            for vehicle in self._fleet.vehicles.values():
                self._draw_lateness(vehicle)
            await self._open()

    def mode_of(self, vehicle: Vehicle) -> str:
        """Return the mode that a vehicle works in now: a fact, not a setting."""
        phone = self._kit.phone_of(vehicle.info.id)
        if vehicle.on_guard:
            return "G1"
        if self.desk.post.kind != "MOBILE":
            return "R1" if phone.bound else "R2"
        return "R4" if phone.post is self.desk.post else "R3"

    def _draw(self, day: int) -> DayPlan:
        rng = self._stage.rng(self._account.name, "day", day)
        return draw_day(rng, self._stage.habits, len(self._account.vehicles))

    async def _open(self) -> None:
        """Regulate every site, tick what is there."""
        await self.desk.open(self._kit.desk_post(self.plan))
        self._stage.ledger.duty[f"company opened in {self.plan.mode}"] += 1
        await self._tick_all(available=True)

    def _schedule(self, work: asyncio.TaskGroup) -> None:
        """Send the day's people and events on their way."""
        evening = self._calendar.evening(self._day)
        for vehicle in self._fleet.vehicles.values():
            if not vehicle.on_duty:
                work.create_task(self._come_on_duty(vehicle))
            if self._has_phone(vehicle) and not self._kit.phone_of(vehicle.info.id).bound:
                work.create_task(self._come_aboard(vehicle, within=CREWS_COME_WITHIN))
        if self.plan.freezes_after is not None:
            work.create_task(self._freeze(self._calendar.now() + self.plan.freezes_after))
        if self.plan.hands_over_at is not None:
            work.create_task(self._hand_over(evening + self.plan.hands_over_at))
        if not self.plan.open_at_night:
            work.create_task(self._close(evening + self.plan.closes_at))

    def _has_phone(self, vehicle: Vehicle) -> bool:
        """Whether its crew has a phone that day: in R4 it is the one that regulates, and the only one."""
        return self.plan.phones or self._kit.phone_of(vehicle.info.id).post is self.desk.post

    async def _come_aboard(self, vehicle: Vehicle, within: float) -> None:
        """Have the crew declare itself in its vehicle, some minutes after the desk has opened."""
        rng = self._stage.rng(self._account.name, vehicle.info.name, "aboard", self._day)
        await self._stage.clock.sleep(rng.uniform(0.0, within))
        if not vehicle.on_guard:
            await self._kit.phone_of(vehicle.info.id).come_aboard(rng)

    async def _come_on_duty(self, vehicle: Vehicle) -> None:
        """Tick a vehicle whose crew begins later: a newcomer to the searches that are open then."""
        rng = self._stage.rng(self._account.name, vehicle.info.name, "duty", self._day)
        await self._stage.clock.sleep(rng.uniform(0.2, 1.0) * self._stage.habits.late_by)
        if self.desk.is_open:
            vehicle.on_duty = await self._tick(f"/v1/vehicles/{vehicle.info.id}", available=True)

    async def _freeze(self, moment: float) -> None:
        """Freeze once, when somebody regulates."""
        await self._calendar.until(moment)
        if self.desk.is_open:
            await self.desk.freeze()

    async def _hand_over(self, moment: float) -> None:
        """Hand the regulation over to whoever has the evening; not when that moment was over at the beginning."""
        if moment < self._calendar.now():
            return
        await self._calendar.until(moment)
        await self.desk.awake.wait()
        if self.desk.is_open and await self.desk.hand_over(self._kit.evening_post(self._day)):
            self._stage.ledger.duty["hand-over"] += 1

    async def _close(self, moment: float) -> None:
        """End the service: nothing is ticked any more, crews go home after their missions, the desk last."""
        await self._calendar.until(moment)
        await self.desk.awake.wait()
        self._send_home()
        await self._tick_all(available=False)
        async with asyncio.TaskGroup() as crews:
            for vehicle in self._fleet.vehicles.values():
                crews.create_task(self._go_home(vehicle))
            crews.create_task(self.desk.give_up())
        self._stage.ledger.duty["company closed for the night"] += 1

    def _send_home(self) -> None:
        for vehicle in self._fleet.vehicles.values():
            vehicle.on_duty = False

    async def _go_home(self, vehicle: Vehicle) -> None:
        """Leave the vehicle once it is idle; a guard keeps its phone."""
        while vehicle.mission_id is not None or vehicle.promised_to is not None:
            await self._stage.clock.sleep(WAITS_FOR_CREW)
        if not vehicle.on_guard and not vehicle.on_duty:
            await self._kit.phone_of(vehicle.info.id).leave()

    async def _tick_all(self, *, available: bool) -> None:
        """Tick or untick every site, and every vehicle whose crew is there."""
        if available or self.desk.is_open:  # without regulation a site is asked nothing
            for site in self._account.sites:
                await self._tick(f"/v1/sites/{site.id}", available=available)
        for vehicle in self._fleet.vehicles.values():
            ticked = available and vehicle.on_duty and not vehicle.broken
            await self._tick(f"/v1/vehicles/{vehicle.info.id}", available=ticked)

    async def _tick(self, path: str, *, available: bool) -> bool:
        reply = await self.desk.client.put(f"{path}/availability", {"available": available})
        taken = self._stage.ledger.judge("tick", reply)
        if taken:
            self._stage.ledger.moved()
        return taken

    def _draw_lateness(self, vehicle: Vehicle) -> None:
        rng = self._stage.rng(self._account.name, vehicle.info.name, "morning", self._day)
        vehicle.on_duty = rng.random() >= self._stage.habits.late_on_duty

    def _settle_in(self, vehicle: Vehicle) -> None:
        """Draw whether the crew begins later, and whether the vehicle is some kilometres from its site."""
        self._draw_lateness(vehicle)
        rng = self._stage.rng(self._account.name, vehicle.info.name, "place")
        if rng.random() < self._stage.habits.on_the_road:
            lat = vehicle.home.lat + rng.uniform(-0.04, 0.04)
            lon = vehicle.home.lon + rng.uniform(-0.05, 0.05)
            place = Point(lat=lat, lon=lon)
            vehicle.leg = Leg(place, place, 0.0, 0.0)
