"""How HTTP is spoken: a request's head must come whole, in time, and not too long; proxies are believed by name only."""

import asyncio
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.edge import HEAD_BYTES
from api.headers import ALWAYS, POLICY
from api.problems import Problem

HEAD_SECONDS = 10.0
"""From the first byte, or from the connection, to the empty line: whoever is slower holds a connection for nothing."""
GRACE_SECONDS = 10
"""How long requests may take to end after SIGTERM; streams end at once."""
KEEP_ALIVE_SECONDS = 30


def http_config(app: ASGIApp, trusted_proxies: str = "") -> uvicorn.Config:
    """How the server speaks. What a proxy says of its caller (X-Forwarded-For, -Proto) counts from those named only."""
    return uvicorn.Config(
        app,
        http=PatientProtocol,
        h11_max_incomplete_event_size=HEAD_BYTES,
        proxy_headers=bool(trusted_proxies.strip()),
        forwarded_allow_ips=trusted_proxies or None,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        lifespan="on",
    )


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, which by itself waits for ever for the second half of a request."""

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn itself
        """Somebody has connected: now they should ask."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Some of a request has come: the timer runs while its head is not whole."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._expect_head()
        else:
            self._head_is_there()

    def connection_lost(self, exc: Exception | None) -> None:
        """They have gone."""
        self._head_is_there()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """What is not HTTP, or too long, is answered with a problem document as everything else."""
        del msg  # it may quote what was sent
        response = Problem("malformed_request").response()
        added = {**ALWAYS, "content-security-policy": POLICY, "connection": "close"}
        headers: list[Any] = [*response.raw_headers, *((k.encode(), v.encode()) for k, v in added.items())]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(response.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _head_is_there(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.abort()
