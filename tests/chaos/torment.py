"""Kills, freezes and restarts the processes of a stack, again and again, by a plan."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence

from tests.chaos.evidence import Blow, Phase
from tests.chaos.plan import Deed, Strike, Target, Temper, everything, rolling, rounds
from tests.chaos.stand import Stand
from tests.chaos.wire import Logbook

CALM_FOR_S = 4.0
"""So long no call must have failed before a rolling restart: what fails in it is its own."""
CALM_WITHIN_S = 45.0
LOOK_EVERY_S = 0.2


class Tormentor:
    """Torments a stack until it is told that it is enough; then, and between, restarts it process by process."""

    def __init__(
        self, stand: Stand, log: Logbook, temper: Temper, seed: int, say: Callable[[str], None]
    ) -> None:
        self._stand, self._log, self._temper, self._say = stand, log, temper, say
        self._rounds = rounds(seed, temper)
        self.blows: list[Blow] = []

    async def run(self, enough: asyncio.Event) -> None:
        """So many rounds, a rolling restart, and again: at least once, until it is enough."""
        while True:
            self._log.phase = Phase.TORMENT
            for _ in range(self._temper.rounds):
                await self._round(next(self._rounds))
            await self.roll()
            if enough.is_set():
                return

    async def _round(self, strikes: list[Strike]) -> None:
        async with asyncio.TaskGroup() as falling:
            for strike in strikes:
                blow = falling.create_task(self._strike(strike))
                if not strike.with_next:
                    await blow
                    await asyncio.sleep(strike.pause_s)

    async def _strike(self, strike: Strike) -> None:
        """One blow, until the process is back."""
        self._say(f"{strike.deed} {strike.target}")
        deed, began = strike.deed, time.monotonic()
        pid = self._stand.pid(strike.target)
        if deed is not Deed.KILL:
            await self._freeze(pid, strike.lasts_s)
        if deed is not Deed.FREEZE:
            os.kill(pid, signal.SIGKILL)
        back = await self._stand.until_back(strike.target, None if deed is Deed.FREEZE else pid)
        self._note(strike.target, deed, None if back is None else time.monotonic() - began)

    async def _freeze(self, pid: int, seconds: float) -> None:
        """Whoever interrupts a run leaves nothing frozen behind."""
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)

    async def heal(self) -> None:
        """Wait until every process answers, whatever was interrupted."""
        await asyncio.gather(*(self._stand.until_back(target) for target in everything()))

    async def begin_anew(self, targets: Sequence[Target]) -> None:
        """Restart processes together, before there is anybody to notice."""
        pids = {target: self._stand.hit(target, signal.SIGKILL) for target in targets}
        await asyncio.gather(*(self._stand.until_back(target, pid) for target, pid in pids.items()))

    async def roll(self) -> None:
        """Restart each worker and each API in order, each once the one before is back: nobody may notice."""
        await self._until_calm()
        self._log.phase = Phase.ROLLING
        for target in rolling():
            self._say(f"restart {target}")
            ended = self._stand.hit(target, signal.SIGTERM)
            self._note(target, Deed.RESTART, await self._stand.until_back(target, ended))
        self._log.phase = Phase.CALM

    async def _until_calm(self) -> None:
        """What was hit before has been got over: for some seconds no call has failed."""
        self._log.phase = Phase.CALM
        began = time.monotonic()
        while time.monotonic() - began < CALM_WITHIN_S:
            if time.monotonic() - max(self._log.failed_at, began) >= CALM_FOR_S:
                return
            await asyncio.sleep(LOOK_EVERY_S)

    def _note(self, target: Target, deed: Deed, away_s: float | None) -> None:
        self.blows.append(Blow(str(target), deed, away_s))
