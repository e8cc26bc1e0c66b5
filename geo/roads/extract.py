"""Reads an OpenStreetMap extract (.osm.pbf) into arrays. The only module of Rescousse that imports osmium.

One pass over the file. osmium keeps the places of all nodes (16 bytes each, so some hundred megabytes for a region);
Python sees only ways that may be roads, and nodes with a barrier.
"""

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium

from geo.roads.limits import posted_kmh
from geo.roads.raw import BadExtractError, Drop, RawRoads, Report, Tell
from geo.roads.speeds import CLASSES
from geo.roads.tags import Use, is_closed_node, read_way

PHASE = "reading roads"
EVERY = 10_000
"""So often is told how far it is."""

MOST_LAT, MOST_LON = 900_000_000, 1_800_000_000
"""Places are in 1e-7 degrees; a node that was not read is far outside."""

MAGIC = b"\x0a\x09OSMHeader"
"""A pbf begins with four bytes of length and this."""


@dataclass
class _Held:
    """What is kept, while it is read."""

    report: Report = field(default_factory=Report)
    start: "array[int]" = field(default_factory=lambda: array("q", [0]))
    refs: "array[int]" = field(default_factory=lambda: array("q"))
    lat: "array[int]" = field(default_factory=lambda: array("i"))
    """Where each reference leads to, by the file as it was read until then."""
    lon: "array[int]" = field(default_factory=lambda: array("i"))
    road: "array[int]" = field(default_factory=lambda: array("B"))
    direction: "array[int]" = field(default_factory=lambda: array("b"))
    forward_kmh: "array[int]" = field(default_factory=lambda: array("B"))
    backward_kmh: "array[int]" = field(default_factory=lambda: array("B"))
    closed: "array[int]" = field(default_factory=lambda: array("q"))
    """Ids of nodes that no ambulance passes."""


def read_extract(file: Path, tell: Tell = lambda _phase, _done: None) -> RawRoads:
    """Read the roads of an extract, and an account of what was dropped.

    Raises BadExtractError for a file that is empty, no pbf, truncated or damaged, or has no roads or no places of
    nodes; FileNotFoundError and other OSErrors as they come.
    """
    _check_beginning(file)
    held = _Held()
    with _explained(file):
        _read(file, held, tell)
    if not held.road:
        raise BadExtractError(f"{file.name} holds no road that an ambulance can drive on")
    raw = _arrays(held)
    if not len(raw.node):
        raise BadExtractError(
            f"{file.name} does not hold the nodes of its roads before them: it must be sorted"
        )
    return raw


def _check_beginning(file: Path) -> None:
    with file.open("rb") as opened:
        first = opened.read(4 + len(MAGIC))
    if not first:
        raise BadExtractError(f"{file.name} is empty")
    if first[4:] != MAGIC:
        raise BadExtractError(f"{file.name} is not an OpenStreetMap extract in the pbf format")


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    """Say what osmium's words mean for whoever runs the command."""
    try:
        yield
    except BadExtractError:
        raise
    except (RuntimeError, ValueError) as error:
        if "EOF" in str(error) or "truncated" in str(error):
            raise BadExtractError(f"{file.name} is cut short: fetch it again ({error})") from error
        raise BadExtractError(f"{file.name} is damaged: fetch it again ({error})") from error


def _read(file: Path, held: _Held, tell: Tell) -> None:
    entities = osmium.osm.NODE | osmium.osm.WAY
    ways, nodes = osmium.filter.KeyFilter("highway", "route"), osmium.filter.KeyFilter("barrier")
    ways.enable_for(osmium.osm.WAY)
    nodes.enable_for(osmium.osm.NODE)
    found = osmium.FileProcessor(osmium.io.File(file, "pbf"), entities).with_locations("flex_mem")
    found = found.with_filter(ways).with_filter(nodes)
    tell(PHASE, 0)
    for one in found:
        if isinstance(one, osmium.osm.Way):
            _read_way(one, held, tell)
        elif is_closed_node(one.tags):
            held.closed.append(one.id)
    tell(PHASE, held.report.ways_read)


def _read_way(way: "osmium.osm.Way", held: _Held, tell: Tell) -> None:
    use = read_way(way.tags)
    report = held.report
    highway = way.tags.get("highway")
    if isinstance(use, Use):
        _keep(way, use, held)
    elif highway is not None or use is Drop.FERRY:  # others are no roads at all: a bus route, a hiking route
        report.ways_dropped[use, highway or "ferry"] += 1
    if report.ways_read % EVERY == 0:
        tell(PHASE, report.ways_read)


def _keep(way: "osmium.osm.Way", use: Use, held: _Held) -> None:
    held.refs.extend([node.ref for node in way.nodes])
    held.lat.extend([node.y for node in way.nodes])
    held.lon.extend([node.x for node in way.nodes])
    held.start.append(len(held.refs))
    held.road.append(use.road)
    held.direction.append(use.direction)
    for name, limits in (("forward", held.forward_kmh), ("backward", held.backward_kmh)):
        kmh, unread = posted_kmh(way.tags, name)
        limits.append(kmh)
        if unread is not None and name == "forward":
            held.report.limits_unread[unread] += 1
    held.report.ways_kept[CLASSES[use.road]] += 1


def _arrays(held: _Held) -> RawRoads:
    refs = np.frombuffer(held.refs, dtype=np.int64)
    node, at = np.unique(refs, return_index=True)
    lat, lon = (np.frombuffer(one, dtype=np.int32)[at].astype(np.int64) for one in (held.lat, held.lon))
    known = (np.abs(lat) <= MOST_LAT) & (np.abs(lon) <= MOST_LON)
    closed = np.isin(node[known], np.frombuffer(held.closed, dtype=np.int64))
    report = held.report
    report.nodes, report.nodes_missing = int(known.sum()), int((~known).sum())
    report.barriers = int(closed.sum())
    return RawRoads(
        start=np.frombuffer(held.start, dtype=np.int64),
        refs=refs,
        road=np.frombuffer(held.road, dtype=np.uint8),
        direction=np.frombuffer(held.direction, dtype=np.int8),
        forward_kmh=np.frombuffer(held.forward_kmh, dtype=np.uint8),
        backward_kmh=np.frombuffer(held.backward_kmh, dtype=np.uint8),
        node=node[known],
        lat=lat[known],
        lon=lon[known],
        closed=closed,
        report=report,
    )
