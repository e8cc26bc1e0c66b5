"""Notifications as rows: where phones are reached, what is to be sent, what was.

A row is written in the transaction that moves the cursor, and sent after it: whoever dies in between has lost nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.vocabulary import DeviceKind
from storage.tables import devices, journal, notifications, persons, push_cursor, sessions

CURSOR = "sender"
LONGEST_BACKLOG = 50_000
"""Facts: more than two minutes of a crisis of ten times all of France."""

Key = tuple[UUID, str]
"""Device and tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a phone is to be told under a tag. It replaces what was to be said, or was said, under the same tag."""

    device_id: UUID
    tag: str
    kind: str
    content: dict[str, JsonValue]
    recorded_at: datetime
    """When the fact was recorded that it tells."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A letter whose time has come; no endpoint when its phone is not reached any more."""

    device_id: UUID
    tag: str
    version: int
    tries: int
    expires_at: datetime
    endpoint: str | None

    @property
    def key(self) -> Key:
        """Device and tag."""
        return self.device_id, self.tag


@dataclass(frozen=True, slots=True)
class Claimed:
    """A letter in hand, with the subscription of a phone that was reached at that moment."""

    device_id: UUID
    tag: str
    version: int
    kind: str
    content: dict[str, JsonValue]
    recorded_at: datetime
    expires_at: datetime
    subscription: dict[str, JsonValue]


def reachable() -> sa.ColumnElement[bool]:
    """Whether a row of ``devices`` is a phone that may be told anything now: open, logged in, subscribed."""
    ended = sa.exists().where(sessions.c.id == devices.c.session_id, sessions.c.ended_at.is_not(None))
    disabled = sa.exists().where(persons.c.id == devices.c.person_id, persons.c.disabled)
    return sa.and_(
        devices.c.push_subscription.is_not(None),
        devices.c.closed_at.is_(None),
        devices.c.kind == DeviceKind.MOBILE,
        ~ended.correlate(devices),
        ~disabled.correlate(devices),
    )


# -- subscriptions -----------------------------------------------------------------------------------------------------


async def subscribe(connection: AsyncConnection, device_id: UUID, subscription: dict[str, JsonValue]) -> None:
    """Reach a device under this subscription from now on, and no other one: a browser is one device."""
    same = devices.c.push_subscription["endpoint"].astext == subscription["endpoint"]
    known = devices.c.push_subscription.is_not(None)
    others = sa.update(devices).where(known, same, devices.c.id != device_id)
    await connection.execute(others.values(push_subscription=sa.null()))
    this = sa.update(devices).where(devices.c.id == device_id)
    await connection.execute(this.values(push_subscription=subscription))


async def unsubscribe(connection: AsyncConnection, device_id: UUID, endpoint: str | None = None) -> None:
    """Reach a device no more; with an ``endpoint``, only if it is still reached there."""
    gone = sa.update(devices).where(devices.c.id == device_id)
    if endpoint is not None:
        gone = gone.where(devices.c.push_subscription["endpoint"].astext == endpoint)
    await connection.execute(gone.values(push_subscription=sa.null()))


# -- the cursor ----------------------------------------------------------------------------------------------------------


async def first_position(connection: AsyncConnection, since: datetime) -> int:
    """After which position to look: where the last sender was, or where the facts begin that are young enough."""
    recent = (
        sa.select(journal.c.position, journal.c.recorded_at)
        .order_by(journal.c.position.desc())
        .limit(LONGEST_BACKLOG)
        .subquery()
    )
    end = sa.func.coalesce(sa.func.max(recent.c.position), 0)
    oldest = sa.func.min(recent.c.position).filter(recent.c.recorded_at > since)
    young = int(await connection.scalar(sa.select(sa.func.coalesce(oldest - 1, end))) or 0)
    cursor = sa.select(push_cursor.c.position).where(push_cursor.c.name == CURSOR)
    return max(young, int(await connection.scalar(cursor) or 0))


async def move_cursor(connection: AsyncConnection, position: int, at: datetime) -> bool:
    """Say how far the journal was looked at; false, and nothing moves, when somebody else was further."""
    row = {"name": CURSOR, "position": position, "moved_at": at}
    moved = insert(push_cursor).values(row)
    moved = moved.on_conflict_do_update(
        index_elements=[push_cursor.c.name],
        set_={"position": position, "moved_at": at},
        where=push_cursor.c.position < position,
    )
    return await connection.scalar(moved.returning(push_cursor.c.position)) is not None


# -- letters ---------------------------------------------------------------------------------------------------------------


async def write(connection: AsyncConnection, letters: Sequence[Letter], at: datetime) -> None:
    """Have letters sent, each in the place of what stood under its tag."""
    if not letters:
        return
    new = {"version": 1, "told": False, "tries": 0, "try_at": at}
    written = insert(notifications).values([asdict(letter) | new for letter in letters])
    replaced = {
        name: written.excluded[name]
        for name in ("kind", "content", "recorded_at", "expires_at", "tries", "try_at")
    }
    await connection.execute(
        written.on_conflict_do_update(
            index_elements=[notifications.c.device_id, notifications.c.tag],
            set_=replaced | {"version": notifications.c.version + 1},
        )
    )


async def forget(connection: AsyncConnection, keys: Collection[Key]) -> None:
    """Say nothing more under these tags."""
    if keys:
        named = sa.tuple_(notifications.c.device_id, notifications.c.tag).in_(list(keys))
        await connection.execute(sa.delete(notifications).where(named))


async def forget_old(connection: AsyncConnection, before: datetime) -> None:
    """Forget what was said before, and needs no ending any more."""
    await connection.execute(sa.delete(notifications).where(notifications.c.expires_at < before))


async def due(connection: AsyncConnection, at: datetime, limit: int) -> list[Due]:
    """The letters whose time has come, the oldest first."""
    endpoint = devices.c.push_subscription["endpoint"].astext
    query = (
        sa.select(
            notifications.c.device_id,
            notifications.c.tag,
            notifications.c.version,
            notifications.c.tries,
            notifications.c.expires_at,
            sa.case((reachable(), endpoint)),
        )
        .join_from(notifications, devices, devices.c.id == notifications.c.device_id)
        .where(notifications.c.try_at <= at)
        .order_by(notifications.c.try_at)
        .limit(limit)
    )
    return [Due(*row) for row in await connection.execute(query)]


async def claim(
    connection: AsyncConnection, letter: Due, at: datetime, next_try: timedelta
) -> Claimed | None:
    """Take a letter in hand, to be tried again unless something else is said; ``None`` when it is not to be sent now.

    The one place where a phone's address is read to be used: whoever has logged out is not there any more.
    """
    taken = (
        sa.update(notifications)
        .values(tries=notifications.c.tries + 1, told=True, try_at=at + next_try)
        .where(
            notifications.c.device_id == letter.device_id,
            notifications.c.tag == letter.tag,
            notifications.c.try_at <= at,
            notifications.c.expires_at > at,
            devices.c.id == notifications.c.device_id,
            reachable(),
        )
        .returning(
            notifications.c.device_id,
            notifications.c.tag,
            notifications.c.version,
            notifications.c.kind,
            notifications.c.content,
            notifications.c.recorded_at,
            notifications.c.expires_at,
            devices.c.push_subscription,
        )
    )
    row = (await connection.execute(taken)).one_or_none()
    return Claimed(*row) if row else None


async def settle(connection: AsyncConnection, letter: Claimed, *, last: bool) -> None:
    """Nothing more is to be done about this version; ``last``: nor will anything be said about its tag."""
    this = sa.and_(
        notifications.c.device_id == letter.device_id,
        notifications.c.tag == letter.tag,
        notifications.c.version == letter.version,
    )
    ended = sa.delete(notifications) if last else sa.update(notifications).values(try_at=sa.null())
    await connection.execute(ended.where(this))


async def put_off(connection: AsyncConnection, letter: Claimed, until: datetime) -> None:
    """Try this version later: the push service asked for it."""
    await connection.execute(
        sa.update(notifications)
        .values(try_at=until)
        .where(
            notifications.c.device_id == letter.device_id,
            notifications.c.tag == letter.tag,
            notifications.c.version == letter.version,
        )
    )


async def give_up(connection: AsyncConnection, letter: Due, at: datetime) -> None:
    """A letter that is of no use any more, or whose phone is not reached any more, is not tried again.

    This version of it: another may have been written under the same tag meanwhile.
    """
    await connection.execute(
        sa.update(notifications)
        .values(try_at=sa.null())
        .where(
            notifications.c.device_id == letter.device_id,
            notifications.c.tag == letter.tag,
            notifications.c.version == letter.version,
            notifications.c.try_at <= at,
        )
    )
