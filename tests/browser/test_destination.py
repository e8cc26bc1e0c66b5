"""The destination as the crew writes it down, and the relief that the crew asks for itself (rules 36 and 44)."""

import pytest
from playwright.async_api import expect

from domain.vocabulary import STEPS, Step
from tests.browser.axe import COPIES, violations
from tests.browser.people import Phone, SamuDesk
from tests.browser.stage import PATIENCE_S, Stage

pytestmark = pytest.mark.timeout(PATIENCE_S)

CARCASSONNE = 1


async def _on_a_mission(stage: Stage) -> tuple[SamuDesk, Phone, str]:
    """A phone has a mission of its vehicle; the console shows its demand, whose id this is."""
    samu, regulation, phone = await stage.everybody(CARCASSONNE)
    mine = regulation.company.vehicles[1]
    await regulation.take()
    await regulation.tick(mine.name)
    await phone.begin("Ambulancier")
    await phone.get_in(mine.name, "Ada Fictive")
    demand_id = await samu.new_demand()
    await regulation.accept(demand_id)
    await phone.sees_mission()
    return samu, phone, demand_id


async def _writes_the_destination_down(phone: Phone, town: str) -> None:
    await phone.press("Noter la destination")
    dialog = phone.page.get_by_role("dialog")
    await expect(dialog.get_by_role("listitem").first).to_contain_text("Carcassonne")  # the nearest
    assert await violations(phone.page, "phone, choosing a destination") == []
    await dialog.get_by_label("Établissement ou commune").fill(town)
    await dialog.get_by_role("listitem").first.get_by_role("button").click()
    await expect(phone.root).to_contain_text("notée par l’équipage")


async def _is_relieved(phone: Phone, mine: str, other: str) -> None:
    dialog = phone.page.get_by_role("dialog")
    await phone.page.get_by_text("Autre fin de mission").click()
    await phone.press("Relève par un autre véhicule")
    await dialog.get_by_role("button", name=other).click()
    await expect(dialog).to_contain_text(f"{other} reprend la mission de {mine}")
    assert await violations(phone.page, "phone, before a relief") == []
    await dialog.get_by_role("button", name="Fin de service").click()
    await expect(phone.mission_at(Step.LIEU_INTERVENTION)).to_have_count(0)


async def test_rule_036_the_crew_writes_the_destination_down_and_the_samus_word_stands(stage: Stage) -> None:
    """And then it is relieved by another vehicle, as it asks for itself (rule 44)."""
    stage.watch.expect(COPIES)
    samu, phone, demand_id = await _on_a_mission(stage)
    await expect(phone.button("Noter la destination")).to_have_count(0)
    for step in STEPS[1 : Step.LIEU_INTERVENTION.rank + 1]:
        await phone.passes(step)
    await _writes_the_destination_down(phone, "narbonne")
    given = (await stage.api.demand(demand_id))["destination"]
    assert given["given_by"] == "CREW"
    await expect(samu.sheet).to_contain_text(given["name"])

    facilities = (await stage.api.call("GET", "/v1/facilities"))["items"]
    elsewhere = next(each for each in facilities if each["id"] != given["facility_id"])
    await stage.api.call("PUT", f"/v1/demands/{demand_id}/destination", {"facility_id": elsewhere["id"]})
    await expect(phone.root).to_contain_text(elsewhere["name"])
    await expect(phone.root).to_contain_text("donnée par le SAMU")
    await expect(phone.button("Changer la destination")).to_have_count(0)

    other, mine = phone.company.vehicles[:2]
    await _is_relieved(phone, mine.name, other.name)
    assert (await stage.api.demand(demand_id))["mission"]["vehicle_id"] == str(other.id)
    await expect(samu.line(demand_id)).to_contain_text(other.name)
    await expect(phone.button("Compris")).to_have_count(0)  # one's own doing calls for nobody
