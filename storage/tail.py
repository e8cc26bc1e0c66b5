"""The end of the journal in the memory of one process: read once, whoever many listen.

Every listener needs every new fact, filtered by what they may see. Each reading the database for themselves, thirty
listeners cost sixty queries a fact, and nothing is left for the answers that the facts are about.
"""

import asyncio
import logging
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage import timeline
from storage.feed import Feed
from storage.tables import journal
from storage.timeline import JournalLine
from storage.views import Scope

KEPT = 5_000
"""Lines in memory: minutes of a busy night. Whoever was away for longer reads the database until they are here."""
AT_ONCE = 1_000
LOOK_EVERY_SECONDS = 5.0
"""How old the memory may be when nothing was heard: below the feed's own safety net."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """A line with what decides who may see it."""

    line: JournalLine
    samu_id: UUID | None
    audience: frozenset[UUID]

    def visible(self, scope: Scope) -> bool:
        """As `timeline` has it in SQL: a SAMU sees its own, a company what it is in the audience of."""
        if scope.everything:
            return True
        if scope.company_id is not None:
            return scope.company_id in self.audience
        return scope.samu_id is not None and self.samu_id == scope.samu_id


class Tail:
    """Gives listeners their next facts. It reads when somebody asks and there is news, once for all who ask then."""

    def __init__(self, database: AsyncEngine, feed: Feed, kept: int = KEPT) -> None:
        """Nothing is read before somebody asks."""
        self._database = database
        self._feed = feed
        self._lines: deque[Seen] = deque(maxlen=kept)
        self._begins_after: int | None = None
        """Every later position is in memory; null before the first reading."""
        self._ends_at = 0
        self._count = -1
        self._read_at = 0.0
        self._reading = asyncio.Lock()

    async def after(self, scope: Scope, position: int, limit: int) -> tuple[list[JournalLine], int]:
        """The caller's next facts after a position, and the position up to which they were looked for.

        While the database is away there are none: whoever listens goes on listening.
        """
        try:
            await self._catch_up()
            if self._begins_after is None or position < self._begins_after:
                async with self._database.connect() as connection:
                    return await timeline.facts_after(connection, scope, position, limit)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("tail: the journal cannot be read now (%s)", type(error).__name__)
            return [], position
        return self._remembered(scope, position, limit)

    async def end(self) -> int | None:
        """A position that whatever is recorded from now on comes after; ``None`` while the database is away."""
        try:
            await (
                self._catch_up()
            )  # nobody may have listened for hours: whoever waits from here on reads no old news
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("tail: the journal cannot be read now (%s)", type(error).__name__)
            return None
        return self._ends_at

    def _remembered(self, scope: Scope, position: int, limit: int) -> tuple[list[JournalLine], int]:
        first = bisect_right(self._lines, position, key=lambda seen: seen.line.position)
        mine = (seen.line for seen in islice(self._lines, first, None) if seen.visible(scope))
        found = list(islice(mine, limit))
        return found, found[-1].position if len(found) == limit else max(position, self._ends_at)

    async def _catch_up(self) -> None:
        """Read what was announced by now, unless somebody else has just done so. What comes meanwhile is for whoever asks
        then: with news all the time nobody would ever be answered.
        """
        wanted = self._feed.count
        if self._holds(wanted):
            return
        async with self._reading:
            while not self._holds(wanted):
                count, at = self._feed.count, asyncio.get_running_loop().time()
                async with self._database.connect() as connection:
                    more = await self._read(connection)
                if not more:
                    self._count, self._read_at = count, at

    def _holds(self, count: int) -> bool:
        young = asyncio.get_running_loop().time() - self._read_at < LOOK_EVERY_SECONDS
        return self._begins_after is not None and self._count >= count and young

    async def _read(self, connection: AsyncConnection) -> bool:
        """Read the next lines; whether there may be more. The first reading begins at the journal's end."""
        if self._begins_after is None:
            self._begins_after = self._ends_at = await timeline.last_position(connection)
            return False
        found = await connection.execute(_NEXT, {"position": self._ends_at})
        rows = found.all()
        for row in rows:
            self._remember(row)
        return len(rows) == AT_ONCE

    def _remember(self, row: "sa.Row[*tuple[object, ...]]") -> None:
        *columns, samu_id, audience = row
        line = JournalLine(*columns)  # type: ignore[arg-type]  # selected in the order of the fields
        if len(self._lines) == self._lines.maxlen:
            self._begins_after = self._lines[0].line.position
        self._lines.append(Seen(line, samu_id, frozenset(audience)))  # type: ignore[arg-type,call-overload]  # columns
        self._ends_at = line.position


_NEXT = (
    sa.select(*(journal.c[name] for name in JournalLine.__slots__), journal.c.samu_id, journal.c.audience)
    .where(journal.c.position > sa.bindparam("position", type_=journal.c.position.type))
    .order_by(journal.c.position)
    .limit(AT_ONCE)
)
"""Positions become visible in their order (`storage.journal`): what follows the last one read is all there is."""
