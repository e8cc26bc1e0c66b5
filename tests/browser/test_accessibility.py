"""No page keeps anybody out: axe-core finds nothing serious, with nothing on the page and with a lot, day and night."""

import pytest
from playwright.async_api import Page

from bench.players import LAT, LON
from tests.browser.axe import COPIES, violations
from tests.browser.stage import PATIENCE_S, Stage

pytestmark = pytest.mark.timeout(PATIENCE_S)

CARCASSONNE = 1
PANELS = ("", "#new", "#alarms", "#guard", "#coverage")


async def _violations(stage: Stage, page: Page, where: str) -> list[str]:
    stage.watch.expect(COPIES)
    return await violations(page, where)


async def test_the_login_page_keeps_nobody_out(stage: Stage) -> None:
    page = await stage.stranger()
    await page.goto("/login")
    await page.get_by_label("Identifiant").wait_for()
    assert await _violations(stage, page, "login") == []


async def test_the_empty_console_keeps_nobody_out(stage: Stage) -> None:
    samu = await stage.samu()
    found: list[str] = []
    for panel in PANELS:
        await samu.page.goto(f"/samu{panel}")
        await samu.settles()
        found += await _violations(stage, samu.page, f"samu{panel}")
    assert found == []


async def test_an_empty_post_and_an_empty_phone_keep_nobody_out(stage: Stage) -> None:
    regulation, phone = await stage.regulation(CARCASSONNE), await stage.phone(CARCASSONNE)
    await regulation.settles()
    found = await _violations(stage, regulation.page, "regulation")
    await phone.settles()
    found += await _violations(stage, phone.page, "phone, to begin with")
    for mode in ("Ambulancier", "Maître", "Garde"):
        await phone.begin(mode)
        await phone.settles()
        found += await _violations(stage, phone.page, f"phone, {mode}")
    assert found == []


async def test_busy_pages_keep_nobody_out(stage: Stage) -> None:
    """A mission that runs, a demand that rings, another one that was refused."""
    samu, regulation, phone = await stage.everybody(CARCASSONNE)
    _, first, second, *_ = regulation.company.vehicles
    await regulation.take()
    for vehicle in (first, second):
        await regulation.tick(vehicle.name)
    await (await stage.post(CARCASSONNE)).locate(second, LAT, LON)
    await phone.begin("Ambulancier")
    await phone.get_in(first.name, "Ada Fictive")
    await regulation.sees_readiness("GREEN")
    mission = await samu.new_demand()
    await regulation.accept(mission, first.name)
    await phone.sees_mission()
    rings = await samu.new_demand("Trèbes", delay=60)
    await regulation.sees(rings, "OPEN")

    found = await _violations(stage, regulation.page, "regulation, busy")
    found += await _violations(stage, phone.page, "phone, on a mission")
    for demand_id in (rings, mission):
        await samu.page.goto(f"/samu#d/{demand_id}")
        await samu.settles()
        found += await _violations(stage, samu.page, "samu, a demand")
    assert found == []
