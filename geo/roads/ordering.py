"""The order in which a contraction hierarchy takes the nodes away: slow to find, so it is kept in the graph."""

import numpy as np
from routingkit_cch import compute_order_inertial

from geo.roads.graph import Floats, Ints


def order_of(lat: Floats, lon: Floats, tail: Ints, head: Ints) -> Ints:
    """Return a contraction order of the nodes (n,), by cutting the plane in halves where few arcs cross.

    It follows from the arcs and places alone, and serves any travel times.
    """
    found = compute_order_inertial(len(lat), tail.tolist(), head.tolist(), lat.tolist(), lon.tolist())
    return np.asarray(found, dtype=np.int32)
