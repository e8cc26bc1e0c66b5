"""The table at the end of a run."""

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from simulation.ledger import AlarmRecord, DemandRecord, Ledger

OUTCOMES = ("COMPLETED", "UNFULFILLED", "CANCELLED")


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the value under which ``share`` (0 to 1) of ``values`` lie, interpolated; or ``None``."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def print_report(console: Console, ledger: Ledger, *, not_posted: int, wall_seconds: float) -> None:
    """Print the outcome of a run. ``not_posted``: demands that the server refused to take."""
    table = Table(
        title=f"Simulation: {len(ledger.demands)} demands in {wall_seconds:.0f} s", show_header=False
    )
    table.add_column("what")
    table.add_column("figure", justify="right")
    statuses = ledger.by_status()
    _section(table, [(f"demands {name.lower()}", str(statuses[name])) for name in OUTCOMES])
    still_open = sum(count for name, count in statuses.items() if name not in OUTCOMES)
    _section(table, [("demands not ended", str(still_open)), ("demands not posted", str(not_posted))])
    _section(table, _confirmations(ledger))
    _section(table, _modes(ledger))
    _section(table, _counts("guard", ledger.guard))
    _section(table, _counts("regulation", ledger.duty))
    _section(table, _alarms(ledger))
    _section(table, _counts("answer", ledger.answers))
    _section(table, _counts("SAMU", ledger.samu))
    _section(table, _counts("step", ledger.steps))
    _section(table, _counts("refused by a rule", ledger.refusals))
    _section(table, _counts("call", ledger.calls))
    _section(table, [("HTTP errors", str(ledger.errors.total())), *_counts("error", ledger.errors)])
    console.print(table)


def stuck(ledger: Ledger) -> list[DemandRecord]:
    """Return the demands that have not ended."""
    return [record for record in ledger.demands.values() if not record.ended]


def print_stuck(console: Console, records: Iterable[DemandRecord]) -> None:
    """List the demands that have not ended, one a line, with their status."""
    for record in records:
        console.print(f"not ended: {record.id} {record.status}", highlight=False, soft_wrap=True)


def print_standing(console: Console, ledger: Ledger) -> None:
    """List the alarms that stand at the end, one a line, and whether anybody looks after them."""
    for alarm_id, record in ledger.alarms.items():
        if not record.closed:
            word = "seen" if record.seen else "not seen"
            console.print(
                f"alarm not closed: {alarm_id} {record.kind} ({word})", highlight=False, soft_wrap=True
            )


def _confirmations(ledger: Ledger) -> list[tuple[str, str]]:
    """Time to confirmation, in seconds of the server: from received_at to the record of AFFECTE."""
    records = ledger.demands.values()
    times = [record.confirmed_after for record in records if record.confirmed_after is not None]
    figures = (("median", percentile(times, 0.5)), ("90th percentile", percentile(times, 0.9)))
    rows = [(f"time to confirmation, {name}", _seconds(value)) for name, value in figures]
    return [("demands confirmed", str(len(times))), *rows]


def _modes(ledger: Ledger) -> list[tuple[str, str]]:
    """Missions by the mode that the vehicle was in, with the time to confirmation of those demands."""
    times: dict[str, list[float]] = {}
    for record in ledger.demands.values():
        if record.mission_id in ledger.modes and record.confirmed_after is not None:
            times.setdefault(ledger.modes[record.mission_id], []).append(record.confirmed_after)
    missions = Counter(ledger.modes.values())
    return [
        (
            f"mode {mode}: missions, median confirmation",
            f"{count}, {_seconds(percentile(times.get(mode, []), 0.5))}",
        )
        for mode, count in sorted(missions.items())
    ]


def _alarms(ledger: Ledger) -> list[tuple[str, str]]:
    """Alarms by kind: raised, of those seen by the SAMU, and closed."""
    kinds: dict[str, list[AlarmRecord]] = {}
    for record in ledger.alarms.values():
        kinds.setdefault(record.kind, []).append(record)
    return [
        (
            f"alarm {kind}: raised, seen, closed",
            f"{len(found)}, {sum(one.seen for one in found)}, {sum(one.closed for one in found)}",
        )
        for kind, found in sorted(kinds.items())
    ]


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def _counts(prefix: str, counter: Counter[str]) -> list[tuple[str, str]]:
    return [(f"{prefix}: {name}", str(count)) for name, count in sorted(counter.items())]


def _section(table: Table, rows: Sequence[tuple[str, str]]) -> None:
    for row in rows:
        table.add_row(*row)
    if rows:
        table.add_section()
