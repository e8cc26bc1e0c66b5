"""What processes use while a load runs: processor time and memory of each, and what PostgreSQL waits for."""

import asyncio
import resource
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

SAMPLE_S = 0.1
_WAITS = sa.text(
    "SELECT coalesce(wait_event_type || ':' || wait_event, 'running') AS event, count(*) AS times"
    " FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    " GROUP BY 1"
)


@dataclass(frozen=True, slots=True)
class Use:
    """Of one kind of process."""

    cpu_s: float
    rss: int
    """Bytes; of PostgreSQL the proportional share, as its processes hold the same buffers."""


def use_of(pids: Sequence[int]) -> Use:
    """Processor time and memory of processes with all their children; those that have ended count what they used."""
    cpu, memory = 0.0, 0
    for pid in pids:
        process = psutil.Process(pid)
        own = process.cpu_times()
        cpu += own.children_user + own.children_system
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                times = one.cpu_times()
                cpu += times.user + times.system
                memory += _memory(one)
    return Use(cpu, memory)


def uses_of(pids: Mapping[str, Sequence[int]]) -> dict[str, Use]:
    """What each kind of process has used so far."""
    return {kind: use_of(those) for kind, those in pids.items()}


def _memory(process: psutil.Process) -> int:
    """Its proportional share where the system tells it: pages that many share are counted once."""
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError):
        return int(process.memory_info().rss)


def spent(before: Mapping[str, Use], after: Mapping[str, Use]) -> dict[str, Use]:
    """What was used in between, and the memory at the end."""
    return {name: Use(after[name].cpu_s - before[name].cpu_s, after[name].rss) for name in before}


@dataclass
class Waits:
    """What PostgreSQL's sessions were doing, looked at ten times a second."""

    seen: Counter[str] = field(default_factory=Counter)

    async def watch(self, database: AsyncEngine) -> None:
        """Look until cancelled."""
        async with database.connect() as connection:
            while True:
                for event, times in await connection.execute(_WAITS):
                    self.seen[event] += times
                await connection.rollback()
                await asyncio.sleep(SAMPLE_S)

    def told(self, most: int = 5) -> str:
        """The most frequent, as shares."""
        total = sum(self.seen.values()) or 1
        return ", ".join(f"{event} {times / total:.0%}" for event, times in self.seen.most_common(most))


def most_memory() -> int:
    """The most that this process ever held, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
