"""The roads of the demo in the embedded stack: made once from the extract, by a process of its own."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Mapping
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
    """The settings that follow from the operator's own: who names a road graph wants it used.

    Its path is made absolute: our processes do not run in the directory that the operator stands in.
    """
    file = os.environ.get(FILE)
    if not file:
        return {}
    return {ENGINE: os.environ.get(ENGINE, "roads"), FILE: str(Path(file).absolute())}


async def prepare(around: Surroundings, demo: DemoName, say: Callable[[str], None]) -> Path:
    """Make the graph unless a good one is there, and return its file. Raises StartError if it cannot be made."""
    graph = around.data.roads / f"{demo}-{_made_from(EXTRACTS[demo])}.roads"
    refusal = await asyncio.to_thread(_refusal, graph)
    if refusal is not None:
        if graph.exists():
            say(f"the roads of the demo are made again: {refusal}")
        about = ("--name", demo.value, "--source", f"{EXTRACTS[demo].name}, {NOTE}", "--invented")
        command = ("-m", "ops", "roads", "build", str(EXTRACTS[demo]), "--out", str(graph), *about)
        await run_once(python(around, "roads", *command), BUILD_SECONDS)
    return graph


def settings(graph: Path) -> dict[str, str]:
    """The settings by which processes use the graph."""
    return {ENGINE: "roads", FILE: str(graph)}


def _refusal(graph: Path) -> str | None:
    """Why a file cannot be used as a road graph; ``None`` when it can."""
    # Loaded only where roads are used: NumPy is large.
    from geo.roads.graph import BadGraphError, RoadGraph  # noqa: PLC0415

    try:
        RoadGraph.load(graph)
    except (BadGraphError, OSError) as error:
        return str(error)
    return None


def _made_from(extract: Path) -> str:
    """Eight digits that follow from the extract and from what reads it: another graph has another name.

    Graphs of before stay: verdicts that were stored with them can be computed again.
    """
    digest = hashlib.sha256()
    for file in (extract, *sorted(BUILDER.glob("*.py"))):
        digest.update(file.name.encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:8]
