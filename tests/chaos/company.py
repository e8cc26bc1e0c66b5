"""A company under chaos: its regulator races with the others for the same demands, its crews do what was won."""

import asyncio
import random
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from simulation.client import ApiClient, Body
from simulation.crew import Crew, CrewRoom
from simulation.desk import Desk
from simulation.fleet import Fleet, Leg, Vehicle
from simulation.habits import REFUSALS
from simulation.hospitals import Hospital
from simulation.identity import PersonIdentity
from simulation.lists import read_all
from simulation.posts import PLUGIN, Post
from simulation.retry import Patience
from simulation.runtime import CompanyAccount
from simulation.stage import Stage
from simulation.stream import EventStream, StreamEvent
from simulation.telematics import Telematics
from simulation.wire import Mission, Page, Point
from tests.chaos.ears import Listener
from tests.chaos.evidence import Ear, Json
from tests.chaos.wire import Logbook, open_client

PATIENCE = Patience(total=120.0, first_pause=0.2, longest_pause=2.0)
WINDOW_S = (0.3, 2.0)
"""When after its first ring everybody answers a demand, at the same instant."""
LATE_S = 1.5
WORDS = (("accept", "accept twice", "refuse", "counter", "late", "silence"), (50, 12, 14, 12, 4, 8))
CENTRE = Point(lat=43.2130, lon=2.3491)
SPREAD = 0.04
CHANGES_MISSIONS = frozenset({"mission_assigned", "mission_ended", "demand_cancelled", "demand_completed"})


@dataclass(slots=True)
class Starter:
    """Lets all companies answer a demand at the same instant."""

    rng: random.Random
    _moments: dict[str, float] = field(default_factory=dict)

    async def wait(self, demand_id: str) -> None:
        """Until the instant of this demand; whoever asks first after it begins another."""
        now = asyncio.get_running_loop().time()
        if self._moments.get(demand_id, 0.0) <= now:
            self._moments[demand_id] = now + self.rng.uniform(*WINDOW_S)
        await asyncio.sleep(self._moments[demand_id] - now)


class Company:
    """Plays one company, through the public API, on one device."""

    def __init__(
        self,
        api: str,
        account: CompanyAccount,
        stage: Stage,
        starter: Starter,
        log: Logbook,
        hospitals: tuple[Hospital, ...],
    ) -> None:
        self._account, self._stage, self._starter = account, stage, starter
        self._rng = stage.rng(account.name, "answers")
        self.http = open_client(api, account.id, log)
        identity = PersonIdentity(account.regulator)
        rng = stage.rng(account.name, "pauses")
        client = ApiClient(self.http, identity, rng, patience=PATIENCE, count=stage.ledger.note_call)
        self.desk = Desk(account, stage, Post(PLUGIN, "Poste du chaos", client))
        self.fleet = _fleet(account, stage.rng(account.name, "places"))
        self._telematics = Telematics(client, stage, self.fleet, account.name)
        self._room = CrewRoom(self.fleet, client, stage, hospitals)
        self.ear = Ear(account.name, company_id=account.id)
        self._cards: dict[str, list[Json]] = defaultdict(list)
        self._rings: asyncio.Queue[str] = asyncio.Queue()
        self._nudge = asyncio.Event()
        self.at_work: set[str] = set()

    async def open(self) -> None:
        """Take the regulation of every site, say where everybody is, tick them."""
        await self.desk.open(self.desk.post)
        await self._telematics.report()
        means = [f"sites/{site.id}" for site in self._account.sites]
        means += [f"vehicles/{vehicle_id}" for vehicle_id in self.fleet.vehicles]
        for each in means:
            reply = await self.desk.client.put(f"/v1/{each}/availability", {"available": True})
            self._stage.ledger.judge("tick", reply)

    async def run(self) -> None:
        """Work until cancelled."""
        listener = Listener(self.ear, self._hear)
        stream = EventStream(
            self.desk.client,
            listener.take,
            self._stage.rng(self._account.name, "stream"),
            connected=listener.connected,
            first_pause=0.2,
        )
        stream.last_event_id = "0"
        async with asyncio.TaskGroup() as work:
            work.create_task(stream.listen())
            work.create_task(self.desk.keep())
            work.create_task(self._telematics.run())
            work.create_task(self._answer_all(work))
            work.create_task(self._watch_missions(work))

    def _hear(self, event: StreamEvent, told: Json) -> None:
        if event.kind == "solicitation_opened":
            data: Json = told["data"]
            self._cards[told["demand_id"]].append(data)
            self._rings.put_nowait(told["demand_id"])
        elif event.kind in CHANGES_MISSIONS:
            self._nudge.set()

    # -- answers -------------------------------------------------------------------------------------------------

    async def _answer_all(self, work: asyncio.TaskGroup) -> None:
        while True:
            work.create_task(self._race(await self._rings.get()))

    async def _race(self, demand_id: str) -> None:
        """Answer what rings for a demand, at the instant at which everybody does."""
        await self._starter.wait(demand_id)
        cards = self._cards.pop(demand_id, [])
        if not cards:
            return  # answered with another card of the same burst
        mood = self._rng.choices(*WORDS)[0]
        if mood == "late":
            await self._outstay(cards)
        answers = [self._say(card, word, body) for card, word, body in self._drawn(mood, cards)]
        await asyncio.gather(*answers)

    def _drawn(self, mood: str, cards: list[Json]) -> list[tuple[Json, str, Body]]:
        """What is said to which card: some on one, some on two at once, some the same twice."""
        self._rng.shuffle(cards)
        if mood in {"accept", "late"}:
            return [self._acceptance(cards[0])]
        if mood == "accept twice":
            return [self._acceptance(card) for card in (cards[0], cards[-1])]
        if mood == "refuse":
            return [(card, "refusal", {"reason": self._rng.choice(REFUSALS)}) for card in cards]
        if mood == "counter":
            return [(cards[0], "counter-proposal", {"delay_minutes": self._rng.randrange(61, 121)})]
        return []

    def _acceptance(self, card: Json) -> tuple[Json, str, Body]:
        named = card.get("vehicle_id") or self._rng.choice(list(self.fleet.vehicles))
        return card, "acceptance", {} if card.get("vehicle_id") else {"vehicle_id": named}

    async def _outstay(self, cards: list[Json]) -> None:
        """Wait until the countdown is over: silence that speaks after it must never win."""
        until = max(datetime.fromisoformat(card["answer_before"]) for card in cards)
        left = (until - datetime.now(UTC)).total_seconds() + LATE_S
        await asyncio.sleep(max(0.0, left))

    async def _say(self, card: Json, word: str, body: Body) -> None:
        path = f"/v1/solicitations/{card['solicitation_id']}/{word}"
        reply = await self.desk.client.post(path, body, epoch=self._epoch(card))
        if self._stage.ledger.judge(word, reply):
            self._nudge.set()

    def _epoch(self, card: Json) -> int | None:
        vehicle = self.fleet.vehicles.get(card.get("vehicle_id") or "")
        site_id = card.get("site_id") or (vehicle.info.site_id if vehicle else None)
        if site_id is not None:
            return self.desk.epochs.get(site_id)
        return next(iter(self.desk.epochs.values()), None)

    # -- missions ------------------------------------------------------------------------------------------------

    async def _watch_missions(self, work: asyncio.TaskGroup) -> None:
        """Read the open missions when something happened, and now and then in any case."""
        while True:
            self._nudge.clear()
            found = await read_all(self.desk.client, self._stage, "/v1/missions", Page[Mission], state="OPEN")
            if found is not None:
                self._send_crews(found, work)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._stage.poll_every):
                    await self._nudge.wait()

    def _send_crews(self, missions: list[Mission], work: asyncio.TaskGroup) -> None:
        for over in self.fleet.engagements() - {mission.id for mission in missions}:
            self.fleet.release(over)
        for mission in missions:
            vehicle = self.fleet.vehicles.get(mission.vehicle_id)
            if vehicle is not None and mission.id not in self.at_work:
                self.at_work.add(mission.id)
                work.create_task(self._do(mission, vehicle))

    async def _do(self, mission: Mission, vehicle: Vehicle) -> None:
        await Crew(self._room, vehicle, lambda: self.desk.client, mission).play()
        self.at_work.discard(mission.id)
        self._nudge.set()


def _fleet(account: CompanyAccount, rng: random.Random) -> Fleet:
    """All of its vehicles around one town: they are wanted by every demand."""
    vehicles = {}
    for info in account.vehicles:
        lat, lon = (middle + rng.uniform(-SPREAD, SPREAD) for middle in (CENTRE.lat, CENTRE.lon))
        home = Point(lat=lat, lon=lon)
        vehicles[info.id] = Vehicle(info, home, Leg(home, home, 0.0, 0.0))
    return Fleet(vehicles)
