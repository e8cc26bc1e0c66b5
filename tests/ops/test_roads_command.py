"""`rescousse roads build` and `show`, and the roads that `rescousse up` makes for the demo."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from geo.roads.graph import RoadGraph
from ops import roads as command
from ops.cli import build_app
from ops.embedded import roads
from ops.embedded.children import ROOT, Surroundings
from ops.embedded.datadir import DataDir, Secrets, hold
from ops.embedded.demo import DemoName
from ops.embedded.errors import StartError
from tests.fixtures.roads import AUDE
from tests.unit.extracts import Sketch


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv(roads.ENGINE, raising=False)
    monkeypatch.delenv(roads.FILE, raising=False)


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    sketch = Sketch().way(101, 102, maxspeed="fast").way(102, 103, 104, highway="primary").way(104, 204)
    sketch.way(201, 202, highway="footway").way(901, 902, oneway="yes").way(801, 802)
    return sketch.write(tmp_path / "tiny.osm.pbf")


def run(*arguments: object) -> Result:
    words = ["roads", *map(str, arguments)]
    return CliRunner().invoke(build_app(words), words)


def files(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_a_graph_is_built_and_shown(extract: Path) -> None:
    built = run("build", extract)
    assert built.exit_code == 0, built.output
    graph = RoadGraph.load(extract.with_name("tiny.roads"))
    assert graph.about.name == "tiny"
    assert graph.about.source == command.OPENSTREETMAP
    shown = run("show", extract.with_name("tiny.roads"))
    for output in (built.stdout, shown.stdout):
        assert graph.graph_id in output
        assert command.OPENSTREETMAP in output
        assert "invented" not in output
    said = " ".join(built.stdout.split())
    for part in (
        "6 ways read",
        "not for cars │ 1 │ footway 1",
        "residential │ 0 │ 4",
        "nodes │ 4",
        "1 small islands of roads were dropped (2 nodes).",
        "2 nodes that lead nowhere",
        "1 posted limits were not understood: fast 1.",
    ):
        assert part in said
    for phase in ("reading roads", "cutting roads into arcs", "looking for islands", "ordering", "writing"):
        assert phase in built.stderr


def test_what_is_invented_says_so(extract: Path, tmp_path: Path) -> None:
    out = tmp_path / "new folder" / "demo.roads"
    built = run("build", extract, "--out", out, "--name", "demo [1]", "--invented", "--source", "[me]")
    assert built.exit_code == 0, built.output
    about = RoadGraph.load(out).about
    assert (about.name, about.source, about.invented) == ("demo [1]", "[me]", True)
    assert "demo [1] (invented: never to be shown as real)" in run("show", out).stdout


def test_the_same_extract_gives_the_same_file(extract: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run("build", extract, "--out", tmp_path / name, "--name", "same")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_bad_extract_is_refused_and_nothing_is_touched(extract: Path, tmp_path: Path) -> None:
    run("build", extract)
    before = extract.with_name("tiny.roads").read_bytes()
    extract.write_bytes(AUDE.read_bytes()[:1_000])
    refused = run("build", extract)
    assert refused.exit_code == 1
    assert "rescousse: tiny.osm.pbf is cut short: fetch it again" in refused.stderr
    assert extract.with_name("tiny.roads").read_bytes() == before
    assert files(tmp_path) == {"tiny.osm.pbf", "tiny.roads"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "is no road graph: build it again"), (b"PK\x03\x04", "is no road graph: build it again")],
)
def test_a_bad_graph_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "bad.roads").write_bytes(content)
    refused = run("show", tmp_path / "bad.roads")
    assert refused.exit_code == 1
    assert sentence in refused.stderr


def test_a_place_that_cannot_be_written_is_said(extract: Path) -> None:
    refused = run("build", extract, "--out", extract / "under a file")
    assert refused.exit_code == 1
    assert "Not a directory" in refused.stderr


@pytest.mark.parametrize("where", ["geo.roads.build.order_of", "pathlib.Path.replace"])
def test_ctrl_c_leaves_no_half_file(
    extract: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupt)
    assert run("build", extract).exit_code == 130
    assert files(tmp_path) == {"tiny.osm.pbf"}


def test_a_real_ctrl_c_while_reading(tmp_path: Path) -> None:
    out = tmp_path / "aude.roads"
    with _building(AUDE, out) as process:
        assert process.stderr is not None
        assert any("reading roads" in line for line in process.stderr)  # said when it begins
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert files(tmp_path) == set()


def _building(extract: Path, out: Path) -> subprocess.Popen[str]:
    """The command in a process of its own, which hears Ctrl-C even where whoever runs the tests ignores it."""
    arguments = (sys.executable, "-m", "ops", "roads", "build", str(extract), "--out", str(out))
    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # what is ignored, a child would ignore too
    try:
        return subprocess.Popen(
            arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
    finally:
        signal.signal(signal.SIGINT, before)


# --- the roads of the demo in `rescousse up` -------------------------------------------------------------------


@pytest.fixture
def around(tmp_path: Path) -> Iterator[Surroundings]:
    with hold(tmp_path / "data") as data:
        yield Surroundings(data, "postgresql://none", "none:1", Secrets("a", "b", "c", "d"))


@pytest.fixture
def demo(extract: Path, monkeypatch: pytest.MonkeyPatch) -> DemoName:
    """A demo whose roads are the tiny extract."""
    monkeypatch.setattr(roads, "EXTRACTS", {DemoName.AUDE: extract})
    return DemoName.AUDE


async def test_the_demos_roads_are_made_once(around: Surroundings, demo: DemoName, extract: Path) -> None:
    made = await roads.prepare(around, demo, nobody)
    assert made.parent == around.data.roads
    first = _changed(made)
    about = RoadGraph.load(made).about
    assert about.invented
    assert "never to be shown as real" in about.source
    assert await roads.prepare(around, demo, nobody) == made
    assert _changed(made) == first
    Sketch().way(101, 102).way(102, 103).write(extract)
    other = await roads.prepare(around, demo, nobody)
    assert files(around.data.roads) == {made.name, other.name}
    assert RoadGraph.load(other).graph_id != RoadGraph.load(made).graph_id


def nobody(_: str) -> None:
    """Nobody is told."""


def _graphs(folder: Path) -> Iterator[Path]:
    return folder.glob("*")


def _changed(file: Path) -> int:
    return file.stat().st_mtime_ns


async def test_another_builder_makes_the_graph_again(
    around: Surroundings, demo: DemoName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await roads.prepare(around, demo, nobody)
    builder = tmp_path / "builder"
    builder.mkdir()
    (builder / "build.py").write_text("# another version\n")
    monkeypatch.setattr(roads, "BUILDER", builder)
    assert await roads.prepare(around, demo, nobody) != made


async def test_a_graph_that_is_damaged_is_made_again(around: Surroundings, demo: DemoName) -> None:
    made = await roads.prepare(around, demo, nobody)
    good, said = made.read_bytes(), list[str]()
    made.write_bytes(good[: len(good) // 2])
    assert await roads.prepare(around, demo, said.append) == made
    assert RoadGraph.load(made).about.invented
    assert "made again" in "".join(said)


async def test_roads_that_cannot_be_made_are_said(
    around: Surroundings, demo: DemoName, extract: Path
) -> None:
    extract.write_bytes(b"nothing of the kind")  # noqa: ASYNC240 - a test
    with pytest.raises(StartError, match="roads"):
        await roads.prepare(around, demo, nobody)
    assert list(_graphs(around.data.roads)) == []


@pytest.mark.parametrize(
    ("given", "wanted", "own"),
    [
        ({}, True, {}),
        ({roads.ENGINE: "roads"}, True, {}),
        ({roads.ENGINE: "straight"}, False, {}),
        ({roads.FILE: "/mine"}, False, {roads.ENGINE: "roads", roads.FILE: "/mine"}),
        (
            {roads.ENGINE: "roads", roads.FILE: "/mine"},
            False,
            {roads.ENGINE: "roads", roads.FILE: "/mine"},
        ),
        ({roads.FILE: "mine"}, False, {roads.ENGINE: "roads", roads.FILE: str(Path("mine").absolute())}),
        (
            {roads.ENGINE: "straight", roads.FILE: "/mine"},
            False,
            {roads.ENGINE: "straight", roads.FILE: "/mine"},
        ),
    ],
)
def test_the_operators_own_settings_win(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], wanted: bool, own: dict[str, str]
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert roads.are_wanted(DemoName.AUDE) is wanted
    assert roads.are_wanted(DemoName.NONE) is False
    assert roads.operators_own() == own


def test_every_process_is_told_of_the_roads(tmp_path: Path) -> None:
    secrets = Secrets("a", "b", "c", "d")
    graph = tmp_path / "a.roads"
    told = Surroundings(DataDir(tmp_path), "a", "b", secrets, roads.settings(graph)).env
    assert (told["RESCOUSSE_TRAVEL_ENGINE"], told["RESCOUSSE_ROADS_FILE"]) == ("roads", str(graph))
    assert "RESCOUSSE_ROADS_FILE" not in Surroundings(DataDir(tmp_path), "a", "b", secrets).env
    assert os.environ.get("RESCOUSSE_ROADS_FILE") is None
