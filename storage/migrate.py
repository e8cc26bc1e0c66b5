"""Brings a database to the shape that this version of the code knows, with the migrations of this package."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import NullPool

CONNECT_SECONDS = 5
LOCK_SECONDS = 120
"""How long a migration waits for one that another process runs, and for tables in use."""
LOCK_KEY = 0x5265_7363_6F75_7373
"""Only one process migrates a database at a time ("Rescouss" in ASCII)."""


def upgrade(database_url: str, revision: str = "head") -> None:
    """Apply what is missing, all of it or nothing; do nothing when the database is at head.

    Processes that upgrade at the same time do it one after the other. Raises sqlalchemy.exc.OperationalError if the
    database cannot be reached, or is locked for longer than LOCK_SECONDS.
    """
    with _migrating(database_url) as config:
        command.upgrade(config, revision)


def downgrade(database_url: str, revision: str = "base") -> None:
    """Take migrations back, down to `revision`: what only they could hold is lost."""
    with _migrating(database_url) as config:
        command.downgrade(config, revision)


async def is_current(engine: AsyncEngine) -> bool:
    """Whether the database has exactly the shape that this version of the code knows."""
    async with engine.connect() as connection:
        return await connection.run_sync(_current_heads) == _known_heads()


def _current_heads(connection: sa.Connection) -> frozenset[str]:
    return frozenset(MigrationContext.configure(connection).get_current_heads())


@cache
def known_revisions() -> frozenset[str]:
    """Every migration that this version of the code knows."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


@cache
def _known_heads() -> frozenset[str]:
    return frozenset(ScriptDirectory.from_config(_config()).get_heads())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _migrating(database_url: str) -> Iterator[Config]:
    """One transaction for the lock and every migration: PostgreSQL's DDL is transactional, so none is half done."""
    url = sa.make_url(database_url).set(drivername="postgresql+psycopg")
    options = f"-c lock_timeout={LOCK_SECONDS}s"
    engine = sa.create_engine(
        url, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_SECONDS, "options": options}
    )
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_KEY)))
        config = _config()
        config.attributes["connection"] = connection
        yield config
