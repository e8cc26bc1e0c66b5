"""A real Chromium with the pages, as people have them on their desks and in their hands."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, Geolocation, Page, ViewportSize, async_playwright

from ops.chromium import HOW, find
from simulation.runtime import Login

FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WITH_MAPS = (
    "--use-angle=swiftshader",  # the map wants WebGL, and no machine of ours has a graphics card
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)
WITHOUT_MAPS = ("--disable-gpu", "--disable-3d-apis")
AS_ROOT = "--no-sandbox"
"""Chromium's sandbox does not work for root; what is opened here is our own."""
LAUNCHED_WITHIN_MS = 30_000
PATIENCE_MS = 20_000
"""How long a page may take for anything."""
DESK: ViewportSize = {"width": 1440, "height": 900}
HAND: ViewportSize = {"width": 390, "height": 844}
CARCASSONNE: Geolocation = {"latitude": 43.2130, "longitude": 2.3491, "accuracy": 8}


class NoChromiumError(RuntimeError):
    """There is no Chromium on this machine; the text says what to do."""


@asynccontextmanager
async def chromium(*, maps: bool = True) -> AsyncIterator[Browser]:
    """This machine's Chromium, without a window; drawing maps without a graphics card costs a whole core.

    Raises NoChromiumError.
    """
    path = find()
    if path is None:
        raise NoChromiumError(f"There is no Chromium: {HOW}.")
    flags = [*FLAGS, *(WITH_MAPS if maps else WITHOUT_MAPS), *([AS_ROOT] if os.geteuid() == 0 else [])]
    async with async_playwright() as driver:
        launch = driver.chromium.launch
        browser = await launch(executable_path=path, args=flags, timeout=LAUNCHED_WITHIN_MS)
        try:
            yield browser
        finally:
            await browser.close()


async def at_a_desk(browser: Browser, api: str, *, dark: bool = False, calm: bool = False) -> BrowserContext:
    """A person's own browser on a PC: nothing is shared with anybody else's. ``calm``: nothing moves on its pages."""
    made = await browser.new_context(
        base_url=api,
        locale="fr-FR",
        viewport=DESK,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if calm else "no-preference",
        permissions=["notifications"],
    )
    made.set_default_timeout(PATIENCE_MS)
    return made


async def in_a_hand(
    browser: Browser, api: str, *, dark: bool = False, calm: bool = False, at: Geolocation = CARCASSONNE
) -> BrowserContext:
    """A person's own telephone, which knows where it is."""
    made = await browser.new_context(
        base_url=api,
        locale="fr-FR",
        viewport=HAND,
        is_mobile=True,
        has_touch=True,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if calm else "no-preference",
        geolocation=at,
        permissions=["geolocation", "notifications"],
    )
    made.set_default_timeout(PATIENCE_MS)
    return made


async def log_in(context: BrowserContext, login: Login, home: str) -> Page:
    """A page on which this person has just logged in; ``home`` is where they belong: `/samu`, for instance."""
    page = await context.new_page()
    await page.goto("/login")
    await page.get_by_label("Identifiant").fill(login.username)
    await page.get_by_label("Mot de passe").fill(login.password)
    await page.get_by_role("button", name="Entrer").click()
    await page.wait_for_url(f"**{home}")
    return page
