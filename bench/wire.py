"""The least of an HTTP client: what a load generator needs and nothing else, so that it is not what is measured.

Connections are kept and used again. A call on one that the server has closed is sent once more on a new one: every
call of the load can be repeated.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

END_OF_HEAD = b"\r\n\r\n"
LONGEST_HEAD = 2**18
ANSWER_SECONDS = 60.0
SERVER_ERRORS = 500
AGAIN_S = 0.5

Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class BrokenError(ConnectionError):
    """The server closed the connection instead of answering."""


@dataclass
class Wire:
    """One caller of an API; ``headers`` are sent with every call, each as ``name: value``."""

    url: str
    headers: list[str] = field(default_factory=list)
    repeated: int = 0
    """Calls that the server asked to repeat."""
    _idle: list[Pipe] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: bytes = b"", *headers: str) -> tuple[int, bytes]:
        """The status and the body of the answer. Raises OSError, TimeoutError among them."""
        request = self._request(method, path, body, headers)
        async with asyncio.timeout(ANSWER_SECONDS):
            while self._idle:
                try:
                    return await self._exchange(self._idle.pop(), request)
                except BrokenError:
                    continue
            return await self._exchange(await self._open(), request)

    async def persist(self, method: str, path: str, body: bytes = b"", *headers: str) -> tuple[int, bytes]:
        """As :meth:`ask`, and again while the server asks to repeat it, as every client of ours does."""
        loop = asyncio.get_running_loop()
        until = loop.time() + ANSWER_SECONDS
        while True:
            try:
                status, answer = await self.ask(method, path, body, *headers)
            except BrokenError:
                status, answer = SERVER_ERRORS, b"the connection was closed"
            if status < SERVER_ERRORS or loop.time() > until:
                return status, answer
            self.repeated += 1
            await asyncio.sleep(AGAIN_S)

    async def told(self, method: str, path: str, body: bytes = b"", *headers: str) -> bytes:
        """The body of an answer that must be a success."""
        status, answer = await self.persist(method, path, body, *headers)
        if not 200 <= status < 300:  # noqa: PLR2004 - HTTP
            raise RuntimeError(f"{method} {path}: {status} {answer[:300].decode(errors='replace')}")
        return answer

    async def events(self, path: str) -> AsyncIterator[tuple[bytes, bytes]]:
        """A stream's events, each its name and its data, until the server ends it."""
        reader, writer = await self._open()
        try:
            writer.write(self._request("GET", path, b"", ("accept: text/event-stream",)))
            await writer.drain()
            head = await reader.readuntil(END_OF_HEAD)
            if b" 200 " not in head[:20]:
                raise RuntimeError(f"GET {path}: {head[:40].decode(errors='replace')}")
            held = b""
            async for chunk in _chunks(reader):
                *whole, held = (held + chunk.replace(b"\r\n", b"\n")).split(b"\n\n")
                for event in whole:
                    yield _event(event)
        finally:
            writer.close()

    def close(self) -> None:
        """Close what is kept open."""
        while self._idle:
            self._idle.pop()[1].close()

    async def _open(self) -> Pipe:
        parts = urlsplit(self.url)
        return await asyncio.open_connection(parts.hostname, parts.port, limit=LONGEST_HEAD)

    def _request(self, method: str, path: str, body: bytes, headers: tuple[str, ...]) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"host: {urlsplit(self.url).netloc}", *self.headers, *headers]
        if body or method != "GET":
            lines.append(f"content-length: {len(body)}")
        if body and not any(one.startswith("content-type:") for one in headers):
            lines.append("content-type: application/json")
        return "\r\n".join([*lines, "", ""]).encode() + body

    async def _exchange(self, pipe: Pipe, request: bytes) -> tuple[int, bytes]:
        reader, writer = pipe
        try:
            writer.write(request)
            await writer.drain()
            head = (await reader.readuntil(END_OF_HEAD)).lower()
            body = await reader.readexactly(_length(head))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            writer.close()
            raise BrokenError(str(error)) from error
        except BaseException:
            writer.close()
            raise
        if b"connection: close" in head:
            writer.close()
        else:
            self._idle.append(pipe)
        return int(head[9:12]), body


def _length(head: bytes) -> int:
    """Of the body, in bytes; the API always says it."""
    _, found, rest = head.partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The parts of a body that has no length, until the last one, or until the connection ends."""
    try:
        while size := int(await reader.readline() or b"0", 16):
            yield await reader.readexactly(size)
            await reader.readline()
    except (asyncio.IncompleteReadError, ConnectionError):
        return


def _event(text: bytes) -> tuple[bytes, bytes]:
    lines = [line.partition(b":") for line in text.split(b"\n")]
    found = {name: value.strip() for name, _, value in lines if name}
    return found.get(b"event", b""), found.get(b"data", b"")
