"""The watch of one guard period: when to look, when to warn, when to send the crew home (rules 59, 65 and 66).

Nothing here waits or reads a clock. All durations are elapsed time between instants: a night of twelve hours by the
clock may last eleven or thirteen (rule 102).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.guard_messages import GuardPeriod, GuardStanding


class WatchAct(StrEnum):
    """What follows from a look at a period."""

    WARN = "WARN"
    ALL_CLEAR = "ALL_CLEAR"
    SEND_HOME = "SEND_HOME"
    END = "END"


LOOKS_PER_WAIT = 10
"""Past the end, the pause between two looks is a tenth of the time already waited."""


@dataclass(slots=True)
class Watch:
    """What the watch of one period remembers between two looks."""

    period: GuardPeriod
    ever_covered: bool = False
    alarmed: bool = False
    alarms: int = 0
    over: bool = False
    uncovered_since: datetime | None = None
    """Since when nobody is on guard, the period having begun; null while somebody is."""

    def judge(self, seen: GuardStanding, at: datetime) -> WatchAct | None:
        """What to do now, if anything. Ask again after doing it."""
        self._remember(seen, at)
        if seen.exists and at >= self.period.ends_at and seen.shift_id is not None:
            return None if seen.busy else WatchAct.SEND_HOME
        if self.over:
            return None
        is_over = not seen.exists or at >= self.period.ends_at
        if self.alarmed and (is_over or seen.covered):
            return WatchAct.ALL_CLEAR
        if is_over:
            return WatchAct.END
        return WatchAct.WARN if self._is_late(at) else None

    def done(self, act: WatchAct) -> None:
        """It was done."""
        if act is WatchAct.WARN:
            self.alarmed = True
            self.alarms += 1
        elif act is WatchAct.ALL_CLEAR:
            self.alarmed = False
        elif act is WatchAct.END:
            self.over = True

    def next_look(self, at: datetime) -> datetime:
        """When to look again, should nobody say anything before."""
        policy = self.period.policy
        if at >= self.period.ends_at:
            # A mission that nobody ends must not fill the engine's history: the longer it lasts, the rarer the looks.
            waited = (at - self.period.ends_at) / LOOKS_PER_WAIT
            slowest = timedelta(seconds=policy.busy_look_slowest_s)
            return at + min(max(timedelta(seconds=policy.busy_look_every_s), waited), slowest)
        if at < self.period.starts_at:
            return self.period.starts_at
        moments = [self.period.ends_at, at + timedelta(seconds=policy.look_every_s)]
        if self.uncovered_since is not None and not self.alarmed:
            moments.append(self.uncovered_since + timedelta(seconds=policy.alarm_after_s))
        return min(moments)

    def _remember(self, seen: GuardStanding, at: datetime) -> None:
        if seen.ends_at is not None and seen.ends_at != self.period.ends_at:
            self.period = self.period.model_copy(update={"ends_at": seen.ends_at})
        self.ever_covered = self.ever_covered or seen.covered
        if seen.covered or at < self.period.starts_at:
            self.uncovered_since = None
        elif self.uncovered_since is None:
            # Nobody ever came: since the start. A crew has left: since then, if that is known, else since now.
            left_at = seen.left_at or (at if self.ever_covered else self.period.starts_at)
            self.uncovered_since = max(left_at, self.period.starts_at)

    def _is_late(self, at: datetime) -> bool:
        if self.alarmed or self.uncovered_since is None:
            return False
        return at >= self.uncovered_since + timedelta(seconds=self.period.policy.alarm_after_s)
