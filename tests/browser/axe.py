"""What axe-core finds on a page, as it is seen by day and by night, on a screen and on a small telephone."""

import json
from collections.abc import AsyncIterator, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, TypedDict

from playwright.async_api import Page, ViewportSize

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
SIZES: tuple[ViewportSize, ...] = ({"width": 1440, "height": 900}, {"width": 360, "height": 740})
SERIOUS = {"serious", "critical"}
COPIES = "Applying inline style"
"""axe copies what it examines, with the styles that the map has set; where nothing is examined this is a fault."""
RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.map(({ id, impact, help, nodes }) => ({
    id, impact, help, nodes: nodes.slice(0, 4).map((each) => `${each.html.slice(0, 160)} : ${each.failureSummary}`),
  }));
}"""


BY_CHOICE = """(scheme) => {
  const { dataset } = document.documentElement;
  if (!("theme" in dataset)) return;
  localStorage.setItem("rescousse.mobile.theme", scheme.toUpperCase());
  dataset.theme = scheme;
}"""
"""The phone's page goes by the hour, or by what was chosen on it."""


class Violation(TypedDict):
    """A rule that a page breaks, and where."""

    id: str
    impact: str
    help: str
    nodes: list[str]


@cache
def source() -> str:
    """axe-core itself, as it was released."""
    [found] = (Path(__file__).parent / "vendor").glob("axe-core-*/axe.min.js")
    return found.read_text(encoding="utf-8")


async def violations(page: Page, where: str, sizes: Sequence[ViewportSize] = SIZES) -> list[str]:
    """Every serious or critical violation, in both colour schemes and all sizes, in words."""
    before = page.viewport_size
    if not await page.evaluate("() => 'axe' in globalThis"):
        await page.evaluate(source())
    found = [each async for each in _in_all(page, where, sizes)]
    if before is not None:
        await page.set_viewport_size(before)
    return found


async def _in_all(page: Page, where: str, sizes: Sequence[ViewportSize]) -> AsyncIterator[str]:
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await page.evaluate(BY_CHOICE, scheme)
        for size in sizes:
            await page.set_viewport_size(size)
            told: list[Violation] = await page.evaluate(RUN)
            for each in told:
                if each["impact"] in SERIOUS:
                    nodes = json.dumps(each["nodes"], ensure_ascii=False, indent=1)
                    yield f"{where}, {scheme}, {size['width']} px: {each['id']} ({each['help']}): {nodes}"
