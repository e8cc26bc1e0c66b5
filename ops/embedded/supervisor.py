"""Keeps children alive: starts again what dies, slower and slower if it keeps dying, and stops all in order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from ops.embedded.errors import StartError
from ops.embedded.processes import ProcessSpec, describe_end, end, kill, last_words, spawn

RESTART_DELAYS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the first, second… restart in a row."""
STEADY_SECONDS = 10.0
"""A process that lived longer is not in a row of deaths any more."""
DEATHS_AT_START = 3
"""So many deaths in a row before the stack is ready mean that it cannot start."""
PROBE_SECONDS = 0.05
"""Pause between two looks at something that is to become ready."""


class Keeper:
    """Keeps one process alive until it is told to stop.

    `say` gets one line for every death; `changed` is called whenever the process id is a new one.
    """

    def __init__(self, spec: ProcessSpec, say: Callable[[str], None], changed: Callable[[], None]) -> None:
        self.spec = spec
        self.deaths = 0
        """Deaths in a row, without a steady life between them."""
        self._say = say
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._keep(), name=f"keeper of {spec.name}")

    @property
    def pid(self) -> int | None:
        """The process id; between a death and the restart, the last one. None before the first start."""
        return self._process.pid if self._process is not None else None

    @property
    def finished(self) -> bool:
        """True when nothing is kept any more: stopped, or ended well."""
        return self._task.done()

    async def stop(self) -> None:
        """Stop the process, for good. May be called again."""
        self._stopping.set()
        if self._process is not None and self._process.returncode is None:
            await end(self._process, self.spec)
        await self._task

    async def hurry(self) -> None:
        """Kill the process, for good."""
        self._stopping.set()
        if self._process is not None and self._process.returncode is None:
            await kill(self._process)

    async def _keep(self) -> None:
        while not self._stopping.is_set():
            born = asyncio.get_running_loop().time()
            code = await self._live_once()
            if self._stopping.is_set() or (code == 0 and self.spec.ends_well):
                return
            steady = asyncio.get_running_loop().time() - born > STEADY_SECONDS
            self.deaths = 1 if steady else self.deaths + 1
            await self._pause(describe_end(code))

    async def _live_once(self) -> int | None:
        """One life: its exit code, or None if it could not even be started."""
        try:
            process = await spawn(self.spec)
        except (OSError, StartError) as error:
            self._say(f"{self.spec.name} cannot be started: {error}")
            return None
        self._process = process
        if self._stopping.is_set():  # told to stop while it was being started
            await end(process, self.spec)
        else:
            self._changed()
        return await process.wait()

    async def _pause(self, how: str) -> None:
        delay = RESTART_DELAYS[min(self.deaths, len(RESTART_DELAYS)) - 1]
        self._say(f"{self.spec.name} {how}: it is started again in {delay:g} s")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), delay)


class Supervisor:
    """All the children, in the order they were started; they are stopped in the opposite order."""

    def __init__(self, say: Callable[[str], None], changed: Callable[[], None]) -> None:
        self._say = say
        self._changed = changed
        self._groups: list[list[Keeper]] = []

    def start(self, specs: Sequence[ProcessSpec]) -> list[Keeper]:
        """Start a group of children; a group is stopped together, before the groups that were started earlier."""
        group = [Keeper(spec, self._say, self._changed) for spec in specs]
        self._groups.append(group)
        return group

    async def stop(self) -> None:
        """Stop every child: the last group first, each group together. May be called again."""
        while self._groups:
            await asyncio.gather(*(keeper.stop() for keeper in self._groups[-1]))
            self._groups.pop()

    async def hurry(self) -> None:
        """Kill what still runs, but the first group: the database stops in its own order, and fast."""
        await asyncio.gather(*(keeper.hurry() for group in self._groups[1:] for keeper in group))


async def wait_until(
    ready: Callable[[], Awaitable[bool]], keepers: Sequence[Keeper], seconds: float, what: str
) -> None:
    """Look again and again until `ready`. Raises StartError after `seconds`, or if a process keeps dying."""
    try:
        async with asyncio.timeout(seconds):
            while not await ready():
                _refuse_if_dying(keepers)
                await asyncio.sleep(PROBE_SECONDS)
    except TimeoutError:
        logs = ", ".join(str(keeper.spec.log) for keeper in keepers)
        raise StartError(f"{what} did not answer within {seconds:.0f} s (see {logs}).") from None


def _refuse_if_dying(keepers: Sequence[Keeper]) -> None:
    for keeper in keepers:
        if keeper.deaths >= DEATHS_AT_START:
            log = keeper.spec.log
            raise StartError(f"{keeper.spec.name} cannot be kept alive: {last_words(log)} (see {log}).")
