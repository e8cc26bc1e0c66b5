"""What every actor of one run shares: the clock, the habits, the seed and the ledger."""

import asyncio
import random
from dataclasses import dataclass, field

from simulation.calendar import Calendar
from simulation.clock import Clock, derive
from simulation.habits import Habits
from simulation.ledger import Ledger

LOGINS_AT_ONCE = 4
"""Devices that log in at the same time: a login costs the server a deliberate slow hash."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The common ground of a run. ``poll_every``, ``report_every``, ``beat_every`` and ``frozen_for`` are real seconds.

    The server takes a post for lost that it did not hear of for 30 real seconds: a frozen one stays away for longer.
    """

    clock: Clock
    habits: Habits
    seed: int
    ledger: Ledger
    poll_every: float = 8.0
    report_every: float = 5.0
    beat_every: float = 5.0
    frozen_for: float = 42.0
    calendar: Calendar = field(default_factory=Calendar)
    logins: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LOGINS_AT_ONCE))

    def rng(self, *names: object) -> random.Random:
        """Return the random source of an actor, or of one decision of it."""
        return derive(self.seed, *names)
