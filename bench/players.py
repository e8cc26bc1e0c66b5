"""Who plays in a benchmark or a test of the whole stack: a SAMU and companies, through the public API."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse

from simulation.runtime import CompanyAccount, VehicleInfo

LAT, LON = 43.2130, 2.3491
PLACE = {"lat": LAT, "lon": LON, "address": "12 rue de Verdun, 11000 Carcassonne"}
Json = dict[str, Any]


@dataclass
class Player:
    """A caller of the API with its credentials."""

    http: httpx.AsyncClient

    async def call(self, method: str, path: str, body: Json | None = None, **headers: str) -> Json:
        """Call and demand success; the answer's JSON object."""
        response = await self.http.request(method, path, json=body, headers=headers)
        if response.is_error:
            raise AssertionError(f"{method} {path}: {response.status_code} {response.text}")
        told: Json = response.json() if response.content else {}
        return told

    @asynccontextmanager
    async def stream(self, last_event_id: str | None = None) -> AsyncIterator[AsyncIterator[ServerSentEvent]]:
        """The caller's live facts."""
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        timeout = httpx.Timeout(30, read=60)
        async with aconnect_sse(self.http, "GET", "/v1/stream", headers=headers, timeout=timeout) as source:
            source.response.raise_for_status()
            yield source.aiter_sse()


@dataclass
class Samu(Player):
    """The SAMU's software."""

    async def post(self, **more: Any) -> Json:
        """Post a demand in Carcassonne."""
        body = {
            "reference": f"DRM-{uuid4()}",
            "max_delay_minutes": 40,
            "volume": "AMBULANCE",
            "pickup": PLACE,
        }
        return await self.call("POST", "/v1/demands", {**body, **more})

    async def demand(self, demand_id: str) -> Json:
        """A demand as it stands."""
        return await self.call("GET", f"/v1/demands/{demand_id}")

    async def until(self, demand_id: str, *statuses: str, within: float = 30) -> Json:
        """Wait until the demand has one of the statuses."""
        async with asyncio.timeout(within):
            async with self.stream() as events:  # before the first look, so that no change is missed
                while (told := await self.demand(demand_id))["status"] not in statuses:
                    await anext(events)
        return told


@dataclass
class Company(Player):
    """A company's regulator, on a device that answers."""

    account: CompanyAccount
    vehicles: list[VehicleInfo] = field(default_factory=list)

    async def tick(self, vehicle: VehicleInfo, lat: float, lon: float) -> None:
        """Make a vehicle available at a place."""
        await self.call("PUT", f"/v1/vehicles/{vehicle.id}/availability", {"available": True})
        await self.locate(vehicle, lat, lon)

    async def locate(self, vehicle: VehicleInfo, lat: float, lon: float) -> None:
        """Send a position of now."""
        fix = {"lat": lat, "lon": lon, "recorded_at": datetime.now(UTC).isoformat()}
        await self.call("PUT", f"/v1/vehicles/{vehicle.id}/position", fix)

    async def answer(self, solicitation_id: str, verb: str, body: Json | None = None) -> httpx.Response:
        """Answer a solicitation; any status is returned."""
        return await self.http.post(f"/v1/solicitations/{solicitation_id}/{verb}", json=body or {})

    async def open_solicitations(self) -> list[Json]:
        """What rings now."""
        told: list[Json] = (await self.call("GET", "/v1/solicitations?state=OPEN"))["items"]
        return told

    async def step(self, mission_id: str, step: str) -> httpx.Response:
        """Pass a step."""
        body = {"step": step, "step_id": str(uuid4())}
        return await self.http.post(f"/v1/missions/{mission_id}/steps", json=body)


@asynccontextmanager
async def samu(api: str, api_key: str) -> AsyncIterator[Samu]:
    """The SAMU with its key."""
    async with httpx.AsyncClient(base_url=api, headers={"X-API-Key": api_key}, timeout=20) as http:
        yield Samu(http)


@asynccontextmanager
async def company(api: str, account: CompanyAccount) -> AsyncIterator[Company]:
    """A company's regulator: logged in, with a device."""
    async with httpx.AsyncClient(base_url=api, timeout=20) as http:
        form = {"username": account.regulator.username, "password": account.regulator.password}
        token = (await http.post("/v1/token", data=form)).raise_for_status().json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        player = Company(http, account, list(account.vehicles))
        device = await player.call("POST", "/v1/devices", {"kind": "PLUGIN", "name": "poste 1"})
        http.headers["X-Device-Id"] = str(device["id"])
        yield player


def data_of(event: ServerSentEvent) -> Json:
    """The JSON of a stream event."""
    told: Json = json.loads(event.data)
    return told
