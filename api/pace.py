"""How much one account may ask of one process: far more than any client needs, and not all that there is."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from api.problems import Problem

BURST_SECONDS = 10.0
"""What was not asked for so long may be asked at once."""
MOST_ACCOUNTS = 10_000


@dataclass(frozen=True, slots=True)
class PaceLimits:
    """Of one account in one process.

    A console asks some times a second, a company's telematics once. A SAMU's software that hands over sixty demands in
    a second stays below half of this.
    """

    requests_a_second: float = 200.0
    at_once: int = 256
    """Requests that are being answered."""
    streams: int = 100
    """Live streams: a control room whose screens share one account."""


class Pace:
    """Counts what each account asks, in this process only; bounded."""

    def __init__(self, limits: PaceLimits, now: Callable[[], float] = time.monotonic) -> None:
        """Nobody has asked yet."""
        self._limits = limits
        self._now = now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """When each account was last counted, and what it may still ask."""
        self._running: Counter[str] = Counter()
        self._streams: Counter[str] = Counter()

    def enter(self, who: str) -> Callable[[], None]:
        """Count a request; what is given back is to be called when it is answered. Raises Problem 429."""
        if self._running[who] >= self._limits.at_once:
            raise _too_many(1)
        self._take(who)
        self._running[who] += 1
        return lambda: _less(self._running, who)

    def _take(self, who: str) -> None:
        rate, now = self._limits.requests_a_second, self._now()
        most = rate * BURST_SECONDS
        at, left = self._left.pop(who, (now, most))
        left = min(most, left + (now - at) * rate)
        self._left[who] = (now, left - 1 if left >= 1 else left)
        while len(self._left) > MOST_ACCOUNTS:
            self._left.popitem(last=False)
        if left < 1:
            raise _too_many(ceil((1 - left) / rate))

    def check_streams(self, who: str) -> None:
        """Whether one more stream may begin. Raises Problem 429."""
        if self._streams[who] >= self._limits.streams:
            raise _too_many(5)

    def begin_stream(self, who: str) -> Callable[[], None]:
        """Count a stream; what is given back is to be called at its end."""
        self._streams[who] += 1
        return lambda: _less(self._streams, who)


def _less(counted: Counter[str], who: str) -> None:
    counted[who] -= 1
    if counted[who] <= 0:
        del counted[who]


def _too_many(seconds: int) -> Problem:
    return Problem(
        "too_many_requests",
        "This account asks too much at once: wait as long as Retry-After says.",
        headers={"Retry-After": str(max(1, seconds))},
    )
