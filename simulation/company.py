"""A company at work: its regulator's post, the missions that it knows of, and the crews that it sends out."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import httpx

from simulation.client import ApiClient
from simulation.crew import Crew, CrewRoom
from simulation.fleet import Fleet, Vehicle, fleet_of
from simulation.hospitals import Hospital
from simulation.identity import PersonIdentity
from simulation.lists import read_all
from simulation.opening import keep_leases, open_desk, register_device
from simulation.regulator import Regulator
from simulation.runtime import CompanyAccount
from simulation.stage import Stage
from simulation.stream import EventStream, StreamEvent
from simulation.telematics import Telematics
from simulation.wire import Mission, Page

_CHANGES_CARDS = frozenset({"solicitation_opened", "solicitation_withdrawn"})
_CHANGES_MISSIONS = frozenset(
    {"mission_assigned", "mission_ended", "demand_completed", "demand_unfulfilled", "demand_cancelled"}
)

BY_PHONE = 0.8
"""The share of crews that pass the steps themselves."""


class Company:
    """Plays one company: one regulator, a crew in every vehicle, the vehicles' positions."""

    def __init__(
        self, account: CompanyAccount, http: httpx.AsyncClient, stage: Stage, hospitals: Sequence[Hospital]
    ) -> None:
        """Nothing is asked of the server before ``run``."""
        self._account = account
        self._http = http
        self._stage = stage
        self._nudge = asyncio.Event()
        self._at_work: set[str] = set()
        self._phones: dict[str, ApiClient] = {}
        self._leased = False
        self.fleet: Fleet = fleet_of(account)
        self.client = self._client_of(account.regulator.username, PersonIdentity(account.regulator))
        self._room = CrewRoom(self.fleet, self.client, stage, hospitals)
        self.regulator = Regulator(account, self.client, stage, self.fleet, self._nudge.set)
        self.telematics = Telematics(self.client, stage, self.fleet, account.name)

    async def open(self) -> None:
        """Begin the day: positions first, so that what is ticked next can be found at once."""
        self._leased = await open_desk(self._account, self.client, self._stage, self.fleet, self.telematics)

    async def run(self) -> None:
        """Work until cancelled."""
        name = self._account.name
        stream = EventStream(
            self.client, self._hear, self._stage.rng(name, "stream"), connected=self.regulator.look
        )
        async with asyncio.TaskGroup() as work:
            work.create_task(stream.listen())
            work.create_task(self.regulator.run(work))
            work.create_task(self.telematics.run())
            work.create_task(self._watch_missions(work))
            if self._leased:
                work.create_task(keep_leases(self.client, self._stage))
            for vehicle in self.fleet.vehicles.values():
                if not vehicle.on_duty:
                    work.create_task(self._come_on_duty(vehicle))

    def _hear(self, event: StreamEvent) -> None:
        """Look at what a fact may have changed; the lists of the server are the truth."""
        if event.kind in _CHANGES_CARDS:
            self.regulator.look()
        elif event.kind in _CHANGES_MISSIONS:
            self._nudge.set()

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
        missions = await read_all(self.client, self._stage, "/v1/missions", Page[Mission], state="OPEN")
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
        await Crew(self._room, vehicle, await self._hand_of(vehicle), mission).play()
        self._at_work.discard(mission.id)
        self._nudge.set()

    async def _hand_of(self, vehicle: Vehicle) -> ApiClient:
        """Return who passes the steps: the crew's phone (R1), or the regulator's page (R2)."""
        if vehicle.info.id not in self._phones:
            self._phones[vehicle.info.id] = await self._phone_of(vehicle) or self.client
        return self._phones[vehicle.info.id]

    async def _phone_of(self, vehicle: Vehicle) -> ApiClient | None:
        """Log a crew's phone in and register it; ``None`` when this crew works without one."""
        logins, name = self._account.crews, vehicle.info.name
        if not logins or self._stage.rng(self._account.name, name, "mode").random() >= BY_PHONE:
            return None
        login = logins[list(self.fleet.vehicles).index(vehicle.info.id) % len(logins)]
        phone = self._client_of(f"{login.username}/{name}", PersonIdentity(login))
        return phone if await register_device(phone, self._stage, "MOBILE", f"Téléphone {name}") else None

    async def _come_on_duty(self, vehicle: Vehicle) -> None:
        """Tick a vehicle whose crew begins later: a newcomer to the searches that are open then."""
        rng = self._stage.rng(self._account.name, vehicle.info.name, "duty")
        await self._stage.clock.sleep(rng.uniform(0.2, 1.0) * self._stage.habits.late_by)
        reply = await self.client.put(f"/v1/vehicles/{vehicle.info.id}/availability", {"available": True})
        vehicle.on_duty = self._stage.ledger.judge("tick vehicle", reply)

    def _client_of(self, name: str, identity: PersonIdentity) -> ApiClient:
        return ApiClient(
            self._http, identity, self._stage.rng(name, "pauses"), count=self._stage.ledger.note_call
        )
