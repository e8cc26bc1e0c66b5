"""Columns that we pack ourselves are to PostgreSQL what a driver's own would be."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.clocks import held
from storage.columns import (
    Packed,
    micros_of,
    pack_bigints,
    pack_doubles,
    pack_instants,
    pack_integers,
    pack_uuids,
    take_packed,
)

INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ROWS = st.lists(
    st.tuples(
        st.uuids(),
        st.integers(-(2**63), 2**63 - 1),
        st.none() | st.integers(-(2**31), 2**31 - 1),
        st.none() | st.floats(allow_nan=False),
        INSTANTS,
    ),
    min_size=1,
    max_size=20,
)
CAST = "SELECT %(a)b::uuid[], %(b)b::bigint[], %(c)b::integer[], %(d)b::float8[], %(e)b::timestamptz[]"


async def read(engine: AsyncEngine, **packed: Packed) -> Sequence[object]:
    async with engine.connect() as connection:
        await take_packed(connection)
        return tuple((await connection.exec_driver_sql(CAST, packed)).one())


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(rows=ROWS)
async def test_every_value_arrives_as_it_is(
    engine: AsyncEngine, rows: list[tuple[UUID, int, int | None, float | None, datetime]]
) -> None:
    ids, bigints, integers, doubles, instants = zip(*rows, strict=True)
    told = await read(
        engine,
        a=pack_uuids(ids),
        b=pack_bigints(bigints),
        c=pack_integers(integers),
        d=pack_doubles(doubles),
        e=pack_instants(micros_of(instants)),
    )
    assert [list(column) for column in (ids, bigints, integers, doubles, instants)] == list(told)


async def test_an_id_for_each_of_several_rows(engine: AsyncEngine) -> None:
    one, other = UUID(int=1), UUID(int=2)
    nothing = pack_bigints([0])
    told = await read(
        engine,
        a=pack_uuids([one, other], [2, 1]),
        b=nothing,
        c=pack_integers([None]),
        d=pack_doubles([None]),
        e=pack_instants(micros_of([datetime(2000, 1, 1, tzinfo=UTC)])),
    )
    assert told[0] == [one, one, other]
    assert told[1:] == ([0], [None], [None], [datetime(2000, 1, 1, tzinfo=UTC)])


def test_what_has_no_room_is_not_cut_short() -> None:
    for pack, most in ((pack_bigints, 2**63), (pack_integers, 2**31)):
        with pytest.raises(OverflowError):
            pack([most])


Told = list[tuple[int, int]]
"""Of each fix the number of its vehicle, and the device's time; the time of reception is 0."""


@settings(max_examples=200, deadline=None, database=None)
@given(told=st.lists(st.tuples(st.integers(0, 2), st.integers(-8, 8)), max_size=20))
def test_rule_096_no_fix_is_recorded_after_its_reception_and_none_meets_another(told: Told) -> None:
    vehicles = [UUID(int=vehicle) for vehicle, _ in told]
    device = np.array([at for _, at in told], dtype=np.int64)
    recorded = held(vehicles, device, np.zeros(len(told), dtype=np.int64)).tolist()
    assert all(at <= min(own, 0) for at, own in zip(recorded, device.tolist(), strict=True))
    moments = dict(zip(told, recorded, strict=True))
    assert [moments[each] for each in told] == recorded  # told twice, recorded once
    for vehicle in range(3):
        mine = sorted((own, at) for (number, own), at in moments.items() if number == vehicle)
        times = [at for _, at in mine]
        assert times == sorted(set(times))  # in the device's order, and each apart
        if mine and mine[-1][0] <= 0:
            assert times == [own for own, _ in mine]  # a clock that does not run ahead is believed
