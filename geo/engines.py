"""Builds the engine of travel times that the settings ask for."""

from dataclasses import dataclass
from pathlib import Path

from geo.straight import StraightTravel
from geo.travel_time import Travel


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoice:
    """Which engine, and what it is made of. Without a roads file the straight one."""

    speed_kmh: float
    fastest_kmh: float
    detour: float
    roads_file: Path | None = None
    speeds_file: Path | None = None
    search: str = "auto"


def make_travel(choice: EngineChoice) -> Travel:
    """Read what the engine needs and make it.

    Raises `geo.roads.graph.BadGraphError` or `geo.roads.speeds.BadSpeedsError`, with one sentence, for a file that
    cannot be used, and FileNotFoundError for one that is not there.
    """
    straight = StraightTravel(choice.speed_kmh, choice.detour, choice.fastest_kmh)
    if choice.roads_file is None or choice.speeds_file is None:
        return straight
    # Loaded only where roads are used: SciPy is large.
    from geo.roads.graph import RoadGraph  # noqa: PLC0415
    from geo.roads.speeds import Speeds  # noqa: PLC0415
    from geo.roads.travel import RoadTravel  # noqa: PLC0415

    return RoadTravel(
        RoadGraph.load(choice.roads_file), Speeds.load(choice.speeds_file), straight, search=choice.search
    )
