"""Where whoever is near a reached road may be: the H3 cells around each region of the road graph.

A survey asks the database for the vehicles that are filed under some cells. Which cells follows from the regions that
the search reached; nothing else needs to be known of a vehicle than that it belongs to a node.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.cells import COVER_RESOLUTION, cell_of, centre_of, circumradius_m, with_rings
from geo.roads.graph import RoadGraph
from geo.roads.regions import Regions
from geo.roads.searching import Bools
from geo.roads.snapping import Snapper


@dataclass(frozen=True, eq=False)
class Covering:
    """The cells of COVER_RESOLUTION that hold all places that belong to a graph: c of them."""

    cells: NDArray[np.int64]
    """(c,) in increasing order."""
    regions: NDArray[np.int64]
    """The regions with a node so near to the cell that a place in it may belong to it; those of all cells in a row."""
    first: NDArray[np.int64]
    """(c,) where those of each cell begin; every cell has one."""

    @classmethod
    def of(cls, graph: RoadGraph, regions: Regions, snapper: Snapper) -> "Covering":
        """Find the cells around each node, as far as a place may be from its node.

        The cells that meet the disc around a node are connected to the node's own cell: so the list grows outwards
        from those, through every neighbour that has a node near enough to its centre.
        """
        seen = {cell_of(lat, lon, COVER_RESOLUTION) for lat, lon in zip(graph.lat, graph.lon, strict=True)}
        waiting, met = list(seen), dict[int, NDArray[np.int32]]()
        while waiting:
            cell = waiting.pop()
            nodes = snapper.around(centre_of(cell), snapper.access_max_m + circumradius_m(cell))
            if len(nodes):
                met[cell] = np.unique(regions.of_node[nodes])
                fresh = with_rings([cell], 1) - seen
                seen |= fresh
                waiting.extend(fresh)
        cells = sorted(met)
        counts = [len(met[cell]) for cell in cells]
        near = np.concatenate([met[cell] for cell in cells]).astype(np.int64)
        return cls(np.array(cells, dtype=np.int64), near, np.cumsum([0, *counts[:-1]]))

    def cells_of(self, reached: Bools) -> list[int]:
        """Return in increasing order the cells of every place that belongs to a node of some regions: shape (r,)."""
        found: list[int] = self.cells[np.logical_or.reduceat(reached[self.regions], self.first)].tolist()
        return found
