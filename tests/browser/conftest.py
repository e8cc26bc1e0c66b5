"""A whole stack and one Chromium for the session; for each test, people at pages of their own."""

from collections.abc import AsyncIterator, Generator

import pytest
from playwright.async_api import Browser, expect

from bench.browser import PATIENCE_MS, chromium
from bench.stack import Stack, read_stack
from tests.browser.stage import Stage, stage_on
from tests.fixtures.stack import clear_the_roster

expect.set_options(timeout=PATIENCE_MS)

FAILED = pytest.StashKey[bool]()
LOGS = ("api", "worker")
LAST_LINES = 30


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test failed: its pages are kept then."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium(maps=False) as started:
        yield started


@pytest.fixture
async def stage(stack: Stack, browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """Nobody is there yet. In the end no page may have complained of anything."""
    async with stage_on(read_stack(stack.data_dir), browser) as made:
        yield made
        await clear_the_roster(made.stack)
        faults = made.watch.faults
        if faults or request.node.stash.get(FAILED, False):
            request.node.add_report_section("teardown", "pages", await _kept(made))
    assert faults == []


async def _kept(stage: Stage) -> str:
    """What somebody who wants to understand a failure looks at: pages as they were, and the last of the logs."""
    folder = await stage.keep()
    told = [f"kept in {folder}: {', '.join(sorted(stage.open))}", *stage.watch.faults]
    for log in sorted((stage.stack.data_dir / "log").glob("*.log")):
        if log.name.startswith(LOGS):
            lines = log.read_text(errors="replace").splitlines()
            told += [f"{log.name}: {line}" for line in lines if "Traceback" in line or "error" in line][
                -LAST_LINES:
            ]
    return "\n".join(told)
