"""The roads of the demo in the embedded stack: made once from the extract, by a process of its own."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from ops.embedded.children import ROOT, Surroundings, python
from ops.embedded.demo import DemoName
from ops.embedded.processes import run_once

EXTRACTS: Mapping[DemoName, Path] = {DemoName.AUDE: ROOT / "data" / "aude_synthetic.osm.pbf"}
BUILDER = ROOT / "geo" / "roads"
"""Whatever changes here may make another graph of the same extract."""
BUILD_SECONDS = 120

ENGINE, FILE = "RESCOUSSE_TRAVEL_ENGINE", "RESCOUSSE_ROADS_FILE"
NOTE = "invented, between real communes: never to be shown as real"


def are_wanted(demo: DemoName) -> bool:
    """Whether the demo's roads are used: it has some, and the operator asked for no others."""
    return demo in EXTRACTS and os.environ.get(ENGINE, "roads") == "roads" and not os.environ.get(FILE)


def operators_own() -> dict[str, str]:
    """The settings that follow from the operator's own: who names a road graph wants it used."""
    return {ENGINE: "roads"} if os.environ.get(FILE) and ENGINE not in os.environ else {}


async def prepare(around: Surroundings, demo: DemoName) -> Path:
    """Make the graph unless it is there, and return its file. Raises StartError if it cannot be made."""
    graph = around.data.roads / f"{demo}-{_made_from(EXTRACTS[demo])}.roads"
    if not graph.exists():
        about = ("--name", demo.value, "--source", f"{EXTRACTS[demo].name}, {NOTE}", "--invented")
        command = ("-m", "ops", "roads", "build", str(EXTRACTS[demo]), "--out", str(graph), *about)
        await run_once(python(around, "roads", *command), BUILD_SECONDS)
    return graph


def settings(graph: Path) -> dict[str, str]:
    """The settings by which processes use the graph."""
    return {ENGINE: "roads", FILE: str(graph)}


def _made_from(extract: Path) -> str:
    """Eight digits that follow from the extract and from what reads it: another graph has another name.

    Graphs of before stay: verdicts that were stored with them can be computed again.
    """
    digest = hashlib.sha256()
    for file in (extract, *sorted(BUILDER.glob("*.py"))):
        digest.update(file.name.encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:8]
