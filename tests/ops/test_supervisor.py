"""What dies is started again, what is stopped stops in order, and nothing outlives its supervisor."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from ops.embedded.errors import StartError
from ops.embedded.processes import run_once
from ops.embedded.supervisor import Keeper, Supervisor, wait_until
from tests.ops.support import SLEEP, STUBBORN, eventually, stand_in

NOTES_ITS_END = """
import signal, sys, time
def note(*_):
    time.sleep(float(sys.argv[2]))
    with open("order", "a") as file: file.write(sys.argv[1] + " ")
    sys.exit()
signal.signal(signal.SIGTERM, note)
print("here", flush=True)
time.sleep(600)
"""


class Watched:
    """A supervisor with what it said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.changes = 0
        self.supervisor = Supervisor(self.said.append, self._changed)

    def _changed(self) -> None:
        self.changes += 1


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    watched = Watched()
    yield watched
    await watched.supervisor.stop()


async def _born(keeper: Keeper, after: int | None = None) -> int:
    await eventually(lambda: keeper.pid not in (None, after))
    assert keeper.pid is not None
    return keeper.pid


async def _says_here(log: Path) -> None:
    await eventually(lambda: log.exists() and "here" in log.read_text())


def _alive(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


async def test_a_killed_child_is_back_within_a_second(watched: Watched, tmp_path: Path) -> None:
    [keeper] = watched.supervisor.start([stand_in(tmp_path, "worker-1")])
    first = await _born(keeper)
    os.kill(first, signal.SIGKILL)
    took = await eventually(lambda: keeper.pid != first)
    assert took < 1.0
    assert watched.said == ["worker-1 was ended by SIGKILL: it is started again in 0.2 s"]
    assert watched.changes == 2


async def test_a_child_that_keeps_dying_is_started_slower_and_slower(
    watched: Watched, tmp_path: Path
) -> None:
    [keeper] = watched.supervisor.start([stand_in(tmp_path, "worker-1", "raise SystemExit(3)")])
    await eventually(lambda: len(watched.said) >= 3)
    assert [line.rsplit("in ")[-1] for line in watched.said[:3]] == ["0.2 s", "0.5 s", "1 s"]
    assert "ended with code 3" in watched.said[0]
    assert keeper.deaths >= 3


async def test_a_stopped_child_is_left_alone_and_can_still_be_ended(watched: Watched, tmp_path: Path) -> None:
    [keeper] = watched.supervisor.start([stand_in(tmp_path, "worker-1")])
    pid = await _born(keeper)
    os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(0.3)
    assert keeper.pid == pid
    assert watched.said == []
    await asyncio.wait_for(watched.supervisor.stop(), 2)
    assert not _alive(pid)


async def test_the_last_group_is_stopped_first(watched: Watched, tmp_path: Path) -> None:
    for name, seconds in (("postgres", "0"), ("temporal", "0.1"), ("api", "0.2")):
        watched.supervisor.start([stand_in(tmp_path, name, NOTES_ITS_END, name, seconds)])
    for name in ("postgres", "temporal", "api"):
        await _says_here(tmp_path / f"{name}.log")
    await watched.supervisor.stop()
    assert (tmp_path / "order").read_text().split() == ["api", "temporal", "postgres"]


async def test_a_child_that_does_not_stop_is_killed(watched: Watched, tmp_path: Path) -> None:
    [keeper] = watched.supervisor.start([stand_in(tmp_path, "worker-1", STUBBORN, stop_seconds=0.3)])
    pid = await _born(keeper)
    await _says_here(tmp_path / "worker-1.log")
    await watched.supervisor.stop()
    assert not _alive(pid)


async def test_hurry_kills_all_but_the_database(watched: Watched, tmp_path: Path) -> None:
    [database] = watched.supervisor.start([stand_in(tmp_path, "postgres")])
    [worker] = watched.supervisor.start([stand_in(tmp_path, "worker-1", STUBBORN, stop_seconds=60)])
    pids = await _born(database), await _born(worker)
    await watched.supervisor.hurry()
    assert [_alive(pid) for pid in pids] == [True, False]


async def test_what_ended_well_is_not_started_again(watched: Watched, tmp_path: Path) -> None:
    spec = replace(stand_in(tmp_path, "simulation", "pass"), ends_well=True)
    [keeper] = watched.supervisor.start([spec])
    await eventually(lambda: keeper.finished)
    assert watched.said == []


async def test_stopping_between_two_lives_does_not_wait_for_the_next(
    watched: Watched, tmp_path: Path
) -> None:
    [keeper] = watched.supervisor.start([stand_in(tmp_path, "worker-1", "raise SystemExit(1)")])
    await eventually(lambda: keeper.deaths >= 3, 20)
    await asyncio.wait_for(watched.supervisor.stop(), 0.5)
    assert keeper.finished


async def test_a_program_that_is_missing_is_named(watched: Watched, tmp_path: Path) -> None:
    spec = replace(stand_in(tmp_path, "temporal"), argv=("/nowhere/temporal",))
    keepers = watched.supervisor.start([spec])

    async def never() -> bool:
        return False

    with pytest.raises(StartError, match="temporal cannot be kept alive: /nowhere/temporal cannot be run"):
        await wait_until(never, keepers, 10, "Temporal")


async def test_what_does_not_answer_in_time_is_named(watched: Watched, tmp_path: Path) -> None:
    keepers = watched.supervisor.start([stand_in(tmp_path, "api-1")])

    async def never() -> bool:
        return False

    with pytest.raises(StartError, match=r"The API did not answer within 0 s \(see .*api-1.log\)"):
        await wait_until(never, keepers, 0.2, "The API")


async def test_a_short_command_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="migrate failed: no such table"):
        await run_once(stand_in(tmp_path, "migrate", "import sys; sys.exit('no such table')"), 10)
    with pytest.raises(StartError, match="migrate took more than 0 s"):
        await run_once(stand_in(tmp_path, "migrate", SLEEP), 0.2)


async def test_children_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    code = """
import asyncio, sys
from pathlib import Path
from ops.embedded.supervisor import Supervisor
from tests.ops.support import STUBBORN, stand_in
async def main():
    supervisor = Supervisor(print, lambda: None)
    [keeper] = supervisor.start([stand_in(Path(sys.argv[1]), "worker-1", STUBBORN)])
    while keeper.pid is None: await asyncio.sleep(0.01)
    print(keeper.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(tmp_path), stdout=asyncio.subprocess.PIPE, env=_with_our_path()
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    await _says_here(tmp_path / "worker-1.log")
    parent.kill()
    await parent.wait()
    await eventually(lambda: not _alive(child), 3)


def _with_our_path() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
