"""One run: a stack of its own, players on it, a tormentor beside them; then the evidence and its verdict."""

import asyncio
import shutil
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from bench.stack import Stack, running_stack
from simulation.clock import Clock
from simulation.habits import Habits
from simulation.hospitals import load_hospitals
from simulation.ledger import Ledger
from simulation.stage import Stage
from storage.engine import create_engine
from tests.chaos import gather
from tests.chaos.company import Company, Starter
from tests.chaos.evidence import ENDS, Ear, Evidence
from tests.chaos.plan import SHORT, Kind, Target, Temper
from tests.chaos.report import Verdict
from tests.chaos.samu import Samu
from tests.chaos.stand import Stand
from tests.chaos.torment import Tormentor
from tests.chaos.wire import Logbook

SAY_EVERY_S = 10.0
CREWS_DONE_WITHIN_S = 60.0
EARS_CATCH_UP_WITHIN_S = 30.0
LOOK_EVERY_S = 0.2
SPEED = 200.0
"""Crews and dispatchers live so many times faster than the stack: a mission takes some ten seconds."""
HABITS = Habits(
    cancel=0.06, cancel_within=3000.0, breakdown=0.12, undo=0.1, no_transport=0.08, refuse_counter=0.3
)
WINDOWS = {"guard_s": 4, "vehicles_s": 10, "sites_s": 6}
POLICY: dict[str, object] = {
    "standard": WINDOWS,
    "short": WINDOWS,
    "free_choice_s": 8,
    "second_ring_s": 4,
    "machine_search_s": 25,
    "resurvey_s": 5,
    "newcomer_window_s": 5,
    "arbitration_alarms_s": [5, 10],
    "acknowledgement_alarm_s": 8,
    "unreached_alarm_s": 5,
    "reconfirmation_s": 6,
    "stuck_after_s": 20,
    "coverage_alarm_minutes": None,
}
"""Everything happens in seconds; whole companies come and go with no word about coverage."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How long, how much, from which seed."""

    seconds: float = 180.0
    demands: int = 200
    seed: int = 1
    companies: int = 6
    at_once: int = 12
    gap_s: float = 0.5
    temper: Temper = field(default_factory=Temper)
    logs: Path | None = None
    """Where the logs of the processes are to be kept: with its stack they are gone."""


def short(seed: int = 1) -> Wish:
    """The form that runs with every other test."""
    return Wish(seconds=0.0, demands=16, seed=seed, companies=3, at_once=4, gap_s=0.6, temper=SHORT)


async def chaos(wish: Wish, say: Callable[[str], None], stop: asyncio.Event) -> Verdict:
    """Play until the demands are posted and the time is over, or until ``stop``; what was done by then is judged."""
    async with running_stack(workers=2, apis=2) as stack, AsyncExitStack() as stay:
        say(f"stack is up: {stack.api}")
        run = Run(stack, wish, say)
        try:
            await run.prepare(stay)
            await run.play(stop)
            return Verdict.of(await run.evidence())
        finally:
            if wish.logs is not None:
                shutil.copytree(stack.data_dir / "log", wish.logs, dirs_exist_ok=True)


class Run:
    """A run on a stack."""

    def __init__(self, stack: Stack, wish: Wish, say: Callable[[str], None]) -> None:
        self._stack, self._wish, self._say = stack, wish, say
        self._log, self._stand = Logbook(), Stand(stack)
        self._tormentor = Tormentor(self._stand, self._log, wish.temper, wish.seed, say)
        self._ledger = Ledger()
        stage = Stage(Clock(SPEED), HABITS, wish.seed, self._ledger, poll_every=5.0, report_every=20.0)
        starter, hospitals = Starter(stage.rng("starter")), load_hospitals()
        accounts = stack.accounts
        self._samu = Samu(stack.api, accounts.samu, stage, starter, self._log, hospitals)
        chosen = sorted(accounts.companies, key=lambda each: -len(each.vehicles))[: wish.companies]
        self._companies = [Company(stack.api, each, stage, starter, self._log, hospitals) for each in chosen]

    async def prepare(self, stay: AsyncExitStack) -> None:
        """Short timings, known to both APIs because they begin with them; then every desk is opened."""
        for http in (self._samu.http, *(each.http for each in self._companies)):
            await stay.enter_async_context(http)
        update = "UPDATE samus SET policy = policy || %s"
        async with await psycopg.AsyncConnection.connect(self._stack.database, autocommit=True) as connection:
            await connection.execute(update, [Jsonb(POLICY)])
        await self._tormentor.begin_anew([Target(Kind.API, 0), Target(Kind.API, 1)])
        await asyncio.gather(*(each.open() for each in self._companies))
        self._say("desks are open")

    async def play(self, stop: asyncio.Event) -> None:
        """Everybody plays, the tormentor torments; then crews end what they do and every ear has heard it all."""
        everybody = [asyncio.create_task(each.run()) for each in self._companies]
        everybody.append(asyncio.create_task(self._samu.listen()))
        telling = asyncio.create_task(self._tell())
        try:
            await self._under_torment(stop)
            await self._until_idle()
            await self._until_heard()
        finally:
            for task in (*everybody, telling):
                task.cancel()
            await asyncio.gather(*everybody, telling, return_exceptions=True)

    async def _under_torment(self, stop: asyncio.Event) -> None:
        """Demands for as long as it torments, and torments for as long as is wished and there are demands."""
        posted_enough, torment_enough, wish = asyncio.Event(), asyncio.Event(), self._wish
        playing = asyncio.create_task(self._samu.play(wish.demands, wish.at_once, wish.gap_s, posted_enough))
        tormenting = asyncio.create_task(self._tormentor.run(torment_enough))
        until = time.monotonic() + wish.seconds
        while not stop.is_set() and not playing.done() and not tormenting.done():
            if time.monotonic() >= until and len(self._samu.posted) >= wish.demands:
                torment_enough.set()
            await asyncio.sleep(LOOK_EVERY_S)
        torment_enough.set()
        if stop.is_set():
            self._say("stopping: no more demands, no more blows; then what was done is judged")
            self._samu.stop()
            tormenting.cancel()
        with suppress(asyncio.CancelledError):
            await tormenting
        await self._tormentor.heal()
        posted_enough.set()
        await playing

    async def _until_idle(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(CREWS_DONE_WITHIN_S):
                while any(each.at_work for each in self._companies):  # noqa: ASYNC110 - crews end their missions
                    await asyncio.sleep(LOOK_EVERY_S)

    async def _until_heard(self) -> None:
        """Every stream has told the last fact of its scope: who reconnects late is waited for."""
        engine = create_engine(self._stack.database, pool_size=1, application_name="chaos")
        try:
            await gather.until_quiet(engine)
            lines, _ = await gather.picture(engine)
        finally:
            await engine.dispose()
        last = {
            ear.name: max((e.position for e in lines if ear.may_hear(e)), default=0) for ear in self._ears
        }
        with suppress(TimeoutError):
            async with asyncio.timeout(EARS_CATCH_UP_WITHIN_S):
                while any(ear.heard and ear.heard[-1].position < last[ear.name] for ear in self._ears):  # noqa: ASYNC110 - streams tell
                    await asyncio.sleep(LOOK_EVERY_S)
        for ear in self._ears:
            ear.until = lines[-1].position

    async def evidence(self) -> Evidence:
        """Everything that is left behind, read when nothing moves any more."""
        engine = create_engine(self._stack.database, pool_size=2, application_name="chaos")
        try:
            lines, engaged = await gather.picture(engine)
            found = Evidence(
                journal=lines,
                intents=self._log.intents,
                ears=self._ears,
                engagements=engaged,
                failures=self._log.failures,
                calls=self._log.calls,
                reconnects=self._log.reconnects,
                blows=self._tormentor.blows,
            )
            demands = list(found.book.demands)
            found.folded_rows, found.differences = await gather.refold(engine, demands)
            found.workflows, found.others = await gather.workflows(self._stack.temporal, demands)
        finally:
            await engine.dispose()
        return found

    @property
    def _ears(self) -> list[Ear]:
        """Everybody's."""
        return [self._samu.ear, *(each.ear for each in self._companies)]

    async def _tell(self) -> None:
        """Say every few seconds how it goes."""
        while True:
            await asyncio.sleep(SAY_EVERY_S)
            ended = sum(each.kind in ENDS for each in self._samu.ear.heard)
            failed, blows = len(self._log.failures), len(self._tormentor.blows)
            self._say(
                f"{self._log.phase}: {len(self._samu.posted)} demands posted, {ended} ended, "
                f"{sum(self._log.calls.values())} calls, {failed} made again, {blows} blows"
            )
