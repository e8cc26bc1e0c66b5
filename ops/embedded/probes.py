"""Looks from outside whether something answers."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

PROBE_SECONDS = 5.0


async def http_ok(url: str) -> bool:
    """Whether a GET of `url` is answered with 200 within five seconds; never raises."""
    with suppress(OSError, ValueError, IndexError):  # TimeoutError is an OSError
        async with asyncio.timeout(PROBE_SECONDS):
            return await _status(url) == 200  # noqa: PLR2004 - HTTP
    return False


async def _status(url: str) -> int:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        request = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        await writer.drain()
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()
