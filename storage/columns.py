"""Whole columns as PostgreSQL's arrays, in the binary form that it sends and receives itself.

A driver turns each value of a list into bytes of its own: for a position with its thirteen columns that takes longer
than everything else that is done with it. Here numpy writes a whole column at once.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection as DriverConnection
from psycopg.adapt import Dumper
from psycopg.pq import Format
from sqlalchemy.ext.asyncio import AsyncConnection

UUID_OID, BIGINT_OID, INTEGER_OID, DOUBLE_OID, INSTANT_OID = 2950, 20, 23, 701, 1184
"""PostgreSQL's own numbers of these types, the same in every database (``pg_type.dat``)."""

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""PostgreSQL counts instants in microseconds from here."""
MICROSECOND = timedelta(microseconds=1)

Bools = NDArray[np.bool_]
Micros = NDArray[np.int64]


class Packed(NamedTuple):
    """One array as `array_recv` of PostgreSQL reads it. A statement takes it as ``%(name)b::uuid[]``, or another type."""

    data: bytes


class _PackedDumper(Dumper):
    """Hands over what is packed already. The type is unknown (0): the cast in the statement says it."""

    format = Format.BINARY
    oid = 0

    def dump(self, obj: Packed) -> bytes:
        return obj.data


async def take_packed(connection: AsyncConnection) -> None:
    """Have this connection take `Packed` parameters. It may be said again."""
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, DriverConnection)  # noqa: S101 - storage.engine chose the driver
    driver.adapters.register_dumper(Packed, _PackedDumper)


def micros_of(instants: Sequence[datetime]) -> Micros:
    """Return shape (n,): microseconds since `EPOCH`."""
    return np.array([(instant - EPOCH) // MICROSECOND for instant in instants], dtype=np.int64)


def pack_uuids(values: Sequence[UUID], times: Sequence[int] | None = None) -> Packed:
    """Pack ids; each so many ``times`` in a row."""
    column = np.frombuffer(b"".join([value.bytes for value in values]), dtype="V16")
    return _pack(UUID_OID, column if times is None else np.repeat(column, times))


def pack_instants(micros: Micros) -> Packed:
    """Pack what `micros_of` gave."""
    return _pack(INSTANT_OID, micros.astype(">i8"))


def pack_bigints(values: Sequence[int]) -> Packed:
    """Pack integers of 64 bits. Raises OverflowError for a larger one."""
    return _pack(BIGINT_OID, np.array(values, dtype=">i8"))


def pack_integers(values: Sequence[int | None]) -> Packed:
    """Pack integers of 32 bits, null for ``None``."""
    known = np.array([value is not None for value in values], dtype=np.bool_)
    return _pack(INTEGER_OID, np.array([value or 0 for value in values], dtype=">i4"), known)


def pack_doubles(values: Sequence[float | None]) -> Packed:
    """Pack finite numbers, null for ``None``."""
    column = np.array(values, dtype=np.float64)  # which makes NaN of None
    return _pack(DOUBLE_OID, column.astype(">f8"), ~np.isnan(column))


def _pack(oid: int, column: "NDArray[np.generic]", known: Bools | None = None) -> Packed:
    """One dimension, beginning at 1: its head, then of each value its length and itself, of a null the length -1."""
    count, size = len(column), column.dtype.itemsize
    cells = np.empty(count, dtype=[("size", ">i4"), ("value", column.dtype)])
    cells["size"], cells["value"] = size, column
    has_nulls = known is not None and not known.all()
    head = np.array([1, has_nulls, oid, count, 1], dtype=">i4").tobytes()
    if known is None or not has_nulls:
        return Packed(head + cells.tobytes())
    cells["size"][~known] = -1
    kept = np.repeat(known[:, None], 4 + size, axis=1)
    kept[:, :4] = True
    return Packed(head + cells.view(np.uint8).reshape(count, 4 + size)[kept].tobytes())
