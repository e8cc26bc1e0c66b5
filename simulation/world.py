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
from simulation.coordinator import Coordinator
from simulation.hospitals import Hospital
from simulation.identity import Identity, KeyIdentity, PersonIdentity
from simulation.ledger import Ledger
from simulation.places import Commune
from simulation.progress import Watcher
from simulation.runtime import Runtime
from simulation.samu import Programme, Samu
from simulation.sectors import SectorPlace, read_sectors
from simulation.stage import Stage


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
    communes: Sequence[Commune] = ()


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
        self._communes = {commune.insee: commune for commune in country.communes}
        self._sectors: list[SectorPlace] = []
        self.companies = [
            Company(one, http, stage, country.hospitals, self._sectors) for one in accounts.companies
        ]
        coordinator = self._client("coordinator", PersonIdentity(accounts.coordinator))
        self._coordinating = coordinator
        self.coordinator = Coordinator(coordinator, stage, accounts.companies)
        client = self._client("samu", KeyIdentity(accounts.samu.api_key))
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
        """Open every desk, then post demands until the programme is done; everybody else stops with it."""
        await self._open()
        everybody = asyncio.create_task(self._everybody())
        samu = asyncio.create_task(self.samu.run())
        try:
            await asyncio.wait({everybody, samu}, return_when=asyncio.FIRST_COMPLETED)
            if everybody.done():
                everybody.result()
            samu.result()
        finally:
            await _cancel(samu, everybody)
        return Ending.DONE

    async def _everybody(self) -> None:
        """Companies and the coordinator, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.coordinator.run(self._sectors))
            for company in self.companies:
                group.create_task(company.run())

    async def _open(self) -> None:
        """Open the companies; only then the clock on the wall begins, and the roster of the night is known."""
        async with asyncio.TaskGroup() as group:
            for company in self.companies:
                group.create_task(company.open())
        self._stage.calendar.begin()
        self._sectors += await read_sectors(self._coordinating, self._stage, self._communes)
        await self.coordinator.begin(self._sectors)
        self._stage.ledger.moved()

    def _client(self, name: str, identity: Identity) -> ApiClient:
        """Return the way to the API of somebody who is not of a company."""
        ledger = self._stage.ledger
        return ApiClient(self._http, identity, self._stage.rng(name, "pauses"), count=ledger.note_call)

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
