"""Shows how a run goes: a live line in a terminal, a plain line every few seconds elsewhere."""

import asyncio
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from simulation.ledger import Ledger

LIVE_EVERY = 0.5
PLAIN_EVERY, PLAIN_EVERY_ENDLESS = 5.0, 60.0


class Watcher(Protocol):
    """Follows a run until it is cancelled."""

    async def watch(self, ledger: Ledger) -> None:
        """Show ``ledger`` again and again."""
        ...


class LiveProgress:
    """A bar that counts the demands that have ended. ``total`` is None for a run without end."""

    def __init__(self, console: Console, total: int | None) -> None:
        """Nothing is drawn before ``watch``."""
        self._console = console
        self._total = total

    async def watch(self, ledger: Ledger) -> None:
        """Draw until cancelled."""
        columns = (SpinnerColumn(), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, TextColumn("{task.description}"), console=self._console) as bar:
            task = bar.add_task("", total=self._total)
            try:
                while True:
                    bar.update(task, completed=_ended(ledger), description=summary(ledger))
                    await asyncio.sleep(LIVE_EVERY)
            finally:
                bar.update(task, completed=_ended(ledger), description=summary(ledger))


class PlainProgress:
    """One line every few seconds, for a log."""

    def __init__(self, console: Console, every: float = PLAIN_EVERY) -> None:
        """``every`` is in real seconds."""
        self._console = console
        self._every = every

    async def watch(self, ledger: Ledger) -> None:
        """Write a line now and then until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            self._console.print(f"simulation: {summary(ledger)}", highlight=False, soft_wrap=True)


class NoProgress:
    """Shows nothing."""

    async def watch(self, ledger: Ledger) -> None:
        """Wait until cancelled."""
        del ledger
        await asyncio.Event().wait()


def summary(ledger: Ledger) -> str:
    """Return the state of a run in one line."""
    statuses = ledger.by_status()
    return (
        f"posted {len(ledger.demands)}, open {ledger.open}, completed {statuses['COMPLETED']}, "
        f"unfulfilled {statuses['UNFULFILLED']}, cancelled {statuses['CANCELLED']}"
    )


def _ended(ledger: Ledger) -> int:
    return len(ledger.demands) - ledger.open
