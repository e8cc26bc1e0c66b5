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
    """Apply what is missing, all of it or nothing; do nothing when the database is at head, or newer than this code.

    Processes that upgrade at the same time do it one after the other. Raises sqlalchemy.exc.OperationalError if the
    database cannot be reached, or is locked for longer than LOCK_SECONDS.
    """
    with _migrating(database_url) as config:
        if not _is_newer(_current_heads(config.attributes["connection"])):
            command.upgrade(config, revision)


def downgrade(database_url: str, revision: str = "base") -> None:
    """Take migrations back, down to `revision`: what only they could hold is lost."""
    with _migrating(database_url) as config:
        command.downgrade(config, revision)


async def is_current(engine: AsyncEngine) -> bool:
    """Whether this version of the code can work with the database: it has the shape that it knows, or a newer one.

    A migration leaves the version before at work. It runs first, and both versions serve until the last process is
    replaced; whoever goes back to the version before takes no migration back.
    """
    async with engine.connect() as connection:
        heads = await connection.run_sync(_current_heads)
    return heads == _known_heads() or _is_newer(heads)


def _is_newer(heads: frozenset[str]) -> bool:
    """Whether a version to come has migrated it: the names of our revisions are numbers that count up."""
    newest = max(int(revision) for revision in known_revisions())
    return bool(heads) and all(head.isdecimal() and int(head) > newest for head in heads)


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
