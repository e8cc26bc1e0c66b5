"""The live stream: every fact that the caller may see, in order, nothing lost and nothing twice."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import pydantic_core
from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import format_sse_event
from sqlalchemy.exc import SQLAlchemyError

from api.documents import READS
from api.event_stream import EVENT_SCHEMA, EventStream
from api.pace import Place
from api.problems import Problem
from api.resources import Resources, resources_of
from api.security import AnyCaller, Caller, DeviceHeader, own_device
from api.telling import told_to
from storage import accounts, sessions, timeline
from storage.timeline import JournalLine

AT_ONCE = 500
"""Facts read at once; there may be more."""
LASTS_SECONDS = 600.0
"""Then the client connects again, and proxies and accounts are looked at afresh."""
LOOK_EVERY_SECONDS = 5.0
"""A look without news: the feed has a safety net of its own, this one is below it."""
RECONNECT_MILLISECONDS = 1000
LARGEST_POSITION = 2**63 - 1
DEVICE_CLOSED = "device_closed"
"""The fact that a device of the company was closed: perhaps the one that listens."""

log = logging.getLogger(__name__)
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
    async with resources_of(request).reading.connect() as connection:
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


@dataclass(frozen=True, slots=True)
class Listener:
    """Who listens, in which login, and on which device if they said so."""

    resources: Resources
    caller: Caller
    session_id: UUID | None
    device_id: UUID | None

    async def closed_devices(self) -> Collection[str] | None:
        """``None`` while the listener is there, as far as anybody knows; else the devices whose closing is theirs."""
        if self.session_id is None and self.device_id is None and self.caller.is_person:
            return None
        try:
            async with self.resources.reading.connect() as connection:
                if not self.caller.is_person:
                    return None if await accounts.is_live_key(connection, self.caller.id) else ()
                if await sessions.still_there(connection, self.session_id, self.device_id):
                    return None
                if self.device_id is not None or self.session_id is None:
                    return {str(self.device_id)}
                return {str(each) for each in await sessions.ever_in(connection, self.session_id)}
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("stream: the database does not answer (%s)", type(error).__name__)
            return None


async def listener(request: Request, caller: AnyCaller, x_device_id: DeviceHeader = None) -> Listener:
    """Who listens. Raises Problem 404 or 409 for a device that is not theirs, or was closed."""
    if x_device_id is not None:
        await own_device(request, caller, x_device_id)
    resources_of(request).pace.check_streams(caller.ident, _name(x_device_id))
    request.state.leave()  # a stream is counted as one, and not as a request that is being answered for ten minutes
    return Listener(resources_of(request), caller, caller.session_id, x_device_id)


@router.get(
    "/stream",
    summary="Listen",
    status_code=200,
    response_class=EventStream,
    responses={**READS, 200: {"content": {EventStream.media_type: {"itemSchema": EVENT_SCHEMA}}}},
)
async def stream(
    heard_by: Annotated[Listener, Depends(listener)], start: Annotated[int, Depends(start_position)]
) -> EventStream:
    """`event: <kind>`, `id: <position>`, `data: {demand_id, seq, kind, at, recorded_at, data}`. A comment every 15 s.

    Ends after ten minutes, when the process stops, or when the same device (`X-Device-Id`) has begun six more: connect
    again with `Last-Event-ID`. Ends at once, with `device_closed` as its last event, when the device or the login is
    closed.
    """
    return EventStream(_pieces(heard_by, start))


async def _pieces(heard_by: Listener, start: int) -> AsyncGenerator[bytes]:
    """What is sent, with its place taken while it lasts."""
    streams, pace = heard_by.resources.metrics.streams, heard_by.resources.pace
    device = _name(heard_by.device_id)
    streams.inc()
    place = pace.begin_stream(heard_by.caller.ident, device)
    try:
        yield format_sse_event(comment=f"connected after {start}", retry=RECONNECT_MILLISECONDS)
        async with aclosing(_events(heard_by, start, place)) as events:
            async for piece in events:
                yield piece
    finally:
        pace.end_stream(place, device)
        streams.dec()


def _name(device_id: UUID | None) -> str | None:
    return None if device_id is None else str(device_id)


async def _events(heard_by: Listener, position: int, place: Place) -> AsyncGenerator[bytes]:
    """The listener's facts after a position, as they come, all of one moment in one piece, as long as they are there and
    their place is theirs; then that they are not, or that they should connect again.

    Whether they are there is looked at before anything is told: at first, when a login or a device of anybody was closed,
    and every few seconds in any case. No connection is held while waiting.
    """
    loop, feed = asyncio.get_running_loop(), heard_by.resources.feed
    until, look_at, looked = loop.time() + LASTS_SECONDS, loop.time(), -1
    while loop.time() < until and not feed.closed and place.taken:
        seen = feed.count
        found, position = await heard_by.resources.tail.after(heard_by.caller.scope, position, AT_ONCE)
        own = None
        if feed.closings != looked or loop.time() >= look_at or any(e.kind == DEVICE_CLOSED for e in found):
            looked, look_at = feed.closings, loop.time() + LOOK_EVERY_SECONDS
            own = await heard_by.closed_devices()
        if piece := b"".join(_told(found, heard_by, own)):
            yield piece
        if own is not None:
            return
        if len(found) < AT_ONCE:
            await feed.wait(seen, min(LOOK_EVERY_SECONDS, until - loop.time()))
    yield format_sse_event(comment="connect again", retry=RECONNECT_MILLISECONDS)


def _told(found: Sequence[JournalLine], heard_by: Listener, own: Collection[str] | None) -> Iterator[bytes]:
    """All that was found; of a listener who is not there any more, what led to their own `device_closed`, or only that."""
    told = found
    if own is not None:
        closed = [at for at, line in enumerate(found) if is_own_closing(line, own)]
        told = found[: closed[-1] + 1] if closed else ()
    for line in told:
        yield event_of(line, heard_by.caller)
    if own is not None and not told:
        yield _goodbye(heard_by)


def is_own_closing(line: JournalLine, own: Collection[str]) -> bool:
    """Whether a fact tells that one of these devices was closed."""
    return line.kind == DEVICE_CLOSED and line.data.get("device_id") in own


def _goodbye(heard_by: Listener) -> bytes:
    """Said to whoever was not told by a fact: people without a company, and a login without a device."""
    data = {"kind": DEVICE_CLOSED, "data": {"device_id": heard_by.device_id}}
    return format_sse_event(event=DEVICE_CLOSED, data_str=pydantic_core.to_json(data).decode())


def event_of(line: JournalLine, caller: Caller) -> bytes:
    """A fact as an event of the stream of a caller."""
    data = {
        "demand_id": line.demand_id,
        "subject": line.subject,
        "subject_id": line.subject_id,
        "seq": line.seq,
        "kind": line.kind,
        "at": line.at,
        "recorded_at": line.recorded_at,
        "data": told_to(caller, line.data),
    }
    return format_sse_event(
        event=line.kind, id=str(line.position), data_str=pydantic_core.to_json(data).decode()
    )
