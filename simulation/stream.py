"""Listens to ``GET /v1/stream`` for ever: reconnects and resumes after the last event handled."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import httpx
from httpx_sse import EventSource, ServerSentEvent, SSEError, aconnect_sse
from pydantic import ValidationError

from simulation.client import ApiClient
from simulation.wire import FactBody

# The server sends a comment every 15 s: three missed ones mean that the connection is dead.
STREAM_TIMEOUT = httpx.Timeout(connect=5.0, read=45.0, write=10.0, pool=30.0)
LONGEST_PAUSE = 10.0


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One fact that the caller may see; ``id`` is its place in the whole journal, ``text`` what was sent."""

    kind: str
    body: FactBody
    id: str = ""
    text: str = ""


class EventStream:
    """The live stream of one caller, as an endless task."""

    def __init__(
        self,
        client: ApiClient,
        handle: Callable[[StreamEvent], None],
        rng: random.Random,
        *,
        connected: Callable[[], None] = lambda: None,
        first_pause: float = 0.5,
    ) -> None:
        """``handle`` gets every event once, in order; ``connected`` is told of every (re)connection."""
        self._client = client
        self._handle = handle
        self._connected = connected
        self._rng = rng
        self._first_pause = first_pause
        self._pause = first_pause
        self.last_event_id = ""

    async def listen(self) -> None:
        """Run until cancelled. A lost connection is tried again after a growing pause (real seconds)."""
        while True:
            with suppress(httpx.HTTPError, SSEError, ValidationError):
                await self._one_connection()
            await asyncio.sleep(self._pause * self._rng.uniform(0.8, 1.2))
            self._pause = min(LONGEST_PAUSE, self._pause * 2)

    async def _one_connection(self) -> None:
        """Read one connection to its end."""
        who = await self._client.headers()
        resume = {"Last-Event-ID": self.last_event_id} if self.last_event_id else {}
        async with aconnect_sse(
            self._client.http, "GET", "/v1/stream", headers=who | resume, timeout=STREAM_TIMEOUT
        ) as source:
            if source.response.status_code == httpx.codes.UNAUTHORIZED:
                self._client.identity.expired(who)
            source.response.raise_for_status()
            self._pause = self._first_pause
            self._connected()
            await self._read(source)

    async def _read(self, source: EventSource) -> None:
        """Hand over every event; its id is remembered only once it has been handled."""
        async for event in source.aiter_sse():
            if event.retry is not None:
                self._pause = min(LONGEST_PAUSE, event.retry / 1000)
            self._hand_over(event)
            self.last_event_id = event.id or self.last_event_id

    def _hand_over(self, event: ServerSentEvent) -> None:
        """Parse leniently: an event without data, or that cannot be read, is not ours to act on."""
        with suppress(ValidationError):
            if event.data:
                body = FactBody.model_validate_json(event.data)
                self._handle(StreamEvent(event.event, body, event.id, event.data))
