"""A company at work: its desk, its guard, the missions that it knows of, and the crews that it sends out."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import httpx

from simulation.client import ApiClient
from simulation.crew import Crew, CrewRoom
from simulation.fleet import Fleet, Vehicle, fleet_of
from simulation.guard_means import GuardMeans
from simulation.guard_room import GuardRoom
from simulation.hospitals import Hospital
from simulation.kit import Kit
from simulation.lists import read_all
from simulation.missing_period import MissingPeriod
from simulation.regulator import Regulator
from simulation.runtime import CompanyAccount
from simulation.sectors import SectorPlace
from simulation.stage import Stage
from simulation.stream import EventStream, StreamEvent
from simulation.telematics import Telematics
from simulation.wire import Mission, Page
from simulation.workday import Workday

_CHANGES_CARDS = frozenset({"solicitation_opened", "solicitation_withdrawn", "solicitations_rung"})
_CHANGES_MISSIONS = frozenset(
    {"mission_assigned", "mission_ended", "demand_completed", "demand_unfulfilled", "demand_cancelled"}
)
_CHANGES_GUARD = frozenset({"guard_planned", "guard_withdrawn"})


class Company:
    """Plays one company: its regulator, a crew in every vehicle, its guard, the vehicles' positions."""

    def __init__(
        self,
        account: CompanyAccount,
        http: httpx.AsyncClient,
        stage: Stage,
        hospitals: Sequence[Hospital],
        sectors: Sequence[SectorPlace],
    ) -> None:
        """Nothing is asked of the server before ``open``; ``sectors`` is filled in by then."""
        self._name = account.name
        self._stage = stage
        self._nudge = asyncio.Event()
        self._at_work: set[str] = set()
        self.fleet: Fleet = fleet_of(account)
        self._kit = Kit(account, http, stage)
        self._room = CrewRoom(self.fleet, self._kit.office, stage, hospitals)
        self.telematics = Telematics(self._kit.office, stage, self.fleet, account.name)
        self.workday = Workday(account, self._kit, self.fleet, stage, self.telematics)
        means = GuardMeans(account, self._kit, self.fleet, stage, sectors)
        self.guard = GuardRoom(means)
        self._missing = MissingPeriod(means)
        self.regulator = Regulator(account, self.workday.desk, stage, self.fleet, self._nudge.set)

    async def open(self) -> None:
        """Begin the day, or the night."""
        await self.workday.begin()

    async def run(self) -> None:
        """Work until cancelled."""
        ear = EventStream(
            self._kit.office,
            self._hear,
            self._stage.rng(self._name, "stream"),
            connected=self.regulator.look,
        )
        async with asyncio.TaskGroup() as work:
            work.create_task(ear.listen())
            work.create_task(self.workday.desk.keep())
            work.create_task(self.workday.live(work))
            work.create_task(self.guard.run(work))
            work.create_task(self._missing.run())
            work.create_task(self.regulator.run(work))
            work.create_task(self.telematics.run())
            work.create_task(self._watch_missions(work))
            for vehicle_id in self.fleet.vehicles:
                work.create_task(self._kit.phone_of(vehicle_id).keep())

    def _hear(self, event: StreamEvent) -> None:
        """Look at what a fact may have changed; the lists of the server are the truth."""
        if event.kind in _CHANGES_CARDS:
            self.regulator.look()
        elif event.kind in _CHANGES_MISSIONS:
            self._nudge.set()
        elif event.kind in _CHANGES_GUARD:
            self.guard.look()

    async def _watch_missions(self, work: asyncio.TaskGroup) -> None:
        """Read the open missions when something happened, and now and then in any case."""
        while True:
            self._nudge.clear()
            await self._read_missions(work)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._stage.poll_every):
                    await self._nudge.wait()

    async def _read_missions(self, work: asyncio.TaskGroup) -> None:
        """Send a crew on every open mission that has none; forget those that are over."""
        known = self.fleet.engagements()
        missions = await read_all(self._kit.office, self._stage, "/v1/missions", Page[Mission], state="OPEN")
        if missions is None:
            return
        for mission_id in known - {mission.id for mission in missions}:
            self.fleet.release(mission_id)
        for mission in missions:
            self.fleet.take(mission)
            if mission.id not in self._at_work and mission.vehicle_id in self.fleet.vehicles:
                self._at_work.add(mission.id)
                work.create_task(self._send(mission))

    async def _send(self, mission: Mission) -> None:
        """Have the vehicle's crew do the mission."""
        vehicle = self.fleet.vehicles[mission.vehicle_id]
        self._stage.ledger.modes.setdefault(mission.id, self.workday.mode_of(vehicle))
        await Crew(self._room, vehicle, partial(self._hand_of, vehicle), mission).play()
        self._at_work.discard(mission.id)
        self._nudge.set()

    def _hand_of(self, vehicle: Vehicle) -> ApiClient:
        """Return who passes the steps now: the phone in the vehicle, or whoever is at the desk (R2)."""
        phone = self._kit.phone_of(vehicle.info.id)
        return phone.post.client if phone.bound else self.workday.desk.client
