"""The migrations make exactly the tables that the code knows, up and down, however many do it at once."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.ext.asyncio import AsyncEngine

from ops.embedded.postgres import Cluster
from storage import migrate
from storage.engine import create_engine
from storage.tables import metadata


@pytest.fixture
async def blank(cluster: Cluster) -> AsyncIterator[str]:
    """The address of a database in which nothing was ever made."""
    with psycopg.connect(cluster.url("postgres"), autocommit=True, connect_timeout=5) as connection:
        connection.execute("CREATE DATABASE blank")
        yield cluster.url("blank")
        connection.execute("DROP DATABASE blank WITH (FORCE)")


@pytest.fixture
async def blank_engine(blank: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(blank, pool_size=2)
    yield engine
    await engine.dispose()


async def test_up_down_and_up_again(blank: str, blank_engine: AsyncEngine) -> None:
    assert not await migrate.is_current(blank_engine)
    migrate.upgrade(blank)
    assert await migrate.is_current(blank_engine)
    migrate.downgrade(blank)
    assert not await migrate.is_current(blank_engine)
    assert await _tables(blank_engine) == {"alembic_version"}
    migrate.upgrade(blank)
    migrate.upgrade(blank)
    assert await migrate.is_current(blank_engine)


async def test_head_is_what_the_code_knows(blank: str, blank_engine: AsyncEngine) -> None:
    migrate.upgrade(blank)
    async with blank_engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
        options = await connection.scalar(
            sa.text("SELECT reloptions FROM pg_class WHERE relname = 'vehicle_positions'")
        )
        assert options == ["fillfactor=70"]


async def test_processes_that_migrate_at_once_do_it_one_after_the_other(
    blank: str, blank_engine: AsyncEngine
) -> None:
    await asyncio.gather(*(asyncio.to_thread(migrate.upgrade, blank) for _ in range(4)))
    assert await migrate.is_current(blank_engine)


async def test_the_version_before_works_with_a_database_that_is_newer_and_leaves_it_alone(
    blank: str, blank_engine: AsyncEngine
) -> None:
    migrate.upgrade(blank)
    await _say(blank_engine, "9999")
    assert await migrate.is_current(blank_engine)
    migrate.upgrade(blank)  # as the job of an older version does when it is deployed again
    async with blank_engine.connect() as connection:
        assert await connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "9999"


@pytest.mark.parametrize("other", ["0001", "0000", "abcdef", "9999?"])
async def test_an_older_database_or_another_programs_is_not_taken_for_newer(
    blank: str, blank_engine: AsyncEngine, other: str
) -> None:
    migrate.upgrade(blank)
    await _say(blank_engine, other)
    assert not await migrate.is_current(blank_engine)


def test_revisions_count_up() -> None:
    """By its number a revision of a version to come is told from what is none."""
    known = sorted(migrate.known_revisions())
    assert known == [f"{number:04}" for number in range(1, len(known) + 1)]


async def _say(engine: AsyncEngine, revision: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = :it"), {"it": revision})


async def test_what_demands_were_told_goes_up_and_down_and_what_others_were_told_goes_with_its_tables(
    blank: str, blank_engine: AsyncEngine
) -> None:
    migrate.upgrade(blank, "0001")
    told = "VALUES (gen_random_uuid(), 1, gen_random_uuid(), 'demand_received', now(), '{}')"
    async with blank_engine.begin() as connection:
        await connection.execute(
            sa.text(f"INSERT INTO journal (demand_id, seq, samu_id, kind, at, data) {told}")
        )
    migrate.upgrade(blank)
    told = "VALUES ('COMPANY', gen_random_uuid(), 1, 'regulation_taken', now(), '{}')"
    async with blank_engine.begin() as connection:
        await connection.execute(
            sa.text(f"INSERT INTO journal (subject, subject_id, seq, kind, at, data) {told}")
        )
        kinds = await connection.scalars(sa.text("SELECT subject FROM journal ORDER BY position"))
        assert list(kinds) == ["DEMAND", "COMPANY"]
    migrate.downgrade(blank, "0001")
    async with blank_engine.connect() as connection:
        assert list(await connection.scalars(sa.text("SELECT kind FROM journal"))) == ["demand_received"]
    migrate.upgrade(blank)
    assert await migrate.is_current(blank_engine)


def _differences(connection: sa.Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True, "include_object": _is_no_partition}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def _is_no_partition(_: object, name: str | None, kind: str, *__: object) -> bool:
    """Partitions come and go by the hour: they are nobody's table."""
    return not (kind == "table" and name and name.startswith("vehicle_fixes_"))


async def _tables(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
    return set(names)
