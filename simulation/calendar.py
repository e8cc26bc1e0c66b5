"""The clock on the wall of the simulated world: its nights, and the real instants that the server knows them by."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulation.clock import Clock, utc_now

HOUR, DAY = 3600.0, 86_400.0
MORNING, EVENING = 8.0, 20.0
"""The guard keeps the night from 20:00 to 08:00 (simulated hours)."""


@dataclass(frozen=True, slots=True)
class Night:
    """A night of the simulated world: its number (that of the day that it follows), start and end (moments)."""

    number: int
    starts: float
    ends: float


@dataclass(slots=True)
class Calendar:
    """Maps simulated moments (seconds since midnight of the first day) to real instants and back.

    A night of twelve hours lasts twelve hours divided by the speed for the server, which knows real time only.
    """

    clock: Clock = field(default_factory=lambda: Clock(1.0))
    start_hour: float = 12.0
    _zero: float = 0.0
    _zero_at: datetime = field(default_factory=utc_now)

    def __post_init__(self) -> None:
        """Begin at once; a run begins anew when its companies are there."""
        self.begin()

    def begin(self) -> None:
        """Let it be ``start_hour`` of the first day now."""
        passed = self.start_hour * HOUR
        self._zero = self.clock.now() - passed
        self._zero_at = utc_now() - timedelta(seconds=self.clock.real(passed))

    def now(self) -> float:
        """Return the simulated moment."""
        return self.clock.now() - self._zero

    def instant(self, moment: float) -> datetime:
        """Return the real instant of a simulated moment, in UTC."""
        return self._zero_at + timedelta(seconds=moment / self.clock.speed)

    def moment(self, instant: datetime) -> float:
        """Return the simulated moment of a real instant."""
        return (instant - self._zero_at).total_seconds() * self.clock.speed

    async def until(self, moment: float) -> None:
        """Wait until a simulated moment; a moment that is over takes no time."""
        await self.clock.sleep(moment - self.now())

    @property
    def day(self) -> int:
        """The number of the day of service, which begins in the morning and ends with the next morning."""
        return int((self.now() - MORNING * HOUR) // DAY)

    @property
    def by_night(self) -> bool:
        """Whether it is between 20:00 and 08:00."""
        return self.now() >= self.evening(self.day)

    def morning(self, day: int) -> float:
        """Return the moment when a day of service begins."""
        return day * DAY + MORNING * HOUR

    def evening(self, day: int) -> float:
        """Return the moment when the guard of a day's night begins."""
        return day * DAY + EVENING * HOUR

    def night(self, day: int) -> Night:
        """Return the night that follows a day."""
        return Night(day, self.evening(day), self.morning(day + 1))
