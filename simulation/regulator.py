"""A company's regulator: sees the solicitations, answers them after a human delay, or does not answer."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from simulation import habits
from simulation.client import Body, Reply
from simulation.clock import around
from simulation.desk import Desk
from simulation.fleet import Fleet, Vehicle
from simulation.habits import Answer
from simulation.lists import read_all
from simulation.runtime import CompanyAccount
from simulation.stage import Stage
from simulation.wire import AcceptanceVerdict, OpenSolicitation, Page

_NAMES_VEHICLE = frozenset({"SITE", "FREE_CHOICE"})


class Regulator:
    """Answers for one company. The same seed, place and tier give the same decision, whatever the order."""

    def __init__(
        self,
        account: CompanyAccount,
        desk: Desk,
        stage: Stage,
        fleet: Fleet,
        mission_won: Callable[[], None],
    ) -> None:
        """``mission_won`` is called when an acceptance has been confirmed."""
        self._account = account
        self._desk = desk
        self._stage = stage
        self._fleet = fleet
        self._mission_won = mission_won
        self._look = asyncio.Event()
        self._seen: set[str] = set()
        self._ringing: set[str] = set()
        self._spoken: set[tuple[str, str]] = set()

    def look(self) -> None:
        """Have the open solicitations read again soon."""
        self._look.set()

    async def run(self, work: asyncio.TaskGroup) -> None:
        """Read the open solicitations when something rings, and now and then in any case; until cancelled."""
        while True:
            await self._desk.awake.wait()
            self._look.clear()
            if self._desk.is_open:
                await self._read(work)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._stage.poll_every):
                    await self._look.wait()
            # Cards ring in bursts: one look for all of them.
            await asyncio.sleep(0.05)

    async def _read(self, work: asyncio.TaskGroup) -> None:
        """Begin to think about every solicitation not seen before."""
        path = "/v1/solicitations"
        found = await read_all(self._desk.client, self._stage, path, Page[OpenSolicitation], state="OPEN")
        if found is None:
            return
        # The guard's phone answers for the guard, and a post only for what it regulates (rules 14 and 55).
        cards = [one for one in found if one.tier != "GUARD" and one.answerable_here is not False]
        fresh = [one for one in cards if one.id not in self._seen]
        self._seen = {one.id for one in cards}
        self._ringing &= self._seen
        asked = {one.demand_id for one in cards}
        self._spoken = {(demand, tier) for demand, tier in self._spoken if demand in asked}
        for solicitation in fresh:
            work.create_task(self.answer(solicitation))

    async def answer(self, solicitation: OpenSolicitation) -> None:
        """Think, then answer one solicitation as the company has decided for this demand and tier."""
        rng = self._stage.rng(self._account.name, _place(solicitation), solicitation.tier)
        hard = habits.is_hard(self._stage.rng("mood", _place(solicitation)), self._stage.habits)
        decision = habits.choose_answer(rng, solicitation.tier, hard=hard)
        if decision is Answer.SILENCE:
            self._stage.ledger.answers["silence"] += 1
            return
        hand = self._stage.rng(self._account.name, solicitation.id)
        if not await self._rings_until_answered(solicitation, around(hand, self._stage.habits.answer_after)):
            self._stage.ledger.answers["closed before the answer"] += 1
        elif decision is Answer.ACCEPT:
            await self._accept_once(solicitation)
        elif decision is Answer.COUNTER and self._first_word(solicitation):
            await self._counter(solicitation, habits.counter_delay(rng, solicitation))
        else:
            await self._refuse(solicitation, hand.choice(habits.REFUSALS))

    async def _rings_until_answered(self, solicitation: OpenSolicitation, seconds: float) -> bool:
        """Think for some simulated ``seconds``; says whether the card is still there to be answered."""
        self._ringing.add(solicitation.id)
        await self._stage.clock.sleep(seconds)
        await self._desk.awake.wait()
        still_there = solicitation.id in self._ringing
        self._ringing.discard(solicitation.id)
        return still_there

    def _first_word(self, solicitation: OpenSolicitation) -> bool:
        """Whether the company has not yet accepted or promised anything for this demand in this tier."""
        topic = (solicitation.demand_id, solicitation.tier)
        first = topic not in self._spoken
        self._spoken.add(topic)
        return first

    async def _accept_once(self, solicitation: OpenSolicitation) -> None:
        """Accept on one of the company's cards only; its others close by themselves (rule 29)."""
        vehicle = self._vehicle(solicitation)
        known = solicitation.vehicle_id is None or solicitation.vehicle_id in self._fleet.vehicles
        if known and (vehicle is None or not vehicle.free):
            await self._refuse(solicitation, "Équipage en mission")
        elif self._first_word(solicitation):
            await self._accept(solicitation, vehicle)
        else:
            self._stage.ledger.answers["left to the other card"] += 1

    def _vehicle(self, solicitation: OpenSolicitation) -> Vehicle | None:
        """Return the vehicle that was asked for, or the one to name (rule 27)."""
        if solicitation.vehicle_id is not None:
            return self._fleet.vehicles.get(solicitation.vehicle_id)
        return self._fleet.vehicle_for(solicitation)

    async def _accept(self, solicitation: OpenSolicitation, vehicle: Vehicle | None) -> None:
        """Accept; the vehicle counts as taken until the verdict is known (rule 94)."""
        names = vehicle is not None and solicitation.tier in _NAMES_VEHICLE
        body: Body = {"vehicle_id": vehicle.info.id} if vehicle is not None and names else {}
        if vehicle is not None:
            vehicle.promised_to = solicitation.demand_id
        try:
            reply = await self._say(solicitation, "acceptance", body)
        finally:
            if vehicle is not None:
                vehicle.promised_to = None
        self._hear_verdict(solicitation, vehicle, reply)

    def _hear_verdict(self, solicitation: OpenSolicitation, vehicle: Vehicle | None, reply: Reply) -> None:
        """The mission is the company's only when it is confirmed (rule 28)."""
        ledger = self._stage.ledger
        if not ledger.judge("acceptance", reply):
            self._spoken.discard((solicitation.demand_id, solicitation.tier))
            ledger.answers[f"acceptance: {reply.problem.code if reply.status else 'no answer'}"] += 1
            return
        verdict = reply.read(AcceptanceVerdict) or AcceptanceVerdict()
        ledger.answers[f"acceptance: {verdict.outcome.lower()}"] += 1
        ledger.moved()
        if vehicle is not None and verdict.outcome.upper() == "CONFIRMED":
            vehicle.mission_id = verdict.mission_id
        self._mission_won()

    async def _refuse(self, solicitation: OpenSolicitation, reason: str) -> None:
        """Refuse with a reason."""
        self._count("refusal", await self._say(solicitation, "refusal", {"reason": reason}))

    async def _counter(self, solicitation: OpenSolicitation, minutes: int) -> None:
        """Refuse with a counter-delay: a promise (rule 7)."""
        reply = await self._say(solicitation, "counter-proposal", {"delay_minutes": minutes})
        self._count("counter-delay", reply)

    async def _say(self, solicitation: OpenSolicitation, word: str, body: Body) -> Reply:
        """Answer under the epoch of the regulation that the desk believes to hold (rule 37)."""
        vehicle = self._fleet.vehicles.get(solicitation.vehicle_id or "")
        epoch = self._desk.epoch_for(solicitation, vehicle.info.site_id if vehicle else None)
        path = f"/v1/solicitations/{solicitation.id}/{word}"
        return await self._desk.client.post(path, body, epoch=epoch)

    def _count(self, word: str, reply: Reply) -> None:
        """Count an answer; one that came too late is ordinary life."""
        if self._stage.ledger.judge(word, reply):
            self._stage.ledger.answers[word] += 1
            self._stage.ledger.moved()
        else:
            self._stage.ledger.answers[f"{word}: {reply.problem.code if reply.status else 'no answer'}"] += 1


def _place(solicitation: OpenSolicitation) -> str:
    """Name a demand by its place: the same in two runs of the same seed, unlike its id."""
    pickup = solicitation.demand.pickup
    return f"{pickup.lat:.4f},{pickup.lon:.4f}" if pickup else solicitation.demand_id
