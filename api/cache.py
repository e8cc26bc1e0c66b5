"""A small memory of what was read a moment ago: bounded, and never older than it says."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class TimedCache(Generic[Key, Value]):
    """Keeps at most ``size`` values, each for ``seconds``; the one kept longest goes first."""

    def __init__(self, seconds: float, size: int, now: Callable[[], float] = time.monotonic) -> None:
        """Remember nothing yet."""
        self._seconds = seconds
        self._size = size
        self._now = now
        self._forgotten = 0
        self._kept: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    async def get(self, key: Key, read: Callable[[], Awaitable[Value]]) -> Value:
        """The value, read again when it is not known or too old."""
        kept = self._kept.get(key)
        if kept is not None and kept[0] > self._now():
            return kept[1]
        before = self._forgotten
        value = await read()
        if before != self._forgotten:  # perhaps this value, while it was read
            return value
        self._kept.pop(key, None)
        self._kept[key] = (self._now() + self._seconds, value)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return value

    def forget(self, key: Key) -> None:
        """Read a value again the next time, whoever is reading it at this moment."""
        self._forgotten += 1
        self._kept.pop(key, None)


READ_SECONDS = 30.0
"""A reading that takes longer has failed: the next who asks begins another."""


class SharedCache(Generic[Key, Value]):
    """As `TimedCache`; and whoever asks while a value is being read waits for that one reading."""

    def __init__(self, seconds: float, size: int, now: Callable[[], float] = time.monotonic) -> None:
        """Remember nothing yet."""
        self._kept: TimedCache[Key, Value] = TimedCache(seconds, size, now)
        self._reading: dict[Key, asyncio.Task[Value]] = {}

    async def get(self, key: Key, read: Callable[[], Awaitable[Value]]) -> Value:
        """The value, read again when it is not known or too old; what went wrong is told to all who waited.

        Raises TimeoutError when it is not read in READ_SECONDS.
        The reading goes on when those who asked for it have gone: the next one who asks has it.
        """
        reading = self._reading.get(key)
        if reading is None:
            reading = asyncio.create_task(self._read(key, read))
            self._reading[key] = reading
            reading.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(reading)

    async def _read(self, key: Key, read: Callable[[], Awaitable[Value]]) -> Value:
        async with asyncio.timeout(READ_SECONDS):
            return await self._kept.get(key, read)

    def _forget(self, key: Key, done: "asyncio.Task[Value]") -> None:
        del self._reading[key]
        if not done.cancelled():
            done.exception()  # asked for, even when nobody waits any more: else it would be logged as forgotten
