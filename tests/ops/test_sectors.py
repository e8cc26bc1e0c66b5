"""`rescousse sectors`: an operator's file becomes the sectors of a SAMU, or every fault is named and nothing changes."""

import asyncio
import csv
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from typer.testing import CliRunner, Result

from geo.sectors import SectorMap
from ops.cli import build_app
from ops.csv_lines import BadFileError
from ops.demo import build_demo
from ops.sector_file import read_sectors
from simulation.places import DATA
from storage import tables
from tests.fixtures.world import World

COMMUNES = DATA / "communes-11-aude.geojson"
SECTORS = tables.guard_sectors
KNOWN = {"11069", "11262", "11206", "01001", "2A004"}

Load = Callable[..., Awaitable[Result]]
Lines = Sequence[tuple[str, str]]
TWO = [("Ouest", "11069"), ("Ouest", "11397"), ("Est", "11262")]
"""Carcassonne and Trèbes; Narbonne, which does not touch them."""


# --- the file --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "sector,insee\nOuest,11069\nOuest,01001\nEst,11262\n",
        "sector;insee\r\nOuest;11069\r\nEst;11262\r\nOuest;1001\r\n",
        'Commune, INSEE ,Sector\n"Narbonne, ville",11262, Est \n\nCarcassonne,11069,Ouest\n,,\nX,01001,  Ouest',
    ],
)
def test_the_file_is_read_as_spreadsheets_write_it(text: str) -> None:
    assert read_sectors(text, KNOWN) == {"Ouest": ("01001", "11069"), "Est": ("11262",)}


def test_codes_of_corsica_are_codes() -> None:
    assert read_sectors("sector,insee\nCorse,2a004\n", KNOWN) == {"Corse": ("2A004",)}


@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        ("", ["line 1: the columns must be named here: 'sector' and 'insee' is missing"]),
        ("sector,commune\nA,11069\n", ["line 1: the columns must be named here: 'insee' is missing"]),
        ("sector,insee\n", ["line 1: there is no sector in the file"]),
        ('sector,insee\nA,11069\nB,"11262\n', ["line 3: this is not CSV (unexpected end of data)"]),
        (
            "sector,insee\nA,11069\n ,11262\nB\nB,75056\n\nA,11069\nB,11069\nB,11206\n",
            [
                "line 3: it names no sector",
                "line 4: it names no commune (column 'insee')",
                "line 5: INSEE code 75056 is not in the file of communes",
                "line 7: commune 11069 stands on line 2 already",
                "line 8: commune 11069 is in sector 'A' already (line 2)",
            ],
        ),
    ],
)
def test_every_bad_line_is_named_with_its_number(text: str, complaints: list[str]) -> None:
    with pytest.raises(BadFileError) as refused:
        read_sectors(text, KNOWN)
    assert str(refused.value).splitlines() == complaints


# --- the command -----------------------------------------------------------------------------------------------


@pytest.fixture
def load(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Run the command as an operator does, on a file with these lines."""
    monkeypatch.setenv("RESCOUSSE_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")

    async def run(lines: Lines, *options: str, communes: Path = COMMUNES, encoding: str = "utf-8") -> Result:
        text = StringIO()
        csv.writer(text).writerows([("sector", "insee"), *lines])
        file = tmp_path / "sectors.csv"
        file.write_text(text.getvalue(), encoding=encoding)
        arguments = ["sectors", str(file), "--communes", str(communes), *options]
        # In a thread, since the command has an event loop of its own.
        return await asyncio.to_thread(CliRunner().invoke, build_app(arguments), arguments)

    return run


async def _sectors(engine: AsyncEngine) -> dict[str, tuple[UUID, list[str], list[UUID]]]:
    async with engine.connect() as connection:
        rows = (await connection.execute(sa.select(SECTORS))).all()
    return {row.name: (row.id, row.communes, row.neighbours) for row in rows}


async def _add_period(connection: AsyncConnection, world: World, sector_id: UUID) -> None:
    start = datetime(2026, 1, 1, 19, tzinfo=UTC)
    period = {
        "id": uuid4(),
        "samu_id": world.samu_id,
        "sector_id": sector_id,
        "company_id": world.cathare.id,
        "starts_at": start,
        "ends_at": start + timedelta(hours=12),
    }
    await connection.execute(sa.insert(tables.guard_periods).values(period))


async def test_rule_012_the_sectors_of_the_aude_are_loaded_and_found(
    engine: AsyncEngine, world: World, load: Load
) -> None:
    demo = build_demo(11).sectors
    done = await load([(one.name, insee) for one in demo for insee in one.communes])
    assert done.exit_code == 0, done.output
    assert (
        "In no sector: Conilhac-de-la-Montagne (11097), Pradelles-en-Val (11298), Rouvenac (11329)."
        in " ".join(done.output.split())
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(sa.select(SECTORS))).all()
    assert {row.samu_id for row in rows} == {world.samu_id}
    assert {row.name: row.communes for row in rows} == {one.name: list(one.communes) for one in demo}
    names = {row.id: row.name for row in rows}
    assert {row.name: {names[other] for other in row.neighbours} for row in rows} == {
        one.name: {other.name for other in demo if other.id in one.neighbours} for one in demo
    }
    sector = SectorMap((row.id, row.outline) for row in rows).sector_at(world.pickup.lat, world.pickup.lon)
    assert sector is not None
    assert names[sector] == "Secteur de Carcassonne"


async def test_loading_again_changes_nothing(engine: AsyncEngine, world: World, load: Load) -> None:
    assert (await load(TWO)).output.count(" new") == 2
    before = await _sectors(engine)
    again = await load(list(reversed(TWO)))
    assert again.output.count("unchanged") == 2
    assert await _sectors(engine) == before


async def test_a_sector_that_is_found_by_its_name_keeps_its_id_and_its_roster(
    engine: AsyncEngine, world: World, load: Load
) -> None:
    await load(TWO)
    before = await _sectors(engine)
    async with engine.begin() as connection:
        await _add_period(connection, world, before["Ouest"][0])
    done = await load([("Ouest", "11069"), ("Nord", "11397")])
    assert done.exit_code == 0, done.output
    after = await _sectors(engine)
    assert set(after) == {"Ouest", "Nord"}
    assert after["Ouest"] == (before["Ouest"][0], ["11069"], [after["Nord"][0]])
    assert after["Nord"][2] == [before["Ouest"][0]]
    assert [line.split()[0] for line in done.output.splitlines() if line.rstrip().endswith("removed")] == [
        "Est"
    ]


async def test_a_sector_with_a_roster_is_not_removed_and_nothing_else_is_done(
    engine: AsyncEngine, world: World, load: Load
) -> None:
    await load(TWO)
    before = await _sectors(engine)
    async with engine.begin() as connection:
        await _add_period(connection, world, before["Est"][0])
    refused = await load([("Ouest", "11069"), ("Nord", "11397")])
    assert refused.exit_code == 1
    assert "the roster has periods for 'Est'" in refused.output
    assert await _sectors(engine) == before


async def test_bad_lines_are_named_and_nothing_is_written(
    engine: AsyncEngine, world: World, load: Load
) -> None:
    refused = await load([*TWO, ("Est", "75056"), ("Est", "11069")])
    assert refused.exit_code == 1
    assert "nothing was written" in refused.output
    assert "line 5: INSEE code 75056" in refused.output
    assert "line 6: commune 11069 is in sector 'Ouest' already (line 2)" in refused.output
    assert await _sectors(engine) == {}


async def test_a_file_that_is_not_utf8_is_refused(load: Load) -> None:
    refused = await load([("Vallée", "11069")], encoding="latin-1")
    assert refused.exit_code == 1
    assert "not UTF-8" in refused.output


SQUARE = [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]
BOW_TIE = [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]


def _feature(rings: object) -> dict[str, object]:
    geometry = {"type": "Polygon", "coordinates": rings}
    return {"type": "Feature", "properties": {"code": "11069", "nom": "Carcassonne"}, "geometry": geometry}


@pytest.mark.parametrize(
    ("features", "sentence"),
    [
        ([], "no GeoJSON of communes: features:"),
        ([_feature(BOW_TIE)], "commune 11069 Carcassonne: a polygon is drawn wrongly"),
        ([_feature(SQUARE), _feature(SQUARE)], "commune 11069 Carcassonne comes twice"),
    ],
)
async def test_communes_that_cannot_be_used_are_named(
    tmp_path: Path, load: Load, features: list[object], sentence: str
) -> None:
    communes = tmp_path / "communes.geojson"
    communes.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    refused = await load([("Ouest", "11069")], communes=communes)
    assert refused.exit_code == 1
    assert sentence in " ".join(refused.output.split())


async def test_the_samu_must_be_named_when_there_are_several(
    engine: AsyncEngine, world: World, load: Load
) -> None:
    other = uuid4()
    async with engine.begin() as connection:
        await connection.execute(sa.insert(tables.samus).values(id=other, name="SAMU 66", area_cells=[]))
    refused = await load(TWO)
    assert refused.exit_code == 1
    assert "several SAMUs" in refused.output
    assert str(other) in refused.output
    unknown = await load(TWO, "--samu", str(uuid4()))
    assert unknown.exit_code == 1
    assert "no SAMU has the id" in unknown.output
    for samu_id in (world.samu_id, other):  # the same names, each its own sectors
        assert (await load(TWO, "--samu", str(samu_id))).exit_code == 0
    async with engine.connect() as connection:
        count = sa.select(SECTORS.c.samu_id, sa.func.count()).group_by(SECTORS.c.samu_id)
        counted = {row[0]: row[1] for row in await connection.execute(count)}
    assert counted == {world.samu_id: 2, other: 2}


async def test_without_a_samu_there_is_nothing_to_load_into(engine: AsyncEngine, load: Load) -> None:
    refused = await load(TWO)
    assert refused.exit_code == 1
    assert "the database has no SAMU" in refused.output
