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
    streams_of_a_device: int = 6
    """Of these, those of one telephone. One more ends the oldest: it is the one that a dead network left behind."""


class Place:
    """What an account has taken of what it may have; given back once, however often that is said."""

    def __init__(self, counted: Counter[str], who: str) -> None:
        """Take it."""
        self._counted, self._who = counted, who
        self.taken = True
        counted[who] += 1

    def leave(self) -> None:
        """Give it back."""
        if self.taken:
            self.taken = False
            self._counted[self._who] -= 1
            if self._counted[self._who] <= 0:
                del self._counted[self._who]


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
        self._of_device: dict[str, list[Place]] = {}
        """The streams of each device that has any, the oldest first."""

    def enter(self, who: str) -> Callable[[], None]:
        """Count a request; what is given back is to be called when it is answered. Raises Problem 429."""
        if self._running[who] >= self._limits.at_once:
            raise _too_many(1)
        self._take(who)
        return Place(self._running, who).leave

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

    def check_streams(self, who: str, device: str | None = None) -> None:
        """Whether one more stream may begin: a device that has all of its own always may. Raises Problem 429."""
        own = 0 if device is None else len(self._of_device.get(device, ()))
        if own < self._limits.streams_of_a_device and self._streams[who] >= self._limits.streams:
            raise _too_many(5)

    def begin_stream(self, who: str, device: str | None = None) -> Place:
        """Count a stream; it is to be left at its end, and to end once it is not ``taken`` any more."""
        place = Place(self._streams, who)
        if device is not None:
            self._begin_of_device(device, place)
        return place

    def _begin_of_device(self, device: str, place: Place) -> None:
        places = [*self._of_device.get(device, ()), place]
        if len(places) > self._limits.streams_of_a_device:
            places.pop(0).leave()
        self._of_device[device] = places

    def end_stream(self, place: Place, device: str | None = None) -> None:
        """It has ended, whoever ended it."""
        place.leave()
        if device is not None:
            left = [each for each in self._of_device.pop(device, ()) if each is not place]
            self._of_device |= {device: left} if left else {}


def _too_many(seconds: int) -> Problem:
    return Problem(
        "too_many_requests",
        "This account asks too much at once: wait as long as Retry-After says.",
        headers={"Retry-After": str(max(1, seconds))},
    )
