"""A stream of events: a ping when there is silence, nothing lost around it, and nothing left behind when the listener goes."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from starlette.types import Message

from api.event_stream import PING, EventStream, with_pings

SILENCE_S = 0.05


class Source:
    """Tells ``pieces``, each after a moment, then waits for ever or ends."""

    def __init__(self, pieces: list[bytes], *, after: float = 0.0, ends: bool = False) -> None:
        self.pieces, self.after, self.ends = pieces, after, ends
        self.closed = False

    async def told(self) -> AsyncGenerator[bytes]:
        try:
            for piece in self.pieces:
                await asyncio.sleep(self.after)
                yield piece
            if not self.ends:
                await asyncio.Event().wait()
        finally:
            self.closed = True


async def serve(stream: EventStream, *, gone_after: float, stuck: bool = False) -> list[Message]:
    """What was sent to a listener who goes after some seconds; ``stuck`` takes nothing after the head."""
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(gone_after)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if stuck and message["type"] == "http.response.body":
            await asyncio.Event().wait()

    scope: dict[str, Any] = {"type": "http", "asgi": {"spec_version": "2.3"}}
    async with asyncio.timeout(5):
        await stream(scope, receive, send)
    return sent


async def test_silence_is_broken_by_pings_and_nothing_is_lost_around_them() -> None:
    source = Source([b"a", b"b"], after=3.5 * SILENCE_S, ends=True)
    heard = [piece async for piece in with_pings(source.told(), SILENCE_S)]
    assert [piece for piece in heard if piece != PING] == [b"a", b"b"]
    assert PING in heard[: heard.index(b"a")]
    assert PING in heard[heard.index(b"a") : heard.index(b"b")]
    assert source.closed


async def test_no_ping_while_there_is_something_to_tell() -> None:
    source = Source([b"x"] * 200, ends=True)
    assert [piece async for piece in with_pings(source.told(), 5.0)] == [b"x"] * 200


@pytest.mark.parametrize("stuck", [False, True], ids=["waiting for a fact", "a listener that takes nothing"])
async def test_when_the_listener_goes_the_generator_is_closed_at_once(stuck: bool) -> None:
    source = Source([b"a"])
    sent = await serve(EventStream(source.told()), gone_after=0.1, stuck=stuck)
    assert source.closed
    assert sent[0]["status"] == 200
    assert (b"content-type", b"text/event-stream; charset=utf-8") in sent[0]["headers"]
    assert sent[1]["body"] == b"a"


async def test_a_fault_of_the_source_ends_the_stream_as_a_fault() -> None:
    async def broken() -> AsyncGenerator[bytes]:
        yield b"a"
        raise OSError("the database is away")

    with pytest.raises(OSError, match="the database is away"):
        await serve(EventStream(broken()), gone_after=5)
