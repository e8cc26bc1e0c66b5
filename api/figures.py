"""Figures that are read when somebody asks for them: the open demands of everybody, and the state of this process.

Those of everybody come from the database, by one statement every few seconds at most, and are the same in each API
process: take the largest. When the database does not answer they are absent, and `rescousse_figures_ok` is 0.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import figures
from storage.engine import in_use
from storage.figures import Figures, Heap

if TYPE_CHECKING:
    from api.position_writer import PositionWriter
    from api.probe import EngineProbe

FRESH_SECONDS = 4.0
"""Below any interval at which figures are fetched, and enough for two who fetch at once."""
READ_SECONDS = 2.0

log = logging.getLogger(__name__)


class FleetFigures(Collector):
    """The open demands of everybody, as they were a moment ago."""

    def __init__(self, database: AsyncEngine, clock: Callable[[], datetime], *, pushes: bool) -> None:
        """Nothing is read before ``refresh``. ``pushes``: whether notifications are sent at all."""
        self._database = database
        self._clock = clock
        self._pushes = pushes
        self._read_at: float | None = None
        self._known: Figures | None = None
        self._reading = asyncio.Lock()

    async def refresh(self) -> None:
        """Read again what is not fresh; never raises, and takes two seconds at most."""
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if self._read_at is not None and now - self._read_at < FRESH_SECONDS:
                return
            self._known = await self._read()
            self._read_at = now

    async def _read(self) -> Figures | None:
        try:
            async with asyncio.timeout(READ_SECONDS), self._database.connect() as connection:
                return await figures.read(connection)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("figures: the database does not answer (%s)", type(error).__name__)
            return None

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: it is not asked when it is registered."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What is known."""
        yield _gauge(
            "rescousse_figures_ok",
            "1 if the figures of everybody could be read",
            float(self._known is not None),
        )
        if self._known is None:
            return
        yield from _labelled(self._known)
        yield from _heaps(self._known, self._clock())
        yield _gauge("rescousse_journal_position", "Position of the last fact", self._known.last_position)
        read = self._known.pushed_position if self._pushes else None
        behind = max(0, self._known.last_position - read) if read is not None else 0
        yield _gauge("rescousse_push_unread_facts", "Facts that were not looked at for notifications", behind)


def _labelled(known: Figures) -> Iterator[GaugeMetricFamily]:
    demands = GaugeMetricFamily("rescousse_open_demands", "Open demands by status", labels=["status"])
    for status, heap in known.demands.items():
        demands.add_metric([status], heap.count)
    yield demands
    alarms = GaugeMetricFamily("rescousse_alarms_ringing", "Alarms that nobody has seen", labels=["alarm"])
    for kind, heap in known.ringing.items():
        alarms.add_metric([kind], heap.count)
    yield alarms


def _heaps(known: Figures, now: datetime) -> Iterator[GaugeMetricFamily]:
    yield _gauge("rescousse_demands_not_started", "Demands kept for the engine", known.not_started.count)
    yield _gauge(
        "rescousse_notifications_waiting", "Notifications that no push service has", known.notifications.count
    )
    oldest = {
        "rescousse_oldest_search_seconds": ("Age of the oldest demand without a vehicle", known.searching),
        "rescousse_oldest_unsolicited_seconds": (
            "Age of the oldest demand that nobody was asked for",
            known.unsolicited,
        ),
        "rescousse_oldest_not_started_seconds": (
            "Age of the oldest demand kept for the engine",
            known.not_started,
        ),
        "rescousse_oldest_notification_seconds": (
            "Age of the oldest notification not sent",
            known.notifications,
        ),
    }
    for name, (what, heap) in oldest.items():
        yield _gauge(name, what, _age(heap, now))


class ProcessFigures(Collector):
    """The state of this process."""

    def __init__(
        self,
        database: AsyncEngine,
        probe: "EngineProbe",
        positions: "PositionWriter",
        clock: Callable[[], datetime],
    ) -> None:
        """Asked when the figures are fetched."""
        self._database = database
        self._probe = probe
        self._positions = positions
        self._clock = clock

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: it is not asked when it is registered."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What is so now."""
        used, most = in_use(self._database)
        yield _gauge("rescousse_database_connections_used", "Connections in use", max(0, used))
        yield _gauge("rescousse_database_connections_most", "Connections that may be in use", most)
        yield _gauge(
            "rescousse_positions_waiting", "Positions not written yet", self._positions.fixes_waiting
        )
        yield _gauge(
            "rescousse_engine_probe_ok",
            "1 if engine and worker answered last time",
            float(self._probe.is_whole),
        )
        since = self._probe.succeeded_at
        if since is not None:
            age = max(0.0, (self._clock() - since).total_seconds())
            yield _gauge(
                "rescousse_engine_probe_age_seconds", "Since engine and worker were last seen to answer", age
            )


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=value)


def _age(heap: Heap, now: datetime) -> float:
    return max(0.0, (now - heap.oldest).total_seconds()) if heap.oldest is not None else 0.0
