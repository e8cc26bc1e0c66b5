"""Plays a scene and keeps pictures of it: `python -m tests.browser.screenshots`, or `make screenshots`."""

import asyncio
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import typer
from PIL import Image
from playwright.async_api import Page, ViewportSize, expect

from bench.browser import NoChromiumError, chromium
from bench.players import LAT, LON, coordinator
from bench.stack import running_stack
from domain.vocabulary import Step
from tests.browser.people import Phone, Regulation, SamuDesk
from tests.browser.stage import Stage, stage_on

FOLDER = Path(__file__).parents[2] / "docs" / "screens"
COLOURED = "() => document.querySelector('r-map')?.cells?.features?.length > 0"
STILL_MS = 1500
"""A map says that it is drawn, and not that it stands still."""
SCREEN: ViewportSize = {"width": 1280, "height": 800}
HAND: ViewportSize = {"width": 390, "height": 844}
HERE, GUARD = 1, 4
"""Companies: one in Carcassonne, whose post and phone are seen; one in Limoux, on guard there."""
SECTOR = "Secteur de Limoux"
RINGS_IN, ASKED_IN = "Castelnaudary", "Trèbes"


@dataclass
class Camera:
    """Writes each picture under its own name, always the same one."""

    folder: Path

    async def take(self, page: Page, name: str, size: ViewportSize = SCREEN) -> None:
        """What is seen now, with every map drawn and nothing moving."""
        await page.set_viewport_size(size)
        await page.evaluate("() => document.fonts.ready")
        for shown in await page.locator("r-map:visible").all():
            await expect(shown).to_have_attribute("data-drawn", "")
        await page.keyboard.press("Shift")  # somebody is there: sounds may be heard
        await page.wait_for_timeout(STILL_MS)
        path = self.folder / f"{name}.png"
        taken = await page.screenshot(animations="disabled", caret="hide")
        Image.open(BytesIO(taken)).convert("RGB").quantize(256).save(path, optimize=True)
        typer.echo(f"  {path.name} ({path.stat().st_size // 1024} KiB)")


@dataclass
class Cast:
    """Who is in the picture."""

    samu: SamuDesk
    regulation: Regulation
    phone: Phone


async def play(folder: Path) -> None:
    """A stack, a Chromium, two scenes: one by day, and one by night."""
    camera = Camera(folder)
    async with running_stack() as stack, chromium() as browser:
        async with stage_on(stack, browser) as stage:
            await _by_day(stage, camera)
        async with stage_on(stack, browser, dark=True) as stage:
            await _by_night(stage, camera)


async def _by_day(stage: Stage, camera: Camera) -> None:
    page = await stage.stranger()
    await page.goto("/login")
    await page.get_by_label("Identifiant").wait_for()
    await camera.take(page, "login")
    await _on_guard(stage, camera)
    cast = await _ready(stage)
    mission, rings = await _busy(cast)
    await camera.take(cast.phone.page, "mobile-mission", HAND)
    await camera.take(cast.regulation.page, "regulation-mission")
    await cast.phone.passes(Step.ACQUITTE)
    await cast.phone.passes(Step.EN_APPROCHE)
    await expect(cast.regulation.card(mission)).to_have_count(0)  # what is confirmed stays for ten seconds
    await camera.take(cast.regulation.page, "regulation")
    await _at_the_samu(cast, camera, mission, rings)


async def _ready(stage: Stage) -> Cast:
    """A post with two vehicles, one of them with its crew and their phone."""
    cast = Cast(*await stage.everybody(HERE))
    first, second, third, *_ = cast.regulation.company.vehicles
    await cast.regulation.take()
    for vehicle in (first, second, third):
        await cast.regulation.tick(vehicle.name)
    beside = await stage.post(HERE)
    for number, vehicle in enumerate((first, third)):
        await beside.locate(vehicle, LAT + 0.02 * number, LON + 0.03)
    await cast.phone.begin("Ambulancier")
    await cast.phone.get_in(second.name, "Ada Fictive", "Basile Inventé")
    await cast.phone.sees_readiness("GREEN")
    return cast


async def _busy(cast: Cast) -> tuple[str, str]:
    """A mission of the crew with the phone, and a demand that rings; their ids."""
    mission = await cast.samu.new_demand(address="12 rue de Verdun")
    await cast.regulation.sees(mission, "OPEN")
    row = (
        cast.regulation.card(mission).locator("li").filter(has_text=cast.regulation.company.vehicles[1].name)
    )
    await cast.regulation.press("Accepter", row)
    await cast.regulation.sees(mission, "CONFIRMED")
    await cast.phone.sees_mission()
    rings = await cast.samu.new_demand(RINGS_IN, delay=60, address="Quai d’exercice")
    await cast.regulation.sees(rings, "OPEN")
    return mission, rings


async def _at_the_samu(cast: Cast, camera: Camera, mission: str, rings: str) -> None:
    samu = cast.samu
    await samu.page.goto("/samu")
    await samu.settles()
    await camera.take(samu.page, "samu")
    await samu.page.goto(f"/samu#d/{rings}")
    await samu.settles()
    await camera.take(samu.page, "samu-demand")
    for panel in ("coverage", "guard"):
        await samu.page.goto(f"/samu#{panel}")
        await samu.settles()
        if panel == "coverage":
            await samu.page.wait_for_function(COLOURED)
        await camera.take(samu.page, f"samu-{panel}")
    await samu.press("Nouvelle demande")
    await samu.page.get_by_role("combobox", name="Lieu").fill(ASKED_IN)
    await samu.page.get_by_role("listbox").get_by_role("option").first.click()
    await samu.choose("Délai", "20 min")
    await samu.choose("Volume", "AMBULANCE")
    await expect(samu.page.locator(".reach")).to_have_attribute("aria-busy", "false")
    await camera.take(samu.page, "samu-new")
    await samu.page.goto(f"/samu#d/{mission}")


async def _on_guard(stage: Stage, camera: Camera) -> None:
    phone = await stage.phone(GUARD)
    now = datetime.now(UTC).replace(microsecond=0)
    start, end = now - timedelta(minutes=1), now + timedelta(hours=2)
    line = ";".join([SECTOR, phone.company.name, start.isoformat(), end.isoformat(), "1"])
    async with coordinator(stage.stack.api, stage.stack.accounts.coordinator) as caller:
        await caller.import_roster(f"secteur;entreprise;debut;fin;rang\n{line}\n")
    await phone.begin("Garde")
    await phone.opens_the_guard(SECTOR, phone.company.vehicles[1].name)
    await phone.sees_readiness("GREEN")
    await camera.take(phone.page, "mobile-guard", HAND)


async def _by_night(stage: Stage, camera: Camera) -> None:
    cast = await _ready(stage)
    await camera.take(cast.phone.page, "mobile", HAND)
    await _busy(cast)
    await cast.samu.page.goto("/samu")
    await cast.samu.settles()
    await camera.take(cast.samu.page, "samu-dark")
    await camera.take(cast.regulation.page, "regulation-dark")


def main(folder: Path = FOLDER) -> None:
    """Write the pictures of the pages."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(play(folder))
    except NoChromiumError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
