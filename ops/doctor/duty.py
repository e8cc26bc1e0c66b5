"""Between demands: guard watches, posts, positions, notifications."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ops.doctor.findings import Finding, note, soon, span, wrong
from ops.doctor.looking import Opened
from storage import fixes
from storage.tables import (
    devices,
    guard_periods,
    journal,
    leases,
    notifications,
    push_cursor,
    vehicle_positions,
    vehicles,
)
from storage.watches import AHEAD

LATE = timedelta(minutes=1)
"""APIs look at posts and watches every second."""
SILENT = timedelta(hours=6)
"""A vehicle that was not heard of for so long is not asked (domain.policy.Policy.position_lost_s)."""
LAG_SOON = timedelta(seconds=60)
RECENT = timedelta(minutes=5)
CLAMPED_AT_LEAST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Counts and ages; an age is null when there is none."""

    unwatched: int
    """Guard periods that begin within a day or run, and that the engine does not watch."""
    mute_posts: int
    """Held by a device that was silent for long, and not suspended."""
    available: int
    silent: int
    """Available vehicles whose position is missing or too old: nobody asks them."""
    lag: timedelta | None
    """From a device's clock to ours, the median of the last minutes."""
    clamped: int
    """Vehicles whose device tells a time that is still to come."""
    partitions_missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Notifications."""

    wanted: bool
    """Push services are named in the settings."""
    phones: int
    """That subscribed."""
    behind: int
    """Facts that were not read for notifications."""
    overdue: timedelta | None
    """The oldest that should have been sent."""


async def look(opened: Opened) -> Sequence[Finding]:
    """Watches, posts and positions."""
    assert opened.database is not None  # noqa: S101 - this look needs it
    async with opened.database.connect() as connection:
        counts = (await connection.execute(_counts(opened.at))).one()._asdict()
        missing = len(await fixes.missing(connection, opened.at))
    return list(judge_duty(Duty(partitions_missing=missing, **counts)))


async def look_at_push(opened: Opened) -> Sequence[Finding]:
    """Whether phones are told."""
    assert opened.database is not None  # noqa: S101 - this look needs it
    async with opened.database.connect() as connection:
        counts = (await connection.execute(_letters(opened.at))).one()._asdict()
    wanted = bool(opened.place.settings.push_hosts.strip())
    return list(judge_letters(Letters(wanted=wanted, **counts)))


def judge_duty(duty: Duty) -> Iterator[Finding]:
    """What the counts say."""
    if duty.unwatched:
        yield wrong(
            "guard",
            f"{duty.unwatched} guard periods run or begin within a day, and the engine watches none of them: nobody is "
            "warned of a sector without a guard.",
            "See that an API and the engine run: an API starts the watches by itself.",
        )
    if duty.mute_posts:
        yield wrong(
            "posts",
            f"{duty.mute_posts} posts have been silent for more than {span(LATE)} and still regulate: demands ring unheard.",
            "See that at least one API runs: it suspends silent posts every second.",
        )
    if duty.partitions_missing:
        yield soon(
            "positions",
            f"{duty.partitions_missing} partitions of vehicle_fixes that should be there are not.",
            "See that at least one API runs: it makes them ahead. Fixes go to the default partition meanwhile.",
        )
    yield from _judge_positions(duty)


def _judge_positions(duty: Duty) -> Iterator[Finding]:
    if duty.lag is not None and duty.lag > LAG_SOON:
        yield soon(
            "positions",
            f"Positions come {span(duty.lag)} after they were taken (median of the last {span(RECENT)}).",
            "Look at the API's log and load, and at the clocks of the devices.",
        )
    if duty.clamped >= CLAMPED_AT_LEAST:
        yield note(
            "positions",
            f"The devices of {duty.clamped} vehicles tell times that are still to come: their clocks are ahead.",
            "Have the companies set their devices' clocks automatically.",
        )
    if duty.silent:
        yield note(
            "positions",
            f"{duty.silent} of {duty.available} available vehicles have no position of the last {span(SILENT)}.",
        )


def judge_letters(letters: Letters) -> Iterator[Finding]:
    """Whether phones are told in time."""
    if not letters.wanted:
        if letters.phones:
            yield note(
                "push",
                f"{letters.phones} phones subscribed to notifications, and no push service is named.",
                "Set RESCOUSSE_PUSH_HOSTS (docs/push.md).",
            )
        return
    if letters.overdue is not None and letters.overdue > LATE:
        yield wrong(
            "push",
            f"The oldest notification should have been sent {span(letters.overdue)} ago.",
            "See that an API runs and reaches the push services of RESCOUSSE_PUSH_HOSTS (docs/push.md).",
        )
    elif letters.behind:
        yield note("push", f"{letters.behind} facts are still to be read for notifications.")


def _counts(at: datetime) -> sa.Select[Any]:
    place, vehicle = vehicle_positions.c, vehicles.c
    heard = sa.and_(place.vehicle_id == vehicle.id, place.received_at > at - SILENT)
    fresh = place.received_at > at - RECENT
    lag = sa.func.percentile_cont(0.5).within_group(place.received_at - place.recorded_at)
    return sa.select(
        _count(guard_periods, *_unwatched(at)).label("unwatched"),
        _count(leases, leases.c.state == "HELD", leases.c.heartbeat_at < at - LATE).label("mute_posts"),
        _count(vehicles, vehicle.available).label("available"),
        _count(vehicles, vehicle.available, ~sa.exists().where(heard)).label("silent"),
        sa.select(lag).where(fresh).scalar_subquery().label("lag"),
        _count(vehicle_positions, fresh, place.recorded_at == place.received_at).label("clamped"),
    )


def _unwatched(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    period = guard_periods.c
    due = period.starts_at < at + AHEAD - LATE, period.ends_at > at
    return (period.watched_at.is_(None), period.withdrawn_at.is_(None), *due)


def _letters(at: datetime) -> sa.Select[int, Any, datetime]:
    phones = devices.c.push_subscription.is_not(None), devices.c.closed_at.is_(None)
    read_to = sa.select(push_cursor.c.position).limit(1).scalar_subquery()
    newest = sa.select(sa.func.max(journal.c.position)).scalar_subquery()
    due = sa.select(sa.func.min(notifications.c.try_at)).where(notifications.c.expires_at > at)
    return sa.select(
        _count(devices, *phones).label("phones"),
        sa.func.coalesce(newest - read_to, 0).label("behind"),
        (sa.literal(at) - due.scalar_subquery()).label("overdue"),
    )


def _count(table: sa.Table, *where: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(table).where(*where).scalar_subquery()
