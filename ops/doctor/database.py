"""PostgreSQL itself: its version, shape, clock, room, and what holds others up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ops.doctor.findings import Finding, note, size, soon, span, wrong
from ops.doctor.looking import Opened
from storage.migrate import is_current

PART = "database"
OLDEST_VERSION = 15
CLOCKS_DIFFER = timedelta(seconds=2)
LONG = timedelta(seconds=60)
"""No transaction of ours lasts so long: a statement has 10 s, a pause in a transaction 30."""
CONNECTIONS_SOON, CONNECTIONS_WRONG = 0.8, 0.95
DEAD_AT_LEAST, DEAD_SHARE = 50_000, 2.0
"""Dead rows of a table: so many, and so many times its living ones."""
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
HOT = ("journal", "demand_views", "solicitations", "vehicle_positions", "engagements", "notifications")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What PostgreSQL says of itself."""

    version: int
    """The major one."""
    clock_ahead: timedelta
    """Of its clock before ours; negative when it is behind."""
    bytes: int
    connections: int
    most_connections: int
    oldest_transaction: timedelta | None
    oldest_owner: str
    """Its application_name."""
    waiting: int
    """Sessions that wait for a lock of another."""
    not_durable: tuple[str, ...] = ()
    """Settings without which a committed fact can be lost."""


@dataclass(frozen=True, slots=True)
class Bloat:
    """A table, its living and its dead rows."""

    table: str
    live: int
    dead: int


async def look(opened: Opened) -> Sequence[Finding]:
    """Whether it can be trusted, and for how long."""
    assert opened.database is not None  # noqa: S101 - this look needs it
    async with opened.database.connect() as connection:
        server = await _server(connection)
        bloated = [Bloat(*row) for row in await connection.execute(_BLOAT, {"tables": list(HOT)})]
    return [*judge_server(server), *judge_bloat(bloated)]


async def look_at_migrations(opened: Opened) -> Sequence[Finding]:
    """Whether its shape is the one that this code knows."""
    assert opened.database is not None  # noqa: S101 - this look needs it
    return judge_migrations(current=await is_current(opened.database))


def judge_migrations(*, current: bool) -> list[Finding]:
    """An older shape than the code needs; a newer one serves as well."""
    if current:
        return []
    sentence = "The database has not the shape that this version of the code needs: migrations are missing."
    return [wrong("migrations", sentence, "rescousse migrate")]


def judge_server(server: Server) -> Iterator[Finding]:
    """What its figures say."""
    yield from _judge_clock(server)
    yield from _judge_connections(server)
    if server.version < OLDEST_VERSION:
        yield wrong(
            PART,
            f"PostgreSQL {server.version} is too old: {OLDEST_VERSION} or newer is needed.",
            "Upgrade PostgreSQL.",
        )
    if server.not_durable:
        names = ", ".join(server.not_durable)
        yield wrong(
            PART,
            f"What is committed can be lost: {names} is off.",
            f"ALTER SYSTEM RESET {server.not_durable[0]}; then reload PostgreSQL.",
        )
    yield from _judge_sessions(server)
    yield note(PART, f"PostgreSQL {server.version}, {size(server.bytes)}, {server.connections} connections.")


def _judge_sessions(server: Server) -> Iterator[Finding]:
    """Who holds others up."""
    if server.oldest_transaction and server.oldest_transaction > LONG:
        yield soon(
            PART,
            f"A transaction of {server.oldest_owner!r} has been open for {span(server.oldest_transaction)}: dead rows stay.",
            "Find it in pg_stat_activity, then SELECT pg_terminate_backend(pid).",
        )
    if server.waiting:
        yield soon(
            PART,
            f"{server.waiting} sessions wait for a lock of another one.",
            "SELECT pid, pg_blocking_pids(pid), query FROM pg_stat_activity WHERE wait_event_type = 'Lock';",
        )


def _judge_clock(server: Server) -> Iterator[Finding]:
    ahead = server.clock_ahead
    if abs(ahead) > CLOCKS_DIFFER:
        word = "ahead of" if ahead > timedelta() else "behind"
        yield wrong(
            "clock",
            f"The clock of PostgreSQL is {span(abs(ahead))} {word} this machine's: deadlines are judged by clocks.",
            "Synchronise the clocks of all machines (chrony, systemd-timesyncd).",
        )


def _judge_connections(server: Server) -> Iterator[Finding]:
    share = server.connections / server.most_connections
    if share < CONNECTIONS_SOON:
        return
    tell = wrong if share >= CONNECTIONS_WRONG else soon
    yield tell(
        PART,
        f"{server.connections} of {server.most_connections} connections are used.",
        "Raise max_connections, or lower RESCOUSSE_DATABASE_POOL_SIZE of each process.",
    )


def judge_bloat(tables: Sequence[Bloat]) -> list[Finding]:
    """Tables that are vacuumed too rarely."""
    bad = [one for one in tables if one.dead > DEAD_AT_LEAST and one.dead > DEAD_SHARE * max(one.live, 1)]
    return [
        soon(
            PART,
            f"The table {one.table} has {one.dead} dead rows beside {one.live} living ones.",
            f"VACUUM {one.table};   and see why autovacuum does not (long transactions?)",
        )
        for one in bad
    ]


async def _server(connection: AsyncConnection) -> Server:
    before = datetime.now(UTC)
    now = (await connection.execute(sa.text("SELECT clock_timestamp()"))).scalar_one()
    ours = before + (datetime.now(UTC) - before) / 2
    row = (await connection.execute(_SERVER)).one()
    settings = {name: await connection.scalar(sa.text(f"SHOW {name}")) for name in DURABLE}
    return Server(
        version=row.version // 10_000,
        clock_ahead=now - ours,
        bytes=row.bytes,
        connections=row.connections,
        most_connections=row.most,
        oldest_transaction=row.oldest,
        oldest_owner=row.owner or "nobody",
        waiting=row.waiting,
        not_durable=tuple(name for name, value in settings.items() if value == "off"),
    )


_SERVER = sa.text(
    """
    WITH sessions AS (
        SELECT * FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
    ), oldest AS (
        SELECT now() - xact_start AS age, application_name FROM sessions WHERE xact_start IS NOT NULL
        ORDER BY xact_start LIMIT 1
    )
    SELECT current_setting('server_version_num')::int AS version,
           pg_database_size(current_database()) AS bytes,
           (SELECT count(*) FROM sessions) AS connections,
           current_setting('max_connections')::int AS most,
           (SELECT age FROM oldest) AS oldest,
           (SELECT application_name FROM oldest) AS owner,
           (SELECT count(*) FROM sessions
             WHERE wait_event_type = 'Lock' AND now() - query_start > interval '2 seconds') AS waiting
    """
)
_BLOAT = sa.text(
    "SELECT relname, n_live_tup, n_dead_tup FROM pg_stat_user_tables WHERE relname = ANY(:tables)"
)
