"""Logging in and out: the role's page opens by itself, and whoever left is told nothing any more (rule 54)."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.stage import PATIENCE_S, Stage

pytestmark = pytest.mark.timeout(PATIENCE_S)

WRONG = "status of 401"


async def test_a_wrong_password_is_said_and_nobody_is_logged_in(stage: Stage) -> None:
    stage.watch.expect(WRONG)
    page = await stage.stranger()
    await page.goto("/samu", wait_until="commit")
    await expect(page).to_have_url(re.compile(r"/login#/samu$"))
    await page.get_by_label("Identifiant").fill(stage.stack.accounts.samu.username)
    await page.get_by_label("Mot de passe").fill("pas le bon")
    await page.get_by_role("button", name="Entrer").click()
    await expect(page.get_by_role("alert")).to_have_text(re.compile(r"\w"))
    assert await page.evaluate("() => localStorage.getItem('rescousse.session')") is None


async def test_whoever_belongs_elsewhere_is_led_to_their_own_page(stage: Stage) -> None:
    """And stays logged in on the device, until they log out."""
    samu = await stage.samu()
    for wrong in ("/regulation", "/mobile", "/login", "/"):
        await samu.page.goto(wrong, wait_until="commit")
        await expect(samu.page).to_have_url(re.compile(r"/samu$"))
        await samu.settles()
    await samu.log_out()
    await samu.is_led_to_the_login("/samu")
    assert await samu.session() is None
    await samu.page.goto("/samu", wait_until="commit")
    await samu.is_led_to_the_login("/samu")


async def test_rule_054_a_post_that_logs_out_regulates_nothing_any_more(stage: Stage) -> None:
    regulation = await stage.regulation(1)
    await regulation.take()
    await regulation.log_out()
    await regulation.is_led_to_the_login("/regulation")
    sites = [each for one in await (await stage.post(1)).fleet() for each in one["sites"]]
    assert {each["regulation"]["state"] for each in sites} == {"FREE"}


async def test_the_coordinator_sees_the_console_and_decides_nothing(stage: Stage) -> None:
    desk = await stage.coordinator()
    await expect(desk.page.get_by_role("heading", level=1)).to_be_visible()
    await expect(desk.button("Nouvelle demande")).to_have_count(0)


async def test_a_new_demand_with_the_keyboard_alone(stage: Stage) -> None:
    samu = await stage.samu()
    keys = samu.page.keyboard
    await expect(samu.button("Nouvelle demande")).to_be_visible()
    await keys.press("n")
    await expect(samu.page.get_by_role("combobox", name="Lieu")).to_be_focused()
    await keys.type("carcas")
    await expect(samu.page.get_by_role("listbox").get_by_role("option").first).to_be_visible()
    await keys.press("Enter")
    await keys.press("Alt+2")
    await keys.press("Alt+g")
    await expect(samu.page.get_by_role("textbox", name="Adresse")).to_be_focused()
    await keys.type("12 rue de Verdun")
    await keys.press("Enter")
    demand_id = await samu.shown()
    told = await stage.api.demand(demand_id)
    assert (told["max_delay_minutes"], told["volume"]) == (20, "ASSU")
    assert told["pickup"]["address"].startswith("12 rue de Verdun")
    await samu.page.keyboard.press("Escape")
    await expect(samu.line(demand_id)).to_be_focused()
