"""Many rows in one statement: they travel as one JSON parameter, so that its text never depends on their number."""

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

Row = Mapping[str, object]
"""A row by column name. JSON knows fewer types than PostgreSQL: the columns' types say what the values are."""


def given_rows(columns: Iterable[sa.Column[object]]) -> sa.TableValuedAlias:
    """The rows of the parameter `rows`, as a table `given` with these columns. A key that lacks reads as null."""
    given = sa.func.jsonb_to_recordset(sa.bindparam("rows", type_=JSONB)).table_valued(
        *(sa.column(column.name, column.type) for column in columns), name="given"
    )
    return given.render_derived(with_types=True)


async def insert_rows(connection: AsyncConnection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert rows that name every column of the table."""
    if rows:
        given = given_rows(table.columns)
        statement = insert(table).from_select(list(table.columns), sa.select(given))
        await connection.execute(statement, {"rows": rows})


async def update_rows(
    connection: AsyncConnection, table: sa.Table, key: Sequence[str], rows: Sequence[Row]
) -> None:
    """Set, in the rows found by `key`, the other columns given: the same ones for all rows."""
    if not rows:
        return
    columns = [column for column in table.columns if column.name in rows[0]]
    given = given_rows(columns)
    statement = (
        sa.update(table)
        .values({c.name: given.columns[c.name] for c in columns if c.name not in key})
        .where(*(table.columns[name] == given.columns[name] for name in key))
    )
    await connection.execute(statement, {"rows": rows})
