"""The processes of a stack: which they are now, how they are hit, and whether each is back."""

import asyncio
import os
import signal
import time
from datetime import timedelta

import httpx
import psutil
import psycopg
from temporalio.client import Client
from temporalio.service import RPCError

from bench.stack import Pids, Stack, read_stack
from ops.embedded import temporal
from ops.embedded.children import TASK_QUEUE
from ops.task_queue import pollers_of
from tests.chaos.plan import Kind, Target

LOOK_EVERY_S = 0.15
BACK_WITHIN_S = 90.0
CALL_SECONDS = 2
KNOCKS = 6
"""Two processes accept on one socket: of so many connections each gets one, or it is asked again."""


class Stand:
    """A running stack, and what can be done to it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._client: Client | None = None

    def pid(self, target: Target) -> int:
        """The process as it is now; between a death and the restart, the last one."""
        pids: Pids = read_stack(self.stack.data_dir).pids
        match target.kind:
            case Kind.WORKER:
                return pids.worker[target.slot]
            case Kind.API:
                return pids.api[target.slot]
            case Kind.TEMPORAL:
                return pids.temporal
            case Kind.POSTGRES:
                return pids.postgres

    def hit(self, target: Target, number: signal.Signals) -> int:
        """Send a signal; the process that got it."""
        pid = self.pid(target)
        os.kill(pid, number)
        return pid

    async def until_back(self, target: Target, was: int | None = None) -> float | None:
        """Wait until the process answers, as another than ``was``; the seconds it took, none if it stays away."""
        began = time.monotonic()
        while time.monotonic() - began < BACK_WITHIN_S:
            pid = self.pid(target)
            if pid != was and await self._answers(target, pid):
                return time.monotonic() - began
            await asyncio.sleep(LOOK_EVERY_S)
        return None

    async def _answers(self, target: Target, pid: int) -> bool:
        try:
            match target.kind:
                case Kind.WORKER:
                    return await self._polls(pid)
                case Kind.API:
                    return await self._accepts(pid)
                case Kind.TEMPORAL:
                    return await temporal.connect(self.stack.temporal) is not None
                case Kind.POSTGRES:
                    return await self._takes_connections()
        except (OSError, psutil.Error, RPCError, RuntimeError, httpx.TransportError, psycopg.Error):
            return False

    async def _polls(self, pid: int) -> bool:
        """Whether the engine knows this worker by its process id."""
        client = self._client = self._client or await Client.connect(self.stack.temporal)
        known = await pollers_of(client, TASK_QUEUE, timedelta(seconds=CALL_SECONDS))
        return any(identity.split("@")[0] == str(pid) for identity in known)

    async def _accepts(self, pid: int) -> bool:
        """Whether this very process has accepted one of our connections, and all of them were answered."""
        way = httpx.AsyncHTTPTransport(verify=False)  # plain HTTP: no certificates are to be loaded
        async with httpx.AsyncClient(base_url=self.stack.api, timeout=CALL_SECONDS, transport=way) as http:
            await asyncio.gather(*(http.get("/healthz") for _ in range(KNOCKS)))
            port = http.base_url.port
            found = psutil.Process(pid).net_connections("tcp")
            return any(each.laddr.port == port and each.status == psutil.CONN_ESTABLISHED for each in found)

    async def _takes_connections(self) -> bool:
        connecting = psycopg.AsyncConnection.connect(self.stack.database, connect_timeout=CALL_SECONDS)
        async with await connecting as connection:
            await connection.execute("SELECT 1")
        return True
