"""Statements that are asked so often that SQLAlchemy's part in them counts: written with it once, sent by the driver.

Composed as all others are, compiled when the module is read, prepared by PostgreSQL at the first use of a connection.
Values come back in PostgreSQL's binary form: as plain tuples in half the time that rows take.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import sqlalchemy as sa
from psycopg import AsyncConnection as DriverConnection
from psycopg import AsyncRawCursor
from psycopg.pq import Format
from psycopg.sql import Literal
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.ext.asyncio import AsyncConnection

Row = tuple[Any, ...]
Around = Callable[[str], AbstractContextManager[object]]
AROUND = "rescousse_around"
"""The execution option of an engine that holds an `Around`: given the statement, entered while it runs."""


class Direct:
    """One statement. It sees no types of SQLAlchemy: what is JSON is given as text."""

    def __init__(self, statement: sa.Executable) -> None:
        assert isinstance(statement, sa.ClauseElement)  # noqa: S101 - every statement of Core is one
        dialect = psycopg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects have no hints
        compiled = statement.compile(dialect=dialect)
        named = str(compiled)
        for name, value in compiled.params.items():
            if value is not None:
                named = named.replace(f"%({name})s", Literal(value).as_string())
        self.names = tuple(dict.fromkeys(_NAME.findall(named)))
        """What it is given, in the order of its numbers."""
        self.text = _NAME.sub(lambda found: f"${self.names.index(found[1]) + 1}", named).replace("%%", "%")
        """As PostgreSQL reads it, its own constants written out: the driver has nothing to look for in it."""
        self._query = self.text.encode()

    async def rows(self, connection: AsyncConnection, given: Mapping[str, object]) -> list[Row]:
        """What the statement returns, in the transaction of the connection, if it has one."""
        async with await self._run(connection, given) as cursor:
            return await cursor.fetchall()

    async def run(self, connection: AsyncConnection, given: Mapping[str, object]) -> None:
        """Send a statement that returns nothing."""
        async with await self._run(connection, given):
            pass

    async def _run(self, connection: AsyncConnection, given: Mapping[str, object]) -> AsyncRawCursor[Row]:
        pooled = await connection.get_raw_connection()
        cursor = AsyncRawCursor(cast("DriverConnection[Row]", pooled.driver_connection))
        cursor.format = Format.BINARY
        with _around(connection, self.text):
            return await cursor.execute(self._query, [given[name] for name in self.names], prepare=True)


def _around(connection: AsyncConnection, text: str) -> AbstractContextManager[object]:
    """What an engine was told to do around these statements, of which SQLAlchemy's events know nothing."""
    assert connection.sync_connection is not None  # noqa: S101 - it is open
    around: Around | None = connection.sync_connection.get_execution_options().get(AROUND)
    return around(text) if around is not None else nullcontext()


_NAME = re.compile(r"%\((\w+)\)s")
