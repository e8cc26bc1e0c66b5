"""How soon a fact is seen: from its commit to the pixels of another person's page, beside a bare client of the stream."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

import httpx
from playwright.async_api import Page, Request, expect
from rich.console import Console

from bench.browser import at_a_desk, chromium, log_in
from bench.players import LAT, LON, TIMEOUT_S, Json, Player, Samu, data_of, samu
from bench.post import Post, post
from bench.report import Group, Line, Report
from bench.stack import Stack, running_stack
from domain.vocabulary import STEPS, Step
from ops.chromium import HOW, find
from simulation.runtime import CompanyAccount

COMPANY = 1
"""Its only site is in Carcassonne, where the demands are."""
SEEN_STEPS = STEPS[1:-1]
"""Those that a line of the board shows; after the last one the demand is over."""
CLOCK_ROUNDS = 20
WITHIN_S = 20.0
CARD = "article[data-demand][data-state=OPEN]"

WATCH = """([selector, before]) => {
  const look = () => {
    const found = document.querySelector(selector);
    return found && found.textContent.trim() !== before;
  };
  globalThis.benchSeen = new Promise((tell) => {
    const painted = () => requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => tell(performance.timeOrigin + performance.now());
      after.port2.postMessage(null);
    });
    if (look()) return painted();
    const observer = new MutationObserver(() => look() && (observer.disconnect(), painted()));
    observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  });
}"""
"""Notes when something was on the screen: its element is there, says something else, and a frame has been drawn."""
SEEN = "() => globalThis.benchSeen"
TEXT = "(selector) => document.querySelector(selector)?.textContent.trim() ?? ''"
CLOCK = "() => performance.timeOrigin + performance.now()"


@dataclass
class Timings:
    """Milliseconds from the journal's own clock, fact by fact."""

    card: list[float] = field(default_factory=list)
    card_bare: list[float] = field(default_factory=list)
    step: list[float] = field(default_factory=list)
    step_bare: list[float] = field(default_factory=list)


@dataclass
class Ear:
    """A bare client of the stream: when it was told each fact, by `time.time()`."""

    heard: dict[tuple[str, str], float] = field(default_factory=dict)
    """By demand and kind, with the step where there is one."""

    async def listen(self, player: Player) -> None:
        """Until it is cancelled."""
        async with player.stream() as events:
            async for event in events:
                arrived = time.time()
                if event.data:
                    fact = data_of(event)
                    self.heard.setdefault((fact["demand_id"], _name(fact)), arrived)


@dataclass
class Window:
    """A page, and how far its clock is from ours (ms)."""

    page: Page
    ahead_ms: float

    @asynccontextmanager
    async def seeing(self, selector: str) -> AsyncIterator[list[float]]:
        """Look at something while it is made to change; when the change was on the screen, by `time.time()`."""
        before = await self.page.evaluate(TEXT, selector)
        await self.page.evaluate(WATCH, [selector, before])
        seen: list[float] = []
        yield seen
        async with asyncio.timeout(WITHIN_S):
            told: float = await self.page.evaluate(SEEN)
        seen.append((told - self.ahead_ms) / 1000)


async def run(console: Console, rounds: int = 50) -> Report:
    """Start a stack and a Chromium of its own, and play demands in front of two pages; nothing without a Chromium."""
    if find() is None:
        return Report("pages", [], [f"not measured, there is no Chromium: {HOW}"])
    console.print(f"pages: {rounds} demands in front of a regulator's page and a SAMU's board", style="dim")
    async with running_stack() as stack, chromium() as browser, AsyncExitStack() as stay:
        caller = await stay.enter_async_context(samu(stack.api, stack.accounts.samu.api_key))
        desk = await at_a_desk(browser, stack.api)
        board = await _window(await log_in(desk, stack.accounts.samu.person, "/samu"))
        company = stack.accounts.companies[COMPANY]
        counter = await at_a_desk(browser, stack.api)
        owner, cards = await _regulating(
            stack, company, await log_in(counter, company.regulator, "/regulation")
        )
        stay.push_async_callback(owner.http.aclose)
        ears = await _listening(stay, stack, caller, company)
        timings = Timings()
        for number in range(rounds + 2):
            await _one_demand(caller, owner, (board, cards), ears, timings if number > 1 else Timings())
        remarks = [f"clocks of the pages are {board.ahead_ms:.2f} and {cards.ahead_ms:.2f} ms from ours"]
    return Report("pages", [Group(f"{rounds} demands one after the other", _lines(timings))], remarks)


def _lines(timings: Timings) -> list[Line]:
    bare_card, bare_step = "solicitation → a bare stream", "step → a bare stream"
    return [
        Line("solicitation written → card on the regulator's screen", timings.card, bare_card),
        Line(bare_card, timings.card_bare),
        Line("step written → on the SAMU's board", timings.step, bare_step),
        Line(bare_step, timings.step_bare),
    ]


async def _window(page: Page) -> Window:
    """A page and its clock: of several looks the shortest tells best."""
    looks = []
    for _ in range(CLOCK_ROUNDS):
        before = time.time()
        told: float = await page.evaluate(CLOCK)
        after = time.time()
        looks.append((after - before, told - (before + after) / 2 * 1000))
    return Window(page, min(looks)[1])


async def _regulating(stack: Stack, company: CompanyAccount, page: Page) -> tuple[Post, Window]:
    """The page regulates its site, and we may speak as its device: what it does itself would be seen at once."""
    async with page.expect_request("**/v1/regulation/heartbeat") as beat:
        await page.reload()
    owner = await _speaking_as(stack, company, await beat.value)
    await page.get_by_role("button", name="Prendre la régulation").click()
    await expect(page.locator("[data-readiness]").first).not_to_have_attribute("data-readiness", "RED")
    await owner.tick(company.vehicles[1], LAT, LON)
    await expect(page.locator("[data-readiness=GREEN]").first).to_be_visible(timeout=WITHIN_S * 1000)
    told = await owner.beat()
    owner.epochs = {each["site_id"]: each["epoch"] for each in told["leases"]}
    return owner, await _window(page)


async def _speaking_as(stack: Stack, company: CompanyAccount, request: Request) -> Post:
    sent = await request.all_headers()
    headers = {name: sent[name] for name in ("authorization", "x-device-id")}
    http = httpx.AsyncClient(base_url=stack.api, headers=headers, timeout=TIMEOUT_S)
    return Post(http, company, "WEB", headers["x-device-id"])


async def _listening(
    stay: AsyncExitStack, stack: Stack, caller: Samu, company: CompanyAccount
) -> tuple[Ear, Ear]:
    """The same facts without a page: as the SAMU hears them, and as the company does."""
    beside = await stay.enter_async_context(post(stack.api, company, kind="WEB"))
    ears = Ear(), Ear()
    for ear, player in zip(ears, (caller, beside), strict=True):
        listening = asyncio.create_task(ear.listen(player))
        stay.push_async_callback(_ended, listening)
    return ears


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _one_demand(
    caller: Samu, owner: Post, windows: tuple[Window, Window], ears: tuple[Ear, Ear], timings: Timings
) -> None:
    board, cards = windows
    async with cards.seeing(CARD) as card_seen:
        demand_id = str((await caller.post())["id"])
    [asked] = await owner.open_solicitations(demand_id)
    mission_id = str((await owner.answer(asked, "acceptance")).raise_for_status().json()["mission_id"])
    line = f"samu-board [data-id='{demand_id}'] .step"
    await board.page.locator(line).wait_for()
    steps_seen = {}
    for step in SEEN_STEPS:
        async with board.seeing(line) as seen:
            (await owner.step(mission_id, step)).raise_for_status()
        [steps_seen[step]] = seen
    (await owner.step(mission_id, STEPS[-1])).raise_for_status()
    await caller.until(demand_id, "COMPLETED")
    written = {_name(fact): _written(fact) for fact in await caller.journal(demand_id)}
    opened = written["solicitation_opened"]
    timings.card.append((card_seen[0] - opened) * 1000)
    timings.card_bare.append((ears[1].heard[demand_id, "solicitation_opened"] - opened) * 1000)
    for step, seen_at in steps_seen.items():
        name = f"step_passed {step}"
        timings.step.append((seen_at - written[name]) * 1000)
        timings.step_bare.append((ears[0].heard[demand_id, name] - written[name]) * 1000)


def _name(fact: Json) -> str:
    """The kind of a fact, with the step that was passed."""
    step: Step | None = fact["data"].get("step")
    return f"{fact['kind']} {step}" if fact["kind"] == "step_passed" else str(fact["kind"])


def _written(fact: Json) -> float:
    return datetime.fromisoformat(fact["recorded_at"]).timestamp()
