"""Several companies and a SAMU who do what they like, through the public API, on a few demands at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from bench.players import LAT, LON, Json
from bench.post import Post
from domain.vocabulary import ENDED, STEPS
from tests.stack.conftest import Play

NOBODY = "nobody"
MINUTES = (20, 40, 60)
WITHIN_S = 50


@dataclass
class Taken:
    """A mission that a company was told to have, and the steps that were said to be recorded."""

    demand_id: str
    mission_id: str
    owner: Post
    steps: list[str] = field(default_factory=list)


@dataclass
class Crowd:
    """Whoever acts, and what they were told: nothing of that may be lost."""

    play: Play
    demands: list[str] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)

    async def begin(self) -> None:
        """New demands; every vehicle that broke down before is repaired."""
        self.demands, self.taken = [], []
        for owner in self.play.companies[:2]:
            for vehicle in owner.vehicles[:2]:
                await owner.tick(vehicle, LAT, LON)
        for _ in range(2):
            posted = await self.play.samu.post()
            self.demands.append(posted["id"])

    async def act(self, name: str, pick: int) -> None:
        """Do one thing; what is answered is noted, and is never a failure of the server."""
        response = await ACTIONS[name](self, pick)
        if response is None:
            self.told[f"{name}: {NOBODY}"] += 1
            return
        assert response.status_code < 500 or response.status_code == 503, response.text
        told = response.json() if response.content else {}
        self.told[f"{name}: {told.get('code') or told.get('outcome') or response.status_code}"] += 1

    async def end(self) -> None:
        """End every demand, the SAMU or, with the patient on board, the crew; and wait until it is written."""
        for demand_id in self.demands:
            await self.play.samu.cancel(demand_id)
            async with asyncio.timeout(WITHIN_S):
                while (told := await self.play.samu.demand(demand_id))["status"] not in ENDED:
                    await self._go_on(told)

    async def _go_on(self, told: Json) -> None:
        """Pass the next step of a mission that is too late to cancel."""
        mission = told["mission"]
        if mission is None:
            return  # what ended it is not written yet
        owner = next((t.owner for t in self.taken if t.mission_id == mission["id"]), None)
        assert owner is not None, "a mission that nobody was told to have"
        step = STEPS[min(len(mission["steps"]), len(STEPS) - 1)]
        response = await owner.step(mission["id"], step)
        assert response.status_code < 500 or response.status_code == 503, response.text


Said = httpx.Response | None


async def _asked(crowd: Crowd, pick: int) -> tuple[Post, Json] | None:
    owner = crowd.play.companies[pick % 2]
    found = [each for each in await owner.open_solicitations() if each["demand_id"] in crowd.demands]
    return (owner, found[pick // 2 % len(found)]) if found else None


async def accept(crowd: Crowd, pick: int) -> Said:
    """A company takes a mission; told so, it has it."""
    asked = await _asked(crowd, pick)
    if asked is None:
        return None
    owner, solicitation = asked
    body = None if solicitation.get("vehicle_id") else {"vehicle_id": owner.vehicles[pick // 7 % 2].id}
    response = await owner.answer(solicitation, "acceptance", body)
    if response.status_code == httpx.codes.OK:
        mission_id = response.json()["mission_id"]
        if all(each.mission_id != mission_id for each in crowd.taken):
            crowd.taken.append(Taken(solicitation["demand_id"], mission_id, owner))
    return response


async def refuse(crowd: Crowd, pick: int) -> Said:
    """A company refuses."""
    asked = await _asked(crowd, pick)
    return await asked[0].answer(asked[1], "refusal") if asked else None


async def counter(crowd: Crowd, pick: int) -> Said:
    """A company promises a longer delay."""
    asked = await _asked(crowd, pick)
    promise = {"delay_minutes": 70 + pick % 100}
    return await asked[0].answer(asked[1], "counter-proposal", promise) if asked else None


async def arbitrate(crowd: Crowd, pick: int) -> Said:
    """The SAMU decides on the promises."""
    decision = "ACCEPT" if pick % 3 else "REFUSE"
    return await crowd.play.samu.http.post(f"{_demand(crowd, pick)}/arbitration", json={"decision": decision})


async def amend(crowd: Crowd, pick: int) -> Said:
    """The SAMU changes the delay."""
    terms = {"max_delay_minutes": MINUTES[pick // 2 % 3]}
    return await crowd.play.samu.http.patch(_demand(crowd, pick), json=terms)


async def cancel(crowd: Crowd, pick: int) -> Said:
    """The SAMU needs nobody any more."""
    return await crowd.play.samu.cancel(crowd.demands[pick % len(crowd.demands)])


async def declare_carence(crowd: Crowd, pick: int) -> Said:
    """The SAMU declares that nobody could come."""
    return await crowd.play.samu.http.post(f"{_demand(crowd, pick)}/carence", json={})


def _demand(crowd: Crowd, pick: int) -> str:
    return f"/v1/demands/{crowd.demands[pick % len(crowd.demands)]}"


async def pass_a_step(crowd: Crowd, pick: int) -> Said:
    """The next step of a mission, or any: told to be recorded, it is."""
    if not crowd.taken:
        return None
    mine = crowd.taken[-1 if pick % 3 else pick // 3 % len(crowd.taken)]
    step, step_id = STEPS[min(len(mine.steps) + 1, len(STEPS) - 1)], str(uuid4())
    body = {"step": step if pick % 5 else STEPS[pick // 5 % len(STEPS)], "step_id": step_id}
    response = await mine.owner.http.post(f"/v1/missions/{mine.mission_id}/steps", json=body)
    if response.status_code == httpx.codes.OK and response.json()["status"] == "recorded":
        mine.steps.append(step_id)
    return response


async def break_down(crowd: Crowd, pick: int) -> Said:
    """The vehicle cannot go on."""
    return await _mission(crowd, pick, "breakdown", {"reason": "panne"})


async def relieve(crowd: Crowd, pick: int) -> Said:
    """Another vehicle of the company takes over."""
    if not crowd.taken:
        return None
    vehicle = crowd.taken[-1].owner.vehicles[pick % 2]
    return await _mission(crowd, pick, "relief", {"vehicle_id": vehicle.id, "reason": "relève"})


async def _mission(crowd: Crowd, pick: int, verb: str, body: Json) -> Said:
    if not crowd.taken:
        return None
    mine = crowd.taken[-1]
    return await mine.owner.http.post(f"/v1/missions/{mine.mission_id}/{verb}", json=body)


ACTIONS: dict[str, Callable[[Crowd, int], Awaitable[Said]]] = {
    each.__name__: each
    for each in (
        *(accept, refuse, counter, arbitrate, amend, cancel),
        *(declare_carence, pass_a_step, break_down, relieve),
    )
}
OFTEN = [*ACTIONS, *["accept"] * 5, *["refuse"] * 3, "counter", "counter", *["pass_a_step"] * 4]
"""Drawn as often as they are named here."""
