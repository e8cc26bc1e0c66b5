"""The process that sends positions: each company all of its vehicles once a second, at a fixed time, come what may.

``python -m bench.ingest_load`` reads a `Load` from standard input and writes a `Sent` to standard output. It does not
wait for an answer before it sends the next batch, and counts from when a batch was due: a server that falls behind
shows. Every seventh batch of a company is sent after the next one, so that it comes too late.
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from math import cos, sin

import httpx
from pydantic import BaseModel, ConfigDict, Field

TIMEOUT_S = 20.0
CONNECTIONS = 10
"""Of each company."""
LATE_EVERY = 7
LATE_S = 1.5
"""A batch is sent so much later than it was due: after the one that follows it."""
TRIES = 5
SPEED = 0.00012
"""Degrees a second: about 50 km/h."""
SERVER_ERRORS = 500


class Frozen(BaseModel):
    """What travels between the two processes."""

    model_config = ConfigDict(frozen=True)


class Sender(Frozen):
    """A company: its login, and its vehicles with the places that they drive around."""

    username: str
    password: str
    vehicles: tuple[str, ...]
    places: tuple[tuple[float, float], ...]


class Load(Frozen):
    """What to send, for how long, from which instant (seconds since 1970) on."""

    api: str
    seconds: int
    senders: tuple[Sender, ...]


class Batch(Frozen):
    """One batch that was acknowledged: whose, when its positions were recorded, and how it went."""

    sender: int
    recorded_at: datetime
    late: bool
    took_ms: float = Field(description="From when it was due")
    accepted: int
    stale: int
    tries: int


class Sent(Frozen):
    """All of them, those that nobody acknowledged, and what this process used."""

    batches: tuple[Batch, ...]
    given_up: int
    seconds: float
    cpu_s: float


async def send_all(load: Load) -> Sent:
    """Send everything; return when the last batch was answered."""
    async with AsyncExitStack() as open_ones:
        clients = [await open_ones.enter_async_context(_client(load)) for _ in load.senders]
        for client, sender in zip(clients, load.senders, strict=True):
            await _log_in(client, sender)
        begin, cpu = time.time() + 1, time.process_time()
        sending = [
            _send_on_time(clients[number], load, number, begin, second)
            for second in range(load.seconds)
            for number in range(len(load.senders))
        ]
        told = await asyncio.gather(*sending)
        batches = tuple(each for each in told if each is not None)
        used = time.process_time() - cpu
        return Sent(batches=batches, given_up=told.count(None), seconds=time.time() - begin, cpu_s=used)


def _client(load: Load) -> httpx.AsyncClient:
    """Of one company: looking through the connections of all of them at once costs more than the sending."""
    limits = httpx.Limits(max_connections=CONNECTIONS)
    return httpx.AsyncClient(base_url=load.api, timeout=TIMEOUT_S, limits=limits)


async def _log_in(http: httpx.AsyncClient, sender: Sender) -> None:
    form = {"username": sender.username, "password": sender.password}
    token = (await http.post("/v1/token", data=form)).raise_for_status().json()["access_token"]
    http.headers.update({"Authorization": f"Bearer {token}", "Content-Type": "application/json"})


async def _send_on_time(
    http: httpx.AsyncClient, load: Load, number: int, begin: float, second: int
) -> Batch | None:
    """One batch of one sender, in its place within the second; ``None`` when nobody acknowledged it."""
    recorded = begin + second + number / len(load.senders)
    late = second % LATE_EVERY == number % LATE_EVERY and second + LATE_S < load.seconds - 1
    due = recorded + LATE_S * late
    await asyncio.sleep(max(0.0, due - time.time()))
    recorded_at = datetime.fromtimestamp(recorded, UTC)
    body = _body(load.senders[number], recorded, recorded_at)
    for tries in range(1, TRIES + 1):
        response = await _post(http, body)
        if response is not None:
            told = response.raise_for_status().json()
            return Batch(
                sender=number,
                recorded_at=recorded_at,
                late=late,
                took_ms=(time.time() - due) * 1000,
                accepted=told["accepted"],
                stale=told["stale"],
                tries=tries,
            )
        await asyncio.sleep(1)
    return None


async def _post(http: httpx.AsyncClient, body: bytes) -> httpx.Response | None:
    """The answer, or ``None`` when the server asks to send it again."""
    try:
        response = await http.post("/v1/positions", content=body)
    except httpx.TransportError:
        return None
    return None if response.status_code >= SERVER_ERRORS else response


def _body(sender: Sender, second: float, recorded_at: datetime) -> bytes:
    """Each vehicle on its way in a circle around its place."""
    at = recorded_at.isoformat()
    angle = second % 600 / 100
    north, east = 100 * SPEED * sin(angle), 100 * SPEED * cos(angle)
    positions = ",".join(
        f'{{"vehicle_id":"{vehicle}","lat":{lat + north:.6f},"lon":{lon + east:.6f},"recorded_at":"{at}",'
        f'"accuracy_m":6.5,"speed_kmh":48.0,"heading":{angle * 57:.1f}}}'
        for vehicle, (lat, lon) in zip(sender.vehicles, sender.places, strict=True)
    )
    return f'{{"positions":[{positions}]}}'.encode()


if __name__ == "__main__":
    told = asyncio.run(send_all(Load.model_validate_json(sys.stdin.buffer.read())))
    sys.stdout.write(told.model_dump_json())
