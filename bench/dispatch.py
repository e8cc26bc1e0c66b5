"""How fast a demand reaches the companies, and an acceptance its confirmation, beside the bare engine."""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Console
from temporalio.client import Client

from bench.baseline import bare_client, bare_worker, measure_start, measure_updates
from bench.players import LAT, LON, Json, Samu, data_of, samu
from bench.post import Post, post
from bench.report import Group, Line, Report
from bench.stack import Stack, running_stack
from simulation.runtime import CompanyAccount

VEHICLES = 30


@dataclass
class Timings:
    """Milliseconds of each round."""

    first_solicitation: list[float] = field(default_factory=list)
    all_solicitations: list[float] = field(default_factory=list)
    confirmation: list[float] = field(default_factory=list)
    commit_to_stream: list[float] = field(default_factory=list)
    bare_start: list[float] = field(default_factory=list)
    bare_update: list[float] = field(default_factory=list)


async def run(console: Console, rounds: int = 50) -> Report:
    """Start a stack of its own and play demands."""
    console.print(f"dispatch: {rounds} demands with {VEHICLES} vehicles in range", style="dim")
    async with running_stack() as stack:
        timings = await measure(stack, rounds)
    start, update = "bare start → activity", "bare update"
    lines = [
        Line("posted → first solicitation on the stream", timings.first_solicitation, start),
        Line(f"posted → all {VEHICLES} on the stream", timings.all_solicitations, start),
        Line("acceptance → confirmed", timings.confirmation, update),
        Line("fact written → on the stream", timings.commit_to_stream),
        Line(start, timings.bare_start),
        Line(update, timings.bare_update),
    ]
    return Report(
        "dispatch", [Group(f"{rounds} demands one after the other, {VEHICLES} vehicles in range", lines)]
    )


async def measure(stack: Stack, rounds: int) -> Timings:
    """Play ``rounds`` demands one after the other, each beside the bare engine's own round trip."""
    timings = Timings()
    client = await bare_client(stack.temporal)
    async with AsyncExitStack() as stay:
        await stay.enter_async_context(bare_worker(stack.temporal))
        caller = await stay.enter_async_context(samu(stack.api, stack.accounts.samu.api_key))
        companies = [
            await stay.enter_async_context(post(stack.api, each)) for each in _with_vehicles(stack, VEHICLES)
        ]
        await _place_thirty_vehicles(companies)
        await _warm_up(client, caller)
        for _ in range(rounds):
            timings.bare_start.append(await measure_start(client))
            await _one_demand(caller, companies, timings)
            timings.bare_update += await measure_updates(client, 1)
    return timings


def _with_vehicles(stack: Stack, wanted: int) -> list[CompanyAccount]:
    """As many companies as have so many vehicles together."""
    chosen: list[CompanyAccount] = []
    for company in stack.accounts.companies:
        if sum(len(each.vehicles) for each in chosen) < wanted:
            chosen.append(company)
    return chosen


async def _place_thirty_vehicles(companies: list[Post]) -> None:
    """Each company regulates all of its sites, with its heartbeats, before the first demand: else nobody is asked."""
    for owner in companies:
        await owner.take()
    every = [(c, v) for c in companies for v in c.vehicles]
    for number, (owner, vehicle) in enumerate(every[:VEHICLES]):
        await owner.tick(vehicle, LAT + number * 0.001, LON)


async def _warm_up(client: Client, caller: Samu) -> None:
    for _ in range(3):
        await measure_start(client)
        demand = await caller.post()
        await caller.until(demand["id"], "SOLICITING_VEHICLES")
        await caller.call("POST", f"/v1/demands/{demand['id']}/cancellation", {"reason": "banc d'essai"})


async def _one_demand(caller: Samu, companies: list[Post], timings: Timings) -> None:
    seen: list[tuple[float, Json]] = []
    async with caller.stream() as events:
        posting = asyncio.create_task(_post(caller))
        async for event in events:
            if event.event != "solicitation_opened":
                continue
            seen.append((time.perf_counter(), data_of(event)))
            if len(seen) == VEHICLES:
                break
        began, demand = await posting
    timings.first_solicitation.append((seen[0][0] - began) * 1000)
    timings.all_solicitations.append((seen[-1][0] - began) * 1000)
    await _commit_to_stream(caller, demand, timings)
    timings.confirmation.append(await _accept(companies, seen[0][1]))
    await caller.call("POST", f"/v1/demands/{demand['id']}/cancellation", {"reason": "banc d'essai"})


async def _post(caller: Samu) -> tuple[float, Json]:
    began = time.perf_counter()
    return began, await caller.post()


async def _commit_to_stream(caller: Samu, demand: Json, timings: Timings) -> None:
    """From the journal's own clock to a client of the stream, with the fact of a destination."""
    async with caller.stream() as events:
        setting = asyncio.create_task(_set_destination(caller, demand["id"]))
        async for event in events:
            if event.event == "destination_set":
                arrived = time.time()
                break
        await setting
    journal = await caller.call("GET", f"/v1/demands/{demand['id']}/journal")
    recorded = next(f["recorded_at"] for f in journal["items"] if f["kind"] == "destination_set")
    timings.commit_to_stream.append((arrived - datetime.fromisoformat(recorded).timestamp()) * 1000)


async def _set_destination(caller: Samu, demand_id: str) -> None:
    facility = (await caller.call("GET", "/v1/facilities"))["items"][0]
    await caller.call("PUT", f"/v1/demands/{demand_id}/destination", {"facility_id": facility["id"]})


async def _accept(companies: list[Post], fact: Json) -> float:
    told = fact["data"]
    winner = next(c for c in companies if c.account.id == told["company_id"])
    began = time.perf_counter()
    response = await winner.answer(told, "acceptance")
    took = (time.perf_counter() - began) * 1000
    response.raise_for_status()
    return took
