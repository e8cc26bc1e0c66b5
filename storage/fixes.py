"""Every fix for 48 hours, then only how often a vehicle was in which cell at which hour.

Crews are people: the track of an ambulance is the track of two of them, through their whole working day. It is
personal data, and kept no longer than it serves: 48 hours to clear up a mission that went wrong. What is left
afterwards is for statistics alone, the hour and a cell some 350 m wide, without the way between them, and that for
30 days: a fleet of 15,640 vehicles leaves some ten million of them a day.

Fixes lie in partitions of six hours, which go as a whole: nothing is deleted row by row while others are written. A
partition therefore goes when its youngest fix is 48 hours old. They are made two days ahead; whatever finds none lies
in the default partition, and no fix is ever refused for it.

`DETACH … CONCURRENTLY` is not for tables with a default partition, so a drop needs the whole table for itself, for an
instant. Whoever asks for that lock stands in the way of all who write behind him: so it is asked for at most
`PATIENCE`, in the end, again and again.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import vehicle_cells, vehicle_fixes

KEPT = timedelta(hours=48)
"""How long a fix is kept as it came; older ones are not taken."""
CLOCKS_DIFFER = timedelta(minutes=10)
"""Other processes' clocks may be behind by so much and still bring fixes that they hold for younger than `KEPT`."""
CELLS_KEPT = timedelta(days=30)
PARTITION = timedelta(hours=6)
AHEAD = timedelta(hours=48)
"""How far ahead partitions are made: a duty that is away for two days does no harm."""

PATIENCE = "100ms"
"""Whoever writes fixes waits no longer than this, because somebody else waits for the whole table."""
TRIES = 20
PAUSE_SECONDS = 0.2
MOST_MOVED = 200_000
"""A second's work, and whoever writes fixes of that time waits for it. More rows stay in the default partition."""
MOVE_TIME = "5s"
REDUCE_TIME = "20min"
LOCK = 0x52455343_46495853
"""Of the one process that looks after the partitions: any number that nothing else takes."""

_NAME = "vehicle_fixes_%Y%m%d%H"
_DEFAULT = "vehicle_fixes_default"
_ROW: sa.ColumnElement[object] = sa.literal_column("ctid")


class FixesBusyError(Exception):
    """The table is written to without a pause that would be long enough: try again later."""


class TooManyToMoveError(Exception):
    """The default partition has too many rows of these hours: they stay there until they are reduced."""


async def hold(connection: AsyncConnection) -> bool:
    """Whether this transaction alone looks after the partitions, until it ends."""
    return bool(await connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(LOCK))))


async def missing(connection: AsyncConnection, at: datetime) -> list[datetime]:
    """When the partitions begin that should be there and are not, the latest first: in that one nobody writes yet."""
    first = _start_of(at)
    wanted = [first + number * PARTITION for number in range(AHEAD // PARTITION + 1)]
    there = set(await _partitions(connection))
    return [start for start in reversed(wanted) if start not in there]


async def make(connection: AsyncConnection, start: datetime) -> int:
    """Make the partition of these six hours; how many rows moved into it from the default one.

    Raises TooManyToMoveError, and sqlalchemy.exc.OperationalError when the default partition is written to without a
    pause.
    """
    name, end = _name(start), start + PARTITION
    strays = _table(_DEFAULT)
    theirs = strays.c.recorded_at >= start, strays.c.recorded_at < end
    few = sa.select(sa.true()).select_from(strays).where(*theirs).limit(MOST_MOVED + 1).subquery()
    if (await connection.execute(sa.select(sa.func.count()).select_from(few))).scalar_one() > MOST_MOVED:
        raise TooManyToMoveError(name)
    await _set(connection, "lock_timeout", PATIENCE)
    await _set(connection, "statement_timeout", MOVE_TIME)
    await connection.execute(sa.text(f"CREATE TABLE {name} (LIKE vehicle_fixes INCLUDING ALL)"))
    await connection.execute(sa.text(f"LOCK TABLE {_DEFAULT} IN ACCESS EXCLUSIVE MODE"))
    out = sa.delete(strays).where(*theirs).returning(*strays.c).cte("out")
    into = insert(_table(name)).from_select(list(strays.c.keys()), sa.select(out))
    moved = await connection.execute(into.execution_options(preserve_rowcount=True))
    bounds = f"FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
    await connection.execute(
        sa.text(f"ALTER TABLE vehicle_fixes ATTACH PARTITION {name} FOR VALUES {bounds}")
    )
    return moved.rowcount


async def old(connection: AsyncConnection, at: datetime) -> list[datetime]:
    """When the partitions begin whose every fix is older than `KEPT`, the oldest first."""
    return [
        start for start in await _partitions(connection) if start + PARTITION <= at - KEPT - CLOCKS_DIFFER
    ]


async def reduce(connection: AsyncConnection, start: datetime) -> int:
    """Add a partition to the cells, and drop it; how many cells. Either both or nothing: so it can be repeated.

    Raises FixesBusyError when the table was written to without a pause.
    """
    name = _name(start)
    await _set(connection, "statement_timeout", REDUCE_TIME)
    await connection.execute(sa.text(f"LOCK TABLE {name} IN SHARE MODE"))
    cells = await connection.execute(_adding(_table(name)).execution_options(preserve_rowcount=True))
    await _drop(connection, name)
    return cells.rowcount


async def reduce_strays(connection: AsyncConnection, at: datetime, count: int) -> int:
    """Add so many rows of the default partition that are older than `KEPT` to the cells, and delete them; how many."""
    strays = _table(_DEFAULT)
    due = sa.select(_ROW).select_from(strays).where(strays.c.recorded_at < at - KEPT - CLOCKS_DIFFER)
    chosen = sa.any_(sa.func.array(due.limit(count).with_for_update(skip_locked=True).scalar_subquery()))
    out = sa.delete(strays).where(chosen == _ROW).returning(*strays.c).cte("out")
    counted = sa.select(sa.func.count()).select_from(out).scalar_subquery()
    added = _adding(out).returning(vehicle_cells.c.fixes).cte("added")
    told = await connection.execute(
        sa.select(counted, sa.select(sa.func.count()).select_from(added).scalar_subquery())
    )
    return int(told.one()[0])


async def forget_cells(connection: AsyncConnection, at: datetime, count: int) -> int:
    """Delete up to so many cells that are older than `CELLS_KEPT`; how many."""
    table = vehicle_cells
    due = sa.select(_ROW).select_from(table).where(table.c.hour < at - CELLS_KEPT).limit(count)
    done = await connection.execute(
        sa.delete(table).where(sa.any_(sa.func.array(due.scalar_subquery())) == _ROW)
    )
    return done.rowcount


async def _partitions(connection: AsyncConnection) -> list[datetime]:
    """When each partition begins, but the default one; in order."""
    query = "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = '{}'::regclass"
    names = await connection.scalars(sa.text(query.format(vehicle_fixes.name)))
    starts = (datetime.strptime(name, _NAME).replace(tzinfo=UTC) for name in names if name != _DEFAULT)
    return sorted(starts)


def _adding(fixes: sa.FromClause) -> "sa.dialects.postgresql.Insert":
    hour = sa.func.date_trunc("hour", fixes.c.recorded_at, "UTC").label("hour")
    counted = sa.select(fixes.c.vehicle_id, hour, fixes.c.cell, sa.func.count().label("fixes"))
    counted = counted.group_by(fixes.c.vehicle_id, hour, fixes.c.cell)
    names = ["vehicle_id", "hour", "cell", "fixes"]
    statement = insert(vehicle_cells).from_select(names, counted)
    together = vehicle_cells.c.fixes + statement.excluded.fixes
    return statement.on_conflict_do_update(index_elements=names[:3], set_={"fixes": together})


async def _drop(connection: AsyncConnection, name: str) -> None:
    """Drop a table as soon as nobody is writing, without keeping anybody from it for longer than `PATIENCE`."""
    for _ in range(TRIES):
        try:
            async with connection.begin_nested():
                await _set(connection, "lock_timeout", PATIENCE)
                await connection.execute(sa.text(f"DROP TABLE {name}"))
        except OperationalError as error:
            if error.connection_invalidated:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return
    raise FixesBusyError(name)


async def _set(connection: AsyncConnection, name: str, value: str) -> None:
    """Set a parameter until the transaction, or the savepoint, ends."""
    await connection.execute(sa.select(sa.func.set_config(name, value, True)))


def _start_of(at: datetime) -> datetime:
    at = at.astimezone(UTC)
    hours = PARTITION // timedelta(hours=1)
    return at.replace(hour=at.hour - at.hour % hours, minute=0, second=0, microsecond=0)


def _name(start: datetime) -> str:
    return start.astimezone(UTC).strftime(_NAME)


def _table(name: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column.name, column.type) for column in vehicle_fixes.columns))
