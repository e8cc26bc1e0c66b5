"""Islands of a road graph: the largest sets of nodes from each of which every other one can be reached."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Indices = NDArray[np.int64]


def islands_of(nodes: int, tail: Indices, head: Indices) -> tuple[Indices, Indices]:
    """Return the island of each node (n,), and the size of each island, the largest first.

    Islands of one size are in the order of their first nodes. A node that lies on no circle is an island by itself.
    """
    arcs = csr_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(nodes, nodes))
    count, label = connected_components(arcs, directed=True, connection="strong")
    size = np.bincount(label, minlength=count)
    first = np.full(count, nodes)
    np.minimum.at(first, label, np.arange(nodes))
    order = np.lexsort((first, -size))
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    return rank[label], size[order]
