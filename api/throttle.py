"""Slows down whoever repeats an answer without end. Who guesses passwords: api/login.py."""

import time
from collections import OrderedDict
from collections.abc import Callable

MOST_NAMES = 10_000

ANSWERS_A_MINUTE = 30
"""Answers to one solicitation that one caller may send to the engine."""
MINUTE_SECONDS = 60.0


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
