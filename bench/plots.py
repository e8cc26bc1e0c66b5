"""Draws reports as SVG, the same bytes for the same figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from bench.report import Group, Report

ALONG = {"lookup": ("radius_km", "kilometres"), "roads": ("minutes", "minutes")}
"""Sections that are drawn as curves, and along what; the others as bars."""
PANEL = "vehicles"
STYLE: dict[RcKeyType, Any] = {
    "svg.hashsalt": "rescousse",
    "svg.fonttype": "none",
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
WIDTH_IN, HEIGHT_IN = 10.0, 3.6


def draw(report: Report, folder: Path) -> Path:
    """Write one picture of a report; return its file."""
    mpl.use("Agg")
    with mpl.rc_context(STYLE):
        figure = _curves(report) if report.section in ALONG else _bars(report)
        file = folder / f"{report.section}.svg"
        folder.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, metadata={"Date": None, "Creator": "python -m bench"})
        plt.close(figure)
    # What is drawn for an SVG ends some lines with a blank, which no file of ours does.
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")
    return file


def _curves(report: Report) -> Figure:
    """A panel for each fleet: medians drawn through, 99th percentiles dashed."""
    along, unit = ALONG[report.section]
    groups = [one for one in report.groups if along in one.place and not one.place.get("sorted")]
    fleets = sorted({one.place[PANEL] for one in groups})
    figure, axes = plt.subplots(1, len(fleets), figsize=(WIDTH_IN, HEIGHT_IN), sharey=True, squeeze=False)
    for panel, fleet in zip(axes[0], fleets, strict=True):
        _panel(panel, [one for one in groups if one.place[PANEL] == fleet], along)
        panel.set_title(f"{fleet:,.0f} vehicles")
        panel.set_xlabel(unit)
        panel.set_yscale("log")
    axes[0][0].set_ylabel("milliseconds (median; 99th percentile dashed)")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    figure.set_layout_engine("constrained")
    return figure


def _panel(panel: Axes, groups: Sequence[Group], along: str) -> None:
    groups = sorted(groups, key=lambda one: one.place[along])
    places = [one.place[along] for one in groups]
    for at, first in enumerate(groups[0].lines):
        figures = [one.lines[at].figures for one in groups]
        color = f"C{at % 10}"
        style = ":" if at >= 10 else "-"  # noqa: PLR2004 - as many colours as there are
        panel.plot(places, [one["p50"] for one in figures], style, color=color, label=first.name)
        panel.plot(places, [one["p99"] for one in figures], "--", color=color, linewidth=0.7)
    panel.set_xticks(places)


def _bars(report: Report) -> Figure:
    """A panel for each group: a bar to the median, a whisker to the 99th percentile."""
    count = len(report.groups)
    figure, axes = plt.subplots(count, 1, figsize=(WIDTH_IN, HEIGHT_IN * 0.6 * count), squeeze=False)
    for panel, group in zip(axes[:, 0], report.groups, strict=True):
        names = [line.name for line in group.lines]
        figures = [line.figures for line in group.lines]
        middle = [one["p50"] for one in figures]
        over = [one["p99"] - one["p50"] for one in figures]
        panel.barh(names, middle, xerr=[[0.0] * len(over), over], color="C0", ecolor="0.4", capsize=2)
        panel.invert_yaxis()
        panel.set_title(group.title, loc="left")
    axes[-1, 0].set_xlabel("milliseconds (median, and up to the 99th percentile)")
    figure.set_layout_engine("constrained")
    return figure
