"""The pages of several people on one running stack, each in a browser of their own; and what is behind them."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
from playwright.async_api import Browser, BrowserContext, Error, Geolocation, Page

from bench.browser import CARCASSONNE, at_a_desk, in_a_hand, log_in
from bench.players import Samu, samu
from bench.post import Post, post
from bench.stack import Stack
from domain.vocabulary import DemandStatus
from simulation.runtime import CompanyAccount, Login
from tests.browser.people import Phone, Regulation, SamuDesk
from tests.browser.watch import Watch

TOKEN = "() => JSON.parse(localStorage.getItem('rescousse.session'))?.access ?? null"
PATIENCE_S = 240
"""For one scene: half a minute, where nobody else wants the machine."""
DARK_PHONE = "localStorage.setItem('rescousse.mobile.theme', 'DARK')"
RUNNING = "&".join(f"status={each.value}" for each in DemandStatus if not each.has_ended)


@dataclass
class Stage:
    """Whoever a test calls onto the stack. What they leave behind is tidied up at the end."""

    stack: Stack
    browser: Browser
    api: Samu
    """The SAMU's software, for what no page has to do."""
    watch: Watch
    _stay: AsyncExitStack
    dark: bool = False
    open: dict[str, Page] = field(default_factory=dict)
    _companies: set[int] = field(default_factory=set)
    _count: "count[int]" = field(default_factory=count)

    def company(self, number: int) -> CompanyAccount:
        """One of the demo's."""
        self._companies.add(number)
        return self.stack.accounts.companies[number]

    async def stranger(self) -> Page:
        """A page on which nobody is logged in."""
        context = await at_a_desk(self.browser, self.stack.api, calm=True)
        return await self._watched(context, "stranger").new_page()

    async def samu(self) -> SamuDesk:
        """A regulator of the SAMU at the console."""
        return SamuDesk(await self._at_a_desk("samu", self.stack.accounts.samu.person, "/samu"))

    async def coordinator(self) -> SamuDesk:
        """The coordinator, who looks at the same console."""
        return SamuDesk(await self._at_a_desk("coordinator", self.stack.accounts.coordinator, "/samu"))

    async def regulation(self, number: int) -> Regulation:
        """The regulator of a company, at a post of their own."""
        company = self.company(number)
        page = await self._at_a_desk(f"regulation-{number}", company.regulator, "/regulation")
        return Regulation(page, company)

    async def phone(self, number: int, crew: int = 0, at: Geolocation = CARCASSONNE) -> Phone:
        """One of a company's crews, with a telephone."""
        company = self.company(number)
        context = await in_a_hand(self.browser, self.stack.api, dark=self.dark, calm=True, at=at)
        if self.dark:
            await context.add_init_script(DARK_PHONE)
        page = await self._enter(context, f"phone-{number}-{crew}", company.crews[crew], "/mobile")
        return Phone(page, company)

    async def everybody(self, number: int) -> tuple[SamuDesk, Regulation, Phone]:
        """The SAMU, a company's post and one of its phones."""
        desk, post, phone = await asyncio.gather(self.samu(), self.regulation(number), self.phone(number))
        return desk, post, phone

    async def post(self, number: int) -> Post:
        """A company's regulator on a device without a page: tells positions, for instance."""
        return await self._stay.enter_async_context(post(self.stack.api, self.company(number), kind="WEB"))

    async def _at_a_desk(self, name: str, login: Login, home: str) -> Page:
        return await self._enter(
            await at_a_desk(self.browser, self.stack.api, dark=self.dark, calm=True), name, login, home
        )

    async def _enter(self, context: BrowserContext, name: str, login: Login, home: str) -> Page:
        name = f"{name}-{next(self._count)}"
        self.open[name] = await log_in(self._watched(context, name), login, home)
        return self.open[name]

    def _watched(self, context: BrowserContext, name: str) -> BrowserContext:
        self.watch.over(context, name)
        self._stay.push_async_callback(context.close)
        return context

    async def keep(self) -> Path:
        """Pictures and texts of all pages as they are now, in a directory that stays."""
        folder = Path(tempfile.mkdtemp(prefix="rescousse-pages-"))
        for name, page in self.open.items():
            with suppress(Error):
                await page.screenshot(path=folder / f"{name}.png", full_page=True)
                (folder / f"{name}.txt").write_text(await page.locator("body").aria_snapshot())
        return folder

    async def tidy(self) -> None:
        """Log everybody out, let no demand run on, untick everything, so that whoever comes next starts anew."""
        await asyncio.gather(*(self._log_out(page) for page in self.open.values()))
        for each in (await self.api.call("GET", f"/v1/demands?{RUNNING}"))["items"]:
            await self.api.cancel(each["id"])
        await asyncio.gather(*(self._untick(number) for number in self._companies))

    async def _log_out(self, page: Page) -> None:
        with suppress(Error, httpx.TransportError):
            await page.context.set_offline(False)
            token = await page.evaluate(TOKEN)
            await page.close()
            if token:
                await _log_out(self.stack.api, token)

    async def _untick(self, number: int) -> None:
        company = self.company(number)
        async with post(self.stack.api, company, kind="WEB") as owner:
            await owner.take(take_over=True)
            fleet = [each for one in await owner.fleet() for each in (*one["sites"], *one["vehicles"])]
            ticked = {each["id"] for each in fleet if each["available"]}
            owner.ticked |= {
                f"/v1/sites/{each.id}/availability" for each in company.sites if each.id in ticked
            }
            owner.ticked |= {
                f"/v1/vehicles/{each.id}/availability" for each in company.vehicles if each.id in ticked
            }


async def _log_out(api: str, token: str) -> None:
    """Whatever is still open: a test may have ended in the middle of it."""
    async with httpx.AsyncClient(base_url=api, headers={"Authorization": f"Bearer {token}"}) as http:
        await http.post("/v1/logout?confirm=true")


@asynccontextmanager
async def stage_on(stack: Stack, browser: Browser, *, dark: bool = False) -> AsyncIterator[Stage]:
    """An empty stage on a running stack."""
    async with AsyncExitStack() as stay:
        caller = await stay.enter_async_context(samu(stack.api, stack.accounts.samu.api_key))
        made = Stage(stack, browser, caller, Watch(stack.api), stay, dark)
        try:
            yield made
        finally:
            await made.tidy()
