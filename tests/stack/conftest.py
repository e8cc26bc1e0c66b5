"""The whole embedded stack, as ``rescousse up`` runs it, one for the session; and who plays on it."""

import os
import signal
from collections.abc import AsyncIterator, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb

from bench.players import Coordinator, Heard, Samu, coordinator, eventually, samu
from bench.post import Post, post
from bench.stack import Stack, read_stack
from tests.fixtures.stack import clear_the_roster

pytest.register_assert_rewrite("tests.stack.scenes")

COMPLAINTS = ("Traceback", "ERROR", '"level": "error"')
LAST_LINES, LINES_AROUND = 400, 40
BACK_WITHIN_S = 30


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the stack wrote down is shown with a test that failed: its directory is gone afterwards."""
    report = yield
    arguments = getattr(item, "funcargs", {}).values()
    stage = next((each for each in arguments if isinstance(each, (Stage, Play))), None)
    if report.failed and stage is not None:
        for log in sorted(stage.logs.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:]
            at = next((n for n, line in enumerate(lines) if any(word in line for word in COMPLAINTS)), None)
            if at is not None:
                report.sections.append((log.name, "\n".join(lines[at : at + LINES_AROUND])))
    return report


class Stage:
    """A SAMU on a running stack, and whoever a test calls onto it. Nobody regulates anything by themselves."""

    def __init__(self, stack: Stack, caller: Samu, stay: AsyncExitStack) -> None:
        self._first, self.samu, self._stay = stack, caller, stay
        self.logs = stack.data_dir / "log"

    @property
    def stack(self) -> Stack:
        """As it is now: pids change when a process is restarted."""
        return read_stack(self._first.data_dir)

    async def regulator(self, company: int, kind: str = "PLUGIN") -> Post:
        """The regulator of a company, on a new device."""
        account = self._first.accounts.companies[company]
        return await self._stay.enter_async_context(post(self._first.api, account, kind=kind))

    async def crew(self, company: int, number: int = 0, kind: str = "MOBILE") -> Post:
        """One of a company's crews, on a new device."""
        account = self._first.accounts.companies[company]
        login = account.crews[number]
        return await self._stay.enter_async_context(post(self._first.api, account, login, kind))

    async def coordinator(self) -> Coordinator:
        """The coordinator of the ATSU."""
        login = self._first.accounts.coordinator
        return await self._stay.enter_async_context(coordinator(self._first.api, login))

    async def restart_api(self) -> None:
        """Kill the API, and wait until the one that is started instead answers; what was read before is read anew."""
        killed = self.stack.pids.api
        for pid in killed:
            os.kill(pid, signal.SIGKILL)

        async def is_back() -> bool:
            return not set(self.stack.pids.api) & set(killed) and await _is_ready(self._first.api)

        await eventually(is_back, BACK_WITHIN_S)

    @asynccontextmanager
    async def policy(self, **timings: int | dict[str, int]) -> AsyncIterator[None]:
        """Timings of the SAMU for the demands that are posted meanwhile. No page changes them: they are written to the
        database, and an API that is killed comes back with them, as it would read them within a minute by itself.
        """
        samu_id = self.stack.accounts.samu.id
        update = "UPDATE samus SET policy = %s WHERE id = %s"
        async with await psycopg.AsyncConnection.connect(self.stack.database, autocommit=True) as connection:
            rows = await connection.execute("SELECT policy FROM samus WHERE id = %s", [samu_id])
            [before] = await rows.fetchone() or [{}]
            await connection.execute(update, [Jsonb({**before, **timings}), samu_id])
            await self.restart_api()
            try:
                yield
            finally:
                await connection.execute(update, [Jsonb(before), samu_id])
                await self.restart_api()

    async def ear_of(self, player: Samu | Post) -> Heard:
        """What a player hears from now on, until the test ends."""
        return await self._stay.enter_async_context(player.listening())


async def _is_ready(api: str) -> bool:
    try:
        async with httpx.AsyncClient(base_url=api, timeout=5) as http:
            return (await http.get("/readyz")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


class Play:
    """A SAMU and three companies, each regulating all of its sites from a PLUGIN (R2 without a phone)."""

    def __init__(self, stage: Stage, companies: list[Post]) -> None:
        self.stage, self.samu, self.companies = stage, stage.samu, companies
        self.logs = stage.logs

    @property
    def stack(self) -> Stack:
        """As it is now."""
        return self.stage.stack

    async def asked(self, owner: Post, demand_id: str, **wanted: Any) -> dict[str, Any]:
        """The open solicitation of a company for a demand."""
        found = await owner.open_solicitations(demand_id)
        return next(s for s in found if all(s[k] == v for k, v in wanted.items()))


@pytest.fixture
async def stage(stack: Stack) -> AsyncIterator[Stage]:
    """Fresh logins. After the test everybody logs out, what they ticked is unticked, and no demand runs on."""
    now = read_stack(stack.data_dir)
    async with AsyncExitStack() as stay:
        caller = await stay.enter_async_context(samu(now.api, now.accounts.samu.api_key))
        yield Stage(now, caller, stay)
        for demand_id in caller.posted:
            await caller.cancel(demand_id)
        await clear_the_roster(now)


@pytest.fixture
async def play(stage: Stage) -> Play:
    companies = [await stage.regulator(number) for number in range(3)]
    for owner in companies:
        await owner.take()
    return Play(stage, companies)
