"""Somebody of a company on one device: regulates, answers, drives, keeps the guard, through the public API."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import httpx

from bench.players import Json, Player, eventually, logged_in
from simulation.runtime import CompanyAccount, Login, VehicleInfo

BEAT_EVERY_S = 5.0

log = logging.getLogger(__name__)


@dataclass
class Post(Player):
    """A person of a company on a device of a kind: PLUGIN, WEB or MOBILE."""

    account: CompanyAccount
    kind: str
    device_id: str
    epochs: dict[str, int] = field(default_factory=dict)
    """The sites that it has taken, each with its epoch: what it believes, until it is told otherwise."""
    readiness: Json = field(default_factory=dict)
    """What its last heartbeat was answered."""
    heard_at: float = 0.0
    """When that heartbeat was sent, by `time.time()`."""
    ticked: set[str] = field(default_factory=set)
    shift_id: str | None = None
    _beating: "asyncio.Task[None] | None" = None

    @property
    def vehicles(self) -> list[VehicleInfo]:
        """The company's."""
        return self.account.vehicles

    # -- regulating ----------------------------------------------------------------------------------------------

    async def take(self, *site_ids: str, take_over: bool = False) -> None:
        """Regulate these sites, by default all of the company's, and keep them by a heartbeat every five seconds."""
        body = {"take_over": True} if take_over else None
        for site_id in site_ids or [site.id for site in self.account.sites]:
            lease = await self.call("PUT", f"/v1/regulation/sites/{site_id}", body)
            self.epochs[site_id] = lease["epoch"]
        await self.beat()
        self.start_beating()

    async def beat(self) -> Json:
        """Send one heartbeat; the readiness that it is answered."""
        sent = time.time()
        self.readiness = await self.call("POST", "/v1/regulation/heartbeat")
        self.heard_at = sent
        return self.readiness

    async def until_green(self, within: float = 20) -> str:
        """Send heartbeats until the device is ready; the sentence that it is told then. Raises TimeoutError."""

        async def sentence() -> str:
            told = await self.beat()
            return str(told["sentence"]) if told["colour"] == "GREEN" else ""

        return await eventually(sentence, within)

    def start_beating(self) -> None:
        """Send a heartbeat every five seconds, beside whatever else is done."""
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat_on())

    async def freeze(self) -> float:
        """Send no heartbeat any more; when the last one was sent."""
        beating, self._beating = self._beating, None
        if beating is not None:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating
        return self.heard_at

    async def _beat_on(self) -> None:
        """A server that is away, or refuses, is asked again: so does every client."""
        while True:
            await asyncio.sleep(BEAT_EVERY_S)
            try:
                await self.beat()
            except (httpx.TransportError, AssertionError) as error:
                log.info("heartbeat of %s: %s", self.device_id, error)

    async def give_up(self, site_id: str) -> None:
        """Regulate a site no more."""
        await self.call("DELETE", f"/v1/regulation/sites/{site_id}?confirm=true")
        self.epochs.pop(site_id, None)

    async def offer(self, site_id: str, to: "Post") -> None:
        """Offer a site to another device; it stays here until that one accepts."""
        await self.call("POST", f"/v1/regulation/sites/{site_id}/handover", {"to_device_id": to.device_id})

    async def accept_offer(self, site_id: str) -> Json:
        """Regulate a site that was offered."""
        lease = await self.call("POST", f"/v1/regulation/sites/{site_id}/handover/acceptance")
        self.epochs[site_id] = lease["epoch"]
        self.start_beating()
        return lease

    # -- means ---------------------------------------------------------------------------------------------------

    async def tick(self, vehicle: VehicleInfo, lat: float, lon: float) -> None:
        """Make a vehicle available at a place."""
        await self._tick(f"/v1/vehicles/{vehicle.id}/availability")
        await self.locate(vehicle, lat, lon)

    async def tick_site(self, site_id: str) -> None:
        """Make a site available."""
        await self._tick(f"/v1/sites/{site_id}/availability")

    async def _tick(self, path: str) -> None:
        self.ticked.add(path)
        await self.call("PUT", path, {"available": True})

    async def locate(self, vehicle: VehicleInfo, lat: float, lon: float) -> None:
        """Send a position of now."""
        fix = {"lat": lat, "lon": lon, "recorded_at": datetime.now(UTC).isoformat()}
        await self.call("PUT", f"/v1/vehicles/{vehicle.id}/position", fix)

    async def bind(self, vehicle: VehicleInfo, *names: str) -> Json:
        """Declare a crew in a vehicle, on this phone."""
        members = [{"name": name, "diploma": "DEA"} for name in names]
        body = {"device_id": self.device_id, "members": members}
        return await self.call("PUT", f"/v1/vehicles/{vehicle.id}/crew", body)

    # -- answers -------------------------------------------------------------------------------------------------

    async def answer(
        self, asked: Json, verb: str, body: Json | None = None, *, epoch: int | None = None
    ) -> httpx.Response:
        """Answer a solicitation, as it was listed or told, under the lease that this device believes to hold, or under
        ``epoch``; any status is returned.
        """
        epoch = epoch if epoch is not None else self.epochs.get(self._site_of(asked))
        headers = {"X-Lease-Epoch": str(epoch)} if epoch is not None else {}
        solicitation_id = asked.get("solicitation_id") or asked["id"]
        return await self.http.post(
            f"/v1/solicitations/{solicitation_id}/{verb}", json=body or {}, headers=headers
        )

    def _site_of(self, asked: Json) -> str:
        """The site that answers: the one that is asked, or the vehicle's."""
        site_of = {vehicle.id: vehicle.site_id for vehicle in self.vehicles}
        return asked.get("site_id") or site_of.get(asked.get("vehicle_id") or "", "")

    async def open_solicitations(self, demand_id: str | None = None) -> list[Json]:
        """What rings now, of one demand or of all."""
        told: list[Json] = (await self.call("GET", "/v1/solicitations?state=OPEN"))["items"]
        return [each for each in told if demand_id in {None, each["demand_id"]}]

    # -- missions ------------------------------------------------------------------------------------------------

    async def step(self, mission_id: str, step: str, occurred_at: datetime | None = None) -> httpx.Response:
        """Pass a step, perhaps one that was told by telephone a while ago."""
        body = {"step": step, "step_id": str(uuid4())}
        if occurred_at is not None:
            body["occurred_at"] = occurred_at.isoformat()
        return await self.http.post(f"/v1/missions/{mission_id}/steps", json=body)

    async def receipt(self, mission_id: str, receipt: str) -> None:
        """The mission was DELIVERED to this device, or OPENED on it."""
        await self.call("POST", f"/v1/missions/{mission_id}/receipt", {"receipt": receipt})

    # -- guard ---------------------------------------------------------------------------------------------------

    async def open_shift(self, period_id: str, vehicle: VehicleInfo, teammate: Json) -> Json:
        """Go on guard."""
        body = {"period_id": period_id, "vehicle_id": vehicle.id, "teammate": teammate}
        shift = await self.call("POST", "/v1/guard/shifts", body)
        self.shift_id = shift["id"]
        return shift

    async def close_shift(self) -> Json:
        """Be on guard no more, although the period is not over."""
        told = await self.call("DELETE", f"/v1/guard/shifts/{self.shift_id}?confirm=true")
        self.shift_id = None
        return told

    # -- the end -------------------------------------------------------------------------------------------------

    async def log_out(self) -> None:
        """End this login: its regulation is given up, it is in no vehicle, its streams end."""
        await self.freeze()
        await self.call("POST", "/v1/logout?confirm=true")

    async def leave_nothing(self) -> None:
        """Untick what was ticked, end the guard and log out, as far as the server lets; whoever comes next starts anew."""
        await self.freeze()
        with suppress(httpx.TransportError):
            for path in self.ticked:
                await self.http.put(path, json={"available": False})
            if self.shift_id is not None:
                await self.http.delete(f"/v1/guard/shifts/{self.shift_id}?confirm=true")
            await self.http.post("/v1/logout?confirm=true")


@asynccontextmanager
async def post(
    api: str, account: CompanyAccount, login: Login | None = None, kind: str = "PLUGIN"
) -> AsyncIterator[Post]:
    """A person of a company, by default its regulator, logged in on a device of their own."""
    async with logged_in(api, login or account.regulator) as http:
        device = await Player(http).call("POST", "/v1/devices", {"kind": kind, "name": f"poste {kind}"})
        http.headers["X-Device-Id"] = str(device["id"])
        player = Post(http, account, kind, str(device["id"]))
        try:
            yield player
        finally:
            await player.leave_nothing()
