"""The machine and its processes: do the APIs serve, do the children of `rescousse up` run, is there room on the disk?"""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import psutil

from ops.doctor.findings import Finding, note, size, soon, span, wrong
from ops.doctor.looking import RUNBOOK, Opened
from ops.embedded.datadir import DataDir
from ops.embedded.runtime_file import Pids

ASK_SECONDS = 3.3
"""An API itself waits up to three seconds for what it lacks, before it says so."""
CLOCKS_DIFFER = timedelta(seconds=3)
"""A `Date` has no fractions."""
ROOM_WRONG, ROOM_SOON = 2**30, 5 * 2**30
"""Bytes."""
DEAD = {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
FROZEN = {psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP}


@dataclass(frozen=True, slots=True)
class Answer:
    """What an API says of itself."""

    address: str
    ready: bool
    missing: tuple[str, ...] = ()
    why: str = ""
    """Why there was no answer."""
    clock_ahead: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Child:
    """A process of the embedded stack."""

    name: str
    pid: int
    state: str
    """``running``, ``frozen`` or ``gone``."""


async def look_at_apis(opened: Opened) -> Sequence[Finding]:
    """Whether each API that is known serves."""
    if not opened.place.apis:
        return [note("api", "No API was asked: name them with --api http://…")]
    async with httpx.AsyncClient(timeout=ASK_SECONDS, trust_env=False) as http:
        answers = await asyncio.gather(*(_ask(http, address) for address in opened.place.apis))
    return [finding for answer in answers for finding in judge_answer(answer)]


async def look_at_children(opened: Opened) -> Sequence[Finding]:
    """Whether the processes of the embedded stack run."""
    return judge_children(children_of(opened.place.pids)) if opened.place.pids else []


async def look_at_disk(opened: Opened) -> Sequence[Finding]:
    """Whether the data directory can grow."""
    data = opened.place.data
    return judge_room(data.root, psutil.disk_usage(str(data.root)).free) if data else []


async def look_at_secrets(opened: Opened) -> Sequence[Finding]:
    """Whether anybody but the owner can read the secrets of the data directory."""
    data = opened.place.data
    return judge_modes(await asyncio.to_thread(_open_files, data)) if data else []


def judge_answer(answer: Answer) -> Iterator[Finding]:
    """What an API's answer says."""
    if answer.why:
        sentence = f"The API at {answer.address} does not answer ({answer.why}): nobody posts, answers or reads through it."
        yield wrong("api", sentence, f"Start it, or look into its log; then {RUNBOOK}.")
    elif not answer.ready:
        lacks = ", ".join(answer.missing) or "it does not say what"
        yield wrong(
            "api",
            f"The API at {answer.address} is not ready, it lacks: {lacks}.",
            "See what is said of that part; the API goes on by itself when it is back.",
        )
    if abs(answer.clock_ahead) > CLOCKS_DIFFER:
        word = "ahead of" if answer.clock_ahead > timedelta() else "behind"
        yield wrong(
            "clock",
            f"The clock of the API at {answer.address} is {span(abs(answer.clock_ahead))} {word} this machine's.",
            "Synchronise the clocks of all machines (chrony, systemd-timesyncd).",
        )


def judge_children(children: Sequence[Child]) -> list[Finding]:
    """Those that do not run."""
    found = []
    for child in children:
        if child.state == "frozen":
            sentence = f"The {child.name} (process {child.pid}) is stopped by a signal: it does nothing."
            action = f"kill -CONT {child.pid}   or kill -9 {child.pid}: the stack starts another"
            found.append(wrong("processes", sentence, action))
        elif child.state == "gone":
            sentence = f"The {child.name} (process {child.pid}) is not there."
            found.append(
                wrong(
                    "processes", sentence, "The stack starts another; if it does not, start the stack again."
                )
            )
    return found


def judge_room(root: Path, free: int) -> list[Finding]:
    """Room for the databases and the logs."""
    if free >= ROOM_SOON:
        return []
    tell = wrong if free < ROOM_WRONG else soon
    return [
        tell(
            "disk",
            f"{size(free)} are free where {root} is.",
            "Make room: PostgreSQL stops when there is none.",
        )
    ]


def judge_modes(files: Sequence[Path]) -> list[Finding]:
    """Secrets that others can read."""
    return [
        wrong("keys", f"Others than its owner can read the secret {file}.", f"chmod 600 {file}")
        for file in files
    ]


def children_of(pids: Pids) -> list[Child]:
    """Each process of the stack, as it is now."""
    named = [("database", pids.postgres), ("engine", pids.temporal)]
    named += [("worker", pid) for pid in pids.worker] + [("API", pid) for pid in pids.api]
    return [Child(name, pid, _state(pid)) for name, pid in named]


def _state(pid: int) -> str:
    with suppress(psutil.Error):
        status = psutil.Process(pid).status()
        if status not in DEAD:
            return "frozen" if status in FROZEN else "running"
    return "gone"


def _open_files(data: DataDir) -> list[Path]:
    return [file for file in sorted(data.secrets.iterdir()) if os.stat(file).st_mode & 0o077]


async def _ask(http: httpx.AsyncClient, address: str) -> Answer:
    before = datetime.now(UTC)
    try:
        response = await http.get(f"{address.rstrip('/')}/readyz")
    except httpx.TimeoutException:
        return Answer(address, ready=False, why=f"not within {ASK_SECONDS:g} s")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Answer(address, ready=False, why=type(error).__name__)
    ahead = timedelta()
    with suppress(KeyError, ValueError):
        ahead = parsedate_to_datetime(response.headers["date"]) - before
    missing: tuple[str, ...] = ()
    with suppress(ValueError, AttributeError, TypeError):
        missing = tuple(str(one) for one in response.json().get("missing", ()))
    return Answer(address, response.status_code == httpx.codes.OK, missing, clock_ahead=ahead)
