"""How a company works on one day: its mode, who takes over in the evening, when it freezes, whether it stays open."""

import random
from dataclasses import dataclass

from simulation.habits import Habits

SMALL = 2
"""A company of so few vehicles may do everything on one phone (R4)."""
_MODES = ("R1", "R2", "R3", "R4")
_WEIGHTS, _SMALL_WEIGHTS = (45, 35, 20, 0), (10, 15, 10, 65)


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One day of one company. Times are simulated seconds before (negative) or after 20:00; None is never.

    ``freezes_after`` counts from the moment that the desk opens.
    """

    mode: str
    hands_over_at: float | None
    freezes_after: float | None
    open_at_night: bool
    closes_at: float
    opens_at: float
    """Before or after the morning's 08:00."""

    @property
    def desk_is_phone(self) -> bool:
        """Whether it regulates on a phone in Master mode (R3, R4)."""
        return self.mode in {"R3", "R4"}

    @property
    def phones(self) -> bool:
        """Whether the crews have phones of their own (R1, R3)."""
        return self.mode in {"R1", "R3"}


def draw_day(rng: random.Random, habits: Habits, vehicles: int) -> DayPlan:
    """Draw the day of a company with so many vehicles."""
    [mode] = rng.choices(_MODES, _SMALL_WEIGHTS if vehicles <= SMALL else _WEIGHTS)
    hands_over = rng.random() < habits.hand_over and mode != "R4"
    hands_over_at = rng.uniform(-1500.0, -120.0)
    freezes = rng.random() < habits.freeze
    freezes_after = rng.uniform(300.0, 3600.0)
    return DayPlan(
        mode=mode,
        hands_over_at=hands_over_at if hands_over else None,
        freezes_after=freezes_after if freezes else None,
        open_at_night=rng.random() < habits.open_at_night,
        closes_at=rng.uniform(-300.0, 1200.0),
        opens_at=rng.uniform(-900.0, 600.0),
    )
