"""Brings demands to a standstill, each for real, and keeps pictures of the Temporal UI: `python -m tests.browser.runbook`.

docs/runbook.md tells of them. What it says that an operator does is done here, too, and must help.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import psycopg
import typer
from PIL import Image
from playwright.async_api import Browser, Error, Page
from psycopg.types.json import Jsonb
from temporalio.client import Client

from bench.browser import NoChromiumError, chromium
from bench.players import LAT, LON, Samu, eventually, logged_in, samu
from bench.post import Post, post
from bench.stack import Stack, running_stack
from connecting import engine_access
from ops.demand_look import Shown, look
from ops.embedded.datadir import DataDir
from ops.embedded.runtime_file import Runtime
from ops.where import running, settings_for
from simulation.runtime import Login
from workflows import search_attributes
from workflows.client import connect, demand_handle
from workflows.ids import workflow_id

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "screens"
WIDTH = 1280
HERE = 1
"""A company in Carcassonne."""
TIMINGS = {
    "unreached_alarm_s": 10,
    "acknowledgement_alarm_s": 15,
    "arbitration_alarms_s": [10, 3600],
    "standard": {"guard_s": 60, "vehicles_s": 1800, "sites_s": 1800},
    "machine_search_s": 3600,
}
"""Alarms come in seconds instead of minutes; a tier stands for as long as it is needed."""
ATTENTION = 'NeedsAttention=true AND ExecutionStatus="Running"'
STILL_MS = 2500
TO_THE_MESSAGE = 545
"""Below it the stack trace says where this checkout stands."""
LATE = "ACKNOWLEDGEMENT_LATE"
TIMED_OUT = "Workflow Task Timed Out"
DETAILS = "user-metadata"
"""The page on which the UI shows what a workflow says of itself."""
OPERATOR = ("--by", "astreinte", "--yes")
PATIENCE_S = 90


@dataclass
class Theatre:
    """A stack, the SAMU, one company that answers when it is told to, and the Temporal UI in a browser."""

    stack: Stack
    samu: Samu
    company: Post
    engine: Client
    ui: str
    page: Page
    folder: Path

    async def demand(self) -> str:
        """A demand that two vehicles and a site may be asked for."""
        return str((await self.samu.post(reference=f"DR11-{os.urandom(3).hex()}"))["id"])

    async def asked(self) -> str:
        """A demand that two vehicles are asked for."""
        demand_id = await self.demand()
        await self.samu.until(demand_id, "SOLICITING_VEHICLES", within=PATIENCE_S)
        return demand_id

    async def take(self, name: str, path: str, *waits_for: str, height: int = 860) -> None:
        """A picture of a page of the Temporal UI, once it shows these words."""
        await self.page.set_viewport_size({"width": WIDTH, "height": height})
        await self.page.goto(f"{self.ui}/namespaces/default/{path}")
        for words in waits_for:
            await self._until_shown(words)
        await self.page.wait_for_timeout(STILL_MS)
        taken = await self.page.screenshot(animations="disabled", caret="hide")
        file = self.folder / f"runbook-{name}.png"
        Image.open(BytesIO(taken)).convert("RGB").quantize(64).save(file, optimize=True)
        typer.echo(f"  {file.name} ({file.stat().st_size // 1024} KiB)")

    async def _until_shown(self, words: str) -> None:
        """Wherever it stands: what a workflow says of itself is in a frame of its own."""

        async def is_shown() -> bool:
            with suppress(Error):  # a frame that goes away while it is looked at
                return any([await each.get_by_text(words).count() for each in self.page.frames])
            return False

        await eventually(is_shown, PATIENCE_S)

    async def of(self, demand_id: str, tab: str) -> str:
        """The address of a demand's page."""
        told = await demand_handle(self.engine, UUID(demand_id)).describe()
        return f"workflows/{workflow_id(UUID(demand_id))}/{told.run_id}/{tab}"

    async def until_wrong(self, demand_id: str, sentence: str) -> None:
        """Wait until `rescousse demand show` says so."""

        async def is_said() -> bool:
            told = await self.shown(demand_id)
            return any(sentence in one.sentence for one in told.wrong)

        await eventually(is_said, PATIENCE_S)

    async def until_attention(self, demand_id: str) -> None:
        """Wait until the engine has it among those that somebody must look at."""
        handle = demand_handle(self.engine, UUID(demand_id))

        async def wanted() -> bool:
            known = (await handle.describe()).typed_search_attributes
            return bool(known.get(search_attributes.NEEDS_ATTENTION))

        await eventually(wanted, PATIENCE_S)

    async def shown(self, demand_id: str) -> Shown:
        """What `rescousse demand show` says."""
        return await look(settings_for(self.stack.data_dir), demand_id)

    async def operator(self, command: str, demand_id: str, *more: str) -> None:
        """Run `rescousse demand …`; it must say that it is done."""
        words = (command, demand_id, *more, *OPERATOR, "--data-dir", str(self.stack.data_dir))
        done = await asyncio.create_subprocess_exec(sys.executable, "-m", "ops", "demand", *words, cwd=ROOT)
        if await done.wait():
            raise AssertionError(f"rescousse demand {command}: {done.returncode}")


async def play(folder: Path) -> None:
    """One stack, one Chromium, all the scenes."""
    async with (
        running_stack() as stack,
        chromium(maps=False) as browser,
        theatre_on(stack, browser, folder) as theatre,
    ):
        for scene in SCENES:
            typer.echo(scene.__name__)
            await scene(theatre)


@asynccontextmanager
async def theatre_on(stack: Stack, browser: Browser, folder: Path) -> AsyncIterator[Theatre]:
    """Everybody in their places; the SAMU's timings are short."""
    await _hurry(stack)
    settings = settings_for(stack.data_dir)
    async with AsyncExitStack() as stay:
        enter = stay.enter_async_context
        caller = await enter(samu(stack.api, stack.accounts.samu.api_key))
        company = await enter(post(stack.api, stack.accounts.companies[HERE]))
        await company.take()
        for vehicle in company.vehicles[:2]:
            await company.tick(vehicle, LAT, LON)
        for site in company.account.sites:
            await company.tick_site(site.id)
        engine = await connect(engine_access(settings))
        ui = running(DataDir(stack.data_dir))
        page = await _ui_page(ui, browser)
        yield Theatre(stack, caller, company, engine, ui.temporal_ui, page, folder)


async def _hurry(stack: Stack) -> None:
    """Before anybody has read the policy."""
    async with await psycopg.AsyncConnection.connect(stack.database, autocommit=True) as connection:
        await connection.execute("UPDATE samus SET policy = policy || %s", [Jsonb(TIMINGS)])


async def _ui_page(stack: Runtime, browser: Browser) -> Page:
    """The Temporal UI of an administrator, who may open what the engine keeps (docs/security.md)."""
    assert stack.accounts is not None  # it runs with the demo
    context = await browser.new_context(locale="en-GB", timezone_id="UTC")
    codec, admin = f"{stack.api}/v1/codec", stack.accounts.admin
    async with logged_in(stack.api, Login(username=admin.username, password=admin.password)) as http:
        headers = {"Authorization": http.headers["Authorization"]}
        await context.request.post(f"{codec}/session", headers=headers)
    await context.add_init_script(
        f"""localStorage.setItem('endpoint', JSON.stringify('{codec}'));
        localStorage.setItem('includeCredentials', 'true');
        localStorage.setItem('overrideRemoteCodecConfiguration', 'true');
        localStorage.setItem('navOpen', 'false');"""
    )
    return await context.new_page()


# -- scenes --------------------------------------------------------------------------------------------------------------


async def no_worker(theatre: Theatre) -> None:
    """The worker hangs: the demand is kept, and nothing moves."""
    async with _frozen(theatre.stack.pids.worker):
        demand_id = await theatre.demand()
        await theatre.until_wrong(demand_id, "workflow task waits")
        await theatre.take("no-worker", await theatre.of(demand_id, "history"), TIMED_OUT, height=1240)
    await theatre.samu.until(demand_id, "SOLICITING_VEHICLES", within=PATIENCE_S)
    await theatre.operator("close", demand_id, "--reason", "exercice")


async def a_table_is_missing(theatre: Theatre) -> None:
    """An activity fails again and again."""
    async with await psycopg.AsyncConnection.connect(theatre.stack.database, autocommit=True) as connection:
        await connection.execute("ALTER TABLE surveys RENAME TO surveys_elsewhere")
        try:
            demand_id = await theatre.demand()
            await theatre.until_wrong(demand_id, "Looking at the fleet was tried")
            address = await theatre.of(demand_id, "pending-activities")
            await theatre.take("activity-fails", address, "does not exist", height=TO_THE_MESSAGE)
        finally:
            await connection.execute("ALTER TABLE surveys_elsewhere RENAME TO surveys")
    await theatre.samu.until(demand_id, "SOLICITING_VEHICLES", within=PATIENCE_S)
    await theatre.operator("close", demand_id, "--reason", "exercice")


async def a_fault_in_the_code(theatre: Theatre) -> None:
    """A new release cannot open a tier."""
    async with _frozen(theatre.stack.pids.worker), _faulty_worker(theatre.stack):
        demand_id = await theatre.demand()
        await theatre.until_wrong(demand_id, "Its workflow task fails")
        address = await theatre.of(demand_id, "history")
        await theatre.take("task-fails", address, "Workflow Task Failed", height=1240)
    await theatre.samu.until(demand_id, "SOLICITING_VEHICLES", within=PATIENCE_S)
    await theatre.operator("close", demand_id, "--reason", "exercice")


async def nobody_acknowledges(theatre: Theatre) -> None:
    """The phone in the vehicle is dead."""
    demand_id = await theatre.asked()
    [asked, *_] = await theatre.company.open_solicitations(demand_id)
    (await theatre.company.answer(asked, "acceptance")).raise_for_status()
    await theatre.until_attention(demand_id)
    await theatre.take("not-acknowledged", await theatre.of(demand_id, DETAILS), LATE, height=960)
    await theatre.operator("ring", demand_id)
    mission_id = (await theatre.samu.demand(demand_id))["mission"]["id"]
    await theatre.operator(
        "reassign", demand_id, "--mission", mission_id, "--reason", "téléphone éteint, équipage injoignable"
    )
    await theatre.samu.until(demand_id, "SOLICITING_VEHICLES", within=PATIENCE_S)
    await theatre.operator("close", demand_id, "--reason", "exercice")


async def nobody_decides(theatre: Theatre) -> None:
    """A company that does not answer holds its tier; then the SAMU does not decide."""
    demand_id = await theatre.asked()
    [asked, *_] = await theatre.company.open_solicitations(demand_id)
    await theatre.company.answer(asked, "counter-proposal", {"delay_minutes": 70})
    await theatre.operator("next-tier", demand_id, "--tier", "VEHICLE")
    await theatre.samu.until(demand_id, "SOLICITING_SITES", within=PATIENCE_S)
    await theatre.operator("next-tier", demand_id, "--tier", "SITE")
    await theatre.samu.until(demand_id, "ARBITRATION", within=PATIENCE_S)
    await theatre.take("arbitration", await theatre.of(demand_id, DETAILS), "counter-proposals stand")
    await theatre.take(
        "list", f"workflows?query={quote(ATTENTION)}", workflow_id(UUID(demand_id)), height=460
    )
    await theatre.operator("ring", demand_id)
    await theatre.operator("close", demand_id, "--reason", "le SAMU a trouvé un autre moyen")


SCENES = (no_worker, a_table_is_missing, a_fault_in_the_code, nobody_acknowledges, nobody_decides)


@asynccontextmanager
async def _frozen(pids: list[int]) -> AsyncIterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def _faulty_worker(stack: Stack) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.browser.faulty_worker", str(stack.data_dir), cwd=ROOT
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


def main() -> None:
    """Play, and say what is missing if there is no browser."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(play(FOLDER))
    except NoChromiumError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    main()
