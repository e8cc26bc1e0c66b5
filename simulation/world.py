"""One run: opens the companies' desks, has the SAMU post, and stops when all is over or nothing moves."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

import httpx

from simulation.cases import PlaceSource
from simulation.client import LIMITS, TIMEOUT, ApiClient
from simulation.company import Company
from simulation.hospitals import Hospital
from simulation.identity import KeyIdentity
from simulation.ledger import Ledger
from simulation.progress import Watcher
from simulation.runtime import Runtime
from simulation.samu import Programme, Samu
from simulation.stage import Stage

OPENING_AT_ONCE = 4
"""Desks that open at the same time: a login costs the server a deliberate slow hash."""


class StackSilentError(Exception):
    """The stack does not answer; its text is one sentence for the person at the terminal."""


class Ending(StrEnum):
    """Why a run ended."""

    DONE = "DONE"
    INTERRUPTED = "INTERRUPTED"
    STUCK = "STUCK"


@dataclass(frozen=True, slots=True)
class Country:
    """The real places that the simulation plays in."""

    places: PlaceSource
    hospitals: Sequence[Hospital] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a run. ``wall_seconds`` are real."""

    ending: Ending
    ledger: Ledger
    not_posted: int
    wall_seconds: float

    @property
    def all_ended(self) -> bool:
        """Whether every demand was posted and has ended."""
        return self.not_posted == 0 and self.ledger.open == 0


class World:
    """All actors of one run over one HTTP client."""

    def __init__(
        self, runtime: Runtime, stage: Stage, programme: Programme, country: Country, http: httpx.AsyncClient
    ) -> None:
        """Nothing is asked of the server before ``play``."""
        self._http = http
        self._stage = stage
        self._endless = programme.demands is None
        accounts = runtime.accounts
        self.companies = [Company(one, http, stage, country.hospitals) for one in accounts.companies]
        client = ApiClient(
            http,
            KeyIdentity(accounts.samu.api_key),
            stage.rng("samu", "pauses"),
            count=stage.ledger.note_call,
        )
        self.samu = Samu(
            client,
            stage,
            programme,
            country.places,
            hospitals=country.hospitals,
            company_ids=[company.id for company in accounts.companies],
        )

    async def play(self, watcher: Watcher, stop: asyncio.Event, *, stuck_after: float) -> Run:
        """Play until all is done, ``stop`` is set, or nothing has moved for ``stuck_after`` real seconds."""
        started = time.monotonic()
        await self._require_answer()
        watching = asyncio.create_task(watcher.watch(self._stage.ledger))
        try:
            ending = await _first(
                self._programme(),
                _after_event(stop),
                self._quiet(stuck_after),
            )
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
        return Run(ending, self._stage.ledger, self.samu.not_posted, time.monotonic() - started)

    async def _require_answer(self) -> None:
        """Refuse to begin when the stack does not answer."""
        try:
            reply = await self._http.get("/healthz")
        except httpx.HTTPError as error:
            raise StackSilentError(
                f"The stack at {self._http.base_url} does not answer: is it up?"
            ) from error
        if reply.status_code >= HTTPStatus.BAD_REQUEST:
            raise StackSilentError(
                f"The stack at {self._http.base_url} is not healthy ({reply.status_code})."
            )

    async def _programme(self) -> Ending:
        """Open every desk, then post demands until the programme is done; the companies stop with it."""
        await self._open_desks()
        self._stage.ledger.moved()
        companies = asyncio.create_task(self._companies())
        samu = asyncio.create_task(self.samu.run())
        try:
            await asyncio.wait({companies, samu}, return_when=asyncio.FIRST_COMPLETED)
            if companies.done():
                companies.result()
            samu.result()
        finally:
            await _cancel(samu, companies)
        return Ending.DONE

    async def _companies(self) -> None:
        async with asyncio.TaskGroup() as group:
            for company in self.companies:
                group.create_task(company.run())

    async def _open_desks(self) -> None:
        turn = asyncio.Semaphore(OPENING_AT_ONCE)

        async def open_one(company: Company) -> None:
            async with turn:
                await company.open()

        async with asyncio.TaskGroup() as group:
            for company in self.companies:
                group.create_task(open_one(company))

    async def _quiet(self, stuck_after: float) -> Ending:
        """Return when nothing has moved for too long; never in an endless run."""
        if self._endless:
            await asyncio.Event().wait()
        while True:
            left = stuck_after - self._stage.ledger.quiet_for()
            if left <= 0:
                return Ending.STUCK
            await asyncio.sleep(left)


def open_http(runtime: Runtime) -> httpx.AsyncClient:
    """Return the HTTP client that all actors share; the caller closes it."""
    return httpx.AsyncClient(base_url=runtime.api, timeout=TIMEOUT, limits=LIMITS)


async def _after_event(stop: asyncio.Event) -> Ending:
    await stop.wait()
    return Ending.INTERRUPTED


async def _first(*runs: Coroutine[None, None, Ending]) -> Ending:
    """Return how the first of ``runs`` ended; the others are cancelled and waited for."""
    tasks = [asyncio.create_task(run) for run in runs]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task in done).result()
    finally:
        await _cancel(*tasks)


async def _cancel(*tasks: "asyncio.Task[Ending] | asyncio.Task[None]") -> None:
    """Cancel tasks and wait for them; what they raise on the way out no longer matters."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
