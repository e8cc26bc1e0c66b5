"""The live stream: every fact that the caller may see, in order, nothing lost and nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import pydantic_core
from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.documents import READS
from api.problems import Problem
from api.resources import Resources, resources_of
from api.security import AnyCaller
from api.telling import told_to
from storage import timeline
from storage.timeline import JournalLine
from storage.views import Scope

AT_ONCE = 500
"""Facts read at once; there may be more."""
LASTS_SECONDS = 600.0
"""Then the client connects again, and proxies and accounts are looked at afresh."""
LOOK_EVERY_SECONDS = 5.0
"""A look without news: the feed has a safety net of its own, this one is below it."""
RECONNECT_MILLISECONDS = 1000
LARGEST_POSITION = 2**63 - 1

router = APIRouter(prefix="/v1", tags=["live"])

LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The last `id` received: the stream goes on after it."),
]


async def start_position(request: Request, caller: AnyCaller, last_event_id: LastEventId = None) -> int:
    """After which position the stream goes on: the client's last one, or the journal's end at this moment.

    It is known before the first byte is sent, so that nothing that happens after the connection is missed.
    """
    del caller  # let in before anything is read
    if last_event_id:
        return _position(last_event_id)
    async with resources_of(request).database.connect() as connection:
        return await timeline.last_position(connection)


def _position(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_POSITION)):
        return min(int(text), LARGEST_POSITION)
    fault = {
        "parameter": "header Last-Event-ID",
        "code": "bad_format",
        "detail": "should be an id of this stream",
    }
    raise Problem("invalid_request", "Last-Event-ID should be an id of this stream.", errors=[{**fault}])


@router.get("/stream", summary="Listen", response_class=EventSourceResponse, responses=READS)
async def stream(
    request: Request, caller: AnyCaller, start: Annotated[int, Depends(start_position)]
) -> AsyncIterator[ServerSentEvent]:
    """`event: <kind>`, `id: <position>`, `data: {demand_id, seq, kind, at, recorded_at, data}`. A comment every 15 s.

    Ends after ten minutes, or when the process stops: connect again with `Last-Event-ID`.
    """
    resources = resources_of(request)
    resources.metrics.streams.inc()
    try:
        yield ServerSentEvent(comment=f"connected after {start}", retry=RECONNECT_MILLISECONDS)
        async for line in _facts(resources, caller.scope, start):
            yield event_of(line, caller.scope)
        yield ServerSentEvent(comment="connect again", retry=RECONNECT_MILLISECONDS)
    finally:
        resources.metrics.streams.dec()


async def _facts(resources: Resources, scope: Scope, position: int) -> AsyncIterator[JournalLine]:
    """The caller's facts after a position, as they come. No connection is held while waiting."""
    loop = asyncio.get_running_loop()
    until = loop.time() + LASTS_SECONDS
    feed = resources.feed
    while loop.time() < until and not feed.closed:
        seen = feed.count
        async with resources.database.connect() as connection:
            found, position = await timeline.facts_after(connection, scope, position, AT_ONCE)
        for line in found:
            yield line
        if len(found) < AT_ONCE:
            await feed.wait(seen, min(LOOK_EVERY_SECONDS, until - loop.time()))


def event_of(line: JournalLine, scope: Scope) -> ServerSentEvent:
    """A fact as an event of the stream of a caller of this scope."""
    data = {
        "demand_id": line.demand_id,
        "seq": line.seq,
        "kind": line.kind,
        "at": line.at,
        "recorded_at": line.recorded_at,
        "data": told_to(scope, line.data),
    }
    return ServerSentEvent(
        event=line.kind, id=str(line.position), raw_data=pydantic_core.to_json(data).decode()
    )
