"""A town's regulator in the load: logged in, regulating its site, telling where its vehicles are, hearing its stream."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode

from bench.load_fleet import Town
from bench.wire import Wire

BEAT_EVERY_S = 5.0
TELL_EVERY_S = 30.0
SPREAD = 0.0004
"""Degrees between two vehicles of a town: some 40 m."""


@dataclass
class Heard:
    """What a company's stream told of one demand."""

    asked: dict[str, str] = field(default_factory=dict)
    """Solicitation -> vehicle."""
    first_at: float = 0.0
    """When the first solicitation came, by `time.time()`."""
    ended_at: float = 0.0
    news: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class LoadPost:
    """One regulator; ``busy`` are the vehicles that it has given away."""

    town: Town
    wire: Wire
    epoch: int = 0
    heard: defaultdict[str, Heard] = field(default_factory=lambda: defaultdict(Heard))
    busy: set[str] = field(default_factory=set)

    async def until(self, demand_id: str, asked: int, within: float) -> Heard:
        """Wait until so many were asked for a demand; what was heard. Raises TimeoutError."""
        heard = self.heard[demand_id]
        async with asyncio.timeout(within):
            while len(heard.asked) < asked:
                heard.news.clear()
                await heard.news.wait()
        return heard

    async def until_ended(self, demand_id: str, within: float) -> Heard:
        """Wait until a demand was completed. Raises TimeoutError."""
        heard = self.heard[demand_id]
        async with asyncio.timeout(within):
            while not heard.ended_at:
                heard.news.clear()
                await heard.news.wait()
        return heard

    async def take(self) -> None:
        """Regulate the site, under a new epoch."""
        told = await self.wire.told("PUT", f"/v1/regulation/sites/{self.town.site_id}", b'{"take_over":true}')
        self.epoch = json.loads(told)["epoch"]

    async def answer(self, solicitation_id: str, verb: str) -> dict[str, str]:
        """Answer one; what came of it. A post that was suspended meanwhile takes its site again, and answers again."""
        told = await self._answer(solicitation_id, verb)
        if told.get("code") in {"lease_lost", "stale_epoch"}:
            await self.take()
            told = await self._answer(solicitation_id, verb)
        return told

    async def _answer(self, solicitation_id: str, verb: str) -> dict[str, str]:
        path, epoch = f"/v1/solicitations/{solicitation_id}/{verb}", f"x-lease-epoch: {self.epoch}"
        _, body = await self.wire.persist("POST", path, b"{}", epoch)
        told: dict[str, str] = json.loads(body)
        return told

    async def listen(self, open_for_all: asyncio.Event) -> None:
        """Note what the stream tells, until cancelled."""
        async for name, data in self.wire.events("/v1/stream"):
            open_for_all.set()
            if name == b"solicitation_opened":
                self._asked(json.loads(data))
            elif name == b"mission_ended":
                heard = self.heard[json.loads(data)["demand_id"]]
                heard.ended_at = time.time()
                heard.news.set()

    def _asked(self, fact: dict[str, object]) -> None:
        heard, told = self.heard[str(fact["demand_id"])], fact["data"]
        assert isinstance(told, dict)  # noqa: S101 - every fact has data
        heard.asked[told["solicitation_id"]] = told["vehicle_id"]
        heard.first_at = heard.first_at or time.time()
        heard.news.set()

    async def stay(self) -> None:
        """Send heartbeats and positions until cancelled."""
        for beat in range(10**9):
            await self.wire.told("POST", "/v1/regulation/heartbeat")
            if beat % (TELL_EVERY_S // BEAT_EVERY_S) == 0:
                await self.wire.told("POST", "/v1/positions", self._positions())
            await asyncio.sleep(BEAT_EVERY_S)

    def _positions(self) -> bytes:
        at, town = datetime.now(UTC).isoformat(), self.town
        told = [
            {
                "vehicle_id": str(vehicle),
                "lat": town.lat + number * SPREAD,
                "lon": town.lon,
                "recorded_at": at,
                "speed_kmh": 0.0,
            }
            for number, vehicle in enumerate(town.vehicles)
        ]
        return json.dumps({"positions": told}).encode()


@asynccontextmanager
async def on_duty(api: str, town: Town) -> AsyncIterator[LoadPost]:
    """The regulator of a town, from its login until it logs out."""
    wire = Wire(api)
    form = urlencode({"username": town.username, "password": town.password}).encode()
    token = await wire.told("POST", "/v1/token", form, "content-type: application/x-www-form-urlencoded")
    wire.headers.append(f"authorization: Bearer {json.loads(token)['access_token']}")
    device = await wire.told("POST", "/v1/devices", b'{"kind":"PLUGIN","name":"charge"}')
    wire.headers.append(f"x-device-id: {json.loads(device)['id']}")
    post = LoadPost(town, wire)
    await post.take()
    hears = asyncio.Event()
    duties = [asyncio.create_task(post.stay()), asyncio.create_task(post.listen(hears))]
    try:
        async with asyncio.timeout(30):
            await hears.wait()
        yield post
    finally:
        for duty in duties:
            duty.cancel()
        with suppress(OSError, RuntimeError):
            await wire.told("POST", "/v1/logout?confirm=true")
        wire.close()
