"""A SAMU under chaos: posts demand after demand, arbitrates, amends, cancels, and leaves a few to themselves."""

import asyncio
import random
import time

from pydantic import JsonValue

from simulation.client import ApiClient
from simulation.demand_file import DemandFile
from simulation.hospitals import Hospital
from simulation.identity import KeyIdentity
from simulation.runtime import SamuAccount
from simulation.stage import Stage
from simulation.stream import EventStream, StreamEvent
from simulation.wire import Demand
from tests.chaos.company import CENTRE, PATIENCE, SPREAD, Starter
from tests.chaos.ears import Listener
from tests.chaos.evidence import Ear, Json
from tests.chaos.wire import Logbook, open_client

FATES = (("as usual", "amended", "cancelled in the race", "left alone"), (72, 18, 8, 2))
LAST_LEFT_OPEN = 2
"""So many are posted at the end that nobody is asked for and nobody looks after: they must stay answerable."""
NOWHERE: dict[str, JsonValue] = {"lat": 42.99, "lon": 2.03, "address": "Col du Chaos, 11140"}
ENDS_WITHIN_S = 240.0
AMENDED_WITHIN_S = 10.0


class Samu:
    """Plays the SAMU's software and its dispatchers."""

    def __init__(
        self,
        api: str,
        account: SamuAccount,
        stage: Stage,
        starter: Starter,
        log: Logbook,
        hospitals: tuple[Hospital, ...],
    ) -> None:
        self._stage, self._starter, self._hospitals = stage, starter, hospitals
        self.http = open_client(api, "samu", log)
        identity = KeyIdentity(account.api_key)
        rng = stage.rng("samu", "pauses")
        self._client = ApiClient(self.http, identity, rng, patience=PATIENCE, count=stage.ledger.note_call)
        self.ear = Ear("SAMU", samu_id=account.id)
        self._files: dict[str, DemandFile] = {}
        self._run = f"CHAOS-{time.time_ns() // 1_000_000:013d}"
        self._stopped = False
        self.posted: list[str] = []
        self.left_alone: set[str] = set()

    async def listen(self) -> None:
        """Hear everything from the beginning of the journal, until cancelled."""
        listener = Listener(self.ear, self._hear)
        stream = EventStream(
            self._client,
            listener.take,
            self._stage.rng("samu", "stream"),
            connected=listener.connected,
            first_pause=0.2,
        )
        stream.last_event_id = "0"
        await stream.listen()

    def stop(self) -> None:
        """Post no more, whatever was wished."""
        self._stopped = True

    def _hear(self, event: StreamEvent, told: Json) -> None:
        if file := self._files.get(told.get("demand_id") or ""):
            file.notice(event)

    async def play(self, demands: int, at_once: int, gap_s: float, enough: asyncio.Event) -> None:
        """Post at least so many, and until it is enough; return when all that are looked after have ended."""
        room, number = asyncio.Semaphore(at_once), 0
        async with asyncio.TaskGroup() as files:
            while not self._stopped and (number < demands or not enough.is_set()):
                number += 1
                await room.acquire()
                files.create_task(self._one(number, room))
                await asyncio.sleep(self._stage.rng("samu", "gap", number).expovariate(1 / gap_s))
        for _ in range(LAST_LEFT_OPEN):
            number += 1
            demand_id = await self._post({**self._case(number), "pickup": NOWHERE, "max_delay_minutes": 5})
            self.left_alone |= {demand_id} if demand_id else set()

    async def _one(self, number: int, room: asyncio.Semaphore) -> None:
        rng = self._stage.rng("samu", "fate", number)
        try:
            demand_id = await self._post(self._case(number))
            if demand_id is not None:
                await self._live_through(demand_id, rng.choices(*FATES)[0], rng)
        finally:
            room.release()

    async def _live_through(self, demand_id: str, fate: str, rng: random.Random) -> None:
        if fate == "left alone":
            self.left_alone.add(demand_id)
            return
        file = DemandFile(demand_id, self._client, self._stage, rng, self._hospitals)
        self._files[demand_id] = file
        deed = asyncio.create_task(self._interfere(demand_id, fate, rng))
        try:
            async with asyncio.timeout(ENDS_WITHIN_S):
                await file.follow()
        except TimeoutError:
            self._stage.ledger.errors["a demand did not end in time"] += 1
        finally:
            deed.cancel()
            await asyncio.gather(deed, return_exceptions=True)
            self._files.pop(demand_id, None)

    async def _interfere(self, demand_id: str, fate: str, rng: random.Random) -> None:
        """Change the terms at some moment, or cancel at the very instant at which the companies answer."""
        if fate == "amended":
            await asyncio.sleep(rng.uniform(0.3, AMENDED_WITHIN_S))
            reply = await self._client.patch(f"/v1/demands/{demand_id}", _amendment(rng))
            self._stage.ledger.judge("amend", reply)
        elif fate == "cancelled in the race":
            await self._starter.wait(demand_id)
            body = {"reason": "Appel en double"}
            reply = await self._client.post(f"/v1/demands/{demand_id}/cancellation", body)
            self._stage.ledger.judge("cancellation", reply)

    async def _post(self, case: dict[str, JsonValue]) -> str | None:
        """Post until the server has it: the reference makes that harmless."""
        reply = await self._client.post("/v1/demands", case)
        demand = reply.read(Demand) if self._stage.ledger.judge("post demand", reply) else None
        if demand is None:
            return None
        self._stage.ledger.saw(demand)
        self.posted.append(demand.id)
        return demand.id

    def _case(self, number: int) -> dict[str, JsonValue]:
        """The body of demand ``number``: the same for the same seed, but for this run's reference."""
        rng = self._stage.rng("samu", "case", number)
        return {
            "reference": f"{self._run}-{number:05d}",
            "max_delay_minutes": rng.choice((20, 40, 60)),
            "volume": rng.choice(("AMBULANCE", "AMBULANCE", "ASSU")),
            "pickup": {**_place(rng), "address": "1 rue du Chaos, 11000 Carcassonne"},
        }


def _place(rng: random.Random) -> dict[str, JsonValue]:
    return {
        "lat": round(CENTRE.lat + rng.uniform(-SPREAD, SPREAD), 5),
        "lon": round(CENTRE.lon + rng.uniform(-SPREAD, SPREAD), 5),
    }


def _amendment(rng: random.Random) -> dict[str, JsonValue]:
    """New terms: another delay, another volume, another place."""
    pickup: dict[str, JsonValue] = {**_place(rng), "address": "2 rue du Chaos, 11000 Carcassonne"}
    terms: tuple[dict[str, JsonValue], ...] = (
        {"max_delay_minutes": rng.choice((15, 30, 60))},
        {"volume": "ASSU"},
        {"pickup": pickup},
    )
    return rng.choice(terms)
