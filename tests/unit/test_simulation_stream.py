"""The live stream resumes after the last event that was handled: nothing lost, nothing twice."""

import asyncio
from contextlib import suppress
from random import Random

import httpx

from simulation.client import ApiClient
from simulation.identity import KeyIdentity
from simulation.stream import EventStream, StreamEvent

FACTS = [
    f'event: kind{number}\nid: {number}\ndata: {{"demand_id": "d{number}"}}\n\n' for number in range(1, 7)
]


class Server:
    """Sends two events, or fails, and closes: a client must come back seven times."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        last = request.headers.get("Last-Event-ID")
        self.asked.append(last)
        if len(self.asked) == 2:
            return httpx.Response(503)
        if len(self.asked) == 3:
            raise httpx.ReadError("cut", request=request)
        start = int(last or 0)
        text = ": keep-alive\n\nretry: 1\n\n" + "".join(FACTS[start : start + 2])
        return httpx.Response(200, text=text, headers={"Content-Type": "text/event-stream"})


async def listen(server: Server, until: int) -> list[StreamEvent]:
    heard: list[StreamEvent] = []
    http = httpx.AsyncClient(transport=httpx.MockTransport(server), base_url="http://fake")
    client = ApiClient(http, KeyIdentity("k"), Random(1))
    enough = asyncio.Event()

    def hear(event: StreamEvent) -> None:
        heard.append(event)
        if len(heard) == until:
            enough.set()

    task = asyncio.create_task(EventStream(client, hear, Random(1), first_pause=0.001).listen())
    async with asyncio.timeout(5):
        await enough.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return heard


async def test_it_resumes_after_every_kind_of_interruption() -> None:
    server = Server()
    heard = await listen(server, until=6)
    assert [event.kind for event in heard] == [f"kind{number}" for number in range(1, 7)]
    assert [event.body.demand_id for event in heard] == [f"d{number}" for number in range(1, 7)]
    assert server.asked[:5] == [None, "2", "2", "2", "4"]


async def test_an_event_that_cannot_be_read_is_passed_over() -> None:
    text_with_fault = "event: odd\nid: 1\ndata: not json\n\nevent: fine\nid: 2\ndata: {}\n\n"
    heard: list[StreamEvent] = []

    def handler(request: httpx.Request) -> httpx.Response:
        text = "" if request.headers.get("Last-Event-ID") else text_with_fault
        return httpx.Response(200, text=text, headers={"Content-Type": "text/event-stream"})

    http = httpx.AsyncClient(transport=httpx.MockTransport(handler), base_url="http://fake")
    stream = EventStream(
        ApiClient(http, KeyIdentity("k"), Random(1)), heard.append, Random(1), first_pause=0.01
    )
    with suppress(TimeoutError):
        async with asyncio.timeout(0.2):
            await stream.listen()
    assert [event.kind for event in heard] == ["fine"]
    assert stream.last_event_id == "2"
