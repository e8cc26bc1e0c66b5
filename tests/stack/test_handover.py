"""Regulation passes from one post to another at the end of a service: nothing is lost, nobody answers twice (rule 38)."""

import asyncio
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from bench.players import LAT, LON, Heard, Json
from bench.post import Post
from simulation.runtime import VehicleInfo
from tests.stack.conftest import Stage
from tests.stack.telling import story

pytestmark = pytest.mark.timeout(120)

CARCASSONNE = 1
"""A company with one site and five vehicles."""
HEAD_STARTS = (0, 1, 2, 2, 3, 3, 4, 40)
"""Round trips between the acceptance and the hand-over: it is decided at two or three, and with the last long before."""
ANSWERS: tuple[tuple[str, Json], ...] = (
    ("acceptance", {}),
    ("refusal", {"reason": "trop loin"}),
    ("counter-proposal", {"delay_minutes": 90}),
)
ANSWERED_BY_THE_NEW = [
    "demand_received by SAMU",
    *["solicitation_refused by CREW on new"] * 4,
    "solicitation_accepted by CREW on new",
    "mission_assigned phone_bound=False on_guard=False by CREW on new",
    "step_passed AFFECTE by CREW on new",
]


async def test_rule_038_ten_open_solicitations_follow_the_regulation_and_none_is_lost(stage: Stage) -> None:
    old, new = await stage.regulator(CARCASSONNE), await stage.crew(CARCASSONNE)
    old_hears, [site] = await stage.ear_of(old), old.account.sites
    await _regulates_all_its_vehicles(old)
    demands = [(await stage.samu.post())["id"] for _ in range(2)]
    for demand_id in demands:
        await stage.samu.until(demand_id, "SOLICITING_VEHICLES")
    asked = await old.open_solicitations()
    before = sorted(each["id"] for each in asked)
    assert len(before) == 10

    await old.offer(site.id, to=new)
    assert [each["site_id"] for each in (await new.beat())["offers"]] == [site.id]
    assert await _answerable(old) == before  # whoever offers regulates until the other accepts
    lease = await new.accept_offer(site.id)
    assert (lease["device_id"], lease["epoch"]) == (new.device_id, old.epochs[site.id] + 1)
    told = await old_hears.until(lambda fact: fact["kind"] == "regulation_handed_over")
    assert (told["data"]["previous_device_id"], told["data"]["open_solicitations"]) == (old.device_id, 10)
    assert (await _answerable(new), await _answerable(old)) == (before, [])
    await _every_answer_is_refused(old, asked, new)
    assert await _answerable(new) == before
    await _answers_all(new, asked, dict(zip(demands, new.vehicles, strict=False)))
    for demand_id in demands:
        await stage.samu.until(demand_id, "ASSIGNED")
        lines = await story(stage.samu, demand_id, old=old, new=new)
        assert [each for each in lines if " by " in each] == ANSWERED_BY_THE_NEW


async def _regulates_all_its_vehicles(post: Post) -> None:
    await post.take()
    for vehicle in post.vehicles:
        await post.tick(vehicle, LAT, LON)


async def _every_answer_is_refused(old: Post, asked: list[Json], new: Post) -> None:
    """Accepting, refusing or promising: the old device is told who regulates."""
    for number, each in enumerate(asked):
        verb, body = ANSWERS[number % len(ANSWERS)]
        response = await old.answer(each, verb, body)
        assert (response.status_code, response.json()["code"]) == (409, "lease_lost")
        assert response.json()["holder"]["device_id"] == new.device_id


async def _answers_all(new: Post, asked: list[Json], chosen: dict[str, VehicleInfo]) -> None:
    """Refuse all but one of each demand, then accept those: a vehicle that goes is asked no more for the other."""
    wins = {each["id"] for each in asked if chosen[each["demand_id"]].id == each["vehicle_id"]}
    for each in sorted(asked, key=lambda one: one["id"] in wins):
        response = await new.answer(each, "acceptance" if each["id"] in wins else "refusal")
        assert response.status_code == 200, response.text


async def test_rule_038_an_acceptance_at_the_moment_of_the_hand_over_counts_before_it_or_not_at_all(
    stage: Stage,
) -> None:
    """Two posts hand the site to each other, and the old one accepts at that very moment, a little earlier or later
    each time. Its acceptance wins, or is refused with `lease_lost`; then the new one has the mission.
    """
    old, new = await stage.regulator(CARCASSONNE), await stage.regulator(CARCASSONNE)
    heard, [site] = await stage.ear_of(old), old.account.sites
    await _regulates_all_its_vehicles(old)
    outcomes: Counter[str] = Counter()
    for head_start in HEAD_STARTS:
        outcomes[await _race(stage, old, new, site.id, heard, head_start)] += 1
        old, new = new, old
    assert set(outcomes) <= {"CONFIRMED", "lease_lost"}
    assert outcomes["CONFIRMED"] >= 1


async def _race(stage: Stage, old: Post, new: Post, site_id: str, heard: Heard, head_start: int) -> str:
    """What the old post was answered: CONFIRMED, or the code of the refusal."""
    demand_id = (await stage.samu.post())["id"]
    await stage.samu.until(demand_id, "SOLICITING_VEHICLES")
    first, second, *_ = await old.open_solicitations(demand_id)
    await old.offer(site_id, to=new)

    async def hand_over() -> httpx.Response:
        for _ in range(head_start):  # as many round trips later
            await new.http.get("/readyz")
        await new.accept_offer(site_id)
        return await new.answer(second, "acceptance")

    by_old, by_new = await asyncio.gather(old.answer(first, "acceptance"), hand_over())
    won = by_old.status_code == 200
    assert by_new.status_code == (409 if won else 200), (by_old.text, by_new.text)
    for each in (first, second):  # whatever was decided: the old post has no say any more
        late = await old.answer(each, "acceptance")
        assert (late.status_code, late.json()["code"]) == (409, "lease_lost")
    ended = await stage.samu.until(demand_id, "ASSIGNED")
    assert ended["mission"]["vehicle_id"] == (first if won else second)["vehicle_id"]
    await _is_told_in_order(heard, demand_id, old if won else new, _handed_over_to(new, new.epochs[site_id]))
    assert (await stage.samu.cancel(demand_id)).status_code == 200
    return "CONFIRMED" if won else str(by_old.json()["code"])


async def _is_told_in_order(
    heard: Heard, demand_id: str, winner: Post, is_handover: Callable[[Json], bool]
) -> None:
    """One acceptance, of the winner; and it was received on its side of the hand-over, by the clock of all facts."""
    await heard.until(lambda fact: (fact["demand_id"], fact["kind"]) == (demand_id, "mission_assigned"))
    handed = await heard.until(is_handover)
    of_demand = [fact for fact in heard.facts if fact["demand_id"] == demand_id]
    [accepted] = [fact for fact in of_demand if fact["kind"] == "solicitation_accepted"]
    assert accepted["data"]["by"]["device_id"] == winner.device_id
    by_the_new = winner.device_id == handed["data"]["device_id"]
    assert (accepted["at"] > handed["at"]) is by_the_new


def _handed_over_to(post: Post, epoch: int) -> Callable[[Json], bool]:
    def holds(fact: Json) -> bool:
        data = fact["data"]
        return (fact["kind"], data.get("device_id"), data.get("epoch")) == (
            "regulation_handed_over",
            post.device_id,
            epoch,
        )

    return holds


async def _answerable(post: Post) -> list[str]:
    return sorted(each["id"] for each in await post.open_solicitations() if each["answerable_here"])
