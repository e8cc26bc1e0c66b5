"""One API is replaced while the other serves: what the proxy sees of the one that stops.

It says that it stops and goes on serving until the proxy has heard it: what is sent on a connection that is just being
closed is lost, and a POST is not repeated by a proxy. The process is started as the compose file starts it, without an
engine.
"""

import asyncio
import os
import re
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx

from tests.deployment.compose import ASKED_BY_THE_PROXY, CADDYFILE, ROOT

START_SECONDS = 30
AT_ONCE_SECONDS = 1
[ASKED_EVERY] = re.findall(r"^\s*health_interval (\d+)s$", CADDYFILE.read_text(), re.MULTILINE)
BODY = b"username=nobody&password=nothing+at+all"
HEAD = (
    "POST /v1/token HTTP/1.1\r\nHost: api\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode()


@asynccontextmanager
async def _api(database_url: str, trusted_proxies: str = "") -> AsyncIterator[tuple[Process, int]]:
    """An API process on a port that it alone listens on, and no engine anywhere."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    surroundings = {
        "PATH": os.environ["PATH"],
        "RESCOUSSE_DATABASE_URL": database_url,
        "RESCOUSSE_TEMPORAL_ADDRESS": "127.0.0.1:1",
        "RESCOUSSE_TRUSTED_PROXIES": trusted_proxies,
    }
    command = (sys.executable, "-m", "api", "--fd", str(listener.fileno()))
    with listener:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=surroundings, pass_fds=[listener.fileno()], stderr=DEVNULL
        )
    try:
        yield process, port
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _until_kept(http: httpx.AsyncClient) -> None:
    """Until the proxy would send to it."""
    async with asyncio.timeout(START_SECONDS):
        while (await http.get(ASKED_BY_THE_PROXY)).status_code != httpx.codes.OK:  # noqa: ASYNC110 - another process starts
            await asyncio.sleep(0.05)


async def test_an_api_that_stops_tells_the_proxy_first_and_loses_nothing(database_url: str) -> None:
    async with (
        _api(database_url, "127.0.0.1/32") as (process, port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http,
    ):
        await _until_kept(http)
        assert (await http.get("/readyz")).json()["missing"] == ["engine"]
        heard, asking = await asyncio.open_connection("127.0.0.1", port)
        asking.write(HEAD + BODY[:5])
        await asking.drain()
        assert (await http.get("/healthz")).status_code == httpx.codes.OK  # by now it has read the beginning

        process.terminate()
        told = await _until_said(http)
        served = await _until_refused(http, port)
        assert told < AT_ONCE_SECONDS
        assert served > int(ASKED_EVERY)
        asking.write(BODY[5:])
        async with asyncio.timeout(START_SECONDS):
            answer = await heard.read()
            assert await process.wait() == 0
        asking.close()
        assert answer.startswith(b"HTTP/1.1 401 ")


async def _until_said(http: httpx.AsyncClient) -> float:
    """How long it took until the proxy's question is answered by "stopping", in seconds."""
    began = time.monotonic()
    while (answer := await http.get(ASKED_BY_THE_PROXY)).status_code == httpx.codes.OK:  # noqa: ASYNC110 - of another process
        await asyncio.sleep(0.01)
    assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
    return time.monotonic() - began


async def _until_refused(http: httpx.AsyncClient, port: int) -> float:
    """How long new and old connections are still served, in seconds."""
    began = time.monotonic()
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return time.monotonic() - began
        writer.close()
        with suppress(httpx.TransportError):  # at the very end
            assert (await http.get("/healthz")).status_code == httpx.codes.OK
        await asyncio.sleep(0.05)


async def test_without_a_proxy_an_api_stops_at_once(database_url: str) -> None:
    async with (
        _api(database_url) as (process, port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http,
    ):
        await _until_kept(http)
        process.terminate()
        assert await _until_refused(http, port) < AT_ONCE_SECONDS
        assert await process.wait() == 0
