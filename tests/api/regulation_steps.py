"""What tests of regulation do again and again: heartbeats, and waiting for what a process does by itself."""

import asyncio
from uuid import UUID

from tests.api.caller import Caller, Json
from tests.api.company_journal import company_facts
from tests.api.conftest import Api

SECONDS = 5


def lease_path(site_id: object) -> str:
    return f"/v1/regulation/sites/{site_id}"


async def beat(caller: Caller) -> Json:
    answer = await caller.post("/v1/regulation/heartbeat", {})
    told: Json = answer.raise_for_status().json()
    return told


async def probed(api: Api) -> None:
    """The engine has just been seen to answer."""
    async with asyncio.timeout(SECONDS):
        while api.resources.probed_at() is None:  # noqa: ASYNC110 - the process probes by itself
            await asyncio.sleep(0.01)


async def until_suspended(api: Api, company_id: UUID) -> Json:
    async with asyncio.timeout(SECONDS):
        while True:
            for fact in await company_facts(api, company_id):
                if fact["kind"] == "regulation_suspended":
                    return fact
            await asyncio.sleep(0.02)
