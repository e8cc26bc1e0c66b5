"""Tiny extracts, written for a test: nodes on a grid of about a hundred metres, ways with tags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import osmium
from osmium.osm.mutable import Node, Way

from geo.roads.build import Built, build
from geo.roads.extract import read_extract
from geo.roads.graph import About, RoadGraph
from geo.roads.raw import Report

STEP = 0.001
"""Degrees between two columns; at 43 degrees north 81 m, and 111 m between two rows."""
LAT, LON = 43.0, 2.0
ABOUT = About("tiny", "a test", invented=True)
ROAD = {"highway": "residential"}

Tags = Mapping[str, str]


@dataclass
class Sketch:
    """An extract in the making. A node is named by column and row: 203 is in column 2, row 3."""

    ways: list[tuple[Sequence[int], Tags]] = field(default_factory=list)
    node_tags: dict[int, Tags] = field(default_factory=dict)
    moved: dict[int, tuple[float, float]] = field(default_factory=dict)
    """Nodes that are elsewhere: latitude and longitude."""
    missing: set[int] = field(default_factory=set)

    def way(self, *nodes: int, **tags: str) -> "Sketch":
        """Draw a way; a residential street unless ``highway`` says otherwise. ``__`` in a key stands for ``:``."""
        self.ways.append((nodes, {**ROAD, **{key.replace("__", ":"): value for key, value in tags.items()}}))
        return self

    def node(self, name: int, **tags: str) -> "Sketch":
        """Give a node tags."""
        self.node_tags[name] = tags
        return self

    def write(self, file: Path) -> Path:
        """Write it in the pbf format."""
        names = sorted({name for nodes, _ in self.ways for name in nodes} - self.missing)
        file.unlink(missing_ok=True)
        with osmium.SimpleWriter(str(file)) as writer:
            for name in names:
                lat, lon = self.place(name)
                writer.add_node(Node(id=name, location=(lon, lat), tags=dict(self.node_tags.get(name, {}))))
            for number, (nodes, tags) in enumerate(self.ways, start=1):
                writer.add_way(Way(id=number, nodes=list(nodes), tags=dict(tags)))
        return file

    def place(self, name: int) -> tuple[float, float]:
        """Latitude and longitude of a node."""
        return self.moved.get(name, (LAT + STEP * (name % 100), LON + STEP * (name // 100)))


@dataclass(frozen=True)
class Drawn:
    """The graph of a sketch, its nodes known by their names."""

    graph: RoadGraph
    built: Built
    report: Report
    names: Mapping[int, int]
    """Node of the graph -> name; of several at one place, as at a barrier, any."""

    @property
    def arcs(self) -> set[tuple[int, int]]:
        """Each arc by the names of its ends."""
        pairs = zip(self.graph.tail.tolist(), self.graph.head.tolist(), strict=True)
        return {(self.names[tail], self.names[head]) for tail, head in pairs}

    def arc(self, tail: int, head: int) -> tuple[int, int, int]:
        """Length in cm, class and limit of an arc."""
        graph, named = self.graph, self.names
        for at, pair in enumerate(zip(graph.tail.tolist(), graph.head.tolist(), strict=True)):
            if (named[pair[0]], named[pair[1]]) == (tail, head):
                return int(graph.length_cm[at]), int(graph.road[at]), int(graph.limit_kmh[at])
        raise KeyError((tail, head))


def draw(sketch: Sketch, folder: Path, smallest_island: int = 100) -> Drawn:
    """Write a sketch, read it and build its graph."""
    raw = read_extract(sketch.write(folder / "tiny.osm.pbf"))
    graph, built = build(raw, ABOUT, smallest_island)
    by_place = {_rounded(*sketch.place(name)): name for nodes, _ in sketch.ways for name in nodes}
    names = {
        node: by_place.get(_rounded(lat, lon), -1 - node)
        for node, (lat, lon) in enumerate(zip(graph.lat.tolist(), graph.lon.tolist(), strict=True))
    }
    return Drawn(graph, built, raw.report, names)


def _rounded(lat: float, lon: float) -> tuple[int, int]:
    return round(lat * 1e7), round(lon * 1e7)
