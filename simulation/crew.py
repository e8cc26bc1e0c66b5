"""A crew on a mission: it drives, works, passes the steps in order, and now and then takes a legal exit."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus

from simulation import habits
from simulation.client import ApiClient, Reply
from simulation.clock import around, utc_now
from simulation.fleet import Fleet, Leg, Vehicle, distance_km
from simulation.hospitals import Hospital
from simulation.stage import Stage
from simulation.wire import STEPS, Mission, Point

TRY_AGAIN_AFTER = 2.0
"""Real seconds before a step that was not taken is tried again."""


@dataclass(frozen=True, slots=True)
class CrewRoom:
    """What the crews of one company share. ``office`` reads the missions and ticks the vehicles."""

    fleet: Fleet
    office: ApiClient
    stage: Stage
    hospitals: Sequence[Hospital]


class Crew:
    """The crew of one vehicle on one mission."""

    def __init__(
        self, room: CrewRoom, vehicle: Vehicle, hand: Callable[[], ApiClient], mission: Mission
    ) -> None:
        """``hand`` tells who passes the steps now: the crew's phone (R1, R3, R4, guard), or the desk (R2)."""
        self._fleet = room.fleet
        self._office = room.office
        self._stage = room.stage
        self._hospitals = room.hospitals
        self._vehicle = vehicle
        self._hand = hand
        self._mission = room.fleet.take(mission)
        self._path = f"/v1/missions/{mission.id}"
        self._rng = room.stage.rng(vehicle.info.name, _place(mission), "mission")
        self._script = habits.draw_script(self._rng, room.stage.habits)
        self._step_ids: dict[str, str] = {}

    async def play(self) -> None:
        """Do the mission from the step it is at, to its end or to the news that it is over."""
        self._catch_up()
        await self._receive()
        at: str | None = self._mission.sheet.step
        while at in STEPS[:-1] and not self._mission.over.is_set():
            at = await self._advance(_after(at))
        self._fleet.release(self._mission.sheet.id)
        if self._vehicle.free:
            self._vehicle.drive(self._vehicle.home, self._stage.clock.now(), self._script.speed_kmh)

    async def _receive(self) -> None:
        """The device has the mission, then somebody reads its sheet: each is told once (rule 30)."""
        if self._mission.sheet.step != STEPS[0]:
            return
        await self._tell("DELIVERED")
        await self._pause(around(self._rng, habits.READS_AFTER))
        if self._mission.over.is_set():
            return
        sheet = await self._hand().get(self._path)
        if self._stage.ledger.judge("read sheet", sheet):
            await self._tell("OPENED")

    async def _tell(self, receipt: str) -> None:
        reply = await self._hand().post(f"{self._path}/receipt", {"receipt": receipt})
        if self._stage.ledger.judge(f"receipt {receipt}", reply):
            self._stage.ledger.steps[receipt.lower()] += 1

    async def _advance(self, step: str) -> str | None:
        """Work up to ``step``, pass it, and live through what happens then. Returns where the mission is."""
        await self._pause(self._drive_before(step))
        await self._pause(habits.work_before(self._rng, step))
        if self._mission.over.is_set():
            return None
        at = await self._pass(step)
        return await self._afterwards(step) if at == step else at

    async def _pause(self, seconds: float) -> None:
        """Wait ``seconds`` of the simulated world, or until the mission is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._stage.clock.real(seconds)):
                await self._mission.over.wait()

    async def _pass(self, step: str) -> str | None:
        """Report ``step``. Returns the step that the mission is then at, ``None`` when it is over."""
        step_id = self._step_ids.setdefault(step, str(uuid.uuid4()))
        body = {"step": step, "step_id": step_id, "occurred_at": utc_now().isoformat()}
        reply = await self._hand().post(f"{self._path}/steps", body)
        if not self._stage.ledger.judge(f"step {step}", reply):
            return await self._realign(step, reply)
        self._stage.ledger.steps[step] += 1
        if reply.status != HTTPStatus.ACCEPTED:
            self._stage.ledger.moved()
        return step

    async def _realign(self, step: str, reply: Reply) -> str | None:
        """Find out where the mission is after a step was not taken: somebody else passed it, or it ended."""
        problem = reply.problem
        if problem.code in {"mission_ended", "mission_unknown", "demand_closed"}:
            return None
        await asyncio.sleep(TRY_AGAIN_AFTER)
        if problem.expected_step in STEPS[1:]:
            return _before(problem.expected_step)
        sheet = await self._office.get(self._path)
        now = sheet.read(Mission) if sheet.ok else None
        if now is not None:
            return now.step
        return None if sheet.status == HTTPStatus.NOT_FOUND else _before(step)

    async def _afterwards(self, step: str) -> str | None:
        """Play what the script has after ``step``: a slip of the finger, a breakdown, a patient who stays."""
        if step == self._script.undone_step and await self._undo(step):
            return _before(step)
        if step == self._script.breaks_down_after and await self._break_down():
            return None
        if step == "BILAN_REALISE" and self._script.no_transport and await self._leave_without():
            return _before("DISPONIBLE")
        return step

    async def _undo(self, step: str) -> bool:
        """Take the step back soon after: the server allows it for 60 real seconds (rule 44). Done once."""
        self._script = replace(self._script, undone_step=None)
        await self._pause(min(30.0, around(self._rng, 8.0)))
        reply = await self._hand().delete(f"{self._path}/steps/{self._step_ids.pop(step)}")
        return self._count("undone", reply)

    async def _leave_without(self) -> bool:
        """End without transport, with the legal reason; the crew then only has to become free again."""
        body = {"reason": self._rng.choice(habits.NO_TRANSPORTS)}
        return self._count("no transport", await self._hand().post(f"{self._path}/no-transport", body))

    async def _break_down(self) -> bool:
        """Report a breakdown: another vehicle is searched, this one is out for a while (rule 92)."""
        body = {"reason": self._rng.choice(habits.BREAKDOWNS)}
        if not self._count("breakdown", await self._hand().post(f"{self._path}/breakdown", body)):
            return False
        self._vehicle.broken = True
        self._fleet.release(self._mission.sheet.id)
        await self._tick(available=False)
        await self._stage.clock.sleep(self._stage.habits.breakdown_lasts)
        self._vehicle.broken = False
        if self._vehicle.on_duty:  # by now its service may be over
            await self._tick(available=True)
        return True

    async def _tick(self, *, available: bool) -> None:
        path = f"/v1/vehicles/{self._vehicle.info.id}/availability"
        self._stage.ledger.judge("tick", await self._office.put(path, {"available": available}))

    def _count(self, what: str, reply: Reply) -> bool:
        """Count something out of the ordinary; when the server refuses it the mission simply goes on."""
        taken = self._stage.ledger.judge(what, reply)
        if taken:
            self._stage.ledger.steps[what] += 1
            self._stage.ledger.moved()
        return taken

    def _drive_before(self, step: str) -> float:
        """Set off when ``step`` is an arrival; returns the simulated seconds of driving."""
        targets = {"LIEU_INTERVENTION": self._mission.sheet.pickup, "LIEU_DESTINATION": self._destination()}
        target = targets.get(step)
        if target is None:
            return 0.0
        return self._vehicle.drive(target, self._stage.clock.now(), self._script.speed_kmh)

    def _destination(self) -> Point:
        """Return where the patient goes: what the SAMU gave, else the nearest hospital, by telephone."""
        sheet = self._mission.sheet
        given, here = sheet.destination, sheet.pickup or self._vehicle.home
        if given and given.lat is not None and given.lon is not None:
            return Point(lat=given.lat, lon=given.lon)
        places = {hospital.facility_id: hospital.place for hospital in self._hospitals}
        if given and given.facility_id in places:
            return places[given.facility_id]
        return min(places.values(), key=lambda place: distance_km(here, place), default=self._vehicle.home)

    def _catch_up(self) -> None:
        """Stand where the mission already is, when it is taken over in its middle (after a restart)."""
        sheet = self._mission.sheet
        if sheet.pickup and sheet.step in STEPS[3:]:
            self._vehicle.leg = Leg(sheet.pickup, sheet.pickup, 0.0, 0.0)


def _after(step: str) -> str:
    """Return the step that comes after ``step``."""
    return STEPS[STEPS.index(step) + 1]


def _before(step: str) -> str:
    """Return the step that comes before ``step``."""
    return STEPS[STEPS.index(step) - 1]


def _place(mission: Mission) -> str:
    """Name a mission by its place: the same in two runs of the same seed, unlike its id."""
    return f"{mission.pickup.lat:.4f},{mission.pickup.lon:.4f}" if mission.pickup else mission.id
