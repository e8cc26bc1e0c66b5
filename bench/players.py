"""Who plays in a benchmark or a test of the whole stack, through the public API: a SAMU, its coordinator, anybody.

Companies play on their devices: `bench.post`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import uuid4

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse

from simulation.runtime import Login

LAT, LON = 43.2130, 2.3491
PLACE = {"lat": LAT, "lon": LON, "address": "12 rue de Verdun, 11000 Carcassonne"}
Json = dict[str, Any]
Found = TypeVar("Found")

TIMEOUT_S = 20.0
STREAM_TIMEOUT_S = 60.0
"""A stream has a comment every 15 s: one that is silent for so long is dead."""
LOOK_EVERY_S = 0.2


@dataclass
class Heard:
    """What a stream told so far, in its order; each fact with its kind, and its place in the whole journal."""

    facts: list[Json] = field(default_factory=list)
    ended: bool = False
    """The server said goodbye: nothing is sent to this listener any more."""
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, holds: Callable[[Json], bool], within: float = 30) -> Json:
        """The first fact that holds, from the beginning; wait for it. Raises TimeoutError."""
        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(lambda: any(holds(each) for each in self.facts))
        return next(each for each in self.facts if holds(each))

    async def until_ended(self, within: float = 30) -> None:
        """Wait until the server ends the stream. Raises TimeoutError."""
        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(lambda: self.ended)

    async def take(self, event: ServerSentEvent | None) -> None:
        """Note one event; none is the end."""
        async with self._news:
            if event is None:
                self.ended = True
            else:
                self.facts.append({**data_of(event), "position": int(event.id) if event.id else None})
            self._news.notify_all()


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
        timeout = httpx.Timeout(TIMEOUT_S, read=STREAM_TIMEOUT_S)
        async with aconnect_sse(self.http, "GET", "/v1/stream", headers=headers, timeout=timeout) as source:
            source.response.raise_for_status()
            yield source.aiter_sse()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Heard]:
        """The caller's live facts from now on, collected beside whatever else is done."""
        heard = Heard()
        async with self.stream() as events:
            listening = asyncio.create_task(_listen(events, heard))
            try:
                yield heard
            finally:
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening

    async def fleet(self) -> list[Json]:
        """The companies that the caller may see, with their means."""
        told: list[Json] = (await self.call("GET", "/v1/fleet"))["companies"]
        return told

    async def journal(self, demand_id: str) -> list[Json]:
        """The facts of a demand that the caller may see, in order."""
        told: list[Json] = (await self.call("GET", f"/v1/demands/{demand_id}/journal"))["items"]
        return told

    async def alarms(self, **wanted: str) -> list[Json]:
        """The alarms that the caller may see, newest first, those that are over as well."""
        told: list[Json] = (await self.call("GET", "/v1/alarms"))["items"]
        return [each for each in told if all(each[name] == value for name, value in wanted.items())]


@dataclass
class Samu(Player):
    """The SAMU's software."""

    posted: list[str] = field(default_factory=list)
    """Its demands, so that whoever is done can end what still runs."""

    async def post(self, **more: Any) -> Json:
        """Post a demand in Carcassonne."""
        body = {
            "reference": f"DRM-{uuid4()}",
            "max_delay_minutes": 40,
            "volume": "AMBULANCE",
            "pickup": PLACE,
        }
        told = await self.call("POST", "/v1/demands", {**body, **more})
        self.posted.append(told["id"])
        return told

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

    async def verdicts(self, demand_id: str, **wanted: str) -> list[Json]:
        """Why vehicles and sites were, or were not, solicited; ``wanted`` are filters of the API."""
        told: list[Json] = []
        while True:
            page = await self.call("GET", f"/v1/demands/{demand_id}/verdicts?{urlencode(wanted)}")
            told += page["items"]
            if page["next_cursor"] is None:
                return told
            wanted["cursor"] = page["next_cursor"]

    async def cancel(self, demand_id: str, reason: str = "essai") -> httpx.Response:
        """Cancel a demand; any status is returned."""
        return await self.http.post(f"/v1/demands/{demand_id}/cancellation", json={"reason": reason})


@dataclass
class Coordinator(Player):
    """The ATSU's coordinator, who keeps the roster."""

    async def import_roster(self, table: str) -> Json:
        """Import a roster in CSV; what was planned."""
        response = await self.http.post(
            "/v1/guard/roster", content=table.encode(), headers={"Content-Type": "text/csv"}
        )
        if response.is_error:
            raise AssertionError(f"roster: {response.status_code} {response.text}")
        told: Json = response.json()
        return told


@asynccontextmanager
async def samu(api: str, api_key: str) -> AsyncIterator[Samu]:
    """The SAMU with its key."""
    async with httpx.AsyncClient(base_url=api, headers={"X-API-Key": api_key}, timeout=TIMEOUT_S) as http:
        yield Samu(http)


@asynccontextmanager
async def coordinator(api: str, login: Login) -> AsyncIterator[Coordinator]:
    """The coordinator, logged in."""
    async with logged_in(api, login) as http:
        yield Coordinator(http)


@asynccontextmanager
async def logged_in(api: str, login: Login) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a person's token."""
    async with httpx.AsyncClient(base_url=api, timeout=TIMEOUT_S) as http:
        form = {"username": login.username, "password": login.password}
        token = (await http.post("/v1/token", data=form)).raise_for_status().json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        yield http


async def eventually(look: Callable[[], Awaitable[Found]], within: float = 30) -> Found:
    """What is found, once there is anything; looks again and again. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while True:
            found = await look()
            if found:
                return found
            await asyncio.sleep(LOOK_EVERY_S)


def data_of(event: ServerSentEvent) -> Json:
    """The JSON of a stream event."""
    told: Json = json.loads(event.data)
    return told


async def _listen(events: AsyncIterator[ServerSentEvent], heard: Heard) -> None:
    """Until the stream ends, or breaks with its server: both are its end for whoever listens."""
    with suppress(httpx.TransportError):
        async for event in events:
            if event.data:  # the first thing sent is how long to wait before connecting again
                await heard.take(event)
    await heard.take(None)
