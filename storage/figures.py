"""What is open at this moment, counted in one statement: for those who watch over the whole, never for a decision.

Every part of it reads an index that holds what is open only, so that it costs the same after a year.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.vocabulary import AlarmKind, DemandStatus
from storage.tables import alarms, demand_views, demands, journal, notifications, push_cursor

OPEN = tuple(status for status in DemandStatus if not status.has_ended)


@dataclass(frozen=True, slots=True)
class Heap:
    """How many there are, and since when the oldest."""

    count: int = 0
    oldest: datetime | None = None


NONE = Heap()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The whole."""

    demands: Mapping[DemandStatus, Heap]
    """Those that are open, by status, since they were received."""
    not_started: Heap
    """Kept while the engine is away."""
    ringing: Mapping[AlarmKind, Heap]
    """Alarms that nobody has seen."""
    notifications: Heap
    """Those that no push service has, since their fact was recorded."""
    last_position: int
    """Of the journal."""
    pushed_position: int | None
    """How far it was read for notifications; none before anything was."""

    @property
    def unsolicited(self) -> Heap:
        """Demands for which nobody was asked yet, or not yet again after their terms changed."""
        return self.demands[DemandStatus.RECEIVED]

    @property
    def searching(self) -> Heap:
        """Demands for which a vehicle is looked for."""
        return _together(heap for status, heap in self.demands.items() if status.is_searching)


@dataclass(slots=True)
class _Read:
    heaps: dict[tuple[str, str], Heap] = field(default_factory=dict)

    def heap(self, what: str, label: str = "") -> Heap:
        return self.heaps.get((what, label), NONE)


async def read(connection: AsyncConnection) -> Figures:
    """Count."""
    found = _Read()
    for what, label, count, oldest in await connection.execute(STATEMENT):
        found.heaps[what, label] = Heap(count or 0, oldest)
    pushed = found.heaps.get(("pushed", ""))
    return Figures(
        demands={status: found.heap("demands", status) for status in OPEN},
        not_started=found.heap("not_started"),
        ringing={kind: found.heap("ringing", kind) for kind in AlarmKind},
        notifications=found.heap("notifications"),
        last_position=found.heap("journal").count,
        pushed_position=pushed.count if pushed else None,
    )


def _together(heaps: Iterator[Heap]) -> Heap:
    known = list(heaps)
    oldest = [heap.oldest for heap in known if heap.oldest is not None]
    return Heap(sum(heap.count for heap in known), min(oldest, default=None))


def _line(what: str, label: object, count: object, oldest: object) -> sa.Select[str, str, int, datetime]:
    return sa.select(
        sa.literal(what, sa.Text).label("what"),
        sa.type_coerce(label, sa.Text).label("label"),
        sa.type_coerce(count, sa.BigInteger).label("count"),
        sa.type_coerce(oldest, sa.DateTime(timezone=True)).label("oldest"),
    )


def _figures() -> sa.CompoundSelect[str, str, int, datetime]:
    nothing, never = sa.literal("", sa.Text), sa.null()
    views, letters = demand_views.c, notifications.c
    return sa.union_all(
        _line("demands", views.status, sa.func.count(), sa.func.min(views.received_at))
        .where(views.status.in_(OPEN))
        .group_by(views.status),
        _line("not_started", nothing, sa.func.count(), sa.func.min(demands.c.received_at)).where(
            demands.c.started_at.is_(None)
        ),
        _line("ringing", alarms.c.kind, sa.func.count(), sa.func.min(alarms.c.raised_at))
        .where(alarms.c.closed_at.is_(None), alarms.c.seen_at.is_(None))
        .group_by(alarms.c.kind),
        _line("notifications", nothing, sa.func.count(), sa.func.min(letters.recorded_at)).where(
            letters.try_at.is_not(None)
        ),
        _line("journal", nothing, sa.func.max(journal.c.position), never),
        _line("pushed", nothing, push_cursor.c.position, push_cursor.c.moved_at),
    )


STATEMENT = _figures()
"""One, so that all of it is of one moment."""
