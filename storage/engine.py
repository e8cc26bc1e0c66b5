"""The pool of connections to PostgreSQL, and the one way to write: a transaction, committed at the edge."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pydantic_core
from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

CONNECT_SECONDS = 5
"""How long a connection, or a free place in the pool, is waited for."""
STATEMENT_SECONDS = 10
"""No statement of ours takes this long; one that does is ended by the server, and its caller tries again."""
KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""Seconds, and milliseconds for the last: a machine that went away without a word is noticed in 25 s at most."""
IDLE_IN_TRANSACTION_SECONDS = 30
"""A process that stalls in the middle of a transaction loses it, and the locks with it."""


def create_engine(url: str | URL, pool_size: int = 10, application_name: str = "rescousse") -> AsyncEngine:
    """Make the engine of one process: at most `pool_size` connections, opened when they are needed.

    Nothing is connected yet. JSON columns take and give plain values; instants, ids and pydantic models inside them
    are written as the API writes them.
    """
    return create_async_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text must not hold what people sent
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": application_name,
            "options": _session_options(),
            **KEEPALIVE,
        },
        json_serializer=_to_json,
        json_deserializer=pydantic_core.from_json,
    )


def in_use(engine: AsyncEngine) -> tuple[int, int]:
    """How many connections of the pool are in use, of how many that may be."""
    pool = engine.pool
    assert isinstance(pool, QueuePool)  # noqa: S101 - create_engine made it
    return pool.checkedout(), pool.size()


def with_snapshots(engine: AsyncEngine) -> AsyncEngine:
    """The same pool, for transactions whose statements all see the database as it was at the first of them."""
    return engine.execution_options(isolation_level="REPEATABLE READ")


def without_transactions(engine: AsyncEngine) -> AsyncEngine:
    """The same pool, where each statement is a transaction of its own: it is committed, durably, when it has run."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction: committed when the block ends, rolled back when it raises.

    One for each activity or request. Nothing inside may wait for anything but the database.
    """
    async with engine.begin() as connection:
        yield connection


def _session_options() -> str:
    settings = {
        "timezone": "UTC",
        "statement_timeout": f"{STATEMENT_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS}s",
        "jit": "off",  # our statements are short: compiling them costs more than it saves
        "random_page_cost": "1.1",  # fleets fit in memory: a page found by index costs little more than the next one
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def _to_json(value: object) -> str:
    return pydantic_core.to_json(value).decode()
