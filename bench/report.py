"""What a benchmark measured: lines in groups, each line beside the baseline that it is held against."""

import json
import platform
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

import psutil
from rich.table import Table


class Figures(TypedDict):
    """Milliseconds of one line, as JSON keeps them."""

    p50: float
    p90: float
    p99: float
    max: float
    count: int


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was timed, again and again."""

    name: str
    took_ms: Sequence[float]
    against: str | None = None
    """The line of the same group that it is held against."""
    notes: Mapping[str, float] = field(default_factory=dict)
    """What was counted beside the time: vehicles found, missed, extra."""

    @property
    def figures(self) -> Figures:
        """Median, percentiles and the worst."""
        cuts = statistics.quantiles(self.took_ms, n=100, method="inclusive")
        return Figures(
            p50=cuts[49], p90=cuts[89], p99=cuts[98], max=max(self.took_ms), count=len(self.took_ms)
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that were measured in turns, in one run."""

    title: str
    lines: Sequence[Line]
    place: Mapping[str, float] = field(default_factory=dict)
    """Where the group stands among the others: vehicles, radius, minutes. Plots draw along it."""

    def ratio(self, line: Line, figure: str) -> float | None:
        """A line's figure over its baseline's; ``None`` without one."""
        baseline = next((one for one in self.lines if one.name == line.against), None)
        if baseline is None:
            return None
        ours, theirs = dict(line.figures), dict(baseline.figures)
        return float(str(ours[figure])) / float(str(theirs[figure]))


@dataclass(frozen=True, slots=True)
class Report:
    """All groups of one section, and what must be said about them."""

    section: str
    groups: Sequence[Group]
    remarks: Sequence[str] = ()


def tables(report: Report) -> list[Table]:
    """One table a group, milliseconds."""
    return [_table(group) for group in report.groups]


def write(report: Report, folder: Path) -> Path:
    """Write a report as JSON, with the machine and the command; return the file."""
    told = {
        "section": report.section,
        "command": f"python -m bench {' '.join(sys.argv[1:])}",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "remarks": list(report.remarks),
        "groups": [
            {
                "title": group.title,
                "place": dict(group.place),
                "lines": [_line(group, one) for one in group.lines],
            }
            for group in report.groups
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{report.section}.json"
    file.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return file


def machine() -> dict[str, str | float]:
    """What the figures were measured on, and how busy it was."""
    return {
        "cores": psutil.cpu_count() or 1,
        "load": round(psutil.getloadavg()[0], 1),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _line(group: Group, line: Line) -> dict[str, object]:
    rounded = {name: round(float(str(value)), 3) for name, value in line.figures.items()}
    ratios = {name: group.ratio(line, name) for name in ("p50", "p99")}
    return {
        "name": line.name,
        **rounded,
        "against": line.against,
        "ratio": {name: round(value, 2) for name, value in ratios.items() if value is not None},
        **line.notes,
    }


def _table(group: Group) -> Table:
    notes = list(dict.fromkeys(name for line in group.lines for name in line.notes))
    table = Table(title=f"{group.title}, milliseconds", title_justify="left")
    table.add_column("figure")
    for name in ("p50", "p90", "p99", "max", *notes):
        table.add_column(name, justify="right")
    table.add_column("held against")
    table.add_column("p50 ×", justify="right")
    table.add_column("p99 ×", justify="right")
    for line in group.lines:
        times = line.figures
        row = [f"{times['p50']:.2f}", f"{times['p90']:.2f}", f"{times['p99']:.2f}", f"{times['max']:.2f}"]
        row += [f"{line.notes[name]:g}" if name in line.notes else "" for name in notes]
        ratios = (group.ratio(line, figure) for figure in ("p50", "p99"))
        row += [line.against or "–", *("–" if one is None else f"{one:.2f}" for one in ratios)]
        table.add_row(line.name, *row)
    return table
