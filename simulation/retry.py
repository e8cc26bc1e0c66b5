"""When a call is repeated, and after how long: every call of the simulation is safe to repeat."""

import random
from dataclasses import dataclass

BUSY = frozenset({429, 502, 503, 504})
"""Statuses that say "not now": the same call is repeated."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one call is repeated before it is given up. All in real seconds."""

    total: float = 60.0
    first_pause: float = 0.25
    longest_pause: float = 5.0
    longest_retry_after: float = 30.0


def pause_before(attempt: int, retry_after: str | None, patience: Patience, rng: random.Random) -> float:
    """Return the seconds to wait before attempt number ``attempt`` (the first repetition is 1).

    The server's ``Retry-After`` (seconds) is obeyed, up to a bound; a date or nonsense falls back on the
    doubling pause. A jitter of a fifth keeps many actors from coming back at the same instant.
    """
    doubled: float = min(patience.longest_pause, patience.first_pause * 2 ** min(attempt - 1, 10))
    asked = _seconds(retry_after)
    pause = doubled if asked is None else min(asked, patience.longest_retry_after)
    return pause * rng.uniform(1.0, 1.2)


def _seconds(retry_after: str | None) -> float | None:
    """Read a ``Retry-After`` given in seconds."""
    try:
        seconds = float(retry_after) if retry_after else None
    except ValueError:
        return None
    return seconds if seconds is not None and seconds >= 0 else None
