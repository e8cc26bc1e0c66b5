"""Positions through the API: as many a second as are asked for, from another process, while demands are played.

Afterwards everything that was acknowledged is looked for: each fix in `vehicle_fixes`, and the newest of each vehicle
in `vehicle_positions`. The baseline is the same rows by the same statement, written by one client straight into the
same PostgreSQL.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from uuid import UUID

import httpx
import psutil
import sqlalchemy as sa
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.dispatch import Timings
from bench.dispatch import measure as play_demands
from bench.ingest_fleet import Fleet, make_fleets, write_fleets
from bench.ingest_load import Load, Sender, Sent
from bench.report import Group, Line, Report
from bench.stack import ROOT, Stack, running_stack
from geo.cells import COVER_RESOLUTION, STORED_RESOLUTION, cell_of
from storage import fixes, positions
from storage.engine import create_engine
from storage.positions import Fix, Roads, Telling

COMPANIES = 20
ROUNDS = 5
"""Demands that are played one after the other, again and again while positions come."""
BASELINE_BATCHES = 60
SETTLE_S = 3.0
"""PostgreSQL's statistics are told by its processes, once they have nothing else to do."""


@dataclass(frozen=True, slots=True)
class Used:
    """What processes have used: seconds of processor time, and what the database counts."""

    api_s: float
    postgres_s: float
    wal_bytes: int
    updated: int
    in_place: int
    """HOT updates: no index was touched."""

    def since(self, before: "Used") -> "Used":
        """What was used in between."""
        return Used(
            self.api_s - before.api_s,
            self.postgres_s - before.postgres_s,
            self.wal_bytes - before.wal_bytes,
            self.updated - before.updated,
            self.in_place - before.in_place,
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """What is not as it was acknowledged: both are zero, or something is broken."""

    lost: int
    """Fixes that were acknowledged and are not there."""
    not_newest: int
    """Vehicles whose position is not the newest of their fixes."""


@dataclass(frozen=True, slots=True)
class Ingest:
    """One run."""

    sent: Sent
    batch: int
    used: Used
    checked: Checked
    durable: bool
    """PostgreSQL writes to disk before it says that something is committed."""
    demands_before: Timings
    demands_meanwhile: Timings
    demands_failed: Sequence[str]
    """What went wrong in playing demands, each time."""
    baseline_ms: Sequence[float]
    """Of each batch, written by one client."""

    @property
    def acknowledged(self) -> int:
        """Positions."""
        return self.batch * len(self.sent.batches)

    @property
    def rate(self) -> float:
        """Acknowledged positions a second, to the last answer."""
        return self.acknowledged / self.sent.seconds


async def run(console: Console, rate: int, seconds: int) -> Report:
    """Start a stack of its own and measure; print what was found besides the times."""
    async with running_stack() as stack:
        console.print(f"ingest: {rate} positions a second for {seconds} s, in batches of {rate // COMPANIES}")
        found = await measure(stack, rate, seconds)
    for remark in remarks(found):
        console.print(f"ingest: {remark}", highlight=False)
    return report(found)


async def measure(stack: Stack, rate: int, seconds: int) -> Ingest:
    """Send, play demands meanwhile, and check."""
    async with _database(stack) as engine:
        fleets = make_fleets(COMPANIES, rate // COMPANIES)
        await write_fleets(engine, fleets)
        demands_before = await play_demands(stack, ROUNDS)
        before = await _used(stack, engine)
        sending = asyncio.create_task(_send(stack, fleets, seconds))
        failed: list[str] = []
        demands = await _play_until(stack, sending, failed)
        sent = await sending
        used = (await _used(stack, engine)).since(before)
        return Ingest(
            sent=sent,
            batch=rate // COMPANIES,
            used=used,
            checked=await _check(engine, fleets, sent),
            durable=await _is_durable(engine),
            demands_before=demands_before,
            demands_meanwhile=demands,
            demands_failed=failed,
            baseline_ms=[took async for took in _straight(engine, fleets)],
        )


def report(found: Ingest) -> Report:
    """The times beside their baselines."""
    rows = f"{found.batch} positions"
    straight = f"{rows}, the same statement, one client"
    took = [each.took_ms for each in found.sent.batches]
    notes = {
        "positions/s": round(found.rate),
        "lost": found.checked.lost,
        "not newest": found.checked.not_newest,
    }
    positions_told = Group(
        f"Positions, {found.acknowledged} in {found.sent.seconds:.0f} s",
        [Line(f"{rows}, POST → answer", took, straight, notes), Line(straight, found.baseline_ms)],
    )
    pairs = (
        ("posted → first solicitation", "first_solicitation"),
        ("acceptance → confirmed", "confirmation"),
    )
    demands = Group("Demands meanwhile", list(chain(*(_beside(found, *pair) for pair in pairs))))
    return Report("ingest", [positions_told, demands], remarks(found))


def _beside(found: Ingest, name: str, figure: str) -> Iterator[Line]:
    alone = f"{name}, without positions"
    yield Line(name, getattr(found.demands_meanwhile, figure), alone)
    yield Line(alone, getattr(found.demands_before, figure))


def remarks(found: Ingest) -> list[str]:
    """What the times do not say."""
    used, count = found.used, found.acknowledged
    again = sum(each.tries > 1 for each in found.sent.batches)
    stale = sum(each.stale for each in found.sent.batches)
    straight = found.batch * 1000 / (sum(found.baseline_ms) / len(found.baseline_ms))
    given_up, missing = found.sent.given_up, found.checked
    return [
        f"{count} positions acknowledged, {found.rate:.0f} a second; {stale} came too late and were told so",
        f"batches sent more than once: {again}; given up: {given_up}",
        f"lost: {missing.lost}; vehicles that are not at their newest position: {missing.not_newest}",
        f"PostgreSQL writes to disk before it answers: {'yes' if found.durable else 'NO'}",
        f"processor time a position, API: {used.api_s / count * 1e6:.1f} µs, demands included",
        f"processor time a position, PostgreSQL: {used.postgres_s / count * 1e6:.1f} µs, demands included",
        f"processor time a position, sender: {found.sent.cpu_s / count * 1e6:.1f} µs",
        f"WAL a position: {used.wal_bytes / count:.0f} bytes",
        f"updated in place (HOT): {used.in_place / max(1, used.updated):.1%} of {used.updated}",
        f"demands that failed meanwhile: {len(found.demands_failed)} {' '.join(found.demands_failed[:2])}".rstrip(),
        f"one client straight to PostgreSQL: {straight:.0f} positions a second",
    ]


@asynccontextmanager
async def _database(stack: Stack) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(stack.database, pool_size=2, application_name="bench")
    try:
        yield engine
    finally:
        await engine.dispose()


async def _send(stack: Stack, fleets: Sequence[Fleet], seconds: int) -> Sent:
    senders = tuple(
        Sender(**fleet.login.model_dump(), vehicles=tuple(map(str, fleet.vehicles)), places=fleet.places)
        for fleet in fleets
    )
    load = Load(api=stack.api, seconds=seconds, senders=senders)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.ingest_load", cwd=ROOT, stdin=pipe, stdout=pipe, limit=2**26
    )
    try:
        told, _ = await process.communicate(load.model_dump_json().encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Sent.model_validate_json(told)


async def _play_until(stack: Stack, sending: "asyncio.Task[Sent]", failed: list[str]) -> Timings:
    """Play demands as long as positions are sent; what went wrong is told."""
    all_of_them = Timings()
    while not sending.done():
        try:
            played = await play_demands(stack, ROUNDS)
        except (AssertionError, TimeoutError, httpx.HTTPError) as error:
            failed.append(f"{type(error).__name__} {error}")
            continue
        all_of_them.first_solicitation += played.first_solicitation
        all_of_them.confirmation += played.confirmation
    return all_of_them


async def _used(stack: Stack, engine: AsyncEngine) -> Used:
    await asyncio.sleep(SETTLE_S)
    query = sa.text(
        "SELECT n_tup_upd, n_tup_hot_upd, pg_current_wal_lsn() - '0/0'::pg_lsn AS wal"
        " FROM pg_stat_user_tables WHERE relname = 'vehicle_positions'"
    )
    async with engine.connect() as connection:
        told = (await connection.execute(query)).one()
    return Used(
        sum(_seconds(pid) for pid in stack.pids.api),
        _seconds(stack.pids.postgres),
        int(told.wal),
        told.n_tup_upd,
        told.n_tup_hot_upd,
    )


def _seconds(pid: int) -> float:
    """Processor time of a process, of its children that live, and of those that have ended."""
    process = psutil.Process(pid)
    own = process.cpu_times()
    living = [child.cpu_times() for child in process.children(recursive=True)]
    ended = own.children_user + own.children_system
    return float(own.user + own.system + ended + sum(one.user + one.system for one in living))


async def _check(engine: AsyncEngine, fleets: Sequence[Fleet], sent: Sent) -> Checked:
    owner = "FROM {} AS f JOIN vehicles AS v ON v.id = f.vehicle_id GROUP BY v.company_id, f.recorded_at"
    kept = sa.text(f"SELECT v.company_id, f.recorded_at, count(*) {owner.format('vehicle_fixes')}")
    strays = sa.text(
        "SELECT count(*) FROM vehicle_positions AS known WHERE recorded_at <>"
        " (SELECT max(recorded_at) FROM vehicle_fixes AS f WHERE f.vehicle_id = known.vehicle_id)"
    )
    async with engine.connect() as connection:
        await connection.execute(sa.text("SET statement_timeout = '120s'"))
        found = {(row[0], row[1]): row[2] for row in await connection.execute(kept)}
        not_newest = int((await connection.execute(strays)).scalar_one())
    lost = sum(
        len(fleets[each.sender].vehicles) - found.get((fleets[each.sender].company_id, each.recorded_at), 0)
        for each in sent.batches
    )
    return Checked(lost, not_newest)


async def _is_durable(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        names = ("fsync", "synchronous_commit", "full_page_writes")
        return all([await connection.scalar(sa.text(f"SHOW {name}")) == "on" for name in names])


async def _straight(engine: AsyncEngine, fleets: Sequence[Fleet]) -> AsyncIterator[float]:
    """Milliseconds of each batch, written by one client as fast as it can."""
    for number in range(BASELINE_BATCHES):
        fleet = fleets[number % len(fleets)]
        now = datetime.now(UTC)
        told = [
            Telling(
                fleet.company_id, [_fix(*one, now) for one in zip(fleet.vehicles, fleet.places, strict=True)]
            )
        ]
        began = time.perf_counter()
        async with engine.begin() as connection:
            await positions.write(connection, told, Roads(), now - fixes.KEPT)
        yield (time.perf_counter() - began) * 1000


def _fix(vehicle_id: UUID, place: tuple[float, float], at: datetime) -> Fix:
    lat, lon = place
    cells = cell_of(lat, lon, STORED_RESOLUTION), cell_of(lat, lon, COVER_RESOLUTION)
    return Fix(vehicle_id, lat, lon, *cells, at, at + timedelta(milliseconds=1), 6.5, 48.0, 0.0)
