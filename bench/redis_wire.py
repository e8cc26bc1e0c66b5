"""Redis's own protocol over its socket: the three commands that a benchmark needs, and no client library."""

import socket
from collections.abc import Iterable, Sequence
from pathlib import Path

REDIS_SPHERE_M = 6_372_797.560856
"""The radius of its Earth."""

TIMEOUT_S = 60
CHUNK = 1 << 20
LINES_A_MEMBER = 8
"""Of an answer to GEOSEARCH with coordinates: counts, lengths, the member's name, its two coordinates."""


class RedisError(RuntimeError):
    """Redis refused a command, in its own words."""


class RedisWire:
    """One connection."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(TIMEOUT_S)
        self._socket.connect(str(path))

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def add(self, key: str, places: Iterable[tuple[float, float, str]]) -> None:
        """Add longitude, latitude and name of each; a thousand or so at a time."""
        self._send(["GEOADD", key, *(str(part) for place in places for part in place)])
        self._lines(0)

    def delete(self, key: str) -> None:
        """Remove a key."""
        self._send(["DEL", key])
        self._lines(0)

    def within(self, key: str, lat: float, lon: float, radius_m: float) -> list[bytes]:
        """Return the lines of the answer: a name at every eighth from the second, after it longitude and latitude."""
        where = ["FROMLONLAT", repr(lon), repr(lat), "BYRADIUS", repr(radius_m), "m", "WITHCOORD"]
        self._send(["GEOSEARCH", key, *where])
        return self._lines(LINES_A_MEMBER)

    def _send(self, parts: Sequence[str]) -> None:
        words = [f"*{len(parts)}"]
        for part in parts:
            words += [f"${len(part.encode())}", part]
        self._socket.sendall("\r\n".join([*words, ""]).encode())

    def _lines(self, each: int) -> list[bytes]:
        """Read until everything that the first line announces is there: so many lines for each of its members."""
        data = b""
        while b"\r\n" not in data:
            data += self._more()
        if data.startswith(b"-"):
            raise RedisError(data.decode(errors="replace"))
        wanted = 1 + each * int(data[1 : data.index(b"\r\n")])
        chunks, seen = [data], data.count(b"\r\n")
        while seen < wanted:
            chunks.append(self._more())
            seen = b"".join(chunks).count(b"\r\n")
        return b"".join(chunks).split(b"\r\n")[:-1]

    def _more(self) -> bytes:
        received = self._socket.recv(CHUNK)
        if not received:
            raise RedisError("the server hung up")
        return received
