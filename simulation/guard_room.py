"""A company's guard: reads its periods in the roster, and has a crew keep each of them."""

import asyncio
import random
from contextlib import suppress

from pydantic import JsonValue

from simulation import habits
from simulation.client import Reply
from simulation.fleet import Vehicle
from simulation.guard_crew import OnGuard
from simulation.guard_means import GuardMeans
from simulation.wire_duty import GuardPeriod, Shift

READS_EVERY = 4
"""The roster is read so many times less often than the cards, and whenever it changes."""
TOO_LATE = 900.0
"""So near the end of its period no shift is opened any more (simulated seconds)."""
TRIES_AGAIN_AFTER = 300.0
"""Simulated seconds before another vehicle is tried."""
LATE = 900.0
"""A shift that is opened more than so long after its start is counted as late (simulated seconds)."""
NOT_FOR_US = frozenset({"guard_period_over", "guard_not_rostered", "guard_already_open", "not_found"})
"""Refusals after which this period is somebody else's, or nobody's."""
_GONE = frozenset({"CLOSED", "MISSED", "REFUSED", "WITHDRAWN"})


class GuardRoom:
    """Keeps the company's periods of the roster."""

    def __init__(self, means: GuardMeans) -> None:
        """Nothing is asked of the server before ``run``."""
        self._means = means
        self._stage = means.stage
        self._look = asyncio.Event()
        self._known: set[str] = set()

    def look(self) -> None:
        """Have the roster read again soon."""
        self._look.set()

    async def run(self, work: asyncio.TaskGroup) -> None:
        """Keep every period of the company, until cancelled. Provisional ones are kept by whoever asked for them."""
        await self._clear_up()
        while True:
            self._look.clear()
            for period in await self._means.periods():
                if period.state not in _GONE and not period.provisional and period.id not in self._known:
                    self._known.add(period.id)
                    work.create_task(self._keep(period))
            with suppress(TimeoutError):
                async with asyncio.timeout(self._stage.poll_every * READS_EVERY):
                    await self._look.wait()

    async def _clear_up(self) -> None:
        """End the shifts that an earlier run left open: nobody is on their phones any more."""
        for period in await self._means.periods():
            shift = period.shift
            ours = shift is not None and shift.vehicle_id in self._means.fleet.vehicles
            if shift is None or shift.closed_at is not None or not ours:
                continue
            post = self._means.kit.phone_of(shift.vehicle_id).post
            if await post.connect(self._stage):
                reply = await post.client.delete(f"/v1/guard/shifts/{shift.id}", confirm="true")
                self._stage.ledger.judge("close an old shift", reply)

    async def _keep(self, period: GuardPeriod) -> None:
        """Have a crew keep one period, with another vehicle should the first one break down."""
        calendar = self._stage.calendar
        starts, ends = calendar.moment(period.starts_at), calendar.moment(period.ends_at)
        rng = self._stage.rng(self._means.company, period.sector.name, "guard", round(starts / 3600))
        watch = habits.draw_watch(rng, self._stage.habits)
        if watch.opens_at is None:
            self._stage.ledger.guard["periods that nobody opens"] += 1
            return
        await calendar.until(starts + watch.opens_at)
        while calendar.now() < ends - TOO_LATE:
            duty = await self._open(period, rng, ends - TOO_LATE)
            if duty is None:
                return
            self._count_opening(duty)
            await self._means.serve(duty, watch)

    async def _open(self, period: GuardPeriod, rng: random.Random, until: float) -> OnGuard | None:
        """Open a shift, trying one vehicle after the other; ``None`` when there is nothing to open any more."""
        while self._stage.calendar.now() < until:
            vehicle = self._means.vehicle_for(period.sector.id)
            reply = await self._try(period, vehicle, rng) if vehicle is not None else None
            shift = reply.read(Shift) if reply is not None and reply.ok else None
            if vehicle is not None and shift is not None:
                return OnGuard(period, shift, vehicle, self._means.kit.phone_of(vehicle.info.id))
            if reply is not None and reply.problem.code in NOT_FOR_US:
                return None
            await self._stage.clock.sleep(TRIES_AGAIN_AFTER)
        return None

    async def _try(self, period: GuardPeriod, vehicle: Vehicle, rng: random.Random) -> Reply | None:
        """Try to open the shift with one vehicle, which nobody else may take meanwhile."""
        phone = self._means.kit.phone_of(vehicle.info.id)
        vehicle.on_guard = True
        reply = None
        if await phone.post.connect(self._stage):
            body: dict[str, JsonValue] = {"period_id": period.id, "vehicle_id": vehicle.info.id}
            body["teammate"] = await self._means.teammate(phone, rng)
            reply = await phone.post.client.post("/v1/guard/shifts", body)
            self._stage.ledger.judge("open shift", reply)
        vehicle.on_guard = reply is not None and reply.ok
        return reply

    def _count_opening(self, duty: OnGuard) -> None:
        guard = self._stage.ledger.guard
        guard["shifts opened"] += 1
        guard["shifts opened late"] += duty.shift.late_s * self._stage.clock.speed > LATE
        self._stage.ledger.moved()
