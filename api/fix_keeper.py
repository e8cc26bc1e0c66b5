"""What positions need although nobody asks: their partitions made and put away, their roads found again."""

import asyncio
import logging

from api.resources import Resources
from storage import fixes, positions
from storage.positions import Roads

KEEP_EVERY_SECONDS = 60.0
SNAP_EVERY_SECONDS = 10.0
AT_ONCE = 1_000
STRAYS_AT_ONCE = 20_000
"""Rows that one statement deletes: far less than a statement's time limit takes."""

log = logging.getLogger(__name__)


class FixKeeper:
    """Makes the partitions of `storage.fixes` two days ahead, and reduces what is older than 48 hours to cells.

    That is a duty towards the crews, whose tracks these are, and not only about room on the disk. Each step is a
    transaction of its own, done by one process at a time and by whichever is alive; what failed is done the next time.
    """

    def __init__(self, resources: Resources) -> None:
        """Look after the tables of this database."""
        self._resources = resources

    async def keep(self) -> None:
        """Do all that is due. What fails is not tried at once again: it may have kept others waiting."""
        for step in (self._make, self._reduce, self._reduce_strays, self._forget_cells):
            try:
                while await step():
                    pass
            except Exception as error:  # noqa: BLE001 - one that fails keeps no other from being done
                log.warning("fixes: %s: %s, trying again", step.__name__.strip("_"), type(error).__name__)

    async def _make(self) -> bool:
        """Make one partition; whether there may be another."""
        async with self._resources.database.begin() as connection:
            if not await fixes.hold(connection):
                return False
            starts = await fixes.missing(connection, self._resources.clock())
            if starts:
                moved = await fixes.make(connection, starts[0])
                log.info("fixes: a partition from %s, %d rows moved into it", starts[0], moved)
        return len(starts) > 1

    async def _reduce(self) -> bool:
        """Reduce one partition; whether there may be another."""
        async with self._resources.database.begin() as connection:
            if not await fixes.hold(connection):
                return False
            starts = await fixes.old(connection, self._resources.clock())
            if starts:
                cells = await fixes.reduce(connection, starts[0])
                log.info("fixes: those from %s are %d cells now", starts[0], cells)
        return len(starts) > 1

    async def _reduce_strays(self) -> bool:
        async with self._resources.database.begin() as connection:
            done = await fixes.reduce_strays(connection, self._resources.clock(), STRAYS_AT_ONCE)
        return done == STRAYS_AT_ONCE

    async def _forget_cells(self) -> bool:
        async with self._resources.database.begin() as connection:
            done = await fixes.forget_cells(connection, self._resources.clock(), STRAYS_AT_ONCE)
        return done == STRAYS_AT_ONCE


class Resnapper:
    """Finds the roads of positions again that were snapped to another graph: after new roads were built.

    Until then whoever reads such a position snaps it himself, every time; a parked ambulance may send none for hours.
    """

    def __init__(self, resources: Resources) -> None:
        """Snap with the engine of this process."""
        self._resources = resources

    async def snap(self) -> int:
        """Snap all that is due; how many positions that were. An engine without roads leaves them alone."""
        travel, database = self._resources.travel, self._resources.database
        graph, done, after = travel.graph_id, 0, None
        if graph is None:
            return 0
        while True:
            async with database.connect() as connection:
                spots = await positions.snapped_elsewhere(connection, graph, AT_ONCE, after)
            if not spots:
                return done
            ends = await asyncio.to_thread(travel.snap, spots)
            async with database.begin() as connection:
                done += await positions.snap_again(connection, spots, Roads(graph, ends))
            after = spots[-1].vehicle_id
