"""A whole run against the fake: every demand ends, whatever the server's moods, or is named as stuck."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import httpx
import pytest
from rich.console import Console

from simulation.calendar import Calendar
from simulation.cases import Pickup
from simulation.cli import Options, conclude
from simulation.clock import Clock
from simulation.habits import Habits
from simulation.ledger import Ledger
from simulation.places import Commune
from simulation.progress import NoProgress, PlainProgress
from simulation.samu import Programme
from simulation.stage import Stage
from simulation.wire import Point
from simulation.world import Country, Ending, Run, StackSilentError, World
from tests.unit.simulation_fake import FakeApi, runtime

TOWNS = (Commune("11069", "Carcassonne", "11000", 46_000, 43.2130, 2.3491),)


def somewhere(rng: Random) -> Pickup:
    return Pickup(
        Point(lat=43.2 + rng.uniform(-0.1, 0.1), lon=2.35 + rng.uniform(-0.1, 0.1)), "1 rue du Songe"
    )


@asynccontextmanager
async def world(
    api: FakeApi,
    demands: int | None,
    habits: Habits | None = None,
    start_hour: float = 9.0,
    speed: float = 4000.0,
) -> AsyncIterator[World]:
    clock = Clock(speed)
    stage = Stage(
        clock,
        habits or Habits(freeze=0.0),
        7,
        Ledger(),
        poll_every=0.2,
        report_every=0.5,
        beat_every=0.2,
        calendar=Calendar(clock, start_hour),
    )
    programme = Programme(demands, mean_gap=60.0, max_open=8)
    transport = httpx.ASGITransport(app=api.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://fake") as http:
        yield World(runtime(), stage, programme, Country(somewhere, communes=TOWNS), http)


async def play(
    api: FakeApi,
    demands: int,
    habits: Habits | None = None,
    stuck_after: float = 15.0,
    start_hour: float = 9.0,
    speed: float = 4000.0,
) -> Run:
    async with world(api, demands, habits, start_hour, speed) as one:
        return await one.play(NoProgress(), asyncio.Event(), stuck_after=stuck_after)


async def test_every_demand_of_a_run_ends() -> None:
    api = FakeApi()
    run = await play(api, 30)
    assert run.ending is Ending.DONE
    assert run.all_ended
    assert len(run.ledger.demands) == len(api.demands) == 30
    assert run.ledger.by_status()["COMPLETED"] > 0
    assert {one.id for one in api.demands.values()} == set(run.ledger.demands)
    assert run.ledger.steps["DISPONIBLE"] > 0
    assert not run.ledger.errors
    assert set(api.positions) == {f"c{company}v{one}" for company in range(3) for one in range(3)}


async def test_a_demand_that_everybody_is_too_busy_for_goes_to_arbitration_or_carence() -> None:
    run = await play(FakeApi(window=0.3), 8, Habits(hard_demand=1.0, cancel=0.0))
    assert run.all_ended
    assert run.ledger.samu["carence"] + run.ledger.samu["counter accepted"] > 0


async def test_every_exit_and_slip_still_ends() -> None:
    run = await play(FakeApi(), 10, Habits(undo=1.0, no_transport=1.0, cancel=0.3, hard_demand=0.0))
    assert run.all_ended
    assert run.ledger.steps["undone"] > 0
    assert run.ledger.steps["no transport"] > 0
    assert not run.ledger.errors


async def test_an_evening_hands_the_day_over_to_the_guard() -> None:
    people = Habits(
        hand_over=1.0, freeze=0.0, open_at_night=0.0, guard_missed=0.0, guard_late=0.0, hard_demand=0.0
    )
    api = FakeApi()
    run = await play(api, 40, people, start_hour=19.6, speed=1000.0)  # the night lasts 43 s: it ends first
    ledger = run.ledger
    assert run.all_ended
    assert ledger.duty["hand-over"] > 0
    assert ledger.duty["company closed for the night"] == 3
    assert ledger.guard["periods planned"] == ledger.guard["shifts opened"] == 1
    assert ledger.guard["missions"] == sum(mode == "G1" for mode in ledger.modes.values()) > 0
    assert set(ledger.modes.values()) > {"G1"}
    assert not ledger.errors
    assert not api.leases
    assert {receipt for _, receipt in api.receipts} == {"DELIVERED", "OPENED"}


async def test_a_server_that_is_often_away_only_costs_repetitions() -> None:
    run = await play(FakeApi(away_every=7), 10)
    assert run.all_ended
    assert run.ledger.calls["retried"] > 0
    assert run.ledger.calls["unreachable"] == 0


async def test_two_simulations_on_one_stack_do_not_disturb_each_other() -> None:
    api = FakeApi()
    runs = await asyncio.gather(play(api, 8), play(api, 8))
    assert all(run.all_ended for run in runs)


async def test_when_nothing_moves_the_run_is_given_up_and_names_what_is_stuck() -> None:
    run = await play(FakeApi(mute=True), 2, Habits(hard_demand=1.0, cancel=0.0), stuck_after=1.5)
    assert run.ending is Ending.STUCK
    out = io.StringIO()
    code = conclude(run, Options(2, 60.0, 1), Console(file=out, width=200))
    assert code == 1
    for record in run.ledger.demands.values():
        assert f"not ended: {record.id} {record.status}" in out.getvalue()


async def test_an_endless_run_ends_cleanly_when_it_is_told_to() -> None:
    stop, out = asyncio.Event(), io.StringIO()
    console = Console(file=out, width=200)
    async with world(FakeApi(), None) as one:
        asyncio.get_running_loop().call_later(1.0, stop.set)
        run = await one.play(PlainProgress(console, every=0.2), stop, stuck_after=0.1)
    assert run.ending is Ending.INTERRUPTED
    assert "simulation: posted" in out.getvalue()
    assert conclude(run, Options(None, 10.0, 1), console) == 0
    assert conclude(run, Options(500, 10.0, 1), console) == 1


async def test_an_endless_run_takes_over_what_an_earlier_one_left_open() -> None:
    api = FakeApi(window=0.2)
    async with world(api, 1, Habits(hard_demand=1.0, cancel=0.0)) as first:
        await asyncio.wait({asyncio.create_task(first.samu.run())}, timeout=0.3)
    stop = asyncio.Event()
    async with world(api, None, Habits(hard_demand=1.0, cancel=0.0)) as second:
        asyncio.get_running_loop().call_later(2.0, stop.set)
        await second.play(NoProgress(), stop, stuck_after=10.0)
    oldest = next(iter(api.demands.values()))
    assert oldest.status in {"COMPLETED", "UNFULFILLED"}


async def test_a_stack_that_does_not_answer_is_said_in_one_sentence() -> None:
    async with httpx.AsyncClient(base_url="http://127.0.0.1:9", timeout=1.0) as http:
        stage = Stage(Clock(60.0), Habits(), 7, Ledger())
        one = World(runtime(), stage, Programme(1, 1.0), Country(somewhere), http)
        with pytest.raises(StackSilentError, match="does not answer"):
            await one.play(NoProgress(), asyncio.Event(), stuck_after=1.0)
