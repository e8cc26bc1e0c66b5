"""People at their pages: what they look at and what they press, in the words that they read (French)."""

import re
from datetime import datetime

from playwright.async_api import FloatRect, Locator, Page, expect

from domain.vocabulary import STEPS, Step
from simulation.runtime import CompanyAccount, VehicleInfo

WORDS = {
    Step.AFFECTE: "Affecté",
    Step.ACQUITTE: "Acquitté",
    Step.EN_APPROCHE: "En approche",
    Step.LIEU_INTERVENTION: "Lieu d’intervention",
    Step.BILAN_REALISE: "Bilan réalisé",
    Step.EN_CHARGE: "En charge",
    Step.LIEU_DESTINATION: "Lieu destination",
    Step.DISPONIBLE: "Disponible",
}
"""The steps as every page calls them."""
STEPS_LEFT = STEPS[1:]
"""All but AFFECTE, which the confirmation passes."""
CONFIRMED_WITHIN_MS = 30_000

Span = tuple[datetime, datetime]


class Person:
    """Somebody in front of a page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def button(self, name: str, within: Locator | None = None) -> Locator:
        """A button by its whole name."""
        return (within or self.page).get_by_role("button", name=name, exact=True)

    async def press(self, name: str, within: Locator | None = None) -> None:
        """Press a button, once it can be pressed."""
        await self.button(name, within).first.click()

    async def log_out(self) -> None:
        """Through the menu of the account."""
        await self.page.locator("r-account summary").click()
        await self.press("Se déconnecter")

    async def is_led_to_the_login(self, face: str) -> None:
        """The login page is here, and leads back to this face. Looked at, not waited for: a way that is broken off and
        begun again is no failure.
        """
        await expect(self.page).to_have_url(re.compile(rf"/login#{face}$"))
        await expect(self.page.get_by_label("Identifiant")).to_be_visible()

    async def settles(self) -> None:
        """Everything that the page asked for has come, and its map is drawn."""
        await expect(self.page.get_by_role("main").first).to_be_visible()
        await expect(self.page.get_by_text("Chargement…")).to_have_count(0)
        shown = self.page.locator("r-map:visible")
        if await shown.count():
            await expect(shown.first).to_have_attribute("data-drawn", re.compile("^(none)?$"))

    async def hears(self, *kinds: str) -> None:
        """What rings, and nothing else."""
        ringing = "async () => (await import('core/sound.js')).sounds.ringing.join()"
        await self.page.wait_for_function(f"({ringing})().then((told) => told === '{','.join(kinds)}')")

    async def session(self) -> str | None:
        """What this device keeps of the login."""
        kept: str | None = await self.page.evaluate("() => localStorage.getItem('rescousse.session')")
        return kept


class SamuDesk(Person):
    """The console of the SAMU."""

    async def new_demand(
        self, place: str = "Carcassonne", *, delay: int = 40, volume: str = "AMBULANCE", address: str = ""
    ) -> str:
        """Ask for an ambulance in the middle of a commune; the demand's id, once it was sent."""
        await self.press("Nouvelle demande")
        await self.page.get_by_role("combobox", name="Lieu").fill(place)
        await self.page.get_by_role("option", name=place).first.click()
        await self.choose("Délai", f"{delay} min")
        await self.choose("Volume", volume)
        if address:
            await self.page.get_by_role("textbox", name="Adresse").fill(address)
        await self.page.get_by_role("textbox", name="Motif").fill("Chute, douleur de hanche")
        await self.press("Envoyer la demande")
        return await self.shown()

    async def choose(self, group: str, option: str) -> None:
        """One of the big buttons, which are radio buttons."""
        radios = self.page.get_by_role("radiogroup", name=group)
        await radios.locator("label").filter(has=self.page.get_by_role("radio", name=option)).click()

    async def shown(self) -> str:
        """The demand that is open beside the board."""
        await expect(self.page).to_have_url(re.compile(r"/samu#d/.+"))
        return self.page.url.rsplit("/", 1)[1]

    def line(self, demand_id: str) -> Locator:
        """A demand's line on the board."""
        return self.page.locator(f"samu-board [data-id='{demand_id}']")

    @property
    def sheet(self) -> Locator:
        """The demand in full."""
        return self.page.locator("samu-demand")

    @property
    def alarms_button(self) -> Locator:
        """How many alarms ring, in the header."""
        return self.page.get_by_role("navigation").get_by_role("link", name="Alarmes")

    async def sees(self, demand_id: str, status: str) -> None:
        """The board says that the demand stands so."""
        await expect(self.line(demand_id)).to_have_attribute(
            "data-state", status, timeout=CONFIRMED_WITHIN_MS
        )

    async def sees_step(self, demand_id: str, step: Step) -> None:
        """The board says that the mission is at this step; after the last one, that the demand is over."""
        if step is Step.DISPONIBLE:
            await self.sees(demand_id, "COMPLETED")
        else:
            await expect(self.line(demand_id)).to_contain_text(WORDS[step])


class Regulation(Person):
    """The post of a company's regulator."""

    def __init__(self, page: Page, company: CompanyAccount) -> None:
        super().__init__(page)
        self.company = company

    @property
    def root(self) -> Locator:
        """The page."""
        return self.page.locator("[data-readiness]").first

    async def take(self) -> None:
        """Regulate every site of the company."""
        await self.press("Prendre la régulation")
        await expect(self.button("Rendre")).to_have_count(len(self.company.sites))

    async def tick(self, name: str) -> None:
        """Make a vehicle or a site available."""
        await self.page.get_by_role("checkbox", name=name, exact=True).check()

    async def sees_readiness(self, colour: str) -> None:
        """The whole page has the colour."""
        await expect(self.root).to_have_attribute("data-readiness", colour, timeout=CONFIRMED_WITHIN_MS)

    def card(self, demand_id: str) -> Locator:
        """What is asked of the company for a demand."""
        return self.page.locator(f"article[data-demand='{demand_id}']")

    async def sees(self, demand_id: str, state: str) -> None:
        """The card says so."""
        await expect(self.card(demand_id)).to_have_attribute("data-state", state, timeout=CONFIRMED_WITHIN_MS)

    def row(self, demand_id: str, vehicle: str) -> Locator:
        """One of the company's vehicles on the card."""
        return self.card(demand_id).locator("li[data-id]").filter(has_text=re.compile(rf"^\s*{vehicle}\b"))

    async def may_accept(self, demand_id: str) -> None:
        """What is under the finger has stood still for a moment: it may be pressed."""
        button = self.card(demand_id).locator("button.accept").first
        await expect(button).not_to_have_attribute("aria-disabled", "true")

    async def presses_accept(self, demand_id: str) -> None:
        """With the first vehicle of the card, at this very moment, if it is still there to be pressed."""
        await self.card(demand_id).evaluate("(card) => card.querySelector('button.accept')?.click()")

    async def accept(self, demand_id: str, vehicle: str | None = None) -> None:
        """With this vehicle, or the first of the card; it is ours when the page says so."""
        await self.press("Accepter", self.row(demand_id, vehicle) if vehicle else self.card(demand_id))
        await self.sees(demand_id, "CONFIRMED")
        await expect(self.card(demand_id)).to_contain_text("Enregistré")

    async def offers_all(self) -> None:
        """Choose the other post in the dialog: what is open there is said."""
        dialog = self.page.get_by_role("dialog")
        await dialog.get_by_role(
            "button", name="Proposer à Poste de"
        ).first.click()  # not a device without a page

    @property
    def missions(self) -> Locator:
        """Those that run, and those that have just ended."""
        return self.page.locator("article[data-id][data-state]:not([data-demand])")

    async def passes(self, step: Step) -> None:
        """Pass the next step of the one mission that runs."""
        await self.press(WORDS[step], self.missions)
        if step is not Step.DISPONIBLE:
            await expect(self.missions.first).to_have_attribute("data-state", step.value)


class Phone(Person):
    """A crew's telephone."""

    def __init__(self, page: Page, company: CompanyAccount) -> None:
        super().__init__(page)
        self.company = company

    @property
    def root(self) -> Locator:
        """The page."""
        return self.page.locator("mobile-page")

    async def begin(self, mode: str) -> None:
        """Ambulancier, Maître or Garde; another one than before through the menu."""
        choice = self.page.get_by_role("button", name=re.compile(f"^{mode}"))
        if await self.root.get_attribute("data-mode"):
            await self.press("Menu")
            await self.press("Changer de mode")
        await choice.click()

    async def take(self) -> None:
        """Regulate every site of the company: mode Maître."""
        await self.press("Prendre la régulation")
        await expect(self.button("Rendre la régulation")).to_have_count(len(self.company.sites))

    async def tick(self, name: str) -> None:
        """Make a vehicle or a site available: mode Maître."""
        await self.page.get_by_role("checkbox", name=name, exact=True).check()

    async def regulates_alone(self, name: str) -> VehicleInfo:
        """Get into a vehicle, and regulate the company's only site, which is asked (R4). The vehicle."""
        vehicle, [site] = self.company.vehicles[1], self.company.sites
        await self.begin("Ambulancier")
        await self.get_in(vehicle.name, name)
        await self.begin("Maître")
        await self.take()
        await self.tick(site.name)
        await self.sees_readiness("GREEN")
        return vehicle

    async def accept(self, vehicle: str | None = None) -> None:
        """Accept what is asked, with this vehicle where one must be named."""
        await expect(self.asked).to_be_visible(timeout=CONFIRMED_WITHIN_MS)
        if vehicle is not None:
            goes = self.asked.get_by_role("radiogroup", name="Véhicule")
            await goes.get_by_role("radio", name=vehicle, exact=True).check()
        await self.press("Accepter", self.asked)

    async def opens_the_guard(self, sector: str, vehicle: str) -> None:
        """Take the period of a sector, in a vehicle, with somebody of the company's list."""
        await self.page.get_by_role("radio", name=sector).check()
        await self.page.get_by_role("radiogroup", name="Véhicule").get_by_role("radio", name=vehicle).check()
        await self.page.get_by_label("Coéquipier").select_option(index=1)
        await self.press("Ouvrir la garde")

    async def ends_the_guard(self) -> None:
        """Go home before the end of the period: asked twice."""
        await self.press("Terminer la garde")
        await self.press("Terminer quand même", self.page.get_by_role("dialog"))
        await expect(self.button("Terminer la garde")).to_have_count(0)

    async def get_in(self, vehicle: str, *names: str) -> None:
        """Declare the crew in a vehicle."""
        await self.page.get_by_role("radiogroup", name="Véhicule").get_by_role("radio", name=vehicle).check()
        for number, name in enumerate(names, start=1):
            await self.page.get_by_label(f"Équipier {number}").fill(name)
        await self.press("Monter à bord")
        await expect(self.page.get_by_role("button", name="Monter à bord")).to_have_count(0)

    async def sees_readiness(self, colour: str) -> None:
        """The word on top has the colour."""
        await expect(self.root).to_have_attribute("data-readiness", colour, timeout=CONFIRMED_WITHIN_MS)

    @property
    def asked(self) -> Locator:
        """What is asked of this phone."""
        return self.page.locator("article[data-id][data-state='OPEN']")

    def mission_at(self, step: Step) -> Locator:
        """The running mission, at this step."""
        return self.page.locator(f"article[data-id][data-state='{step.value}']")

    async def sees_mission(self, step: Step = Step.AFFECTE) -> None:
        """The sheet of the mission is there."""
        await expect(self.mission_at(step)).to_be_visible(timeout=CONFIRMED_WITHIN_MS)

    async def passes(self, step: Step) -> Span:
        """Pass the next step with the big button, the last one by sliding; between when and when, on the phone's clock.
        The page shows it once the platform has it.
        """
        before = await self._presses(step)
        if step is Step.DISPONIBLE:
            await expect(self.mission_at(Step.LIEU_DESTINATION)).to_have_count(0)
        else:
            await self.sees_mission(step)
        return before, await self._clock()

    async def passes_without_network(self, step: Step) -> Span:
        """Pass the next step; the page says that it is not sent."""
        before = await self._presses(step)
        await expect(self.page.locator("footer")).to_contain_text(WORDS[step])
        await expect(self.page.locator("footer")).to_contain_text("à envoyer")
        return before, await self._clock()

    async def _presses(self, step: Step) -> datetime:
        button = self.page.locator("footer").get_by_role("button", name=WORDS[step])
        await expect(button).to_be_enabled()
        before = await self._clock()
        await (self._slide(button) if step is Step.DISPONIBLE else button.click())
        return before

    async def _clock(self) -> datetime:
        return datetime.fromisoformat(await self.page.evaluate("() => new Date().toISOString()"))

    async def _slide(self, button: Locator) -> None:
        box = await button.bounding_box()
        assert box is not None
        y = box["y"] + box["height"] / 2
        await self.page.mouse.move(box["x"] + 24, y)
        await self.page.mouse.down()
        for share in (0.3, 0.6, 0.9):
            await self.page.mouse.move(_at(box, share), y)
        await self.page.mouse.up()


def _at(box: FloatRect, share: float) -> float:
    return box["x"] + box["width"] * share
