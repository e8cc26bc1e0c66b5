"""What clients send and are answered, written down where it leaves and arrives: whatever a player makes of it."""

import json
import time
from collections import Counter
from collections.abc import Sequence

import httpx

from tests.chaos.evidence import Failure, Intent, Json, Phase

KEY = "Idempotency-Key"
STREAM = "/v1/stream"
CLOSED_UNDER_IT = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""The connection went while the call was on it: it is made once more at once, on another, as every browser does."""
OUTAGE = 500
AGAIN = "idempotency_in_progress"

TIMEOUT = httpx.Timeout(connect=5.0, read=20.0, write=10.0, pool=30.0)
LIMITS = httpx.Limits(max_connections=60, max_keepalive_connections=20)


class Logbook:
    """Every call of every client; ``phase`` is set by whoever does something to the stack."""

    def __init__(self) -> None:
        self.phase = Phase.CALM
        self.failures: list[Failure] = []
        self.calls: Counter[Phase] = Counter()
        self.reconnects: Counter[Phase] = Counter()
        self.failed_at = 0.0
        """When a call failed last (`time.monotonic`)."""
        self._intents: dict[tuple[str, str], Intent] = {}

    @property
    def intents(self) -> Sequence[Intent]:
        """What was wanted, in the order in which it was first sent."""
        return list(self._intents.values())

    def begin(self, caller: str, request: httpx.Request) -> Intent:
        """One more attempt. Reading and setting have no key, and are repeatable by nature: each is its own."""
        self.calls[self.phase] += 1
        key = request.headers.get(KEY)
        intent = Intent(caller, request.method, request.url.path, _json(request.content), began=time.time())
        if key is None and request.method == "DELETE":
            key = request.url.path
        if key is not None:
            intent = self._intents.setdefault((caller, key), intent)
        intent.attempts += 1
        return intent

    def answered(self, intent: Intent, phase: Phase, response: httpx.Response) -> None:
        """Note the answer; an outage, or "still at work on it", is a failure for whoever counts calls."""
        intent.ended, intent.status = time.time(), response.status_code
        intent.answer = _json(response.content)
        if response.status_code >= OUTAGE or intent.answer.get("code") == AGAIN:
            self.failed(intent, phase, f"{response.status_code} {intent.answer.get('code', '')}")

    def failed(self, intent: Intent, phase: Phase, why: str) -> None:
        """Note that a call was in vain."""
        self.failed_at = time.monotonic()
        self.failures.append(Failure(phase, intent.caller, intent.what, why))


class Witness(httpx.AsyncBaseTransport):
    """The way to the API of one caller."""

    def __init__(self, caller: str, log: Logbook) -> None:
        self._caller, self._log = caller, log
        self._inner = httpx.AsyncHTTPTransport(limits=LIMITS, verify=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and write down; a stream only passes through."""
        if request.url.path == STREAM:
            return await self._inner.handle_async_request(request)
        phase, intent = self._log.phase, self._log.begin(self._caller, request)
        try:
            response = await self._sent(request, phase)
        except httpx.TransportError as error:
            self._log.failed(intent, phase, type(error).__name__)
            raise
        self._log.answered(intent, phase, response)
        return response

    async def _sent(self, request: httpx.Request, phase: Phase) -> httpx.Response:
        try:
            return await self._once(request)
        except CLOSED_UNDER_IT:
            self._log.reconnects[phase] += 1
            return await self._once(request)

    async def _once(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        await response.aread()
        return response

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()


def open_client(api: str, caller: str, log: Logbook) -> httpx.AsyncClient:
    """A client whose every call is written down."""
    return httpx.AsyncClient(base_url=api, timeout=TIMEOUT, transport=Witness(caller, log))


def _json(content: bytes) -> Json:
    try:
        told = json.loads(content) if content else {}
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
