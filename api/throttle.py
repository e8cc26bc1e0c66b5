"""Slows down whoever guesses passwords, and whoever repeats an answer without end."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_FAILURES = 5
"""Wrong passwords in a row for one name from one address before it has to wait."""
WAIT_SECONDS = 30.0
FORGET_SECONDS = 300.0
MOST_NAMES = 10_000

ANSWERS_A_MINUTE = 30
"""Answers to one solicitation that one caller may send to the engine."""
MINUTE_SECONDS = 60.0


@dataclass(slots=True)
class _Failures:
    count: int
    last: float


class LoginThrottle:
    """Counts failed logins by user name and address, in this process only; bounded."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Nobody has failed yet."""
        self._now = now
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()

    def wait_seconds(self, username: str, address: str) -> int:
        """How long this name must wait before its next attempt counts; 0 for not at all."""
        failed = self._failures.get((username, address))
        if failed is None or failed.count < FREE_FAILURES:
            return 0
        return max(0, int(failed.last + WAIT_SECONDS - self._now() + 0.999))

    def failed(self, username: str, address: str) -> None:
        """Note a failure."""
        now = self._now()
        failed = self._failures.pop((username, address), None)
        if failed is None or now - failed.last > FORGET_SECONDS:
            failed = _Failures(0, now)
        failed.count, failed.last = failed.count + 1, now
        self._failures[username, address] = failed
        while len(self._failures) > MOST_NAMES:
            self._failures.popitem(last=False)

    def succeeded(self, username: str, address: str) -> None:
        """The right password forgives everything."""
        self._failures.pop((username, address), None)


class AnswerThrottle:
    """Counts answers by the minute, in this process only; bounded."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Nobody has answered yet."""
        self._now = now
        self._minutes: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def count(self, who: str) -> int:
        """How many answers were taken in the running minute."""
        return self._minute(who)[1]

    def take(self, who: str) -> int:
        """Count an answer; 0 when it may be sent, or else how many seconds to wait before the next."""
        began, count = self._minute(who)
        if count >= ANSWERS_A_MINUTE:
            return max(1, int(began + MINUTE_SECONDS - self._now() + 0.999))
        self._minutes.pop(who, None)
        self._minutes[who] = (began, count + 1)
        while len(self._minutes) > MOST_NAMES:
            self._minutes.popitem(last=False)
        return 0

    def give_back(self, who: str) -> None:
        """An answer that was taken reached nobody: it does not count."""
        began, count = self._minute(who)
        if count:
            self._minutes[who] = (began, count - 1)

    def _minute(self, who: str) -> tuple[float, int]:
        now = self._now()
        began, count = self._minutes.get(who, (now, 0))
        return (began, count) if now - began < MINUTE_SECONDS else (now, 0)
