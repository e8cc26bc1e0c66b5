"""Slows down whoever guesses passwords."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_FAILURES = 5
"""Wrong passwords in a row for one name from one address before it has to wait."""
WAIT_SECONDS = 30.0
FORGET_SECONDS = 300.0
MOST_NAMES = 10_000


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
