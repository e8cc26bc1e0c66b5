"""The options of ``python -m bench.load``, and what it prints."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.load import Figures, Phase, Wanted, find_limit, measure, stage
from bench.load_report import burst_verdict, counted, is_kept, limits, processes, report
from bench.report import tables, write

WIDTH = 180
FAILED = 1


def run() -> None:
    """Be the command."""
    typer.run(load_command)


def load_command(
    rate: Annotated[float, typer.Option(min=0.1, help="Demands a second.")] = 1.0,
    seconds: Annotated[int, typer.Option(min=5, help="How long each phase lasts.")] = 60,
    positions: Annotated[int, typer.Option(min=0, help="Positions a second beside them.")] = 1000,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 1,
    apis: Annotated[int, typer.Option(min=1, help="API processes.")] = 1,
    limit: Annotated[
        bool, typer.Option("--find-limit", help="Step the rate up until it is not kept.")
    ] = False,
    write_to: Annotated[
        Path | None, typer.Option("--write", help="Write the figures (JSON) to this directory.")
    ] = None,
) -> None:
    """Play demands on a stack of its own, and print each figure beside the bare engine's of the same run.

    Exit code 1 when anything was lost, or a burst of 60 was not solicited in time.
    """
    console = Console() if Console().is_terminal else Console(width=WIDTH)
    wanted = Wanted(rate, seconds, positions)
    if limit:
        raise typer.Exit(asyncio.run(_limit(console, wanted, workers, apis)))
    found = asyncio.run(_measure(console, wanted, workers, apis))
    told = report(found)
    for table in [*tables(told), processes(found)]:
        console.print(table)
    for remark in told.remarks:
        console.print(f"load: {remark}", highlight=False)
    if write_to is not None:
        console.print(f"load: wrote {write(told, write_to)}", highlight=False)
    raise typer.Exit(0 if _is_good(found) else FAILED)


async def _measure(console: Console, wanted: Wanted, workers: int, apis: int) -> Figures:
    async with stage(wanted.positions, workers=workers, apis=apis) as at:
        console.print(
            f"load: {wanted.rate:g} demands and {wanted.positions} positions a second for {wanted.seconds} s"
        )
        return await measure(at, wanted, lambda doing: console.print(f"load: {doing} …", highlight=False))


async def _limit(console: Console, wanted: Wanted, workers: int, apis: int) -> int:
    phases: list[Phase] = []
    async with stage(wanted.positions, workers=workers, apis=apis) as at:
        async for phase in find_limit(at, wanted):
            phases.append(phase)
            console.print(f"load: {phase.name}: {counted(phase)}; PostgreSQL: {phase.waits}", highlight=False)
            if not is_kept(phase):
                break
    console.print(limits(phases))
    kept = [phase.name for phase in phases if is_kept(phase)]
    console.print(
        f"load: the highest rate that is kept: {kept[-1] if kept else 'none of them'}", highlight=False
    )
    return 0 if kept else FAILED


def _is_good(found: Figures) -> bool:
    phases = (found.sustained, found.burst, found.flat_out)
    return "PASS" in burst_verdict(found.burst) and not any(phase.lost for phase in phases)
