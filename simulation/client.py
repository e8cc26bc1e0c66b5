"""One caller's way to the API: every call has its key and is repeated while the server is away or busy."""

import asyncio
import itertools
import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

import httpx
from pydantic import BaseModel, JsonValue, ValidationError

from simulation.identity import Identity
from simulation.retry import BUSY, Patience, pause_before
from simulation.wire import Problem

Body = Mapping[str, JsonValue]
Parsed = TypeVar("Parsed", bound=BaseModel)
CallCounter = Callable[[str], None]

TIMEOUT = httpx.Timeout(connect=5.0, read=20.0, write=10.0, pool=30.0)
LIMITS = httpx.Limits(max_connections=200, max_keepalive_connections=60)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said at last. ``status`` 0 means that it could not be reached at all."""

    status: int
    content: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the server took the call (202 "kept, will be applied" included)."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def problem(self) -> Problem:
        """Return the problem document, or a default one when there is none."""
        return self.read(Problem) or Problem()

    def read(self, shape: type[Parsed]) -> Parsed | None:
        """Parse the body as ``shape``; ``None`` when it is not that."""
        try:
            return shape.model_validate_json(self.content)
        except ValidationError:
            return None


class ApiClient:
    """Calls the API as one identity. A server that refuses or is away raises nothing: a ``Reply`` says it."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        identity: Identity,
        rng: random.Random,
        *,
        patience: Patience | None = None,
        count: CallCounter = lambda _: None,
    ) -> None:
        """``count`` is told ``retried`` for every repetition and ``unreachable`` for every call given up."""
        self.http = http
        self.identity = identity
        self.device_id: str | None = None
        self._rng = rng
        self._patience = patience or Patience()
        self._count = count

    async def headers(self) -> dict[str, str]:
        """Return the headers that identify the caller and its device; logs in when needed."""
        device = {"X-Device-Id": self.device_id} if self.device_id else {}
        return await self.identity.headers(self.http) | device

    async def get(self, path: str, **params: str) -> Reply:
        """Read."""
        return await self._call(_Call("GET", path, params=params))

    async def put(self, path: str, body: Body) -> Reply:
        """Set: repeatable by nature."""
        return await self._call(_Call("PUT", path, body))

    async def patch(self, path: str, body: Body) -> Reply:
        """Change, once: as ``post``."""
        return await self._call(_Call("PATCH", path, body, key=str(uuid.uuid4())))

    async def delete(self, path: str, **params: str) -> Reply:
        """Take away: repeatable by nature."""
        return await self._call(_Call("DELETE", path, params=params))

    async def post(self, path: str, body: Body, *, epoch: int | None = None) -> Reply:
        """Do once: the same ``Idempotency-Key`` goes with every repetition of this call.

        ``epoch`` is the fencing token of the regulation that an answer is given under.
        """
        return await self._call(_Call("POST", path, body, key=str(uuid.uuid4()), epoch=epoch))

    async def _call(self, call: "_Call") -> Reply:
        """Repeat the call until it has a definite answer or patience ends."""
        gives_up_at = time.monotonic() + self._patience.total
        for attempt in itertools.count(1):
            reply, retry_after = await self._as_known_caller(call)
            if not _comes_later(reply):
                break
            pause = pause_before(attempt, retry_after, self._patience, self._rng)
            if time.monotonic() + pause > gives_up_at:
                self._count("unreachable")
                break
            self._count("retried")
            await asyncio.sleep(pause)
        return reply

    async def _as_known_caller(self, call: "_Call") -> tuple[Reply, str | None]:
        """Call once more with a fresh token when the first one had expired."""
        answer = await self._once(call)
        return await self._once(call) if answer[0].status == HTTPStatus.UNAUTHORIZED else answer

    async def _once(self, call: "_Call") -> tuple[Reply, str | None]:
        """Call once; a failure of the network or of the login becomes a reply."""
        try:
            who = await self.headers()
            response = await self.http.request(
                call.method, call.path, json=call.body, params=call.params, headers=who | call.extra
            )
        except httpx.HTTPStatusError as error:
            return Reply(error.response.status_code, error.response.content), _retry_after(error.response)
        except (httpx.HTTPError, ValidationError):
            return Reply(0), None
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            self.identity.expired(who)
        return Reply(response.status_code, response.content), _retry_after(response)


@dataclass(frozen=True, slots=True)
class _Call:
    """One intention, however often it is repeated."""

    method: str
    path: str
    body: Body | None = None
    params: Mapping[str, str] | None = None
    key: str | None = None
    epoch: int | None = None

    @property
    def extra(self) -> dict[str, str]:
        """The headers of this very call."""
        key = {"Idempotency-Key": self.key} if self.key else {}
        return key | ({"X-Lease-Epoch": str(self.epoch)} if self.epoch is not None else {})


def _comes_later(reply: Reply) -> bool:
    """Nobody answered, or the server asks to repeat: it is busy, or still at work on this very call."""
    in_progress = reply.status == HTTPStatus.CONFLICT and reply.problem.code == "idempotency_in_progress"
    return reply.status == 0 or reply.status in BUSY or in_progress


def _retry_after(response: httpx.Response) -> str | None:
    """Return the server's wish for the next attempt."""
    wish: str | None = response.headers.get("Retry-After")
    return wish
