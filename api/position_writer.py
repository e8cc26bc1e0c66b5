"""Writes the positions that a process is told: one transaction at a time, for whoever is waiting (group commit).

A commit costs as much for one position as for a thousand. So the first request is written at once, and those that
arrive meanwhile go together in the next transaction: alone nobody waits, and the more come the less each costs. Nobody
is answered before his transaction is committed: what was acknowledged is on disk.

Nothing is kept here that is not on disk: whoever is not answered in time hears 503 and sends the same again, which
changes nothing if it was written after all.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from api.metrics import Metrics
from api.problems import Problem
from api.refusals import is_database_away
from geo.travel_time import Travel
from storage import fixes, positions
from storage.positions import Fix, Roads, Taken, Telling

MOST_AT_ONCE = 5_000
"""Fixes in one transaction, unless a single request has more."""
MOST_WAITING = 20_000
"""Fixes that wait to be written."""
WRITE_SECONDS = 5.0
"""One transaction. The database that does not answer by then may be frozen: nobody waits for it any longer."""
WAIT_SECONDS = 8.0
"""One request, from its arrival in the queue: the transaction before it, and its own."""
MOST_BYTES = 4_194_304
"""Of requests that are being looked after, read or written: some 20,000 positions, two seconds of the most asked for."""
SMALL_BYTES = 4_096
MOST_READ_AT_ONCE = 8
"""Requests that are not small. Reading one takes milliseconds, in which nobody else is served: a demand, which has its
turn between them, shall not wait for all of them."""
TURN_SECONDS = 4.0
"""The wait for a turn to be read, for a request that is not small."""
CLOSE_SECONDS = 8.0
MOST_LEFT_BEHIND = 2
"""Transactions that did not end in time, each on a connection: with so many, the next waits until one ends."""
SNAPPED_HERE = 16
"""So few places are snapped to their roads on the spot; more would keep everybody else waiting."""
REFUSED_ALONE = ("22", "23", "40", "42")
"""Classes of SQLSTATE that say something about what was sent, or about a ring of waiters: not that nobody answers."""

PASSES = ("23514", "40001", "40P01")
"""SQLSTATEs that are over at the next try: a day's partition is being made, a ring of waiters was broken."""

log = logging.getLogger(__name__)


class _Waiting:
    """One request in the queue, and the answer that it waits for."""

    def __init__(self, telling: Telling) -> None:
        self.telling = telling
        self.answer: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()

    def take(self, taken: Taken) -> None:
        if not self.answer.done():
            self.answer.set_result(taken)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class PositionWriter:
    """The one way of a process's positions into the database. It works while there is anything to write."""

    def __init__(
        self, database: AsyncEngine, travel: Travel, clock: Callable[[], datetime], metrics: Metrics
    ) -> None:
        """Write to this database, with the road nodes of this engine. Nothing happens before the first request."""
        self._database = database
        self._travel = travel
        self._clock = clock
        self._metrics = metrics
        self._queue: dict[_Waiting, None] = {}
        self._fixes_waiting = 0
        self._bytes = 0
        self._turns = asyncio.Semaphore(MOST_READ_AT_ONCE)
        self._closed = False
        self._working: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[list[Taken]]] = set()
        self._snapping = ThreadPoolExecutor(max_workers=1, thread_name_prefix="snapping")
        """Of its own: positions do not wait behind maps and routes."""

    @property
    def fixes_waiting(self) -> int:
        """How many fixes are in the queue; those that are being written are not."""
        return self._fixes_waiting

    @asynccontextmanager
    async def admitted(self, size: int) -> AsyncIterator[None]:
        """Look after a request whose body has so many bytes, when there is room for it.

        Raises Problem 503 otherwise, before anything was read: a server that is told more than it can write spends its
        time on what it can, and not on what it would refuse in the end, or answer when nobody listens any more.
        """
        if self._closed or self._bytes + size > MOST_BYTES:
            raise Problem("too_busy")
        self._bytes += size
        try:
            if size <= SMALL_BYTES:
                yield
            else:
                async with self._turn():
                    yield
        finally:
            self._bytes -= size

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Problem("too_busy") from error
        try:
            yield
        finally:
            self._turns.release()

    async def write(self, company_id: UUID, fixes_told: Sequence[Fix]) -> Taken:
        """Write what a company tells of its vehicles; what became of it, once it is committed.

        Raises Problem 503: the queue is full, the database does not answer, or the process stops. It is safe to send
        the same again. Whoever is cancelled leaves the queue.
        """
        if self._closed or self._fixes_waiting + len(fixes_told) > MOST_WAITING:
            raise Problem("too_busy")
        waiting, began = _Waiting(Telling(company_id, fixes_told)), asyncio.get_running_loop().time()
        self._queue[waiting] = None
        self._fixes_waiting += len(fixes_told)
        self._work()
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                taken = await waiting.answer
        except TimeoutError as error:
            raise Problem("database_unavailable") from error
        finally:
            self._leave(waiting)
        self._count(taken)
        self._metrics.position_seconds.observe(asyncio.get_running_loop().time() - began)
        if fixes_told:
            newest = max(fix.recorded_at for fix in fixes_told)
            self._metrics.position_age.observe(max(0.0, (self._clock() - newest).total_seconds()))
        return taken

    async def close(self) -> None:
        """Write what is waiting, or refuse it; take nothing more."""
        self._closed = True
        if self._working is not None:
            await asyncio.wait({self._working}, timeout=CLOSE_SECONDS)
            self._working.cancel()
            with suppress(asyncio.CancelledError):
                await self._working
        for writing in self._running:
            writing.cancel()
        self._snapping.shutdown(wait=False, cancel_futures=True)
        for waiting in list(self._queue):
            self._leave(waiting)
            waiting.fail(Problem("too_busy"))

    def _work(self) -> None:
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._write_all(), name="positions")

    async def _write_all(self) -> None:
        while self._queue:
            await self._until_one_ends()
            batch = self._next_batch()
            try:
                await self._write_together(batch)
            finally:
                for waiting in batch:  # nobody is left without an answer, whatever happened
                    waiting.fail(Problem("database_unavailable"))

    def _next_batch(self) -> list[_Waiting]:
        """Whoever waits, the first first, up to MOST_AT_ONCE fixes."""
        batch: list[_Waiting] = []
        room = MOST_AT_ONCE
        for waiting in self._queue:
            room -= len(waiting.telling.fixes)
            if batch and room < 0:
                break
            batch.append(waiting)
        for waiting in batch:
            self._leave(waiting)
        return batch

    def _leave(self, waiting: _Waiting) -> None:
        if waiting in self._queue:
            del self._queue[waiting]
            self._fixes_waiting -= len(waiting.telling.fixes)

    async def _write_together(self, batch: Sequence[_Waiting], *, again: bool = True) -> None:
        """In one transaction; when that is refused for something in it, each request in one of its own.

        One that is alone and refused for something that passes is written once more, if ``again``.
        """
        if not batch:  # whoever waited has left
            return
        try:
            taken = await self._in_time([waiting.telling for waiting in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait hear of it, and the next are written
            if len(batch) > 1 and _is_refused(error):
                await self._write_one_by_one(batch, error)
            elif again and _passes(error):
                await self._write_together(batch, again=False)
            else:
                is_theirs = _is_refused(error) and not _passes(error)
                for waiting in batch:
                    waiting.fail(error if is_theirs else Problem("database_unavailable"))
            return
        for waiting, one in zip(batch, taken, strict=True):
            waiting.take(one)

    async def _write_one_by_one(self, batch: Sequence[_Waiting], error: Exception) -> None:
        log.warning("positions: %d requests are written one by one (%s)", len(batch), type(error).__name__)
        for waiting in batch:
            if not waiting.answer.done():  # nobody waits for it any longer
                await self._write_together([waiting])

    async def _in_time(self, tellings: Sequence[Telling]) -> list[Taken]:
        """One transaction, or TimeoutError. A database that is frozen does not even let a statement be given up."""
        writing = asyncio.create_task(self._transaction(tellings))
        self._running.add(writing)
        writing.add_done_callback(self._forget)
        done, _ = await asyncio.wait({writing}, timeout=WRITE_SECONDS)
        if not done:
            writing.cancel()
            raise TimeoutError
        return writing.result()

    async def _until_one_ends(self) -> None:
        while len(self._running) >= MOST_LEFT_BEHIND:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    def _forget(self, writing: "asyncio.Task[list[Taken]]") -> None:
        self._running.discard(writing)
        if not writing.cancelled():
            writing.exception()  # was looked at, if anybody still waited

    async def _transaction(self, tellings: Sequence[Telling]) -> list[Taken]:
        roads = await self._snapped([fix for telling in tellings for fix in telling.fixes])
        async with self._database.begin() as connection:
            taken = await positions.write(connection, tellings, roads, self._clock() - fixes.KEPT)
        self._metrics.position_batches.observe(sum(len(telling.fixes) for telling in tellings))
        return taken

    async def _snapped(self, places: Sequence[Fix]) -> Roads:
        graph = self._travel.graph_id
        if graph is None:
            return Roads()
        if len(places) <= SNAPPED_HERE:
            return Roads(graph, self._travel.snap(places))
        loop = asyncio.get_running_loop()
        return Roads(graph, await loop.run_in_executor(self._snapping, self._travel.snap, places))

    def _count(self, taken: Taken) -> None:
        for outcome, count in (
            ("accepted", taken.accepted),
            ("stale", taken.stale),
            ("unknown", len(taken.unknown)),
        ):
            if count:
                self._metrics.positions.labels(outcome).inc(count)


def _is_refused(error: Exception) -> bool:
    """Whether the database answered, and refused: what one request sent may be at fault, the others are not."""
    state = _state(error)
    if state is not None:
        return state.startswith(REFUSED_ALONE)
    return not (isinstance(error, TimeoutError) or is_database_away(error))


def _passes(error: Exception) -> bool:
    """Whether the same may be taken a moment later."""
    return _state(error) in PASSES


def _state(error: Exception) -> str | None:
    """The SQLSTATE of a database that answered."""
    if isinstance(error, DBAPIError) and not error.connection_invalidated:
        state = getattr(error.orig, "sqlstate", None)
        return None if state is None else str(state)
    return None
