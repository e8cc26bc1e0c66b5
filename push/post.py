"""Calls a push service: one message, one answer, in bounded time, and nothing of what it says is believed."""

import asyncio
import base64
import hashlib
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import httpx

from push.config import PushConfig
from push.doors import Door, door_of
from push.replies import Message, Outcome, Reply
from push.sealing import ENCODING, Sealer, UnsealableError

WITHIN_SECONDS = 5.0
MOST_BYTES = 1024
"""Of an answer: its body is empty, or of no interest."""
TOPIC_LENGTH = 32
"""RFC 8030, section 5.4."""
LONGEST_WAIT_SECONDS = 3600
MOST_CONNECTIONS = 32
GONE = frozenset({404, 410})
TOO_MANY = 429
SERVER_ERRORS = 500


def open_client(ca_file: Path | None) -> httpx.AsyncClient:
    """A client for push services: no proxy of the environment, no cookies, no redirects to elsewhere.

    Raises OSError or ssl.SSLError for certificates that cannot be read.
    """
    return httpx.AsyncClient(
        verify=ssl.create_default_context(cafile=ca_file),
        follow_redirects=False,
        trust_env=False,
        timeout=None,  # noqa: S113 - one limit for the whole exchange, see HttpPoster.post
        limits=httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS),
    )


@asynccontextmanager
async def opened(config: PushConfig) -> AsyncIterator["HttpPoster"]:
    """Who posts under this configuration. Raises ValueError or OSError for what cannot work."""
    async with open_client(config.ca_file) as client:
        yield HttpPoster(client, Sealer(config), config.doors)


class HttpPoster:
    """Posts sealed messages to the push services that may be called."""

    def __init__(self, client: httpx.AsyncClient, sealer: Sealer, doors: tuple[Door, ...]) -> None:
        """Take a client of `open_client`."""
        self._client = client
        self._sealer = sealer
        self._doors = doors

    async def post(self, message: Message, at: datetime) -> Reply:
        """Send one message; whatever happens, there is a reply, in `WITHIN_SECONDS` at the latest."""
        endpoint = str(message.subscription.get("endpoint", ""))
        if door_of(endpoint, self._doors) is None:
            return Reply(Outcome.REFUSED)
        try:
            body = self._sealer.seal(message.subscription, message.content)
            headers = self._headers(message, endpoint, at)
        except UnsealableError:
            return Reply(Outcome.GONE)  # no message can ever be sealed for it
        except ValueError:
            return Reply(Outcome.REFUSED)
        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                return await self._exchange(endpoint, body, headers)
        except (httpx.HTTPError, TimeoutError, OSError):
            return Reply(Outcome.AGAIN)

    def _headers(self, message: Message, endpoint: str, at: datetime) -> dict[str, str]:
        return {
            "Authorization": self._sealer.authorization(endpoint, at),
            "Content-Encoding": ENCODING,
            "Content-Type": "application/octet-stream",
            "TTL": str(message.lasts_seconds),
            "Urgency": "high",
            "Topic": topic_of(message.tag),
        }

    async def _exchange(self, endpoint: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        async with self._client.stream("POST", endpoint, content=body, headers=headers) as response:
            read = 0
            async for chunk in response.aiter_raw():  # to the end if it is short: the connection serves again
                read += len(chunk)
                if read > MOST_BYTES:
                    break
        return Reply(_outcome(response.status_code), _wait_seconds(response.headers.get("Retry-After")))


def topic_of(tag: str) -> str:
    """A tag as a topic: 32 signs of base64url that tell the push service nothing."""
    return base64.urlsafe_b64encode(hashlib.sha256(tag.encode()).digest()).decode()[:TOPIC_LENGTH]


def _outcome(status: int) -> Outcome:
    if httpx.codes.is_success(status):
        return Outcome.SENT
    if status in GONE:
        return Outcome.GONE
    if status == TOO_MANY or status >= SERVER_ERRORS:
        return Outcome.AGAIN
    return Outcome.REFUSED


def _wait_seconds(text: str | None) -> int | None:
    """A `Retry-After` in seconds; one that is a date is left to our own patience."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > len(str(LONGEST_WAIT_SECONDS)):
        return None
    return min(int(text), LONGEST_WAIT_SECONDS)
