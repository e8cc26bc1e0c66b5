"""``python -m bench [SECTION…]``: prints each figure beside its baseline and their ratio.

Sections: ``dispatch`` (a demand to its companies), ``lookup`` (who is within so many kilometres), ``roads`` (who can be
there in time by road), ``survey`` (search, SQL and verdicts of a demand), ``ingest`` (positions through the API),
``pages`` (a fact on somebody else's screen; needs a Chromium).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.report import Report, tables, write

WIDTH = 180
"""Tables are wide, also where no terminal tells how wide it is."""


class Section(StrEnum):
    """What can be measured."""

    DISPATCH = "dispatch"
    LOOKUP = "lookup"
    ROADS = "roads"
    SURVEY = "survey"
    INGEST = "ingest"
    PAGES = "pages"


def main(
    sections: Annotated[list[Section] | None, typer.Argument(help="Which; all by default.")] = None,
    rounds: Annotated[int, typer.Option(min=5, help="Demands to play (dispatch, pages).")] = 50,
    queries: Annotated[int, typer.Option(min=5, help="Places to ask about (lookup, roads, survey).")] = 300,
    seconds: Annotated[int, typer.Option(min=5, help="How long positions are sent (ingest).")] = 60,
    rate: Annotated[
        int, typer.Option(min=100, help="Positions that are offered each second (ingest).")
    ] = 10_200,
    write_to: Annotated[
        Path | None, typer.Option("--write", help="Write figures (JSON) and plots (SVG) to this directory.")
    ] = None,
) -> None:
    """Measure, and print every figure beside its baseline of the same run."""
    console = Console() if Console().is_terminal else Console(width=WIDTH)
    for section in sections or list(Section):
        sizes = Sizes(rounds, queries, seconds, rate)
        report = asyncio.run(_run(section, console, sizes))
        for table in tables(report):
            console.print(table)
        for remark in report.remarks:
            console.print(f"{section}: {remark}", highlight=False)
        if write_to is not None:
            console.print(f"{section}: wrote {_written(report, write_to)}", highlight=False)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    rounds: int
    queries: int
    seconds: int
    rate: int


async def _run(section: Section, console: Console, sizes: Sizes) -> Report:
    """Each section is loaded when it is wanted: none needs what another does."""
    from bench import dispatch, ingest, lookup, pages, roads, survey  # noqa: PLC0415

    runs: dict[Section, Callable[[], Awaitable[Report]]] = {
        Section.DISPATCH: lambda: dispatch.run(console, sizes.rounds),
        Section.LOOKUP: lambda: lookup.run(console, sizes.queries),
        Section.ROADS: lambda: roads.run(console, sizes.queries),
        Section.SURVEY: lambda: survey.run(console, sizes.queries),
        Section.INGEST: lambda: ingest.run(console, sizes.rate, sizes.seconds),
        Section.PAGES: lambda: pages.run(console, sizes.rounds),
    }
    return await runs[section]()


def _written(report: Report, folder: Path) -> str:
    from bench.plots import draw  # noqa: PLC0415 - loads for a second

    return f"{write(report, folder)} and {draw(report, folder)}"


if __name__ == "__main__":
    typer.run(main)
