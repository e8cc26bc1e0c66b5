"""Shows one demand to an operator, at 80 columns and more."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from domain.vocabulary import Step
from ops.demand_engine import EngineState
from ops.demand_look import Shown
from ops.demand_state import Asked, DemandState, FactLine, OnMission, Ringing, StepLine
from survey.zones import zone_of

Row = tuple[str, str]
MOST_ASKED = 12


def show(console: Console, told: Shown) -> None:
    """Print all of it: what is wrong last, where the eye stays."""
    zone: tzinfo = zone_of(told.state.demand.timezone) if told.state else UTC
    if told.state is not None:
        _database(console, told, told.state, zone)
    if told.engine is not None:
        _section(console, "engine", _engine(told.engine, zone))
    for sentence in told.why:
        console.print(Text(sentence, style="bold red"))
    console.print()
    for each in told.wrong:
        console.print(Text(each.sentence, style="bold red"))
        console.print(Text(f"  -> {each.action}", style="cyan"))
    if not told.wrong:
        console.print(Text("Nothing looks wrong.", style="bold green"))


def _database(console: Console, told: Shown, state: DemandState, zone: tzinfo) -> None:
    demand = state.demand
    until = f", until {_clock(told.until, zone)} ({_distance(told.until, told.at)})" if told.until else ""
    rows = [
        ("demand", f"{demand.reference}  {demand.id}"),
        ("", f"{demand.samu}, received {_moment(demand.received_at, zone)}, {_engaged(state)}"),
        (
            "terms",
            f"{demand.volume} within {demand.max_delay_minutes} min at {demand.lat:.5f} {demand.lon:.5f}",
        ),
        ("status", f"{demand.status}, there before {_clock(state.deadline, zone)}{_carence(state)}"),
        ("waits for", f"{told.waits_for}{until}"),
        *(("alarm", _alarm(each, zone)) for each in state.alarms),
    ]
    console.print(_grid(rows))
    if state.mission is not None:
        _section(console, "mission", _mission(state.mission, zone))
    _section(console, "asked", _asked(state.asked, zone))
    _section(console, "last facts", [(str(each.seq), _fact(each, zone)) for each in state.facts])


def _engaged(state: DemandState) -> str:
    return f"{state.engaged_vehicle} is engaged" if state.engaged_vehicle else "no vehicle is engaged"


def _carence(state: DemandState) -> str:
    return ", carence is proposed" if state.carence_proposed else ""


def _alarm(alarm: Ringing, zone: tzinfo) -> str:
    seen = f"seen by {alarm.seen_by} at {_clock(alarm.seen_at, zone)}" if alarm.seen_at else "seen by nobody"
    return f"{alarm.kind}, raised {alarm.level} times, last at {_clock(alarm.raised_at, zone)}, {seen}"


def _mission(mission: OnMission, zone: tzinfo) -> list[Row]:
    told = "opened" if mission.opened_at else "delivered" if mission.delivered_at else "reached no device"
    phone = {True: "a phone is in it", False: "no phone is in it", None: "unknown whether a phone is in it"}
    rows = [
        ("id", str(mission.id)),
        (
            "vehicle",
            f"{mission.vehicle}, {mission.company}, {mission.company_phone or 'no telephone number'}",
        ),
        ("", f"{phone[mission.phone_bound]}; {told}; promised for {_clock(mission.promised_at, zone)}"),
        ("steps", " > ".join(f"{each.step} {_clock(each.recorded_at, zone)}" for each in _standing(mission))),
    ]
    following = Step(mission.step).next
    if mission.ended_at is not None:
        detail = f" ({mission.end_detail})" if mission.end_detail else ""
        rows.append(("ended", f"{_clock(mission.ended_at, zone)} {mission.end_reason}{detail}"))
    elif following is not None:
        rows.append(("next", following))
    return rows


def _standing(mission: OnMission) -> list[StepLine]:
    return [each for each in mission.steps if each.undone_at is None]


def _asked(asked: Sequence[Asked], zone: tzinfo) -> list[Row]:
    """Who may still answer, then who promised, then the others, counted when there are many."""
    ordered = sorted(asked, key=lambda one: (not one.is_open, not one.proposes))
    rows = [(one.state.lower(), _solicitation(one, zone)) for one in ordered[:MOST_ASKED]]
    if len(asked) > MOST_ASKED:
        rows.append(("…", f"and {len(asked) - MOST_ASKED} more (--json has all)"))
    return rows or [("", "nobody yet")]


def _solicitation(one: Asked, zone: tzinfo) -> str:
    parts = [f"{one.target}, {one.company}, {one.company_phone or 'no telephone number'}, {one.tier}"]
    if one.is_open:
        rung = f", rung again {_clock(one.rung_at, zone)}" if one.rung_at else ""
        parts.append(f"until {_clock(one.answer_before, zone)}{rung}")
    if one.counter_delay_minutes is not None:
        parts.append(f"{one.counter_delay_minutes} min{'' if one.proposes else ', settled'}")
    if one.reason:
        parts.append(one.reason)
    return "; ".join(parts)


def _fact(fact: FactLine, zone: tzinfo) -> str:
    told = " ".join(f"{name}={value}" for name, value in fact.told.items())
    return f"{_clock(fact.at, zone)}  {fact.kind}  {fact.who or ''}  {told}{f'  by {fact.by}' if fact.by else ''}"


def _engine(engine: EngineState, zone: tzinfo) -> list[Row]:
    rows = [
        ("workflow", f"{engine.workflow_id}  {engine.status}, {engine.events} events"),
        ("workers", ", ".join(engine.workers) or "none asks for work"),
    ]
    if engine.last_worker:
        rows.append(("last by", engine.last_worker))
    if engine.task is not None:
        taken = "a worker is at it" if engine.task.taken else "nobody has taken it"
        failed = f"; {engine.task.failure}" if engine.task.failure else ""
        rows.append(
            (
                "task",
                f"attempt {engine.task.attempt}, since {_clock(engine.task.since, zone)}, {taken}{failed}",
            )
        )
    for one in engine.activities:
        again = f", again at {_clock(one.next_try_at, zone)}" if one.next_try_at else ""
        failed = f"; {one.failure}" if one.failure else ""
        rows.append((f"doing {one.name}", f"attempt {one.attempt}, {one.state.lower()}{again}{failed}"))
    if engine.details:
        rows += [("says" if n == 0 else "", line) for n, line in enumerate(engine.details.split("\n\n"))]
    return rows


def _section(console: Console, title: str, rows: Sequence[Row]) -> None:
    console.print(Text(f"\n{title}", style="bold"))
    console.print(_grid(rows))


def _grid(rows: Sequence[Row]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, escape(value))
    return table


def _moment(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%d/%m/%Y %H:%M:%S}"


def _clock(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M:%S}"


def _distance(until: datetime, at: datetime) -> str:
    seconds = round((until - at).total_seconds())
    return f"in {timedelta(seconds=seconds)}" if seconds >= 0 else f"{timedelta(seconds=-seconds)} ago"
