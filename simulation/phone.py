"""A crew's phone: in the vehicle with its crew, or in nobody's pocket."""

import asyncio
import random

from pydantic import JsonValue

from simulation.posts import Post
from simulation.stage import Stage
from simulation.wire import Page
from simulation.wire_duty import Member

BEATS_EVERY = 6
"""A crew's phone says that it is there six times less often than what regulates: there are many of them."""
CREW_SIZE = 2


class CrewPhone:
    """The phone of one vehicle's crew. ``bound`` while it is declared in the vehicle."""

    def __init__(self, post: Post, vehicle_id: str, stage: Stage) -> None:
        """``post`` connects when the phone is first needed."""
        self._stage = stage
        self._path = f"/v1/vehicles/{vehicle_id}/crew"
        self.post = post
        self.bound = False

    async def come_aboard(self, rng: random.Random) -> bool:
        """Declare the crew in the vehicle (rule 25); says whether the phone is in it now."""
        if not await self.post.connect(self._stage):
            return False
        crew: list[JsonValue] = [
            {"name": one.name, "diploma": one.diploma} for one in await self.teammates(rng, CREW_SIZE)
        ]
        body: dict[str, JsonValue] = {
            "device_id": self.post.device_id,
            "members": crew or [{"name": "Équipage"}],
        }
        reply = await self.post.client.put(self._path, body)
        self.bound = self._stage.ledger.judge("declare crew", reply)
        if self.bound:
            self._stage.ledger.duty["crew aboard"] += 1
        return self.bound

    async def leave(self) -> None:
        """Leave the vehicle at the end of service."""
        if self.bound:
            self.bound = False
            self._stage.ledger.judge("leave vehicle", await self.post.client.delete(self._path))

    async def keep(self) -> None:
        """Say now and then that it is there, until cancelled."""
        while True:
            await asyncio.sleep(self._stage.beat_every * BEATS_EVERY)
            if self.bound:
                reply = await self.post.client.post("/v1/regulation/heartbeat", {})
                self._stage.ledger.judge("heartbeat of a phone", reply)

    async def teammates(self, rng: random.Random, how_many: int) -> list[Member]:
        """Draw some of the company's staff, as its list has them (rule 56)."""
        reply = await self.post.client.get("/v1/guard/teammates")
        staff = reply.read(Page[Member]) if self._stage.ledger.judge("read teammates", reply) else None
        known = staff.items if staff else []
        return rng.sample(known, min(how_many, len(known)))
