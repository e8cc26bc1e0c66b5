"""A telephone in a valley: the page opens, steps are kept in their order, and arrive with their own times (rule 42).
What nobody answered is taken for nothing.
"""

import asyncio
from datetime import datetime

import pytest
from playwright.async_api import Route, expect

from domain.vocabulary import STEPS, Step
from tests.browser.people import STEPS_LEFT, Phone, SamuDesk
from tests.browser.stage import PATIENCE_S, Stage

pytestmark = pytest.mark.timeout(PATIENCE_S)

CARCASSONNE = 1
ACCEPTANCE = "**/acceptance"
GIVES_UP_WITHIN_MS = 40_000
NO_NETWORK = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED")
KEPT = "() => navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller !== null)"


async def _on_mission(stage: Stage) -> tuple[SamuDesk, Phone, str]:
    samu, regulation, phone = await stage.everybody(CARCASSONNE)
    vehicle = regulation.company.vehicles[1]
    await regulation.take()
    await regulation.tick(vehicle.name)
    await phone.begin("Ambulancier")
    await phone.get_in(vehicle.name, "Ada Fictive")
    await regulation.sees_readiness("GREEN")
    demand_id = await samu.new_demand()
    await regulation.accept(demand_id)
    await phone.sees_mission()
    return samu, phone, demand_id


async def test_rule_042_three_steps_without_network_arrive_in_order_with_their_times(stage: Stage) -> None:
    """The page is opened anew meanwhile, as when the telephone was switched off and on again."""
    stage.watch.expect(*NO_NETWORK)
    samu, phone, demand_id = await _on_mission(stage)
    await phone.page.wait_for_function(KEPT)
    passed = {Step.ACQUITTE: await phone.passes(Step.ACQUITTE)}
    await samu.sees_step(demand_id, Step.ACQUITTE)

    await phone.page.context.set_offline(True)
    for step in STEPS_LEFT[1:4]:
        passed[step] = await phone.passes_without_network(step)
    await expect(phone.page.get_by_text("Hors ligne : 3 étapes à envoyer")).to_be_visible()
    await expect(phone.root).to_have_attribute("data-offline", "3")
    await phone.page.reload()
    await phone.sees_mission(Step.ACQUITTE)
    await expect(phone.page.get_by_text("Hors ligne : 3 étapes à envoyer")).to_be_visible()
    await samu.sees_step(demand_id, Step.ACQUITTE)  # nobody invents what has not arrived

    await phone.page.context.set_offline(False)
    await expect(phone.root).to_have_attribute("data-offline", "0")
    await samu.sees_step(demand_id, Step.BILAN_REALISE)
    for step in STEPS_LEFT[4:]:
        passed[step] = await phone.passes(step)
    await samu.sees(demand_id, "COMPLETED")
    steps = (await stage.api.demand(demand_id))["mission"]["steps"]
    assert [each["step"] for each in steps] == list(STEPS)
    for each in steps[1:]:
        before, after = passed[Step(each["step"])]
        assert before <= datetime.fromisoformat(each["occurred_at"]) <= after, each


async def test_what_the_phone_keeps_of_the_pages_says_nothing_of_anybody(stage: Stage) -> None:
    """Neither the service worker's cache nor the addresses: the shell only (rule 99)."""
    _, phone, _ = await _on_mission(stage)
    await phone.page.wait_for_function(KEPT)
    kept: list[str] = await phone.page.evaluate(
        """async () => {
          const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
          return (await Promise.all(caches_.map((one) => one.keys()))).flat().map((each) => new URL(each.url).pathname);
        }"""
    )
    assert "/mobile" in kept
    assert [each for each in kept if not each.startswith(("/web/", "/mobile"))] == []


async def test_rule_028_an_acceptance_that_nobody_answered_is_no_mission(stage: Stage) -> None:
    """The phone says that it does not know, and what to do; asked again, the platform gives the mission."""
    stage.watch.expect(*NO_NETWORK)
    samu, phone = await asyncio.gather(stage.samu(), stage.phone(CARCASSONNE))
    vehicle = await phone.regulates_alone("Ada Fictive")
    demand_id = await samu.new_demand()
    await phone.page.route(ACCEPTANCE, lambda route: route.abort("internetdisconnected"))
    await phone.accept(vehicle=vehicle.name)
    await expect(phone.asked.get_by_role("alert")).to_contain_text(
        "N’envoyez personne", timeout=GIVES_UP_WITHIN_MS
    )
    await expect(phone.mission_at(Step.AFFECTE)).to_have_count(0)
    await samu.sees(demand_id, "SOLICITING_SITES")

    await phone.page.unroute(ACCEPTANCE)
    await phone.accept(vehicle=vehicle.name)
    await phone.sees_mission()
    await samu.sees(demand_id, "ASSIGNED")


async def test_rule_028_an_acceptance_whose_answer_was_lost_is_shown_as_ours_once_the_platform_says_so(
    stage: Stage,
) -> None:
    """It arrived; no answer ever did. Nothing is said before the phone has asked what became of it."""
    stage.watch.expect(*NO_NETWORK)
    samu, phone = await asyncio.gather(stage.samu(), stage.phone(CARCASSONNE))
    vehicle = await phone.regulates_alone("Ada Fictive")
    demand_id = await samu.new_demand()
    await phone.page.route(ACCEPTANCE, _arrives_unanswered)
    await phone.accept(vehicle=vehicle.name)
    await samu.sees(demand_id, "ASSIGNED")
    await expect(phone.page.locator("article[data-state=CONFIRMED]")).to_contain_text(
        "Enregistré", timeout=GIVES_UP_WITHIN_MS
    )
    await expect(phone.page.get_by_text("N’envoyez personne")).to_have_count(0)


async def _arrives_unanswered(route: Route) -> None:
    await route.fetch()
    await route.abort("internetdisconnected")
