"""Sends notifications: it follows the journal as the stream does, in one process at a time.

What is to be sent is written down with the place that the journal was read to (`storage.push`), and sent after that:
whatever dies at whatever line, it is sent, or sent again under the same tag.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from push import telling
from push.agenda import Agenda, agenda_of, tags_of
from push.config import PushConfig
from push.delivery import Delivery
from push.leading import TRY_EVERY_SECONDS, Lead, candidate
from push.metrics import PushMetrics
from push.replies import Poster
from storage import push, push_views
from storage.feed import Feed
from storage.tail import Tail
from storage.views import Scope

OLDEST = timedelta(minutes=2)
"""Nobody wants to be told of last night's ring."""
FACTS_AT_ONCE = 500
LOOK_EVERY_SECONDS = 1.0
FORGET_EVERY_SECONDS = 600.0
FORGOTTEN_AFTER = timedelta(days=1)
EVERYTHING = Scope(None, None, everything=True)
AWAY = (psycopg.Error, SQLAlchemyError, OSError, TimeoutError)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the sender works with: of the process that it is in."""

    config: PushConfig
    database: AsyncEngine
    feed: Feed
    tail: Tail
    clock: Callable[[], datetime]
    metrics: PushMetrics

    @property
    def address(self) -> str:
        """PostgreSQL's address, for a session outside the pool."""
        return self.database.url.set(drivername="postgresql").render_as_string(hide_password=False)


def _loaded() -> Callable[[PushConfig], AbstractAsyncContextManager[Poster]]:
    """What seals and posts, loaded by whoever is about to send: it costs half a second of processor time."""
    from push import post  # noqa: PLC0415 - see above

    return post.opened


class Sender:
    """Waits until no other process sends, then sends until it is cancelled or loses the database."""

    def __init__(self, around: Surroundings) -> None:
        """Nothing happens before `run`."""
        self._around = around
        self._position = 0
        self._said_at = self._forgot_at = float("-inf")

    async def run(self) -> None:
        """Send whenever it is this process's turn. Outlives whatever goes wrong, and says what."""
        while not self._around.feed.closed:
            try:
                async with candidate(self._around.address) as lead:
                    await self._lead(lead)
            except AWAY as error:
                log.warning("push: the database does not answer (%s)", type(error).__name__)
            except Exception as error:  # noqa: BLE001 - the sender must outlive every fault, and says which
                log.error("push: %s, beginning again", type(error).__name__)
            await asyncio.sleep(TRY_EVERY_SECONDS)

    async def _lead(self, lead: Lead) -> None:
        """Wait for the turn, then send for as long as it lasts. Raises psycopg.Error or TimeoutError when it is lost."""
        while not await lead.is_mine():  # noqa: ASYNC110 - another process holds it
            await asyncio.sleep(TRY_EVERY_SECONDS)
        around = self._around
        open_poster = await asyncio.to_thread(_loaded)
        async with open_poster(around.config) as poster:
            delivery = Delivery(poster, around.database, around.clock, around.metrics, around.config.doors)
            async with around.database.connect() as connection:
                self._position = await push.first_position(connection, around.clock() - OLDEST)
            with around.metrics.leading.track_inprogress():
                try:
                    await self._send(lead, delivery)
                finally:
                    await delivery.stop()

    async def _send(self, lead: Lead, delivery: Delivery) -> None:
        feed = self._around.feed
        while not feed.closed:
            await self._say_alive(lead)
            seen = feed.count
            more = await self._decide()
            await delivery.send_due()
            if not more:
                await self._forget()
                await feed.wait(seen, LOOK_EVERY_SECONDS)

    async def _say_alive(self, lead: Lead) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._said_at >= LOOK_EVERY_SECONDS:
            await lead.stays_mine()
            self._said_at = now

    # -- deciding ----------------------------------------------------------------------------------------------------

    async def _decide(self) -> bool:
        """Write down what the next facts have to be told; whether there may be more of them."""
        around = self._around
        lines, position = await around.tail.after(EVERYTHING, self._position, FACTS_AT_ONCE)
        at = around.clock()
        agenda = agenda_of(line for line in lines if at - line.recorded_at < OLDEST)
        if agenda:
            await self._write(agenda, position, at)
        self._position = position
        return len(lines) == FACTS_AT_ONCE

    async def _write(self, agenda: Agenda, position: int, at: datetime) -> None:
        """In one transaction: how far the journal was read, and what follows from it."""
        async with self._around.database.begin() as connection:
            if not await push.move_cursor(connection, position, at):
                return  # another process has done so: ours was thought to be gone
            picture = await push_views.look(
                connection, agenda.demands.keys(), tags_of(agenda), at, devices_named=agenda.posts.keys()
            )
            post = telling.post_of(agenda, picture, at)
            await push.write(connection, post.letters, at)
            await push.forget(connection, post.unsaid)

    async def _forget(self) -> None:
        """What was said long ago needs no ending any more."""
        now = asyncio.get_running_loop().time()
        if now - self._forgot_at >= FORGET_EVERY_SECONDS:
            async with self._around.database.begin() as connection:
                await push.forget_old(connection, self._around.clock() - FORGOTTEN_AFTER)
            self._forgot_at = now
