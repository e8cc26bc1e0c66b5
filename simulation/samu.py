"""The SAMU: posts demands where people live, irregularly, and keeps a file on each until its end."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from simulation.cases import PlaceSource, draw_case
from simulation.client import ApiClient, Reply
from simulation.demand_file import DemandFile
from simulation.hospitals import Hospital
from simulation.lists import read_all
from simulation.retry import BUSY
from simulation.samu_alarms import SamuAlarms
from simulation.stage import Stage
from simulation.stream import EventStream, StreamEvent
from simulation.wire import Demand, DemandLine, Page

PREFIX = "SIM"
"""How the simulation's own references begin."""

NIGHT_SLOWDOWN = 4.0
"""By night the gap between two demands is so many times longer."""

_OPEN_STATUSES = (
    "RECEIVED",
    "SOLICITING_GUARD",
    "SOLICITING_VEHICLES",
    "SOLICITING_SITES",
    "ARBITRATION",
    "SOLICITING_FREE_CHOICE",
    "ASSIGNED",
)


@dataclass(frozen=True, slots=True)
class Programme:
    """What the SAMU has to do: ``demands`` is None for ever; ``mean_gap`` by day, in simulated seconds."""

    demands: int | None
    mean_gap: float
    max_open: int = 25
    night_slowdown: float = NIGHT_SLOWDOWN


class Samu:
    """One SAMU's software and its dispatchers."""

    def __init__(
        self,
        client: ApiClient,
        stage: Stage,
        programme: Programme,
        places: PlaceSource,
        *,
        hospitals: Sequence[Hospital] = (),
        company_ids: Sequence[str] = (),
    ) -> None:
        """``company_ids`` are those that a patient may ask for (rule 88)."""
        self._client = client
        self._stage = stage
        self._programme = programme
        self._places = places
        self._hospitals = hospitals
        self._company_ids = list(company_ids)
        self._rng = stage.rng("samu")
        self._room = asyncio.Semaphore(programme.max_open)
        self._files: dict[str, DemandFile] = {}
        self._alarms = SamuAlarms(client, stage)
        self._run = f"{PREFIX}{time.time_ns() // 1_000_000:013d}"
        self.posted = 0
        self.not_posted = 0

    async def run(self) -> None:
        """Return when every demand of the programme has ended."""
        stream = EventStream(self._client, self._hear, self._stage.rng("samu", "stream"))
        endless = [asyncio.create_task(one) for one in (stream.listen(), self._alarms.run())]
        try:
            async with asyncio.TaskGroup() as files:
                if self._programme.demands is None:
                    await self._adopt(files)
                await self._post_all(files)
        finally:
            for task in endless:
                task.cancel()
            await asyncio.gather(*endless, return_exceptions=True)

    def _hear(self, event: StreamEvent) -> None:
        """Put a fact into its file; one of an alarm is for whoever looks at them."""
        self._alarms.notice(event)
        if file := self._files.get(event.body.demand_id or ""):
            file.notice(event)

    async def _post_all(self, files: asyncio.TaskGroup) -> None:
        """Post demand after demand; never more than ``max_open`` are open at once."""
        number = 0
        while self._programme.demands is None or number < self._programme.demands:
            number += 1
            await self._room.acquire()
            rng = self._stage.rng("samu", "demand", number)
            demand = await self._post(self._case(number, rng))
            if demand is None:
                self.not_posted += 1
                self._room.release()
            else:
                self.posted += 1
                self._stage.ledger.saw(demand)
                files.create_task(self._keep(self._open_file(demand.id, rng)))
            await self._stage.clock.sleep(self._rng.expovariate(1 / self._gap()))

    def _gap(self) -> float:
        """Return the mean time to the next demand, in simulated seconds."""
        slower = self._programme.night_slowdown if self._stage.calendar.by_night else 1.0
        return self._programme.mean_gap * slower

    def _case(self, number: int, rng: random.Random) -> dict[str, JsonValue]:
        """Invent demand ``number``: the same for the same seed, but for this run's reference."""
        reference = f"{self._run}{number:06d}"
        return draw_case(rng, self._places, self._stage.habits, reference, self._company_ids)

    async def _post(self, case: dict[str, JsonValue]) -> Demand | None:
        """Post until the server has it: the reference makes that harmless. ``None``: refused."""
        while True:
            reply = await self._client.post("/v1/demands", case)
            if self._stage.ledger.judge("post demand", reply):
                return reply.read(Demand)
            if not _away(reply):
                return None

    def _open_file(self, demand_id: str, rng: random.Random) -> DemandFile:
        """Open the file of a demand: what the stream says of it goes there from now on."""
        file = DemandFile(demand_id, self._client, self._stage, rng, self._hospitals)
        self._files[demand_id] = file
        return file

    async def _keep(self, file: DemandFile) -> None:
        """Follow one demand to its end, then make room for another."""
        try:
            await self._follow(file)
        finally:
            self._room.release()

    async def _follow(self, file: DemandFile) -> None:
        await file.follow()
        self._files.pop(file.demand_id, None)

    async def _adopt(self, files: asyncio.TaskGroup) -> None:
        """Take over what an earlier simulation left open: an arbitration has no automatic decision."""
        for status in _OPEN_STATUSES:
            for line in await self._left_open(status):
                # A demand may change its status between two lists.
                if line.id not in self._files:
                    rng = self._stage.rng("samu", "adopted", line.id)
                    files.create_task(self._follow(self._open_file(line.id, rng)))

    async def _left_open(self, status: str) -> list[DemandLine]:
        """List the simulation's own demands of one status (the newest first)."""
        lines = await read_all(self._client, self._stage, "/v1/demands", Page[DemandLine], status=status)
        return [line for line in lines or () if line.reference.startswith(PREFIX)]


def _away(reply: Reply) -> bool:
    """Whether the server could not be reached or was busy all along."""
    return reply.status == 0 or reply.status in BUSY
