"""The outermost layer: stamps the arrival, bounds the body, counts, logs, and lets no failure out naked."""

import asyncio
import re
import time
import traceback
from collections.abc import Mapping, MutableMapping
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.headers import headers_for
from api.problems import Problem
from api.refusals import problem_of
from api.resources import Resources
from api.security import Caller
from telemetry.concern import begin_request

BODY_SECONDS = 10.0
DRAINED_TIMES = 8
"""A body that is too large is still read up to so many times the limit, so that its sender hears the answer."""
HEAD_BYTES = 16_384
"""The address with its query, and all headers."""
MOST_HEADERS = 100
REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}")

log: structlog.stdlib.BoundLogger = structlog.get_logger("rescousse.api")


class Edge:
    """ASGI middleware around everything. Paths are logged without their queries, bodies never."""

    def __init__(self, app: ASGIApp, resources: Resources) -> None:
        """Wrap the whole application."""
        self._app = app
        self._resources = resources

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the lifespan and anything else passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = _Visit(scope, send, self._resources)
        state = scope.setdefault("state", {})
        state["received_at"] = self._resources.clock()
        state["request_id"] = visit.request_id
        begin_request(visit.request_id, scope["path"])
        try:
            _check_head(scope)
            await self._app(scope, await self._with_body(scope, receive), visit.send)
        except asyncio.CancelledError:  # uvicorn, when the process was told to stop and its grace is over
            await visit.fail(Problem("stopping"))
        except Exception as error:  # noqa: BLE001 - the last place where a failure can be answered and written down
            await visit.fail(error)
        finally:
            visit.end()

    async def _with_body(self, scope: Scope, receive: Receive) -> Receive:
        """Read the whole body, bounded in size and time, and give it out again."""
        if scope["method"] in {"GET", "HEAD", "OPTIONS"} and not _announces_body(scope):
            return receive
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self._read(receive)
        except TimeoutError as error:
            raise Problem("body_too_slow") from error
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        return again

    async def _read(self, receive: Receive) -> bytes:
        most, size = self._resources.config.max_body_bytes, 0
        chunks: list[bytes] = []
        while True:
            message = await receive()
            if message["type"] != "http.request":
                break
            chunk = message.get("body", b"")
            size += len(chunk)
            if size <= most:
                chunks.append(chunk)
            if not message.get("more_body") or size > most * DRAINED_TIMES:
                break
        if size > most:
            raise Problem("body_too_large", f"A body has at most {most} bytes: send a long list in parts.")
        return b"".join(chunks)


def _check_head(scope: Scope) -> None:
    """A head that came in one piece is as long as it likes, for all that the parser cares. Raises Problem 431."""
    headers = scope["headers"]
    length = len(scope["path"]) + len(scope["query_string"]) + sum(len(k) + len(v) for k, v in headers)
    if length > HEAD_BYTES or len(headers) > MOST_HEADERS:
        raise Problem("head_too_large")


def _announces_body(scope: Scope) -> bool:
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])


class _Visit:
    """One request on its way through."""

    def __init__(self, scope: Scope, send: Send, resources: Resources) -> None:
        self._scope = scope
        self._send = send
        self._metrics = resources.metrics
        self._began = time.perf_counter()
        self._status = 0
        self.request_id = _request_id(scope)

    async def send(self, message: Message) -> None:
        """Add our headers to whatever is answered."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._add_headers(message)
        await self._send(message)

    def _add_headers(self, message: MutableMapping[str, object]) -> None:
        given = message.get("headers") or ()
        assert isinstance(given, (list, tuple))  # noqa: S101 - ASGI
        names = {bytes(name).lower() for name, _ in given}
        ours = headers_for(self._scope) | {"x-request-id": self.request_id}
        added = [(k.encode(), v.encode()) for k, v in ours.items() if k.encode() not in names]
        message["headers"] = [*given, *added]

    async def fail(self, error: Exception) -> None:
        """Answer a failure that nobody answered, and write down where it was, without what was sent."""
        problem = problem_of(error)
        if problem.code == "internal_error":
            frames = "".join(traceback.format_tb(error.__traceback__)[-12:])
            log.error("request failed", kind=type(error).__name__, request_id=self.request_id, frames=frames)
        if not self._status:
            response = problem.response()
            await response(self._scope, _nothing, self.send)

    def end(self) -> None:
        """Let the next request of this account in, count and log."""
        leave = self._scope.get("state", {}).get("leave")
        if leave is not None:
            leave()
        seconds = time.perf_counter() - self._began
        method, route = self._scope["method"], route_of(self._scope)
        method = method if method in METHODS else "OTHER"
        self._metrics.requests.labels(method, route, str(self._status)).inc()
        if route != STREAM:
            self._metrics.seconds.labels(method, route).observe(seconds)
        log.info(
            "request",
            method=method,
            route=route,
            status=self._status,
            ms=round(seconds * 1000, 1),
            request_id=self.request_id,
            caller=_caller(self._scope),
        )


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
STREAM = "/v1/stream"
UNKNOWN = "unknown"


def route_of(scope: Scope) -> str:
    """The template of the route, never the address itself: an address may hold anything."""
    routes: Mapping[object, str] = scope["app"].state.routes if "app" in scope else {}
    found: str = routes.get(scope.get("endpoint"), UNKNOWN)
    return found


def _caller(scope: Scope) -> str | None:
    caller = scope.get("state", {}).get("caller")
    return caller.ident if isinstance(caller, Caller) else None


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text = bytes(value).decode("latin-1")
            if REQUEST_ID.fullmatch(text):
                return text
    return uuid4().hex


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
