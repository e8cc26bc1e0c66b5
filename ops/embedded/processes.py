"""A child process as data, and how it is started and stopped."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ops.embedded.errors import StartError

LAUNCHER = Path(__file__).with_name("launcher.py")
LOG_BYTES = 20_000_000
"""A log that is longer when its process starts is put aside (one generation is kept)."""
KILLED_SECONDS = 5
"""Time that a process has to disappear after SIGKILL."""


@dataclass(frozen=True, slots=True)
class Account:
    """The system account that a child runs as, when the supervisor itself is root."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """Everything that is needed to start one child, again and again."""

    name: str
    """What people call it, and the name of its log."""
    argv: tuple[str, ...]
    """The command; its first element is the path of a program."""
    log: Path
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Added to the supervisor's own environment. Secrets travel here, never in `argv`, which anyone can read."""
    account: Account | None = None
    pass_fds: tuple[int, ...] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 20.0
    """How long it may take to stop before it is killed."""
    death_signal: signal.Signals = signal.SIGKILL
    """What it gets when the supervisor dies without stopping it."""
    before_start: Callable[[], None] | None = None
    """Called before every start, in a thread: makes the place clean."""
    ends_well: bool = False
    """True if exit code 0 means that it has done its work: it is not started again."""


async def spawn(spec: ProcessSpec) -> asyncio.subprocess.Process:
    """Start a child in a session of its own: a terminal's Ctrl-C reaches the supervisor only.

    Raises OSError if the log cannot be written or Python cannot be started; a program that is missing shows as exit
    code 127, with the reason in the log.
    """
    if spec.before_start is not None:
        await asyncio.to_thread(spec.before_start)
    with _open_log(spec.log) as log:
        return await asyncio.create_subprocess_exec(
            *_launch_command(spec),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            cwd=spec.cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **spec.env},
            pass_fds=spec.pass_fds,
            start_new_session=True,
        )


async def end(process: asyncio.subprocess.Process, spec: ProcessSpec) -> None:
    """Ask a child to stop, wait `stop_seconds`, then kill it and all of its session."""
    _signal(process.pid, spec.stop_signal)
    _signal(process.pid, signal.SIGCONT)  # one that was stopped could not hear it
    try:
        await asyncio.wait_for(process.wait(), spec.stop_seconds)
    except TimeoutError:
        await kill(process)


async def kill(process: asyncio.subprocess.Process) -> None:
    """Kill a child and its session, and wait until it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), KILLED_SECONDS)


async def run_once(spec: ProcessSpec, seconds: float) -> None:
    """Run a command to its end. Raises StartError, with its last words, if it fails or takes longer."""
    process = await spawn(spec)
    try:
        code = await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        raise StartError(f"{spec.name} took more than {seconds:.0f} s (see {spec.log}).") from None
    finally:
        if process.returncode is None:
            await kill(process)
    if code != 0:
        raise StartError(f"{spec.name} failed: {last_words(spec.log)} (see {spec.log}).")


def last_words(log: Path) -> str:
    """The last line of a log that says something, at most 300 characters; a dash if there is none."""
    with suppress(OSError):
        lines = log.read_bytes()[-8_000:].decode(errors="replace").splitlines()
        return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "-")
    return "-"


def describe_end(code: int | None) -> str:
    """How a child ended, in words: exit code, or the name of the signal."""
    if code is None:
        return "could not be started"
    if code >= 0:
        return f"ended with code {code}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


def _launch_command(spec: ProcessSpec) -> list[str]:
    account = spec.account or Account(-1, -1)
    watch = [str(os.getpid()), str(int(spec.death_signal)), str(account.uid), str(account.gid)]
    return [sys.executable, "-I", "-S", str(LAUNCHER), *watch, *spec.argv]


def _open_log(path: Path) -> "_Log":
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return _Log(path)


class _Log:
    """An append-only, private log file, open for as long as it takes to start a child."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def __enter__(self) -> int:
        return self._fd

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
