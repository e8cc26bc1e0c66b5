"""Simulated time: human and vehicle time runs ``speed`` times faster than the server's real time."""

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """Divides simulated seconds by ``speed``. The windows of the server stay in real time."""

    speed: float

    def real(self, simulated_seconds: float) -> float:
        """Return the real seconds that ``simulated_seconds`` take."""
        return max(0.0, simulated_seconds) / self.speed

    def now(self) -> float:
        """Return the simulated seconds since an arbitrary moment; never goes back."""
        return time.monotonic() * self.speed

    async def sleep(self, simulated_seconds: float) -> None:
        """Wait ``simulated_seconds`` of the simulated world."""
        await asyncio.sleep(self.real(simulated_seconds))


def utc_now() -> datetime:
    """Return the real instant, in UTC: what a device sends as ``occurred_at`` or ``recorded_at``."""
    return datetime.now(UTC)


def derive(seed: int, *names: object) -> random.Random:
    """Return the random source of an actor or of one decision: same seed and names, same draws."""
    return random.Random(":".join([str(seed), *map(str, names)]))


def around(rng: random.Random, median: float, spread: float = 0.5) -> float:
    """Draw a plausible human duration (log-normal): half of the draws are under ``median``, in its unit."""
    return median * rng.lognormvariate(0.0, spread)
