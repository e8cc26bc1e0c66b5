"""`rescousse communes`: a file becomes the communes, or every fault is named and nothing changes."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from ops.cli import build_app
from ops.communes import CommuneLine, department_of, read_communes
from ops.csv_lines import BadFileError
from ops.demo import build_demo
from ops.seed import seed_demo
from simulation.places import DATA
from storage import tables

Load = Callable[..., Awaitable[Result]]
HEAD = "insee,nom,population,lat,lon\n"
TWO = HEAD + "11069,Carcassonne,46031,43.213,2.351\n11262,Narbonne,54700,43.184,3.003\n"


@pytest.mark.parametrize(
    "text",
    [
        "insee,nom,codes_postaux,population,departement,lat,lon\n01004,Ambérieu,01500,14035,01,45.958,5.358\n",
        "INSEE;Nom;Population;Lat;Lon\r\n1004;Ambérieu;14035;45,958;5,358\r\n;;;;\r\n",
        '\nlon, lat ,population,insee,nom\n5.358,45.958, 14035 ,01004,"  Ambérieu "\n'.lstrip(),
    ],
)
def test_the_file_is_read_as_spreadsheets_write_it(text: str) -> None:
    assert read_communes(text) == [CommuneLine("01004", "Ambérieu", 14_035, 45.958, 5.358)]


def test_every_bad_line_is_named_with_its_number() -> None:
    text = HEAD + "\n".join(
        [
            "11069,Carcassonne,46031,43.213,2.351",
            "1106,Carcassonne,46031,43.213,2.351",
            "X1069,Y,1,43,2",
            "11001,,584,43,2",
            "",
            "11002,Y,5.5,43,2",
            "11003,Y,-1,43,2",
            "11004,Y,12000000,43,2",
            "11005,Y,1,2.3,183",
            "11006,Y,1,nan,2",
            "11007,Y,1,,",
            "11069,Carcassonne,46031,43.213,2.351",
            "11008",
        ]
    )
    with pytest.raises(BadFileError) as refused:
        read_communes(text)
    place = "lat is a number from -90 to 90, lon one from -180 to 180"
    people = "its population is a whole number up to 10000000"
    assert str(refused.value).splitlines() == [
        "line 4: its INSEE code (column 'insee') has five signs, as 11069 or 2A004",
        "line 5: commune 11001 has no name (column 'nom')",
        f"line 7: commune 11002: {people}",
        f"line 8: commune 11003: {people}",
        f"line 9: commune 11004: {people}",
        f"line 10: commune 11005: {place}",
        f"line 11: commune 11006: {place}",
        f"line 12: commune 11007: {place}",
        "line 13: commune 11069 stands on line 2 already",
        "line 14: commune 11008 has no name (column 'nom')",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "",
            "line 1: the columns must be named here: 'insee' and 'nom' and 'population' and 'lat' and 'lon' is missing",
        ),
        (HEAD, "line 1: there is no commune in the file"),
        (HEAD + '11069,"Carcassonne', "line 2: this is not CSV (unexpected end of data)"),
    ],
)
def test_a_file_that_is_none_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(BadFileError) as refused:
        read_communes(text)
    assert str(refused.value) == complaint


def test_departments_have_two_signs_and_three_overseas() -> None:
    assert [department_of(one) for one in ("01004", "2A004", "97411")] == ["01", "2A", "974"]


# --- the command -----------------------------------------------------------------------------------------------


@pytest.fixture
def load(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Run the command as an operator does."""
    monkeypatch.setenv("RESCOUSSE_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")

    async def run(text: str, *options: str, encoding: str = "utf-8") -> Result:
        file = tmp_path / "communes.csv"
        file.write_text(text, encoding=encoding)
        arguments = ["communes", str(file), *options]
        # In a thread, since the command has an event loop of its own.
        return await asyncio.to_thread(CliRunner().invoke, build_app(arguments), arguments)

    return run


async def known(engine: AsyncEngine) -> dict[str, tuple[str, int]]:
    async with engine.connect() as connection:
        rows = await connection.execute(sa.select(tables.communes))
    return {row.insee: (row.name, row.population) for row in rows}


async def test_communes_are_added_changed_and_kept(engine: AsyncEngine, load: Load) -> None:
    assert "2 communes: 2 new, 0 changed, 0 removed." in (await load(TWO)).output
    assert "2 communes: 0 new, 0 changed, 0 removed." in (await load(TWO)).output
    more = HEAD + "11069,Carcassonne,47000,43.213,2.351\n66136,Perpignan,120000,42.698,2.895\n"
    assert "2 communes: 1 new, 1 changed, 0 removed." in (await load(more)).output
    assert await known(engine) == {
        "11069": ("Carcassonne", 47_000),
        "11262": ("Narbonne", 54_700),
        "66136": ("Perpignan", 120_000),
    }


async def test_communes_that_were_merged_are_removed_when_asked(engine: AsyncEngine, load: Load) -> None:
    await load(TWO + "66136,Perpignan,120000,42.698,2.895\n")
    done = await load(HEAD + "11069,Carcassonne,46031,43.213,2.351\n", "--remove")
    assert "1 communes: 0 new, 0 changed, 1 removed." in done.output
    assert set(await known(engine)) == {"11069", "66136"}


async def test_nothing_is_written_unless_everything_is(engine: AsyncEngine, load: Load) -> None:
    await load(TWO)
    before = await known(engine)
    refused = await load(HEAD + "11069,Autre,1,43,2\n11262,Narbonne,many,43,3\n")
    assert refused.exit_code == 1
    assert "communes.csv cannot be used, and nothing was written." in refused.output
    assert "line 3: commune 11262: its population" in refused.output
    assert await known(engine) == before


async def test_of_very_many_bad_lines_some_are_named(load: Load) -> None:
    refused = await load(HEAD + "".join(f"{number:05},X,many,43,2\n" for number in range(1_000)))
    assert refused.exit_code == 1
    assert refused.output.count(": its population") == 100
    assert "and 900 more" in refused.output


async def test_a_file_that_is_not_utf8_is_refused(load: Load) -> None:
    refused = await load(TWO + "11203,Lézignan,1,43,2\n", encoding="latin-1")
    assert refused.exit_code == 1
    assert "not UTF-8" in refused.output


async def test_a_database_that_is_away_is_told_in_a_sentence(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESCOUSSE_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")
    refused = await load(TWO)
    assert (refused.exit_code, type(refused.exception)) == (1, SystemExit)
    assert "rescousse: the database does not take them, and nothing was written:" in refused.output


async def test_the_communes_of_france_are_loaded(engine: AsyncEngine, load: Load) -> None:
    text = (DATA / "communes_france.csv").read_text(encoding="utf-8")
    done = await load(text)
    assert done.exit_code == 0, done.output
    found = await known(engine)
    assert len(found) == text.count("\n") - 1
    assert found["11069"][0] == "Carcassonne"
    assert sum(people for _, people in found.values()) > 60_000_000


async def test_the_demo_has_its_communes_and_leaves_those_that_were_loaded(
    engine: AsyncEngine, load: Load
) -> None:
    demo = build_demo(11)
    await seed_demo(engine, demo, "a secret")
    assert len(await known(engine)) == len(demo.communes) == 433
    await load(HEAD + "11069,Carcassonne,1,43.213,2.351\n", "--remove")
    await seed_demo(engine, demo, "a secret")
    assert await known(engine) == {"11069": ("Carcassonne", 1)}
