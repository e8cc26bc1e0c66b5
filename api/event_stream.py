"""Server-sent events, many in one piece: whoever listens to thirty facts of one moment is written to once.

FastAPI's own events are handed over one by one, from task to task, each with a write of its own: in a burst of demands
a seventh of the API's work (docs/benchmarks.md).
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

from anyio import CancelScope
from fastapi.responses import StreamingResponse
from starlette.types import Send

PING = b": ping\n\n"
PING_SECONDS = 15.0
"""A comment when there was nothing to tell for so long: proxies close what is silent, and clients doubt it."""
EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "event": {"type": "string"},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "retry": {"type": "integer", "minimum": 0},
    },
}
"""What one event looks like, as OpenAPI 3.2 describes them."""


class EventStream(StreamingResponse):
    """Sends pieces of bytes, each of whole events, as they come. The pieces' generator ends when the listener is gone."""

    media_type = "text/event-stream"

    def __init__(self, pieces: AsyncGenerator[bytes]) -> None:
        """Nobody between us may keep or hold back what is sent."""
        self._sent = with_pings(pieces)
        super().__init__(self._sent, headers={"cache-control": "no-cache", "x-accel-buffering": "no"})

    async def stream_response(self, send: Send) -> None:
        """Send; whatever ends it, the generators are closed before this returns."""
        async with aclosing(self._sent):
            await super().stream_response(send)


async def with_pings(pieces: AsyncGenerator[bytes], every: float = PING_SECONDS) -> AsyncGenerator[bytes]:
    """The pieces, and a comment each time that none came for ``every`` seconds, whatever keeps it."""
    async with aclosing(pieces):
        coming = asyncio.ensure_future(anext(pieces, b""))
        try:
            while True:
                done, _ = await asyncio.wait({coming}, timeout=every)
                if not done:
                    yield PING
                elif piece := coming.result():
                    yield piece
                    coming = asyncio.ensure_future(anext(pieces, b""))
                else:
                    return
        finally:
            await _ended(coming)


async def _ended(task: asyncio.Future[bytes]) -> None:
    """Cancel it and wait until it has ended, even if whoever waits is cancelled again and again, as anyio does."""
    task.cancel()
    with CancelScope(shield=True), suppress(Exception, asyncio.CancelledError):
        await task
