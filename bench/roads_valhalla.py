"""Valhalla's matrix beside our search, on the real roads of Andorra: where a Python with `pyvalhalla` is named.

Nothing of it is needed to run Rescousse. ``VALHALLA_PYTHON`` is the path of an interpreter that can ``import valhalla``
(`pip install pyvalhalla-weekly` in an environment of its own); it builds its tiles and is asked in its own process,
which times itself: neither HTTP nor JSON is on its clock.
"""

import json
import os
import subprocess
import time
from pathlib import Path

import numpy as np
from rich.console import Console

from bench.report import Group, Line
from bench.servers import MissingToolError
from geo.cells import LatLon
from geo.roads.build import build
from geo.roads.extract import read_extract
from geo.roads.graph import About
from geo.roads.speeds import Speeds
from geo.roads.travel import RoadTravel
from geo.straight import StraightTravel
from geo.travel_time import Origin, Profile

VEHICLES = (50, 500)
WITHIN_S = 3_600.0
PLACES = 10
CHILD = Path(__file__).with_name("valhalla_child.py")
CHILD_S = 1_200
SPEEDS = Path(__file__).parents[1] / "data" / "speeds.toml"


def against_valhalla(console: Console, extract: Path, queries: int) -> list[Group]:
    """Measure both. Raises MissingToolError without VALHALLA_PYTHON."""
    python = os.environ.get("VALHALLA_PYTHON")
    if python is None:
        raise MissingToolError("Valhalla: name an interpreter that has pyvalhalla in VALHALLA_PYTHON")
    console.print("roads: Valhalla makes its tiles of Andorra", style="dim")
    about = About("andorra", "© OpenStreetMap contributors, ODbL 1.0")
    travel = RoadTravel(
        build(read_extract(extract), about)[0], Speeds.load(SPEEDS), StraightTravel(70, 1.35, 90)
    )
    return [_group(travel, python, extract, vehicles, min(queries, PLACES)) for vehicles in VEHICLES]


def _group(travel: RoadTravel, python: str, extract: Path, vehicles: int, places: int) -> Group:
    rng, graph = np.random.default_rng(vehicles), travel.graph
    drawn = rng.permutation(np.flatnonzero(graph.island == 0))[: vehicles + places]
    points = [LatLon(float(graph.lat[node]), float(graph.lon[node])) for node in drawn]
    origins, targets = points[places:], points[:places]
    theirs = _valhalla(python, extract, origins, targets)
    lines = [
        Line("ours, contraction", _ours(travel, origins, targets), "Valhalla, sources_to_targets"),
        Line("Valhalla, sources_to_targets", theirs),
    ]
    return Group(f"{vehicles} vehicles to one of {places} places in Andorra", lines, {"vehicles": vehicles})


def _ours(travel: RoadTravel, origins: list[LatLon], targets: list[LatLon]) -> list[float]:
    """Snapped before, as positions are when they arrive; both bounds."""
    snaps = travel.snap(origins)
    starts = [
        Origin(*one, travel.graph_id, *(snap or (None, 0.0)))
        for one, snap in zip(origins, snaps, strict=True)
    ]
    took = []
    for target in targets:
        began = time.perf_counter()
        travel.approach(target, WITHIN_S, Profile.DAY).ways(starts)
        took.append((time.perf_counter() - began) * 1000)
    return took


def _valhalla(python: str, extract: Path, origins: list[LatLon], targets: list[LatLon]) -> list[float]:
    asked = json.dumps({"extract": str(extract), "origins": origins, "targets": targets})
    done = subprocess.run(
        [python, CHILD], input=asked, capture_output=True, text=True, timeout=CHILD_S, check=False
    )
    if done.returncode != 0:
        raise MissingToolError(f"Valhalla: {done.stderr.strip()[-300:]}")
    took: list[float] = json.loads(done.stdout.splitlines()[-1])
    return took
