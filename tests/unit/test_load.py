"""The load generator tells the truth: what it hears, what it counts, and when it says FAIL."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bench.load import Phase
from bench.load_play import Life, Played
from bench.load_report import burst_verdict, counted, each_demand, is_kept, percentile
from bench.load_use import Use, spent
from bench.wire import Wire

GOOD = Life(demand_id="1", first_ms=400, completed=True)


def phase(*lives: Life, lost: int = 0) -> Phase:
    used = {"api 1": Use(3.0, 10), "load generator": Use(1.0, 10)}
    return Phase("burst", Played(lives=lives, seconds=10, used=used, repeated=2), used, lost, "", 100)


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (phase(*[GOOD] * 60), "60 of 60 solicited, the last after 0.40 s (within 5 s): PASS"),
        (phase(*[GOOD] * 59, Life(first_ms=5001, completed=True)), "5.00 s (within 5 s): FAIL"),
        (phase(*[GOOD] * 59, Life(demand_id="2", failure="never asked")), "59 of 60 solicited"),
        (phase(*[GOOD] * 59, Life(demand_id="2", failure="never asked")), "FAIL"),
        (phase(*[GOOD] * 60, lost=1), "FAIL"),
    ],
)
def test_a_burst_passes_only_when_all_were_solicited_in_time_and_none_is_lost(
    made: Phase, verdict: str
) -> None:
    assert verdict in burst_verdict(made)


def test_a_rate_is_kept_only_when_everybody_was_served_soon() -> None:
    assert is_kept(phase(*[GOOD] * 100))
    assert not is_kept(phase(*[GOOD] * 100, lost=1))
    assert not is_kept(phase(*[GOOD] * 97, *[Life(first_ms=4000, completed=True)] * 3))
    assert not is_kept(phase(*[GOOD] * 100, Life(demand_id="2", first_ms=300, failure="step: 409")))
    assert percentile([1.0], 99) == float("inf")


def test_processor_time_is_shared_among_those_that_were_completed() -> None:
    each = each_demand(phase(GOOD, GOOD, Life(failure="x")))
    assert (each["api 1"], each["load generator"], each["all of them"]) == (1500, 500, 1500)
    assert "3 demands, 2 completed, 0 lost, 2 calls repeated" in counted(phase(GOOD, GOOD, Life(failure="x")))
    assert spent({"a": Use(1, 5)}, {"a": Use(4, 7)}) == {"a": Use(3, 7)}


@asynccontextmanager
async def server(answer: Callable[[bytes], bytes | None]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Answers each request with these bytes; none closes the connection."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (head := await reader.read(65_536)) and (told := answer(head)) is not None:
            asked.append(head)
            writer.write(told)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", asked
    finally:
        listening.close()


def said(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)


async def test_calls_are_repeated_when_the_server_asks_and_when_it_closes_a_kept_connection() -> None:
    answers = iter([said(200, b"one"), None, said(503, b"away"), said(200, b"two"), said(404, b"no")])
    async with server(lambda _: next(answers)) as (url, asked):
        wire = Wire(url, ["x-api-key: k"])
        assert await wire.told("GET", "/a") == b"one"
        assert await wire.told("POST", "/b", b"{}") == b"two"
        with pytest.raises(RuntimeError, match="POST /c: 404 no"):
            await wire.told("POST", "/c")
        wire.close()
    assert wire.repeated == 1
    assert asked[1].endswith(b"content-type: application/json\r\n\r\n{}")
    assert b"x-api-key: k\r\n" in asked[1]


async def test_a_stream_is_heard_event_by_event_however_it_is_cut() -> None:
    parts = [b"retry: 5\n\nevent: one\nid: 1\nda", b'ta: {"a":1}\n\n', b"event: two\ndata: 2\n\n"]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    async with server(lambda _: head + chunks) as (url, _):
        heard = [event async for event in Wire(url).events("/v1/stream")]
    assert heard[1:] == [(b"one", b'{"a":1}'), (b"two", b"2")]
