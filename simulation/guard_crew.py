"""A crew on guard: opens its shift, answers on its phone alone, goes home at the end or is sent home."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass

from simulation import habits
from simulation.client import ApiClient, Reply
from simulation.clock import around
from simulation.fleet import Vehicle
from simulation.habits import Answer, Watch
from simulation.lists import read_all
from simulation.phone import CrewPhone
from simulation.stage import Stage
from simulation.stream import EventStream, StreamEvent
from simulation.wire import AcceptanceVerdict, OpenSolicitation, Page
from simulation.wire_duty import GuardPeriod, Shift

CLOSED_SOON = 240.0
"""A crew ends its shift so long before the end of the period at most (simulated seconds)."""
_CHANGES_CARDS = frozenset({"solicitation_opened", "solicitation_withdrawn", "solicitations_rung"})


@dataclass(frozen=True, slots=True)
class OnGuard:
    """A shift that is open: whose vehicle, on which phone, for which period."""

    period: GuardPeriod
    shift: Shift
    vehicle: Vehicle
    phone: CrewPhone

    @property
    def client(self) -> ApiClient:
        """The phone's way to the API."""
        return self.phone.post.client


class GuardCrew:
    """Keeps one open shift, from its opening to its end."""

    def __init__(self, duty: OnGuard, stage: Stage, watch: Watch, company: str) -> None:
        """``watch`` says how it ends; ``company`` is the company's name, which draws the answers."""
        self._duty = duty
        self._stage = stage
        self._watch = watch
        self._company = company
        self._look = asyncio.Event()
        self._over = asyncio.Event()
        self._known: set[str] = set()

    async def serve(self) -> None:
        """Answer until the shift is over."""
        stream = EventStream(
            self._duty.client,
            self._hear,
            self._stage.rng(self._company, self._duty.period.id, "stream"),
            connected=self._look.set,
        )
        own = [stream.listen(), self._answer_all(), self._beat(), self._end(), self._told()]
        tasks = [asyncio.create_task(one) for one in own]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _hear(self, event: StreamEvent) -> None:
        if event.kind == "shift_closed" and event.body.data.shift_id == self._duty.shift.id:
            self._over.set()
        elif event.kind in _CHANGES_CARDS:
            self._look.set()

    async def _told(self) -> None:
        """Wait for the fact that the shift is over."""
        await self._over.wait()

    async def _beat(self) -> None:
        """Say that the phone is there; whoever holds nothing has nothing to lose but its green light."""
        while True:
            reply = await self._duty.client.post("/v1/regulation/heartbeat", {})
            self._stage.ledger.judge("heartbeat of a guard", reply)
            await asyncio.sleep(self._stage.beat_every)

    # -- answering ---------------------------------------------------------------------------------------------------

    async def _answer_all(self) -> None:
        """Read the guard's cards when something rings, and now and then in any case."""
        async with asyncio.TaskGroup() as thinking:
            while True:
                self._look.clear()
                for card in await self._cards():
                    if card.id not in self._known:
                        self._known.add(card.id)
                        thinking.create_task(self._answer(card))
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._stage.poll_every):
                        await self._look.wait()

    async def _cards(self) -> list[OpenSolicitation]:
        found = await read_all(
            self._duty.client, self._stage, "/v1/solicitations", Page[OpenSolicitation], state="OPEN"
        )
        mine = self._duty.vehicle.info.id
        return [card for card in found or () if card.tier == "GUARD" and card.vehicle_id == mine]

    async def _answer(self, card: OpenSolicitation) -> None:
        """Accept mostly; rarely say "indisponible" with a reason, or say nothing at all (rule 13)."""
        place = _place(card)
        rng = self._stage.rng(self._company, place, card.tier)
        hard = habits.is_hard(self._stage.rng("mood", place), self._stage.habits)
        decision = habits.choose_answer(rng, card.tier, hard=hard)
        if decision is Answer.SILENCE:
            self._stage.ledger.guard["solicitations without a word"] += 1
            return
        await self._stage.clock.sleep(around(rng, self._stage.habits.answer_after))
        if decision is Answer.ACCEPT:
            await self._accept(card)
        else:
            await self._refuse(card, rng)

    async def _accept(self, card: OpenSolicitation) -> None:
        reply = await self._duty.client.post(f"/v1/solicitations/{card.id}/acceptance", {})
        if not self._count("guard acceptance", "acceptances", reply):
            return
        verdict = reply.read(AcceptanceVerdict) or AcceptanceVerdict()
        if verdict.mission_id is not None:
            self._duty.vehicle.mission_id = verdict.mission_id
            self._stage.ledger.guard["missions"] += 1

    async def _refuse(self, card: OpenSolicitation, rng: random.Random) -> None:
        body = {"reason": rng.choice(habits.UNAVAILABILITIES)}
        reply = await self._duty.client.post(f"/v1/solicitations/{card.id}/unavailability", body)
        self._count("unavailability", "unavailabilities", reply)

    def _count(self, what: str, counted: str, reply: Reply) -> bool:
        taken = self._stage.ledger.judge(what, reply)
        if taken:
            self._stage.ledger.guard[counted] += 1
            self._stage.ledger.moved()
        return taken

    # -- the end -----------------------------------------------------------------------------------------------------

    async def _end(self) -> None:
        """Close the shift a little before the end, or leave that to the watch of the period (rule 66)."""
        calendar = self._stage.calendar
        ends = calendar.moment(self._duty.period.ends_at)
        rng = self._stage.rng(self._company, self._duty.period.sector.name, "end")
        if self._watch.closes_itself:
            await calendar.until(ends - rng.uniform(0.0, CLOSED_SOON))
            await self._close()
        else:
            await calendar.until(ends)
        while True:  # the stream may say it first
            if await self._was_closed():
                return
            await asyncio.sleep(self._stage.poll_every)

    async def _close(self) -> None:
        """Close it; "still busy" leaves it to the watch, which waits for the end of the mission."""
        path = f"/v1/guard/shifts/{self._duty.shift.id}"
        reply = await self._duty.client.delete(path, confirm="true")
        if self._stage.ledger.judge("close shift", reply):
            self._stage.ledger.guard["shifts closed by the crew"] += 1

    async def _was_closed(self) -> bool:
        """Whether the server says that the shift is over."""
        found = await read_all(self._duty.client, self._stage, "/v1/guard/periods", Page[GuardPeriod])
        mine = [one for one in found or () if one.id == self._duty.period.id and one.shift is not None]
        return any(one.shift is not None and one.shift.closed_at is not None for one in mine)


def _place(card: OpenSolicitation) -> str:
    """Name a demand by its place: the same in two runs of the same seed, unlike its id."""
    pickup = card.demand.pickup
    return f"{pickup.lat:.4f},{pickup.lon:.4f}" if pickup else card.demand_id
