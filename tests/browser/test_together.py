"""Several people, one demand: who has it is never in doubt on anybody's page."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from bench.players import LAT, LON, coordinator
from tests.browser.people import Regulation
from tests.browser.stage import PATIENCE_S, Stage
from tests.browser.watch import REFUSED

pytestmark = pytest.mark.timeout(PATIENCE_S)

ONE, OTHER = 1, 17
"""Two companies whose only sites are in Carcassonne; the second vehicle of each is an AMBULANCE."""


async def _ready(stage: Stage, number: int) -> Regulation:
    """A post that regulates its site, with one vehicle in Carcassonne."""
    post = await stage.regulation(number)
    await post.take()
    await post.tick(post.company.vehicles[1].name)
    await (await stage.post(number)).locate(post.company.vehicles[1], LAT, LON)
    await post.sees_readiness("GREEN")
    return post


async def test_rule_028_of_two_companies_that_accept_at_once_one_has_the_mission_and_both_know(
    stage: Stage,
) -> None:
    stage.watch.expect(REFUSED)
    samu, one, other = await asyncio.gather(stage.samu(), _ready(stage, ONE), _ready(stage, OTHER))
    demand_id = await samu.new_demand()
    await asyncio.gather(one.sees(demand_id, "OPEN"), other.sees(demand_id, "OPEN"))
    await asyncio.gather(*(post.may_accept(demand_id) for post in (one, other)))
    await asyncio.gather(*(post.presses_accept(demand_id) for post in (one, other)))

    await samu.sees(demand_id, "ASSIGNED")
    winner_id = (await stage.api.demand(demand_id))["mission"]["company_id"]
    winner, loser = (one, other) if winner_id == one.company.id else (other, one)
    await winner.sees(demand_id, "CONFIRMED")
    await expect(winner.card(demand_id)).to_contain_text("Enregistré")
    await loser.sees(demand_id, "LOST")
    await expect(loser.card(demand_id)).to_contain_text("Déjà attribuée")
    await expect(loser.card(demand_id)).not_to_contain_text("Enregistré")
    await expect(winner.missions).to_have_count(1)
    await expect(loser.missions).to_have_count(0)


async def test_rule_007_the_samu_accepts_a_longer_delay_with_one_click_and_the_company_confirms(
    stage: Stage,
) -> None:
    samu, post = await asyncio.gather(stage.samu(), _ready(stage, ONE))
    demand_id = await samu.new_demand()
    await post.sees(demand_id, "OPEN")
    await post.press("Contre-délai", post.card(demand_id))
    await post.press("+10", post.card(demand_id))
    await post.press("Proposer", post.card(demand_id))

    await samu.sees(demand_id, "ARBITRATION")
    await expect(samu.sheet).to_contain_text("50 min")
    await samu.page.get_by_role("button", name="Accepter le contre-délai").click()
    await samu.sees(demand_id, "SOLICITING_FREE_CHOICE")
    await post.sees(demand_id, "OPEN")
    await post.accept(demand_id)
    await samu.sees(demand_id, "ASSIGNED")


async def test_rule_038_regulation_passes_from_one_post_to_another_with_an_open_solicitation(
    stage: Stage,
) -> None:
    samu, old, new = await asyncio.gather(stage.samu(), _ready(stage, ONE), stage.regulation(ONE))
    demand_id = await samu.new_demand()
    await old.sees(demand_id, "OPEN")
    await old.press("Passer la main")
    await old.offers_all()
    await new.press("Accepter la régulation")
    await new.sees_readiness("GREEN")
    await old.sees_readiness("AMBER")
    await expect(old.page.get_by_text("Vous ne recevez rien")).to_be_visible()
    await expect(old.button("Accepter", old.card(demand_id))).to_have_count(0)
    await new.accept(demand_id)
    await samu.sees(demand_id, "ASSIGNED")


async def test_an_alarm_rings_at_the_samu_until_somebody_has_seen_it(stage: Stage) -> None:
    """A guard that nobody keeps, six minutes after its beginning (rule 62)."""
    samu = await stage.samu()
    await samu.page.locator("body").click()  # a page that nobody touched may not play
    await _nobody_comes(stage)
    await expect(samu.alarms_button).to_contain_text("1")
    await samu.hears("alarm")
    await samu.alarms_button.click()
    rung = samu.page.locator("samu-alarms [data-id][data-state='RAISED']")
    await expect(rung).to_have_count(1)
    await samu.press("Vu", rung)
    await expect(rung).to_have_count(0)
    await samu.hears()


async def _nobody_comes(stage: Stage) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    start, end = now - timedelta(minutes=6), now + timedelta(minutes=3)
    line = ";".join(["Secteur de Limoux", stage.company(4).name, start.isoformat(), end.isoformat(), "1"])
    async with coordinator(stage.stack.api, stage.stack.accounts.coordinator) as caller:
        await caller.import_roster(f"secteur;entreprise;debut;fin;rang\n{line}\n")
