"""`rescousse roads`: makes a road graph from an OpenStreetMap extract, and says what is in one."""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from geo.roads.build import SMALLEST_ISLAND, build, kilometres
from geo.roads.extract import read_extract
from geo.roads.graph import About, BadGraphError, RoadGraph
from geo.roads.raw import BadExtractError
from ops.roads_report import classes_table, dropped_table, graph_table, notes

OPENSTREETMAP = "© OpenStreetMap contributors, ODbL 1.0"
INVENTED = "invented roads"
ENDING = ".roads"

FILE = "The extract, for example languedoc-roussillon-latest.osm.pbf of Geofabrik."
OUT = "Where the graph goes; beside the extract, with the ending .roads, if it is not said."
SMALLEST = "Roads that are cut off from the others are kept from so many nodes on."


def build_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=FILE)],
    out: Annotated[Path | None, typer.Option(dir_okay=False, help=OUT)] = None,
    name: Annotated[
        str | None, typer.Option(help="A short name for people; that of the file if it is not said.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="What it is made from, with its licence.")] = None,
    invented: Annotated[bool, typer.Option("--invented", help="These roads do not exist.")] = False,
    smallest_island: Annotated[int, typer.Option(min=1, help=SMALLEST)] = SMALLEST_ISLAND,
) -> None:
    """Make a road graph from an OpenStreetMap extract (.osm.pbf), for the engine `roads`.

    Says what was read and what was dropped. A graph that is there already is replaced at the end, or not at all.
    """
    began = time.monotonic()
    stem = file.name.removesuffix(".pbf").removesuffix(".osm")
    about = About(name or stem, source or (INVENTED if invented else OPENSTREETMAP), invented)
    target = out or file.with_name(stem + ENDING)
    with _refusals(), _phases() as phases:
        _check_writable(target)
        raw = read_extract(file, phases.tell)
        graph, built = build(raw, about, smallest_island, phases.tell)
        phases.tell("writing", len(graph.lat))
        graph.save(target)
    console = Console()
    for table in (dropped_table(raw.report), classes_table(built.km, raw.report)):
        console.print(table)
    console.print(graph_table(graph, target, time.monotonic() - began))
    for note in notes(raw.report, built):
        console.print(note, markup=False, highlight=False)


def show_command(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A graph that `roads build` made.")
    ],
) -> None:
    """Say what is in a road graph."""
    with _refusals():
        graph = RoadGraph.load(file)
    console = Console()
    console.print(classes_table(kilometres(graph)))
    console.print(graph_table(graph, file))


def _check_writable(target: Path) -> None:
    """Raise OSError before the work is done, not after, if its result has no place."""
    parent = next(folder for folder in target.absolute().parents if folder.exists())
    if not parent.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(parent))
    if not os.access(parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(parent))


class _Phases:
    """Shows each phase with its count and how long it took; in lines, where there is no terminal to draw on."""

    def __init__(self, progress: Progress, lines: Console | None) -> None:
        self._progress, self._lines = progress, lines
        self._phase, self._task = "", TaskID(0)

    def tell(self, phase: str, done: int) -> None:
        """Show how far a phase is; a new one ends the one before."""
        if phase != self._phase:
            self.end()
            self._phase, self._task = phase, self._progress.add_task(phase, total=None)
            self._say(f"{phase}…")
        self._progress.update(self._task, completed=done)

    def end(self) -> None:
        """Stop the clock of the phase."""
        if self._phase:
            task = self._progress.tasks[self._task]
            self._progress.update(self._task, total=task.completed)
            self._say(f"{self._phase}: {task.completed:,.0f} in {task.elapsed or 0:.1f} s")

    def _say(self, line: str) -> None:
        if self._lines:
            self._lines.print(line, markup=False, highlight=False)


@contextmanager
def _phases() -> Iterator[_Phases]:
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f}", justify="right"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    drawn = console.is_terminal
    with Progress(*columns, console=console, disable=not drawn) as progress:
        phases = _Phases(progress, None if drawn else console)
        yield phases
        phases.end()


@contextmanager
def _refusals() -> Iterator[None]:
    """One red sentence and the exit code 1 for what cannot be done."""
    try:
        yield
    except (BadExtractError, BadGraphError) as error:
        raise _refused(str(error)) from error
    except OSError as error:
        raise _refused(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from error


def _refused(sentence: str) -> typer.Exit:
    Console(stderr=True).print(
        f"rescousse: {sentence}", style="red", markup=False, highlight=False, soft_wrap=True
    )
    return typer.Exit(1)
