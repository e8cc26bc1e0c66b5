"""What every actor of one run shares: the clock, the habits, the seed and the ledger."""

import random
from dataclasses import dataclass

from simulation.clock import Clock, derive
from simulation.habits import Habits
from simulation.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Stage:
    """The common ground of a run. ``poll_every`` and ``report_every`` are real seconds."""

    clock: Clock
    habits: Habits
    seed: int
    ledger: Ledger
    poll_every: float = 8.0
    report_every: float = 5.0

    def rng(self, *names: object) -> random.Random:
        """Return the random source of an actor, or of one decision of it."""
        return derive(self.seed, *names)
