"""On some evenings a crew comes for a guard that the roster does not have: it asks, and keeps it (rule 59)."""

import random

from pydantic import JsonValue

from simulation import habits
from simulation.calendar import Night
from simulation.fleet import Vehicle
from simulation.guard_crew import OnGuard
from simulation.guard_means import GuardMeans
from simulation.sectors import SectorPlace
from simulation.wire_duty import GuardPeriod


class MissingPeriod:
    """Asks for provisional guards for one company."""

    def __init__(self, means: GuardMeans) -> None:
        """Nothing is asked of the server before ``run``."""
        self._means = means
        self._stage = means.stage

    async def run(self) -> None:
        """Draw every evening whether somebody comes, until cancelled."""
        calendar, day = self._stage.calendar, self._stage.calendar.day
        while True:
            rng = self._stage.rng(self._means.company, "missing period", day)
            comes = rng.random() < self._stage.habits.guard_misses_period
            moment = calendar.evening(day) + rng.uniform(300.0, 3600.0)
            if comes and calendar.now() < moment:
                await calendar.until(moment)
                await self._come(calendar.night(day), rng)
            day += 1
            await calendar.until(calendar.morning(day))

    async def _come(self, night: Night, rng: random.Random) -> None:
        """Ask for the rest of a night and keep it, unless the company is in the roster of that night."""
        ends = self._stage.calendar.instant(night.ends)
        sector, vehicle = self._means.nearest_sector(), self._means.vehicle_for("")
        rostered = any(one.starts_at < ends for one in await self._means.periods())
        if rostered or sector is None or vehicle is None:
            return
        vehicle.on_guard = True
        duty = await self._ask(sector, vehicle, {"ends_at": ends.isoformat()}, rng)
        if duty is None:
            vehicle.on_guard = False
            return
        self._stage.ledger.guard["missing periods asked for"] += 1
        await self._means.serve(duty, habits.draw_watch(rng, self._stage.habits))

    async def _ask(
        self, sector: SectorPlace, vehicle: Vehicle, hours: dict[str, JsonValue], rng: random.Random
    ) -> OnGuard | None:
        """Ask on the crew's phone; it is on guard from now on, and called by telephone until the SAMU approves."""
        phone = self._means.kit.phone_of(vehicle.info.id)
        if not await phone.post.connect(self._stage):
            return None
        body: dict[str, JsonValue] = {
            "sector_id": sector.id,
            "vehicle_id": vehicle.info.id,
            "teammate": await self._means.teammate(phone, rng),
            "phone": f"+3346571{rng.randrange(10_000):04d}",
            **hours,
        }
        reply = await phone.post.client.post("/v1/guard/missing-period", body)
        asked = reply.read(GuardPeriod) if self._stage.ledger.judge("missing period", reply) else None
        if asked is None or asked.shift is None:
            return None
        return OnGuard(asked, asked.shift, vehicle, phone)
