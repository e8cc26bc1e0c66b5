"""The process that plays demands: each complete, from the post to Disponible, at its time, come what may.

``python -m bench.load_play`` reads a `Plan` from standard input and writes a `Played` to standard output. A demand is
counted from when it was due: a server, or this process, that falls behind shows. Each demand is solicited, one company
refuses, another accepts, and its crew passes all steps.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import count
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from bench.load_fleet import Town
from bench.load_post import Heard, LoadPost, on_duty
from bench.load_use import Use, most_memory, spent, uses_of
from bench.wire import Wire
from domain.vocabulary import STEPS

DELAY_MINUTES = 20
PATIENCE_S = 60.0
"""A demand that waits so long for anything is given up, and counted."""
TRIES = 5
SETTLE_S = 2.0
NOT_FOUND = 404
TAKEN = (200, 202)


class Frozen(BaseModel):
    """What travels between the processes."""

    model_config = ConfigDict(frozen=True)


class Plan(Frozen):
    """What to play: ``demands`` at ``rate`` a second; or, with ``flight``, so many at once, for ``seconds``."""

    api: str
    samu_key: str
    towns: tuple[Town, ...]
    demands: int = 0
    rate: float = 0.0
    flight: int = 0
    seconds: float = 0.0
    thinks_s: float = 0.0
    """Between a solicitation and the first answer: a person reads before answering; 0 is a machine that answers at once."""
    pids: dict[str, list[int]] = {}
    """Processes whose use is measured while demands are played, by their kind."""


class Life(Frozen):
    """One demand. Milliseconds, the first two from when it was due."""

    demand_id: str = ""
    first_ms: float = 0.0
    """Until the first solicitation was on the company's stream."""
    confirmed_ms: float = 0.0
    accept_ms: float = 0.0
    """From the acceptance to its answer."""
    refuse_ms: float = 0.0
    step_ms: tuple[float, ...] = ()
    completed: bool = False
    failure: str = ""


class Played(Frozen):
    """All of them, and what this process used."""

    lives: tuple[Life, ...]
    seconds: float
    """From when the first was due to when the last was completed."""
    used: dict[str, Use]
    """What each kind of process used meanwhile, this one among them."""
    repeated: int
    """Calls that the server asked to repeat."""


class FailedError(Exception):
    """A demand did not go on; the text is counted."""


class Player:
    """A SAMU and its towns."""

    def __init__(self, samu: Wire, posts: list[LoadPost], thinks_s: float = 0.0) -> None:
        self._samu, self._posts, self._thinks_s = samu, posts, thinks_s
        self._names = (f"charge-{uuid4().hex[:8]}-{number}" for number in count())

    async def live(self, number: int, due: float) -> Life:
        """One demand; a failure is told, not raised."""
        post, told = self._posts[number % len(self._posts)], {"demand_id": ""}
        try:
            return await self._live(post, due, told)
        except (OSError, RuntimeError, KeyError, ValueError, FailedError) as error:
            text = str(error) or type(error).__name__
            return Life(demand_id=told["demand_id"], failure=text[:200])

    async def _live(self, post: LoadPost, due: float, told: dict[str, str]) -> Life:
        posted = json.loads(await self._samu.told("POST", "/v1/demands", self._body(post.town)))
        demand_id = told["demand_id"] = str(posted["id"])
        heard = await post.until(demand_id, 1, PATIENCE_S)
        first_ms = (heard.first_at - due) * 1000
        await asyncio.sleep(self._thinks_s)
        heard = await post.until(demand_id, 2, PATIENCE_S)
        refuse_ms = await self._refuse(post, heard)
        accept_ms, mission_id, vehicle = await self._accept(post, heard)
        confirmed_ms = (time.time() - due) * 1000
        steps = [await self._step(post, mission_id, step) for step in STEPS[1:]]
        await post.until_ended(demand_id, PATIENCE_S)
        post.busy.discard(vehicle)
        return Life(
            demand_id=demand_id,
            first_ms=first_ms,
            confirmed_ms=confirmed_ms,
            accept_ms=accept_ms,
            refuse_ms=refuse_ms,
            step_ms=tuple(steps),
            completed=True,
        )

    def _body(self, town: Town) -> bytes:
        place = {"lat": town.lat, "lon": town.lon, "address": f"1 rue imaginaire, {town.name}"}
        told = {
            "reference": next(self._names),
            "max_delay_minutes": DELAY_MINUTES,
            "volume": "AMBULANCE",
            "pickup": place,
            "patient": {"last_name": "Imaginaire", "birth_year": 1950, "sex": "F"},
        }
        return json.dumps(told).encode()

    async def _refuse(self, post: LoadPost, heard: Heard) -> float:
        solicitation = list(heard.asked)[-1]
        began = time.perf_counter()
        told = await post.answer(solicitation, "refusal")
        if "outcome" not in told:
            raise FailedError(f"refusal: {told.get('code')}")
        heard.asked.pop(solicitation, None)
        return (time.perf_counter() - began) * 1000

    async def _accept(self, post: LoadPost, heard: Heard) -> tuple[float, str, str]:
        """With the first vehicle that is not given away; milliseconds, the mission, the vehicle."""
        outcome = "nobody is free"
        for _ in range(TRIES):
            free = [one for one in heard.asked.items() if one[1] not in post.busy]
            if not free:
                await asyncio.sleep(0.1)
                continue
            solicitation, vehicle = free[0]
            post.busy.add(vehicle)
            began = time.perf_counter()
            told = await post.answer(solicitation, "acceptance")
            outcome = told.get("outcome") or told.get("code", "?")
            if outcome == "CONFIRMED":
                return (time.perf_counter() - began) * 1000, told["mission_id"], vehicle
            heard.asked.pop(solicitation, None)
            post.busy.discard(vehicle)
        raise FailedError(f"acceptance: {outcome}")

    async def _step(self, post: LoadPost, mission_id: str, step: str) -> float:
        body = json.dumps({"step": step, "step_id": str(uuid4())}).encode()
        path, status, answer = f"/v1/missions/{mission_id}/steps", NOT_FOUND, b""
        began = time.perf_counter()
        while status == NOT_FOUND and time.perf_counter() - began < PATIENCE_S:  # it is being written down
            status, answer = await post.wire.persist("POST", path, body)
        if status not in TAKEN:
            raise FailedError(f"step {step}: {status} {json.loads(answer).get('code')}")
        return (time.perf_counter() - began) * 1000


async def play(plan: Plan) -> Played:
    """Play all of it; return when the last demand has ended."""
    async with AsyncExitStack() as stay:
        posts = [await stay.enter_async_context(on_duty(plan.api, town)) for town in plan.towns]
        samu = Wire(plan.api, [f"x-api-key: {plan.samu_key}"])
        await asyncio.sleep(SETTLE_S)  # positions are there, streams are quiet
        player, before = Player(samu, posts, plan.thinks_s), uses_of(plan.pids)
        cpu, began = time.process_time(), time.time()
        lives = await (_in_flight(player, plan) if plan.flight else _on_time(player, plan, began))
        own, seconds = Use(time.process_time() - cpu, most_memory()), time.time() - began
        used = {**spent(before, uses_of(plan.pids)), "load generator": own}
        samu.close()
        repeated = samu.repeated + sum(post.wire.repeated for post in posts)
        return Played(lives=tuple(lives), seconds=seconds, used=used, repeated=repeated)


async def _on_time(player: Player, plan: Plan, began: float) -> list[Life]:
    """Each at its instant, whatever became of those before it."""

    async def one(number: int) -> Life:
        due = began + number / plan.rate
        await asyncio.sleep(max(0.0, due - time.time()))
        return await player.live(number, due)

    return list(await asyncio.gather(*(one(number) for number in range(plan.demands))))


async def _in_flight(player: Player, plan: Plan) -> list[Life]:
    """So many at once: where one has ended the next begins, until the time is over."""
    until, numbers = time.time() + plan.seconds, iter(range(10**9))

    async def lane() -> list[Life]:
        lives = []
        while time.time() < until:
            lives.append(await player.live(next(numbers), time.time()))
        return lives

    lanes = await asyncio.gather(*(lane() for _ in range(plan.flight)))
    return [life for lives in lanes for life in lives]


def failures(lives: tuple[Life, ...]) -> Iterator[str]:
    """What went wrong, each with how often."""
    for text, times in Counter(life.failure for life in lives if not life.completed).most_common(5):
        yield f"{times} x {text}"


if __name__ == "__main__":
    told = asyncio.run(play(Plan.model_validate_json(sys.stdin.buffer.read())))
    sys.stdout.write(told.model_dump_json())
