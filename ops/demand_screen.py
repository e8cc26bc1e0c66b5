"""Shows an explanation to an operator, at 80 columns and more."""

from datetime import datetime, timedelta, tzinfo

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from domain.vocabulary import VehicleVerdict
from ops.demand_why import Again, Asked, Explained, Explanation
from survey.zones import zone_of

INDENT = 2
SAME = "computed again: the same, bit for bit"
COLOURS = {VehicleVerdict.SOLICITED.value: "green", VehicleVerdict.NOT_YET_ASKED.value: "yellow"}

Figure = tuple[str, str]


def show(console: Console, told: Explanation) -> None:
    """Print all of it."""
    zone = zone_of(told.demand.timezone)
    console.print(_head(told, zone))
    for one in told.surveys:
        console.print(_survey(one, zone))
    if not told.surveys:
        console.print("\nNo survey said anything of it: its company has no convention, or none was made yet.")
    console.print(_solicitations(told.solicitations, zone))


def _head(told: Explanation, zone: tzinfo) -> RenderableType:
    demand, target = told.demand, told.target
    rows: list[Figure] = [
        ("demand", f"{demand.reference}  {demand.id}"),
        ("", f"{demand.samu}, {demand.status}, received {_moment(demand.received_at, zone)}"),
        (
            "terms",
            f"{demand.volume} within {demand.max_delay_minutes} min at {demand.lat:.5f} {demand.lon:.5f}",
        ),
        ("site" if target.is_site else "vehicle", f"{target.name}  {target.id}"),
        ("company", f"{target.company}  {target.company_id}"),
    ]
    if demand.revision > 1:
        rows[2] = (rows[2][0], f"{rows[2][1]}, amended {demand.revision - 1} times")
    return _figures(rows)


def _survey(one: Explained, zone: tzinfo) -> RenderableType:
    told = one.verdict
    colour = COLOURS.get(told.verdict, "red")
    title = Text.assemble(
        f"\n{_moment(told.at, zone)}  survey {told.survey}, round {told.round}, {told.tier}  ",
        (told.verdict, f"bold {colour}"),
    )
    parts: list[RenderableType] = [title, _indented(Text(told.sentence, style=colour))]
    if told.needed:
        parts.append(_indented(Text("would have been eligible with all of this:")))
        parts += [_indented(Text(f"- {each.sentence}"), 2) for each in told.needed]
    parts += [_indented(_figures(_known(one))), _indented(_again(one.again))]
    return Group(*parts)


def _known(one: Explained) -> list[Figure]:
    """Every figure that there is, with its unit."""
    told, row = one.verdict, one.known
    about = "about " if told.approximate else ""
    figures = (
        ("asked", f"within {told.max_delay_minutes} min"),
        ("cell", told.cell),
        ("as the crow flies", None if told.distance_m is None else f"{about}{told.distance_m / 1000:.2f} km"),
        ("way, earliest", _seconds(row.way_s)),
        ("arrival, earliest", _minutes(told.earliest_minutes, row.earliest_s)),
        ("arrival, latest", _minutes(told.eta_minutes, row.latest_s)),
        ("crew leaves after", _seconds(row.mobilisation_s)),
        ("estimated, no road", "yes" if told.estimated else None),
        ("position", None if told.fix_age_s is None else f"{_age(told.fix_age_s)} old, {told.freshness}"),
        ("last speed", None if row.speed_kmh is None else f"{row.speed_kmh:g} km/h"),
        ("to confirm", "yes" if told.to_confirm else None),
        ("regulation", told.regulation),
        ("from", None if row.lat is None else f"{row.lat:.5f} {row.lon:.5f}"),
        ("road node", None if row.node is None else f"{row.node}, {row.access_m or 0:.0f} m away"),
        ("engine", told.travel_engine),
        ("profile", told.travel_profile),
        ("place", told.place_gap),
    )
    return [(name, str(figure)) for name, figure in figures if figure is not None]


def _again(again: Again) -> RenderableType:
    if again.same:
        return Text(SAME, style="green")
    colour = "yellow" if again.same is None else "bold red"
    return Text("\n".join(["computed again:", *(f"- {each}" for each in again.differences)]), style=colour)


def _solicitations(asked: list[Asked], zone: tzinfo) -> RenderableType:
    if not asked:
        return Text("\nnever solicited for this demand")
    rows = [("solicited", f"{_moment(one.opened_at, zone)}  {_what_came_of(one, zone)}") for one in asked]
    return Group(Text(""), _figures(rows))


def _what_came_of(one: Asked, zone: tzinfo) -> str:
    parts = [f"{one.tier}, to answer before {_clock(one.answer_before, zone)}: {one.state}"]
    if one.answered_at is not None:
        parts.append(f"at {_clock(one.answered_at, zone)}")
    if one.counter_delay_minutes is not None:
        parts.append(f"with {one.counter_delay_minutes} min")
    if one.reason:
        parts.append(f"({one.reason})")
    return " ".join(parts)


def _figures(rows: list[Figure]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, figure in rows:
        table.add_row(name, escape(figure))
    return table


def _indented(what: RenderableType, times: int = 1) -> Padding:
    return Padding(what, (0, 0, 0, INDENT * times))


def _moment(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%d/%m/%Y %H:%M:%S}"


def _clock(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M:%S}"


def _seconds(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds:.3f}".rstrip("0").rstrip(".") + " s"


def _minutes(minutes: int | None, seconds: float | None) -> str | None:
    if minutes is None:
        return None
    return f"{minutes} min" if seconds is None else f"{minutes} min ({_seconds(seconds)})"


def _age(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
