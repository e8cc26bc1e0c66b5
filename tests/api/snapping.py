"""An engine that knows roads, as far as positions need one."""

from collections.abc import Sequence

from geo.roads.graph import RoadGraph
from geo.roads.snapping import Snapper
from geo.straight import StraightTravel
from geo.travel_time import Located, Snap


class Snapping(StraightTravel):
    """Takes places to the nodes of a graph, and measures by the great circle."""

    def __init__(self, graph: RoadGraph) -> None:
        super().__init__(speed_kmh=70, detour=1.35)
        object.__setattr__(self, "snapper", Snapper(graph, access_max_m=500))

    @property
    def graph_id(self) -> str:  # type: ignore[override]  # the straight engine has none
        snapper: Snapper = object.__getattribute__(self, "snapper")
        return snapper.graph.graph_id

    def snap(self, places: Sequence[Located]) -> list[Snap | None]:
        snapper: Snapper = object.__getattribute__(self, "snapper")
        return snapper.snap(places)
