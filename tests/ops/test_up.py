"""`rescousse up` as its user meets it: it starts, keeps everything alive, stops in order, and says what is wrong."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from geo.roads.graph import RoadGraph
from ops.embedded.children import ROOT
from ops.embedded.ports import Wanted, listen, port_of
from ops.embedded.runtime_file import Pids, Runtime

pytestmark = pytest.mark.timeout(240, func_only=True)

START_SECONDS = 90.0
STOP_SECONDS = 40.0
BACK_SECONDS = 15.0
"""A child that was killed is started within about a second; on a busy machine it needs longer to answer."""


@dataclass
class Stack:
    """A running stack, and everything that it printed."""

    process: subprocess.Popen[str]
    data: Path
    took: float

    def runtime(self) -> Runtime:
        return Runtime.model_validate_json((self.data / "runtime.json").read_text())

    def said(self) -> str:
        return (self.data.parent / "out").read_text()


def _command(data: Path, *options: str) -> list[str]:
    anywhere = ("--port", "0", "--temporal-port", "0", "--temporal-ui-port", "0")
    return [
        sys.executable,
        "-m",
        "ops",
        "up",
        "--data-dir",
        str(data),
        *anywhere,
        "--no-simulation",
        *options,
    ]


@contextmanager
def started(data: Path, *options: str) -> Iterator[Stack]:
    """A stack that is ready; killed at the end if a test left it running."""
    began = time.monotonic()
    out = data.parent / "out"
    with out.open("w") as file:
        # The operator asks for roads and names none: those of the demo must be there before anybody needs them.
        env = os.environ | {"RESCOUSSE_TRAVEL_ENGINE": "roads"}
        process = subprocess.Popen(
            _command(data, *options), cwd=ROOT, stdout=file, stderr=file, text=True, env=env
        )
    try:
        wait(lambda: process.poll() is not None or "\nready " in out.read_text(), START_SECONDS)
        assert process.poll() is None, out.read_text()
        yield Stack(process, data, time.monotonic() - began)
    finally:
        process.kill()
        process.wait()


def wait(holds: Callable[[], bool], seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up, "it never came true"
        time.sleep(0.02)


def _every(pids: Pids) -> list[int]:
    return [pids.postgres, pids.temporal, *pids.worker, *pids.api]


def _alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)


def _ready(runtime: Runtime) -> bool:
    try:
        return httpx.get(f"{runtime.api}/readyz", timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="rsc-"))
    yield root
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def stack(place: Path) -> Iterator[Stack]:
    with started(place / "data", "--apis", "2") as stack:
        yield stack


def test_the_runtime_file_says_where_everything_is(stack: Stack) -> None:
    runtime = stack.runtime()
    assert stat.S_IMODE((stack.data / "runtime.json").stat().st_mode) == 0o600
    assert all(_alive(pid) for pid in _every(runtime.pids))
    assert len(runtime.pids.api) == 2
    assert _ready(runtime)
    assert httpx.get(runtime.temporal_ui, timeout=5).status_code == httpx.codes.OK
    figures = [httpx.get(address, timeout=5).text for address in runtime.worker_metrics]
    assert ["temporal_num_pollers" in page for page in figures] == [True] * len(runtime.pids.worker)
    with psycopg.connect(runtime.database) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert runtime.accounts is not None
    assert runtime.accounts.companies


def test_the_terminal_shows_addresses_and_accounts(stack: Stack) -> None:
    runtime, said = stack.runtime(), stack.said()
    assert runtime.accounts is not None
    for shown in (f"{runtime.api}/docs", runtime.temporal_ui, runtime.accounts.samu.username, "PostgreSQL"):
        assert shown in said


def test_the_demos_roads_are_made_and_said_to_be_invented(stack: Stack) -> None:
    [graph] = (stack.data / "roads").iterdir()
    assert RoadGraph.load(graph).about.invented
    assert "roads of the demo, invented" in stack.said()
    assert "never to be shown as real" in stack.said()
    for pid in (*stack.runtime().pids.worker, *stack.runtime().pids.api):
        told = psutil.Process(pid).environ()
        assert (told["RESCOUSSE_TRAVEL_ENGINE"], told["RESCOUSSE_ROADS_FILE"]) == ("roads", str(graph))


@pytest.mark.parametrize("kind", ["worker", "api", "temporal", "postgres"])
def test_whatever_is_killed_comes_back(stack: Stack, kind: str) -> None:
    def pid() -> int:
        value = json.loads((stack.data / "runtime.json").read_text())["pids"][kind]
        return int(value[0] if isinstance(value, list) else value)

    first = pid()
    os.kill(first, signal.SIGKILL)
    wait(lambda: pid() != first, 5)
    wait(lambda: _ready(stack.runtime()), BACK_SECONDS)
    assert f"{kind}" in stack.said().splitlines()[-1]
    assert "started again" in stack.said().splitlines()[-1]


def test_a_data_directory_in_use_is_refused(stack: Stack) -> None:
    refused = subprocess.run(
        _command(stack.data), cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert refused.returncode == 1
    assert refused.stderr.strip().endswith("is in use by another `rescousse up`.")
    assert _ready(stack.runtime())


@pytest.mark.parametrize("option", ["--port", "--temporal-port", "--temporal-ui-port"])
def test_a_taken_port_is_refused(tmp_path: Path, option: str) -> None:
    with listen(Wanted(0, "a test", "-")) as taken:
        command = _command(tmp_path / "data", option, str(port_of(taken)))
        refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert f"choose another with {option}." in refused.stderr
    assert not (tmp_path / "data" / "postgres").exists()


def test_it_stops_in_order_and_finds_everything_again(stack: Stack) -> None:
    """The last tests of this module: they stop the stack that the others share."""
    pids = _every(stack.runtime().pids)
    with psycopg.connect(stack.runtime().database, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    stack.process.terminate()
    assert stack.process.wait(STOP_SECONDS) == 0
    assert not any(_alive(pid) for pid in pids)
    assert not (stack.data / "runtime.json").exists()


def test_a_killed_supervisor_leaves_a_clean_place(stack: Stack) -> None:
    assert stack.process.poll() is not None
    with started(stack.data) as killed:
        pids = _every(killed.runtime().pids)
        killed.process.kill()
        killed.process.wait()
        wait(lambda: not any(_alive(pid) for pid in pids), 10)
    with started(stack.data) as again:
        with psycopg.connect(again.runtime().database) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(STOP_SECONDS) == 0
