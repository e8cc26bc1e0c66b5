"""Sends what is written down: a few at once to each push service, again while it is of use, to nobody who has gone."""

import asyncio
import logging
import math
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

import pydantic_core
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from push.doors import Door, door_of
from push.metrics import PushMetrics
from push.replies import Message, Outcome, Poster, Reply
from push.wording import Kind
from storage import push
from storage.push import Claimed, Due, Key

AT_EACH_DOOR = 8
"""Messages under way to one push service: one that is slow keeps no other waiting."""
DUE_AT_ONCE = 1_000
LONGEST_WAIT_SECONDS = 30
"""Between two tries; the first wait is a second, each other one twice as long as the one before."""
ENDINGS = frozenset({Kind.CANCELLED.value, Kind.OVER.value})
EXPIRED, UNREACHED = "expired", "unreached"
"""What becomes of a letter that nobody tries to send; the others are `push.replies.Outcome`."""

log = logging.getLogger(__name__)


class Delivery:
    """Has every letter under way once. A letter that was replaced meanwhile is sent anew when the older one is through."""

    def __init__(
        self,
        poster: Poster,
        database: AsyncEngine,
        clock: Callable[[], datetime],
        metrics: PushMetrics,
        doors: tuple[Door, ...],
    ) -> None:
        """Nothing is sent before `send_due`."""
        self._poster = poster
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._doors = doors
        self._under_way: set[Key] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._rooms: defaultdict[Door, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(AT_EACH_DOOR)
        )

    async def send_due(self) -> None:
        """Begin to send every letter whose time has come. Raises SQLAlchemyError or OSError."""
        async with self._database.connect() as connection:
            waiting = await push.due(connection, self._clock(), DUE_AT_ONCE)
        for letter in waiting:
            if letter.key not in self._under_way:
                self._under_way.add(letter.key)
                task = asyncio.create_task(self._see_off(letter))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Let go of everything: whoever sends next tries it again."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _see_off(self, letter: Due) -> None:
        """Send one letter, then whatever has become due meanwhile: what replaced it, or had no room."""
        try:
            try:
                await self._send(letter)
            finally:
                self._under_way.discard(letter.key)
            await self.send_due()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("push: the database does not answer (%s)", type(error).__name__)
        except Exception as error:  # noqa: BLE001 - one letter must not stop the others; it is tried again
            log.error("push: a notification is not sent (%s)", type(error).__name__)

    async def _send(self, letter: Due) -> None:
        door = door_of(letter.endpoint, self._doors) if letter.endpoint is not None else None
        if letter.endpoint is None or door is None or letter.expires_at <= self._clock():
            await self._give_up(letter)
            return
        async with self._rooms[door]:
            wait = timedelta(seconds=min(2**letter.tries, LONGEST_WAIT_SECONDS))
            async with self._database.begin() as connection:
                claimed = await push.claim(connection, letter, self._clock(), wait)
            if claimed is not None:
                reply = await self._poster.post(self._message(claimed), self._clock())
                await self._note(claimed, reply)

    async def _give_up(self, letter: Due) -> None:
        at = self._clock()
        async with self._database.begin() as connection:
            await push.give_up(connection, letter, at)
        self._metrics.tries.labels(EXPIRED if letter.expires_at <= at else UNREACHED).inc()

    def _message(self, letter: Claimed) -> Message:
        left = (letter.expires_at - self._clock()).total_seconds()
        return Message(
            subscription=letter.subscription,
            content=pydantic_core.to_json(letter.content),
            tag=letter.tag,
            lasts_seconds=max(0, math.ceil(left)),
        )

    async def _note(self, letter: Claimed, reply: Reply) -> None:
        """Write down what the push service said. What is not written, because we died, is sent again."""
        self._metrics.tries.labels(reply.outcome.value).inc()
        at = self._clock()
        async with self._database.begin() as connection:
            match reply.outcome:
                case Outcome.SENT:
                    await push.settle(connection, letter, last=letter.kind in ENDINGS)
                    self._metrics.seconds.observe(max(0.0, (at - letter.recorded_at).total_seconds()))
                case Outcome.GONE:
                    await push.unsubscribe(connection, letter.device_id, str(letter.subscription["endpoint"]))
                    await push.settle(connection, letter, last=False)
                case Outcome.AGAIN if reply.wait_seconds is not None:
                    await push.put_off(connection, letter, at + timedelta(seconds=reply.wait_seconds))
                case Outcome.REFUSED:
                    await push.settle(connection, letter, last=False)
                case _:
                    pass  # it is tried again when its claim says so
