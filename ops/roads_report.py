"""The tables of `rescousse roads`: what was read, what was dropped, what is in a graph."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from rich.markup import escape
from rich.table import Table

from geo.roads.build import Built
from geo.roads.graph import RoadGraph
from geo.roads.raw import Drop, Report
from geo.roads.speeds import CLASSES

NAMED = 5
"""So many classes or limits are named one by one."""
MEGA = 1e6


def dropped_table(report: Report) -> Table:
    """What was not taken from the extract, by reason."""
    table = Table(
        "not taken", "ways", "of them", title=f"{report.ways_read:,} ways read", title_justify="left"
    )
    table.columns[1].justify = "right"
    by_reason: dict[Drop, Counter[str]] = {}
    for (reason, highway), count in report.ways_dropped.items():
        by_reason.setdefault(reason, Counter())[highway] += count
    for reason, counted in sorted(by_reason.items(), key=lambda one: -one[1].total()):
        table.add_row(reason, f"{counted.total():,}", _named(counted))
    return table


def classes_table(km: Mapping[str, float], report: Report | None = None) -> Table:
    """The roads of a graph by class."""
    table = Table("class", "km", *(["ways"] if report else []))
    for column in table.columns[1:]:
        column.justify = "right"
    for name in CLASSES:
        ways = report.ways_kept[name] if report else 0
        if ways or name in km:
            table.add_row(name, f"{km.get(name, 0):,.0f}", *([f"{ways:,}"] if report else []))
    table.add_section()
    total = [f"{report.ways_kept.total():,}"] if report else []
    table.add_row("all", f"{sum(km.values()):,.0f}", *total)
    return table


def graph_table(graph: RoadGraph, file: Path, seconds: float | None = None) -> Table:
    """A graph in a few lines."""
    table = Table(show_header=False)
    about = graph.about
    invented = " [yellow](invented: never to be shown as real)[/]" if about.invented else ""
    islands = np.bincount(graph.island)
    rows = {
        "name": escape(about.name) + invented,
        "source": escape(about.source),
        "graph": graph.graph_id,
        "nodes": f"{len(graph.lat):,}",
        "arcs": f"{len(graph.tail):,}",
        "islands": f"{len(islands):,} ({', '.join(f'{size:,}' for size in islands[:NAMED])} nodes{_more(islands)})",
        "from": f"{graph.lat.min():.4f}, {graph.lon.min():.4f}",
        "to": f"{graph.lat.max():.4f}, {graph.lon.max():.4f}",
        "file": f"{escape(str(file))} ({file.stat().st_size / MEGA:.1f} MB)",
    }
    if seconds is not None:
        rows["made in"] = f"{seconds:.1f} s"
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def notes(report: Report, built: Built) -> Iterator[str]:
    """What else an operator should know of how the graph was made, a sentence each."""
    if report.nodes_missing:
        held = report.nodes + report.nodes_missing
        yield f"{report.nodes_missing:,} of {held:,} nodes are not in the extract: roads are cut there."
    if report.barriers:
        yield f"{report.barriers:,} bollards and other barriers cut roads."
    if built.islands_dropped:
        yield f"{built.islands_dropped:,} small islands of roads were dropped ({built.nodes_dropped:,} nodes)."
    if built.dead_ends:
        yield f"{built.dead_ends:,} nodes that lead nowhere or come from nowhere were dropped."
    if built.arcs_twice:
        yield f"{built.arcs_twice:,} arcs were dropped because a shorter one joins the same two nodes."
    if report.limits_unread:
        total = report.limits_unread.total()
        yield f"{total:,} posted limits were not understood: {_named(report.limits_unread)}."


def _named(counted: Counter[str]) -> str:
    named = ", ".join(f"{name} {count:,}" for name, count in counted.most_common(NAMED))
    return f"{named}, …" if len(counted) > NAMED else named


def _more(islands: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> str:
    return ", …" if len(islands) > NAMED else ""
