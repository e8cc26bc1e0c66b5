"""``python -m tests.chaos``: the long form of the chaos, with a table of what must hold. Exit code 1 on any breach."""

import asyncio
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.chaos.report import Verdict, show
from tests.chaos.run import Wish, chaos

WIDTH = 120


def main(
    minutes: Annotated[
        float, typer.Option(min=0, help="How long at least; a rolling restart ends it.")
    ] = 3.0,
    demands: Annotated[int, typer.Option(min=1, help="How many demands at least.")] = 200,
    seed: Annotated[
        int | None, typer.Option(help="Draws cases, answers and blows; drawn itself by default.")
    ] = None,
    logs: Annotated[
        Path | None, typer.Option(help="Keep the logs of the processes in this directory.")
    ] = None,
) -> None:
    """Torment a stack of its own while demands run: kill -9, freezes, rolling restarts. Then check what must hold.

    Two workers, two APIs, Temporal and PostgreSQL; six companies whose vehicles are wanted by twelve demands at a time.
    Ctrl-C stops posting and hitting, and judges what was done by then.
    """
    drawn = seed if seed is not None else random.SystemRandom().randrange(1_000_000)
    console = Console() if Console().is_terminal else Console(width=WIDTH)
    wish = Wish(seconds=60 * minutes, demands=demands, seed=drawn, logs=logs)
    began = time.monotonic()
    console.print(
        f"chaos: {minutes:g} minutes, {demands} demands at least, seed {drawn} (repeat it with --seed {drawn})",
        highlight=False,
    )

    def say(sentence: str) -> None:
        console.print(f"{time.monotonic() - began:6.1f} s  {sentence}", highlight=False, soft_wrap=True)

    verdict = asyncio.run(_run(wish, say))
    show(verdict, console)
    raise typer.Exit(1 if verdict.sentences else 0)


async def _run(wish: Wish, say: Callable[[str], None]) -> Verdict:
    """Ctrl-C once: stop in order; twice: at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def interrupted() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        stop.set()

    loop.add_signal_handler(signal.SIGINT, interrupted)
    return await chaos(wish, say, stop)


if __name__ == "__main__":
    typer.run(main)
