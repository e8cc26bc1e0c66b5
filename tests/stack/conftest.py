"""The whole embedded stack, as ``rescousse up`` runs it, one for the session."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from bench.players import Company, Samu, company, samu
from bench.stack import Stack, read_stack, running_stack


class Play:
    """A SAMU and three companies on a running stack."""

    def __init__(self, stack: Stack, caller: Samu, companies: list[Company]) -> None:
        self._first, self.samu, self.companies = stack, caller, companies

    @property
    def stack(self) -> Stack:
        """As it is now: pids change when a process is restarted."""
        return read_stack(self._first.data_dir)

    async def asked(self, owner: Company, demand_id: str, **wanted: Any) -> dict[str, Any]:
        """The open solicitation of a company for a demand."""
        found = [
            s
            for s in await owner.open_solicitations()
            if s["demand_id"] == demand_id and all(s[k] == v for k, v in wanted.items())
        ]
        return found[0]


@pytest.fixture(scope="session")
async def stack() -> AsyncIterator[Stack]:
    async with running_stack() as running:
        yield running


@pytest.fixture
async def play(stack: Stack) -> AsyncIterator[Play]:
    """Fresh logins; the vehicles that a test ticks are unticked after it."""
    now = read_stack(stack.data_dir)
    async with AsyncExitStack() as stay:
        caller = await stay.enter_async_context(samu(now.api, now.accounts.samu.api_key))
        companies = [await stay.enter_async_context(company(now.api, a)) for a in now.accounts.companies[:3]]
        yield Play(now, caller, companies)
        for owner in companies:
            for vehicle in owner.vehicles:
                await owner.call("PUT", f"/v1/vehicles/{vehicle.id}/availability", {"available": False})
