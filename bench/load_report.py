"""The load's figures as tables and sentences."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.table import Table

from bench.load import BARE_WORKER, BURST, MOST_P99_MS, BarePhase, Figures, Phase
from bench.load_play import Life, failures
from bench.load_use import Use
from bench.report import Group, Line, Report

CORES = 100.0
BURST_WITHIN_MS = 5000.0
MIB = 2**20
GENERATORS = ("load generator", "position sender")
"""Shown, and not counted: they stand for others' machines."""


def report(found: Figures) -> Report:
    """The times of the sustained load, each beside the bare engine's."""
    ours, bare = found.sustained.played.lives, found.bare.played.lives
    done = [life for life in ours if life.completed]
    pairs = (
        ("due → first solicitation on the company's stream", "first_ms", "bare: due → first activity runs"),
        ("due → confirmed", "confirmed_ms", "bare: due → acceptance answered"),
        ("acceptance → answer", "accept_ms", "bare: update with an activity"),
        ("refusal → answer", "refuse_ms", "bare: update"),
    )
    lines: list[Line] = []
    for name, figure, against in pairs:
        lines.append(Line(name, [getattr(life, figure) for life in done], against))
        lines.append(Line(against, [getattr(life, figure) for life in bare]))
    lines.append(Line("step → written down", [step for life in done for step in life.step_ms]))
    burst = [life.first_ms for life in found.burst.played.lives if life.completed]
    groups = [Group(f"Sustained: {len(ours)} demands", lines)]
    if len(burst) > 1:
        groups.append(
            Group(
                f"Burst: {BURST} demands in one second",
                [Line("due → first solicitation on the company's stream", burst)],
            )
        )
    return Report("load", groups, list(remarks(found)))


def remarks(found: Figures) -> Iterator[str]:
    """What the times do not say."""
    for phase in (found.sustained, found.burst, found.flat_out):
        yield f"{phase.name}: {counted(phase)}"
    yield burst_verdict(found.burst)
    ours, bare = done_per_second(found.flat_out), bare_per_second(found.bare_flat_out)
    yield f"complete demands a second, flat out: {ours:.1f}; bare workflows: {bare:.1f}; ratio {ours / bare:.0%}"
    events, bare_events = found.sustained.events, found.bare.events
    yield f"history events a demand: {events:.0f}; bare: {bare_events:.0f}; ratio {events / bare_events:.2f}"
    if found.sustained.positions is not None:
        sent = found.sustained.positions
        late = sum(each.stale for each in sent.batches)
        told = late + sum(each.accepted for each in sent.batches)
        yield (
            f"positions beside: {told / sent.seconds:.0f} a second, {late / sent.seconds:.0f} of them late on purpose"
            f" and known to be, {sent.given_up} batches given up"
        )
    yield f"PostgreSQL's sessions while sustained: {found.sustained.waits}"


def counted(phase: Phase) -> str:
    """Whether anything was lost."""
    lives = phase.played.lives
    done = sum(life.completed for life in lives)
    said = "; ".join(failures(lives)) or "no failure"
    return (
        f"{len(lives)} demands, {done} completed, {phase.lost} lost, {phase.played.repeated} calls repeated, "
        f"in {phase.played.seconds:.1f} s ({said})"
    )


def burst_verdict(phase: Phase) -> str:
    """PASS or FAIL, with the worst."""
    lives = phase.played.lives
    worst = max((life.first_ms for life in lives if life.first_ms), default=0.0)
    solicited = sum(bool(life.first_ms) for life in lives)
    passed = solicited == BURST and worst <= BURST_WITHIN_MS and not phase.lost
    return (
        f"burst: {solicited} of {BURST} solicited, the last after {worst / 1000:.2f} s "
        f"(within {BURST_WITHIN_MS / 1000:.0f} s): {'PASS' if passed else 'FAIL'}"
    )


def processes(found: Figures) -> Table:
    """Processor time and memory of each process, ours beside the bare engine's."""
    table = Table(title="Processes while sustained, and flat out", title_justify="left")
    for name in ("process", "CPU ms/demand", "% of a core", "memory MiB", "bare CPU ms", "×"):
        table.add_column(name, justify="left" if name == "process" else "right")
    for name in ("flat out CPU ms/demand", "flat out % of a core", "bare flat out CPU ms"):
        table.add_column(name, justify="right")
    ours, bare = each_demand(found.sustained), each_workflow(found.bare)
    flat, bare_flat = each_demand(found.flat_out), each_workflow(found.bare_flat_out)
    for name in ours:
        used = found.sustained.used.get(name)
        table.add_row(
            name,
            _ms(ours, name),
            _core(found.sustained, name),
            f"{used.rss / MIB:.0f}" if used else _memory(found.sustained.used),
            _ms(bare, name),
            _ratio(ours, bare, name),
            _ms(flat, name),
            _core(found.flat_out, name),
            _ms(bare_flat, name),
        )
    return table


def limits(phases: Sequence[Phase]) -> Table:
    """One row a rate: how soon, and who was busy."""
    table = Table(title=f"The highest rate with p99 below {MOST_P99_MS:.0f} ms", title_justify="left")
    names = list(phases[0].used)
    for name in (
        "rate",
        "p50 ms",
        "p99 ms",
        "confirmed p99",
        "lost",
        *(f"{name} %" for name in names),
        "sum %",
    ):
        table.add_column(name, justify="right")
    for one in phases:
        firsts, confirmed = firsts_of(one), [life.confirmed_ms for life in one.played.lives if life.completed]
        busy = [100 * one.used[name].cpu_s / one.played.seconds for name in names]
        figures = (percentile(firsts, 50), percentile(firsts, 99), percentile(confirmed, 99))
        table.add_row(
            one.name,
            *(f"{figure:.0f}" for figure in figures),
            str(one.lost),
            *(f"{share:.0f}" for share in busy),
            f"{sum(busy):.0f}",
        )
    return table


def is_kept(phase: Phase) -> bool:
    """Whether a rate is kept: soon enough, and nothing failed or was lost."""
    lives = phase.played.lives
    return (
        percentile(firsts_of(phase), 99) <= MOST_P99_MS
        and not phase.lost
        and all(one.completed for one in lives)
    )


def firsts_of(phase: Phase) -> list[float]:
    """Milliseconds to the first solicitation; those who never had one count as if they waited for ever."""
    return [life.first_ms or float("inf") for life in phase.played.lives]


def percentile(values: Sequence[float], which: int) -> float:
    """One percentile of at least two values; infinite for fewer."""
    if len(values) < 2:  # noqa: PLR2004
        return float("inf")
    return statistics.quantiles(values, n=100, method="inclusive")[which - 1]


def each_demand(phase: Phase) -> dict[str, float]:
    """Milliseconds of processor of each kind of process, and of all, for one completed demand."""
    return _shared(phase.used, sum(life.completed for life in phase.played.lives))


def each_workflow(phase: BarePhase) -> dict[str, float]:
    """The same of the bare engine: of the processes that it needs; ours are idle meanwhile."""
    needed = {"temporal": "temporal", BARE_WORKER: "worker 1", "load generator": "load generator"}
    used = {name: phase.used[kind] for kind, name in needed.items()}
    return _shared(used, len(phase.played.lives))


def _shared(used: Mapping[str, Use], among: int) -> dict[str, float]:
    each = {name: 1000 * use.cpu_s / max(1, among) for name, use in used.items()}
    each["all of them"] = sum(share for name, share in each.items() if name not in GENERATORS)
    return each


def done_per_second(phase: Phase) -> float:
    """Completed demands."""
    return _per_second(phase.played.lives, phase.played.seconds)


def bare_per_second(phase: BarePhase) -> float:
    """Completed workflows."""
    return len(phase.played.lives) / phase.played.seconds


def _per_second(lives: Iterable[Life], seconds: float) -> float:
    return sum(life.completed for life in lives) / seconds


def _ms(each: Mapping[str, float], name: str) -> str:
    return f"{each[name]:.1f}" if name in each else "–"


def _ratio(ours: Mapping[str, float], bare: Mapping[str, float], name: str) -> str:
    return f"{ours[name] / bare[name]:.2f}" if bare.get(name, 0) > 1 else "–"


def _core(phase: Phase, name: str) -> str:
    whole = name == "all of them"
    chosen = [u.cpu_s for kind, u in phase.used.items() if kind == name or (whole and kind not in GENERATORS)]
    return f"{CORES * sum(chosen) / phase.played.seconds:.0f}"


def _memory(used: Mapping[str, Use]) -> str:
    return f"{sum(use.rss for name, use in used.items() if name not in GENERATORS) / MIB:.0f}"
