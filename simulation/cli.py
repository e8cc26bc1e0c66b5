"""``rescousse simulate``: plays the demo département through the public API of a running stack."""

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Annotated

import httpx
import typer
from rich.console import Console

from simulation.calendar import EVENING, HOUR, MORNING, Calendar
from simulation.cases import Pickup, PlaceSource
from simulation.clock import Clock
from simulation.habits import Habits
from simulation.hospitals import load_hospitals
from simulation.ledger import Ledger
from simulation.places import Communes, draw_place, load_communes
from simulation.progress import (
    PLAIN_EVERY,
    PLAIN_EVERY_ENDLESS,
    LiveProgress,
    NoProgress,
    PlainProgress,
    Watcher,
)
from simulation.report import print_report, print_standing, print_stuck, stuck
from simulation.runtime import DEFAULT_RUNTIME, Runtime, RuntimeUnusableError, load_runtime
from simulation.samu import Programme
from simulation.stage import Stage
from simulation.wire import Point
from simulation.world import Country, Ending, Run, StackSilentError, World, open_http

FAST, GENTLE = 60.0, 10.0
"""Default speeds: of a counted run, of an endless one."""

GAP, GENTLE_GAP = 60.0, 250.0
"""Mean simulated seconds between two demands: of a counted run, of an endless one (25 real seconds)."""

STUCK_AFTER = 300.0
"""Real seconds without any movement after which a counted run is given up, besides ``LONGEST_WORK``."""

BY_DAY = 2 / 3
"""The share of a counted run's demands that come before 20:00, unless the hour of its beginning is given."""

ENDLESS_START = 17.0
"""The hour at which an endless run begins: a bit of day, then the guard's night."""

LONGEST_WORK = 3600.0
"""Simulated seconds that a vehicle may well be on its way without a word."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. ``demands`` is None for ever; ``speed`` divides human and vehicle time.

    ``start`` is the hour that the clock on the wall shows at the beginning.
    """

    demands: int | None
    speed: float
    seed: int
    quiet: bool = False
    start: float | None = None

    @property
    def stuck_after(self) -> float:
        """Return the real seconds without movement after which the run is given up."""
        return STUCK_AFTER + LONGEST_WORK / self.speed

    @property
    def start_hour(self) -> float:
        """Return the hour of the beginning: by default two thirds of a counted run's demands come before 20:00."""
        if self.start is not None:
            return self.start
        if self.demands is None:
            return ENDLESS_START
        return max(MORNING, EVENING - self.demands * GAP * BY_DAY / HOUR)

    @property
    def programme(self) -> Programme:
        """Return the SAMU's programme."""
        return Programme(self.demands, GENTLE_GAP if self.demands is None else GAP)


def simulate_command(
    runtime: Annotated[
        Path, typer.Option(help="The runtime.json of the running stack.", show_default=False)
    ] = DEFAULT_RUNTIME,
    demands: Annotated[int, typer.Option(min=1, help="How many demands to post.")] = 200,
    speed: Annotated[
        float | None,
        typer.Option(min=0.1, help="How much faster than life people and vehicles go [60; forever: 10]."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same decisions.")] = 11,
    forever: Annotated[bool, typer.Option("--forever", help="Never end; a gentle, life-like pace.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, only the final table.")] = False,
    start: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=23.99,
            help="The hour at the beginning, by the simulated clock; the guard keeps the night from 20:00 to 08:00 "
            "(by default two thirds of the demands come before 20:00; forever: 17).",
        ),
    ] = None,
) -> None:
    """Play a SAMU, its coordinator, regulators, crews and vehicles through the public API; ends with a table.

    By day every company works in a mode drawn from the seed: R1 (PC, phones in the vehicles), R2 (PC alone), R3 (a
    phone in Master mode, phones in the vehicles) or R4 (one phone for all). In the evening some hand their regulation
    over, most give it up; by night the crews of the roster keep the guard of their sectors. The clock on the wall is
    simulated: a night lasts 12 hours divided by --speed, for the server as well.

    The exit code is 0 only if every demand has ended.
    """
    pace = speed or (GENTLE if forever else FAST)
    options = Options(None if forever else demands, pace, seed, quiet, start)
    raise typer.Exit(run_simulation(runtime, options, Console()))


def run_simulation(runtime_file: Path, options: Options, console: Console) -> int:
    """Run one simulation and print its table. Returns the exit code of the process."""
    try:
        runtime = load_runtime(runtime_file)
        country = load_country()
        run = asyncio.run(_play(runtime, options, country, console))
    except (RuntimeUnusableError, StackSilentError) as error:
        console.print(str(error), style="red", highlight=False, soft_wrap=True)
        return 1
    except httpx.InvalidURL as error:
        console.print(
            f"The API's address in {runtime_file} is not usable: {error}.", style="red", soft_wrap=True
        )
        return 1
    except OSError as error:
        console.print(f"The simulation's own data cannot be read: {error}.", style="red", soft_wrap=True)
        return 1
    return conclude(run, options, console)


def conclude(run: Run, options: Options, console: Console) -> int:
    """Print the table and what has not ended. Returns 0 only if all ended or an endless run was stopped."""
    print_report(console, run.ledger, not_posted=run.not_posted, wall_seconds=run.wall_seconds)
    if run.ending is Ending.INTERRUPTED and options.demands is None:
        return 0
    if run.ending is Ending.STUCK:
        console.print(f"Given up: nothing has moved for {options.stuck_after:.0f} s.", style="red")
    if run.ending is Ending.INTERRUPTED:
        console.print("Interrupted before the end.", style="yellow")
    print_stuck(console, stuck(run.ledger))
    print_standing(console, run.ledger)
    return 0 if run.ending is Ending.DONE and run.all_ended else 1


def load_country() -> Country:
    """Return the real places of the Aude: where demands happen and where patients are taken."""
    communes = load_communes()
    return Country(_place_source(communes), load_hospitals(), communes.items)


def _place_source(communes: Communes) -> PlaceSource:
    def draw(rng: Random) -> Pickup:
        place = draw_place(rng, communes)
        return Pickup(Point(lat=place.lat, lon=place.lon), place.address)

    return draw


async def _play(runtime: Runtime, options: Options, country: Country, console: Console) -> Run:
    """Play one run; SIGINT and SIGTERM end it cleanly."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    clock = Clock(options.speed)
    calendar = Calendar(clock, options.start_hour)
    stage = Stage(clock, Habits(), options.seed, Ledger(), calendar=calendar)
    async with open_http(runtime) as http:
        world = World(runtime, stage, options.programme, country, http)
        return await world.play(_watcher(options, console), stop, stuck_after=options.stuck_after)


def _watcher(options: Options, console: Console) -> Watcher:
    if options.quiet:
        return NoProgress()
    if console.is_terminal:
        return LiveProgress(console, options.demands)
    return PlainProgress(console, PLAIN_EVERY if options.demands else PLAIN_EVERY_ENDLESS)
