"""The SAMU's file on one demand: followed until its end, arbitrated, closed when nobody can come."""

import asyncio
import random
from collections.abc import Sequence

from simulation import habits
from simulation.client import ApiClient
from simulation.clock import around
from simulation.hospitals import Hospital
from simulation.stage import Stage
from simulation.stream import StreamEvent
from simulation.wire import CounterProposal, Demand

_NEWS = frozenset(
    {
        "arbitration_opened",
        "carence_proposed",
        "mission_assigned",
        "mission_ended",
        "demand_completed",
        "demand_unfulfilled",
        "demand_cancelled",
    }
)
_AT_PATIENT = frozenset({"LIEU_INTERVENTION", "BILAN_REALISE"})
_BEFORE_ASSIGNMENT = frozenset({"SOLICITING_GUARD", "SOLICITING_VEHICLES", "SOLICITING_SITES", "ARBITRATION"})


class DemandFile:
    """Follows one demand by the stream and by reading it again, and does what a dispatcher does."""

    def __init__(
        self,
        demand_id: str,
        client: ApiClient,
        stage: Stage,
        rng: random.Random,
        hospitals: Sequence[Hospital] = (),
    ) -> None:
        """``rng`` decides this file's fate, drawn at once so that it does not depend on the course."""
        self.demand_id = demand_id
        self._client = client
        self._stage = stage
        self._rng = rng
        self._news = asyncio.Event()
        self._settled: set[str] = set()
        self._carence_proposed = False
        self._cancel_at = self._draw_cancellation()
        self._hospital = self._draw_hospital(hospitals)

    def notice(self, event: StreamEvent) -> None:
        """Take note of a fact of this demand; only those that may need the SAMU wake it."""
        if event.kind in {"carence_proposed", "tier_opened", "mission_assigned"}:
            # A search that begins again (after a breakdown) makes an older proposal void.
            self._carence_proposed = event.kind == "carence_proposed"
        if event.kind in _NEWS:
            self._news.set()

    async def follow(self) -> None:
        """Return once the demand has ended. Every refusal and outage on the way is survived."""
        while True:
            self._news.clear()
            reply = await self._client.get(f"/v1/demands/{self.demand_id}")
            demand = reply.read(Demand) if reply.ok else None
            if demand is None:
                self._stage.ledger.judge("read demand", reply)
            else:
                self._stage.ledger.saw(demand)
                if demand.ended:
                    return
                await self._attend(demand)
            await self._wait_for_news()

    async def _wait_for_news(self) -> None:
        """Wait for a fact, the moment of the cancellation or the next look, whichever comes first."""
        wait = self._stage.poll_every
        if self._cancel_at is not None:
            wait = min(wait, self._stage.clock.real(self._cancel_at - self._stage.clock.now()) + 0.01)
        try:
            async with asyncio.timeout(wait):
                await self._news.wait()
        except TimeoutError:
            return

    async def _attend(self, demand: Demand) -> None:
        """Do what the demand needs now."""
        if self._cancel_at is not None and self._stage.clock.now() >= self._cancel_at:
            self._cancel_at = None
            await self._act("cancellation", {"reason": self._rng.choice(habits.CANCELLATIONS)})
        elif demand.status in _BEFORE_ASSIGNMENT:
            await self._settle(demand)
        elif demand.mission is not None and demand.mission.step in _AT_PATIENT:
            await self._give_destination()

    async def _settle(self, demand: Demand) -> None:
        """Arbitrate the counter-proposals; when none is left and nobody comes, declare the carence."""
        left = [one for one in demand.counter_proposals if one.solicitation_id not in self._settled]
        arbitrating = demand.status == "ARBITRATION"
        if arbitrating and left:
            await self._arbitrate(left)
        elif arbitrating or self._carence_proposed:
            await self._stage.clock.sleep(around(self._rng, self._stage.habits.declare_carence_after))
            await self._act("carence", {"reason": "Aucun transporteur disponible"})

    async def _arbitrate(self, proposals: Sequence[CounterProposal]) -> None:
        """Accept the best mostly, sometimes another (with a reason), sometimes refuse it (rule 10).

        A promise of a company whose post went home meanwhile is refused: nobody would hear that it is accepted.
        """
        await self._stage.clock.sleep(around(self._rng, self._stage.habits.arbitrate_after))
        there = [one for one in proposals if one.regulated]
        best = min(proposals, key=lambda one: (not one.best, one.delay_minutes))
        others = [one for one in there if one is not best]
        chosen, decision, reason = best, "ACCEPT", None
        if best not in there:
            decision, reason = "REFUSE", habits.GONE_HOME
        elif self._rng.random() < self._stage.habits.refuse_counter:
            decision, reason = "REFUSE", self._rng.choice(habits.COUNTER_REFUSALS)
        elif others and self._rng.random() < self._stage.habits.accept_another:
            chosen, reason = self._rng.choice(others), self._rng.choice(habits.OTHER_CHOICES)
        body = {"decision": decision, "solicitation_id": chosen.solicitation_id, "reason": reason}
        if await self._act("arbitration", {name: value for name, value in body.items() if value is not None}):
            self._settled.add(chosen.solicitation_id)
            self._stage.ledger.samu["counter accepted" if decision == "ACCEPT" else "counter refused"] += 1

    async def _act(self, what: str, body: dict[str, str]) -> bool:
        """Tell the server, then look again at once if it was taken."""
        reply = await self._client.post(f"/v1/demands/{self.demand_id}/{what}", body)
        taken = self._stage.ledger.judge(what, reply)
        if taken:
            self._news.set()
            self._stage.ledger.samu[what] += 1
        return taken

    async def _give_destination(self) -> None:
        """Give the hospital, once, after the crew has told what it found (rule 36)."""
        if (hospital := self._hospital) is None:
            return
        self._hospital = None
        path = f"/v1/demands/{self.demand_id}/destination"
        reply = await self._client.put(path, {"facility_id": hospital.facility_id})
        if self._stage.ledger.judge("destination", reply):
            self._stage.ledger.samu["destination"] += 1

    def _draw_cancellation(self) -> float | None:
        """Draw whether and at which simulated moment the SAMU no longer needs the vehicle (rule 90)."""
        at = self._stage.clock.now() + self._rng.uniform(5.0, self._stage.habits.cancel_within)
        return at if self._rng.random() < self._stage.habits.cancel else None

    def _draw_hospital(self, hospitals: Sequence[Hospital]) -> Hospital | None:
        """Draw the destination that will be given, for some missions."""
        given = self._rng.random() < self._stage.habits.destination_given
        return self._rng.choice(hospitals) if given and hospitals else None
