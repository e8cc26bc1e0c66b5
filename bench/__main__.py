"""``python -m bench [--rounds N]``: prints each figure beside its baseline and their ratio."""

import asyncio
import statistics
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.dispatch import VEHICLES, Timings, measure
from bench.stack import running_stack


def main(rounds: Annotated[int, typer.Option(min=5, help="Demands to play.")] = 50) -> None:
    """Start a stack of its own, play demands with 30 vehicles in range, and print the table."""
    console = Console()
    with console.status(f"starting a stack and playing {rounds} demands with {VEHICLES} vehicles in range"):
        timings = asyncio.run(_run(rounds))
    console.print(_table(timings, rounds))


async def _run(rounds: int) -> Timings:
    async with running_stack() as stack:
        return await measure(stack, rounds)


def _table(timings: Timings, rounds: int) -> Table:
    table = Table(title=f"{rounds} demands one after the other, {VEHICLES} vehicles in range, milliseconds")
    for name in ("figure", "p50", "p90", "max", "baseline", "p50", "ratio"):
        table.add_column(name, justify="left" if name in {"figure", "baseline"} else "right")
    start, update = ("bare start → activity", timings.bare_start), ("bare update", timings.bare_update)
    _row(table, "posted → first solicitation on the stream", timings.first_solicitation, *start)
    _row(table, f"posted → all {VEHICLES} on the stream", timings.all_solicitations, *start)
    _row(table, "acceptance → confirmed", timings.confirmation, *update)
    _row(table, "fact written → on the stream", timings.commit_to_stream)
    return table


def _row(
    table: Table, figure: str, ours: list[float], name: str = "–", baseline: list[float] | None = None
) -> None:
    middle = statistics.median(ours)
    bare = statistics.median(baseline) if baseline else None
    table.add_row(
        figure,
        f"{middle:.1f}",
        f"{statistics.quantiles(ours, n=10)[-1]:.1f}",
        f"{max(ours):.1f}",
        name,
        f"{bare:.1f}" if bare else "–",
        f"{middle / bare:.2f}" if bare else "–",
    )


if __name__ == "__main__":
    typer.run(main)
