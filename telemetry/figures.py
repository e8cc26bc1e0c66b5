"""The figures of a worker process: what it recorded and how late, and what it waits for.

They stand in the meter of Temporal's SDK, beside the SDK's own, and are shown on one address (`telemetry.engine`).
Labels hold words of closed lists only: kinds of facts, names of activities.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from temporalio.common import MetricMeter

DISPATCH_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 5.0, 10.0, 30.0)
"""Seconds, around the targets: half a second, and one."""
CONFIRMATION_BUCKETS = (5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 1800.0)
"""Seconds: people answer, within countdowns of half a minute to some minutes."""
LAG_BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0)
"""Seconds."""

BUCKETS = {
    "rescousse_first_solicitation_seconds": DISPATCH_BUCKETS,
    "rescousse_confirmation_seconds": CONFIRMATION_BUCKETS,
    "rescousse_recording_lag_seconds": LAG_BUCKETS,
}

FORGOTTEN = timedelta(seconds=15)
"""A batch that failed here and was not tried again here in that time is another worker's, or was recorded there."""


@dataclass(slots=True)
class _Waiting:
    happened_at: datetime
    tried_at: datetime


@dataclass(slots=True)
class Unrecorded:
    """The facts that this worker was given to record, until they are."""

    _waiting: dict[UUID, _Waiting] = field(default_factory=dict)

    def begin(self, demand_id: UUID, happened_at: datetime, now: datetime) -> None:
        """A batch is tried; a demand has one at a time."""
        self._waiting[demand_id] = _Waiting(happened_at, now)

    def end(self, demand_id: UUID) -> None:
        """It is recorded."""
        self._waiting.pop(demand_id, None)

    def oldest_seconds(self, now: datetime) -> float:
        """How long ago the oldest fact happened that still waits; 0 for none."""
        for demand_id in [each for each in self._waiting if now - self._waiting[each].tried_at > FORGOTTEN]:
            self.end(demand_id)
        return max((_seconds(one.happened_at, now) for one in self._waiting.values()), default=0.0)


class WorkerFigures:
    """What a worker counts. With the meter that does nothing it costs next to nothing."""

    def __init__(self, meter: MetricMeter) -> None:
        """Begin at zero."""
        self._first = meter.create_histogram_float(
            "rescousse_first_solicitation_seconds",
            "From the reception of a demand to its first solicitation on record",
        )
        self._confirmation = meter.create_histogram_float(
            "rescousse_confirmation_seconds", "From the reception of a demand to its first confirmed vehicle"
        )
        self._lag = meter.create_histogram_float(
            "rescousse_recording_lag_seconds",
            "From what happened to its line in the journal, the oldest of each batch",
        )
        self._facts = meter.create_counter("rescousse_facts_recorded", "Facts of demands recorded, by kind")
        self._retries = meter.create_counter(
            "rescousse_activity_retries", "Attempts of activities after the first, by activity"
        )
        self._oldest = meter.create_gauge_float(
            "rescousse_oldest_unrecorded_fact_seconds",
            "Age of the oldest fact that this worker has still to record",
        )
        self._used = meter.create_gauge("rescousse_database_connections_used", "Connections in use")
        self._most = meter.create_gauge(
            "rescousse_database_connections_most", "Connections that may be in use"
        )
        self.unrecorded = Unrecorded()

    def first_solicitation(self, received_at: datetime, now: datetime) -> None:
        """Somebody was asked for the first time."""
        self._first.record(_seconds(received_at, now))

    def confirmation(self, received_at: datetime, now: datetime) -> None:
        """The demand has its first vehicle."""
        self._confirmation.record(_seconds(received_at, now))

    def recording(self, demand_id: UUID, happened_at: datetime, now: datetime) -> None:
        """A batch is about to be recorded, perhaps again."""
        self.unrecorded.begin(demand_id, happened_at, now)

    def recorded(self, demand_id: UUID, kinds: Iterator[str], happened_at: datetime, now: datetime) -> None:
        """A batch is recorded; ``kinds`` are those of the facts that were new."""
        self.unrecorded.end(demand_id)
        new = list(kinds)
        if new:  # else an attempt before this one recorded them
            self._lag.record(_seconds(happened_at, now))
        for kind in new:
            self._facts.add(1, {"kind": kind})

    def tried_again(self, activity_type: str) -> None:
        """An activity runs that failed before."""
        self._retries.add(1, {"activity": activity_type})

    async def look_for_ever(self, connections: Callable[[], tuple[int, int]], every_seconds: float) -> None:
        """Bring the gauges up to date until cancelled. ``connections``: in use, and at most."""
        while True:
            self.look(datetime.now(UTC), *connections())
            await asyncio.sleep(every_seconds)

    def look(self, now: datetime, connections_used: int, connections_most: int) -> None:
        """Bring the gauges up to date."""
        self._oldest.set(self.unrecorded.oldest_seconds(now))
        self._used.set(max(0, connections_used))
        self._most.set(connections_most)


def _seconds(since: datetime, now: datetime) -> float:
    """Never negative: the clocks of two machines differ a little."""
    return max(0.0, (now - since).total_seconds())
